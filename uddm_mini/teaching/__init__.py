"""Figures, widgets and exercise checks for the book."""
