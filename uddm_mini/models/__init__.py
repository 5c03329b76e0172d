"""Denoisers: trained, exact, and counted."""
