"""The root of all errors that this library raises on purpose."""

__all__ = ["QuantlearnError"]


class QuantlearnError(Exception):
    """A fault that the user can mend; its text is one clear message."""
