"""Which quantifiers of an experiment share a network, by its settings."""

from collections.abc import Mapping
from typing import Any

__all__ = ["learns_all", "networks_of_trial", "published_pairs"]


def learns_all(settings: Mapping[str, Any]) -> bool:
    """Whether one network of a trial learns all quantifiers."""
    return bool(settings["training"]["together"]) and settings["groups"] is None


def networks_of_trial(settings: Mapping[str, Any]) -> int:
    """How many networks share the quantifiers of a trial; the most there may be, if that varies."""
    if settings["training"]["together"] is True:
        return len(settings["groups"] or [1])
    return len(settings["quantifiers"])


def published_pairs(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The comparisons of an experiment in which one network learns all quantifiers.

    So were the experiments of 2019. There are none where quantifiers or groups of them have
    networks of their own.
    """
    return [(easy, hard) for easy, hard in settings["comparisons"]] if learns_all(settings) else []
