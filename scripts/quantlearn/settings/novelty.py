"""What is new in the test scenes of an experiment, by its settings."""

from collections.abc import Mapping
from typing import Any

__all__ = ["is_control", "novelty"]


def novelty(settings: Mapping[str, Any]) -> str:
    """What is new in an experiment's test scenes: size, quantifier, or the unit of its split.

    Where scenes are split one by one, nothing is but the scenes themselves.
    """
    kept = settings["data"]["split"]["only_test"]
    if kept["sizes_above"] is not None:
        return "size"
    return "quantifier" if kept["quantifiers"] else settings["data"]["split"]["by"]


def is_control(other: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether another experiment has the same quantifiers and nothing new but scenes."""
    return novelty(other) == "scene" and other["quantifiers"] == settings["quantifiers"]
