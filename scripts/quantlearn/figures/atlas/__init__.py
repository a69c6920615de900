"""Figures of the atlas of quantifiers."""
