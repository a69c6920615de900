"""How many different tokens a network can read: a token is a byte; and the label of no word."""

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.scenes import PADDING

__all__ = ["CODES", "IGNORED", "MOST_QUANTIFIERS", "MOST_TOKENS", "demand_bytes"]

CODES = PADDING + 1
"""Tokens of each quantifier where scenes are verified: one for each zone, and padding."""
IGNORED = -100
"""The label where no word is to be written; the same as in torch.nn.CrossEntropyLoss."""
MOST_TOKENS = 256
MOST_QUANTIFIERS = MOST_TOKENS // CODES
"""Quantifiers of which one network can verify scenes."""


def demand_bytes(tokens: int) -> None:
    """Raise `QuantlearnError` where so many different tokens do not fit into a byte.

    >>> demand_bytes(5 * MOST_QUANTIFIERS)
    """
    if tokens > MOST_TOKENS:
        raise QuantlearnError(
            f"a network reads at most {MOST_TOKENS} different tokens ({MOST_QUANTIFIERS} "
            f"quantifiers that are verified), and here there are {tokens}: take fewer quantifiers"
        )
