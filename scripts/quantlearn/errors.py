"""Faults that the user can mend."""

__all__ = ["QuantlearnError"]


class QuantlearnError(Exception):
    """A fault that the user can mend; its text is one clear message."""
