"""What the settings of an experiment say of it: who shares a network, what is new in its tests."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quantlearn.semantics.quantifiers import Quantifier, count_scenes
from quantlearn.semantics.scenes import Space
from quantlearn.statistics.multiple_tests import trials_needed

__all__ = [
    "CHAPTERS",
    "PAIRS",
    "REGULARISATION",
    "is_control",
    "is_filled",
    "keeps_for_test",
    "learned_by_name",
    "learns_all",
    "named_and_generated",
    "named_as_file",
    "networks_of_trial",
    "novelty",
    "published_columns",
    "quantifiers_of_network",
    "space_of",
    "trials_lacking",
    "whole_task",
]


CHAPTERS = {
    "paper": "The 2019 experiments",
    "practice": "Practice",
    "course": "Course",
    "atlas": "Atlas",
    "controls": "Controls",
    "calibrate": "Calibration",
}
"""The titles of the chapters that come with the project, in the order of a report."""


def named_as_file(text: str) -> str:
    """A text as the name of a folder and of a target: its small letters and digits, joined by _.

    >>> named_as_file("Your experiments"), named_as_file("|A & B| >= 3")
    ('your_experiments', 'a_b_3')
    """
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")


def learns_all(settings: Mapping[str, Any]) -> bool:
    """Whether one network of a trial learns all quantifiers."""
    return bool(settings["training"]["together"]) and settings["groups"] is None


def networks_of_trial(settings: Mapping[str, Any]) -> int:
    """How many networks share the quantifiers of a trial; the most there may be, if that varies."""
    if settings["training"]["together"] is True:
        return len(settings["groups"] or [1])
    return len(settings["quantifiers"])


def space_of(generate: Mapping[str, Any]) -> Space:
    """The scenes that the settings ``data.generate`` of an experiment allow.

    >>> sizes = {"min_size": 1, "max_size": 2}
    >>> space = space_of({"method": "enumerate", "zones": ["both", "neither"], **sizes})
    >>> space.count, space.sizes
    (6, 'proportional')
    """
    sizes = generate.get("sizes", "equal")  # a setting of methods that draw
    if generate["method"] == "enumerate":
        sizes = "proportional"
    space = Space.named(generate["min_size"], generate["max_size"], generate["zones"], sizes)
    if generate.get("where") is None:
        return space
    where = Quantifier("where", generate["where"])
    counts = count_scenes(where, space.min_size, space.max_size, space.zones)
    return replace(space, where=where, allowed=counts and counts[True])


def learned_by_name(
    quantifiers: list[str], together: bool, groups: list[list[str]] | None
) -> dict[str, tuple[str, ...]]:
    """What each network of a trial learns, by its name; as `read_members` says.

    >>> learned_by_name(["some", "most"], together=False, groups=None)
    {'some': ('some',), 'most': ('most',)}
    """
    if not together:
        return {name: (name,) for name in quantifiers}
    if groups is None:
        return {"all": tuple(quantifiers)}
    return {"+".join(group): tuple(group) for group in groups}


def quantifiers_of_network(settings: Mapping[str, Any]) -> int:
    """How many quantifiers a network is about."""
    shared = (settings["groups"] or [settings["quantifiers"]])[0]
    return len(shared) if settings["training"]["together"] else 1


def keeps_for_test(split: Mapping[str, Any]) -> bool:
    """Whether some scenes are for testing only."""
    kept = split["only_test"]
    return kept["sizes_above"] is not None or kept["counts"] > 0 or bool(kept["quantifiers"])


def is_filled(side: str, split: Mapping[str, Any]) -> bool:
    """Whether a side of the split has scenes: by its fraction, or that are for testing only."""
    return split[side] > 0 or (side == "test" and keeps_for_test(split))


def trials_lacking(settings: Mapping[str, Any]) -> int:
    """How many trials an experiment would need to show a difference; 0 where it has them.

    >>> settings = {"comparisons": [["most", "even"]], "family": None, "trials": 5}
    >>> trials_lacking(settings)
    6
    """
    family = settings["family"] or {"size": len(settings["comparisons"])}
    needed = trials_needed(family["size"]) if settings["comparisons"] else 0
    return needed if needed > settings["trials"] else 0


def published_columns(settings: Mapping[str, Any]) -> dict[str, str]:
    """The column of each quantifier in the public data of the experiment that this one repeats.

    >>> own = {"study": "exp2a", "columns": {"first_3_as_run": "first_3"}}
    >>> published_columns({"quantifiers": ["at_least_3", "first_3_as_run"], "replicates": own})
    {'at_least_3': 'at_least_3_accuracy', 'first_3_as_run': 'first_3_accuracy'}
    """
    names = settings["replicates"]["columns"]
    return {name: f"{names.get(name, name)}_accuracy" for name in settings["quantifiers"]}


def named_and_generated(settings: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The quantifiers that the experiment names, and the generated ones, negations among them."""
    names = settings["quantifiers"]
    border = len(names) - settings["generated"] - settings["negations"]
    return names[:border], names[border:]


REGULARISATION = {
    "training.weight_decay": "L2",
    "network.dropout": "dropout",
    "network.batch_norm": "batch norm",
}
"""The means against over-fitting, by the setting of each."""


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
