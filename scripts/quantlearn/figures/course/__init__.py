"""Figures of the course."""
