"""Trained models that run in a page: the book's first screen and its lab, without a kernel and without a network."""
