"""Trained networks as a script for a browser, where workflow/report/static/engine.js reads it."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from quantlearn.networks.task import Task, quantifier_codes
from quantlearn.networks.text_task import TextTask
from quantlearn.semantics.language import parse
from quantlearn.semantics.scenes_in_words import sentence
from quantlearn.semantics.syntax import Node

__all__ = ["MOST_BYTES", "networks_script", "tree_as_lists"]

MOST_BYTES = 700_000
"""How long a script may be: a page with it is to open at once."""


def networks_script(
    experiment: Mapping[str, Any],
    network: Mapping[str, Any],
    weights: Mapping[str, np.ndarray],
    learned: Sequence[tuple[str, ...]],
    hard_scenes: Sequence[Mapping[str, Any]],
    most_bytes: int = MOST_BYTES,
) -> str:
    """Write a call of ``quantlearn.networks`` with the networks of an experiment that verifies.

    The first trials that fit are in it. Where not even one does, the first networks of the first
    one are, at least one, with the quantifiers that they learned.

    Args:
        experiment: its resolved settings.
        network: the settings of the networks.
        weights: arrays (networks, …) by name, the networks of a trial side by side.
        learned: what each network of a trial learned, the names of quantifiers.
        hard_scenes: scenes to choose from: quantifier, scene (zone codes), and wrong, the share of
            the networks whose answer is wrong.
        most_bytes: how long the script may be.
    """
    name, a_trial = experiment["name"], len(learned)
    told = _description(experiment, network, weights, learned, hard_scenes)
    longest = len(_in_base64(weights, 0)) + len('"",')
    fitting = (most_bytes - len(_call(name, told).encode())) // longest
    if fitting < a_trial:
        learned = learned[: max(1, fitting)]
        known = [row for row in hard_scenes if any(row["quantifier"] in own for own in learned)]
        told = _description(experiment, network, weights, learned, known)
    told["trials"] = [
        [_in_base64(weights, a_trial * trial + place) for place in range(len(learned))]
        for trial in range(max(1, min(experiment["trials"], fitting // a_trial)))
    ]
    return _call(name, told)


def _description(
    experiment: Mapping[str, Any],
    network: Mapping[str, Any],
    weights: Mapping[str, np.ndarray],
    learned: Sequence[tuple[str, ...]],
    hard_scenes: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What the script says beside the weights of the networks."""
    generate, names = experiment["data"]["generate"], experiment["quantifiers"]
    task: Task | TextTask = Task(generate["max_size"], 1)
    if experiment["task"] == "text_verification":
        task = TextTask(experiment["task"], generate["max_size"], tuple(names))
    words = len(task.words) if isinstance(task, TextTask) else 0
    return {
        "title": experiment["title"],
        "settings": {**network, "positions": task.positions, "words": words},
        "sizes": [generate["min_size"], generate["max_size"]],
        "zones": generate["zones"],
        "quantifiers": [
            {
                "name": name,
                "expression": experiment["expressions"][name],
                "tree": tree_as_lists(parse(experiment["expressions"][name])),
                "network": place,
                "code": codes[own.index(name)],
                "sentence": [task.words.index(word) for word in sentence(name)] if words else [],
            }
            for place, own in enumerate(learned)
            for codes in [quantifier_codes(own, network["quantifiers"])]
            for name in own
        ],
        "of": {"trials": experiment["trials"], "quantifiers": len(names)},
        "hard_scenes": hard_scenes,
        "shapes": {name: array.shape[1:] for name, array in weights.items()},
        "trials": [],
    }


def tree_as_lists(node: Node) -> list[Any]:
    """The syntax tree of an expression as JSON: each node a list of its kind and its parts.

    >>> tree_as_lists(parse("|A| > 3"))
    ['IntegerComparison', '>', ['Cardinality', ['SetName', 'A']], ['Number', 3]]
    """
    parts = (getattr(node, field.name) for field in fields(node) if field.name != "span")
    return [
        type(node).__name__,
        *(tree_as_lists(part) if isinstance(part, Node) else part for part in parts),
    ]


def _in_base64(weights: Mapping[str, np.ndarray], network: int) -> str:
    """All numbers of a network, little-endian, one array after another."""
    arrays = [array[network].ravel() for array in weights.values()]
    numbers = np.concatenate(arrays)
    return base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode()


def _call(name: str, told: Mapping[str, Any]) -> str:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return f"quantlearn.networks({json.dumps(name)}, {text});\n"
