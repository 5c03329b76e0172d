"""Untrusted answers: run in a process of their own, asked by the checks from outside."""
