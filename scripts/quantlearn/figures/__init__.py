"""Figures: their tables, drawings and texts, and what they share."""
