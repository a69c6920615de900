"""The tasks in which the scoreboard lets architectures compete, and which an experiment sets."""

from collections.abc import Mapping
from typing import Any

__all__ = ["PAIRS", "whole_task"]

PAIRS = {
    "monotonicity": ("at_least_4", "at_least_6_or_at_most_2"),
    "quantity": ("at_least_3", "first_3"),
    "conservativity": ("not_all", "not_only"),
}
"""The quantifiers of the tasks that are about a semantic universal."""


def whole_task(settings: Mapping[str, Any]) -> str | None:
    """The task that all test scenes of an experiment belong to, if there is one.

    Where there is none, and longer scenes than the trained ones are tested, these are a task, and
    the others one for each of `PAIRS`.
    """
    search = settings["search"]
    whole = {
        "description": settings["task"] == "description",
        "transfer": settings["start_from"] is not None,
        "search": search is not None and search["sampler"] != "grid",
        "unseen_counts": settings["data"]["split"]["by"] == "zone_counts",
    }
    return next((task for task, is_set in whole.items() if is_set), None)
