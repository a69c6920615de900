"""Words of messages and pages alike."""

__all__ = ["counted"]


def counted(number: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "trial"), counted(1200, "scene")
    ('1 trial', '1,200 scenes')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
