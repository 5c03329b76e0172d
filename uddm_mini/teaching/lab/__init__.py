"""Trained models that run in a page: the book's first screen and its lab, without a kernel and without a network."""

from .first_screen import first_screen as first_screen
from .workbench import lab as lab
