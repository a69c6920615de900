"""Figures on how often the tests err."""
