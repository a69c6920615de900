"""The pairs of quantifiers whose effects are put to the test under other conditions."""

from collections.abc import Mapping
from typing import Any

__all__ = ["published_pairs"]


def published_pairs(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The comparisons of an experiment in which one network learns all quantifiers.

    So were the experiments of 2019. There are none where quantifiers or groups of them have
    networks of their own.
    """
    if not settings["training"]["together"] or settings["groups"] is not None:
        return []
    return [(easy, hard) for easy, hard in settings["comparisons"]]
