"""Figures about how an experiment is tuned."""
