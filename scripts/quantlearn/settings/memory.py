"""How much memory and work the jobs of an experiment take, about, from its settings alone.

The numbers below were fitted to the peaks of single jobs with compiled and eager networks on a CPU;
a test holds them to a factor of two. They are there to refuse what cannot work before anything
runs, and to start the longest jobs first; not to schedule jobs side by side. Where settings vary,
the largest values count.
"""

import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import random_scenes
from quantlearn.semantics.scenes_in_words import sentence, vocabulary
from quantlearn.settings.distributions import is_distribution, values_of
from quantlearn.settings.protocol import networks_of_trial, space_of
from quantlearn.settings.schema import Fault
from quantlearn.settings.surroundings import Surroundings

__all__ = [
    "COMPILED",
    "Need",
    "balanced_rows",
    "check_memory",
    "data_needs",
    "largest_need",
    "machine_memory",
    "training_effort",
]

COMPILED = ("feedforward", "gru", "lstm", "rnn", "transformer")
_WHOLE_BATCHES = ("gru", "lstm", "rnn")  # of which it keeps the batches of all networks

# Of a process with its libraries, in bytes: jobs of data, training, and compiling for training.
_DATA_JOB, _EAGER_JOB, _COMPILING_JOB = 165e6, 400e6, 650e6

_KEPT = 5  # numbers that a step keeps of each unit at each position until the gradient is known
_KEPT_OF_WORDS = 4  # and of each word's logit
_COPIES_OF_WEIGHTS = 8  # start, best, gradient, the optimiser's two, and their likes
_EAGER_NETWORKS = 16  # at once
_GATES = {"lstm": 4, "gru": 3, "encoder_decoder": 8, "captioner": 8}  # of two LSTMs

_SCENES_TRIED = 2_000


class Need(NamedTuple):
    """The memory in bytes that a stage takes, and the key of what most of it depends on."""

    stage: str
    size: float
    key: tuple[str, ...]


def machine_memory(system: Path = Path("/")) -> int:
    """The bytes that a process may have here: those of the machine, or of its control groups.

    A scheduler limits the group of a job, and systemd that of a user: each group above counts.
    """
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([installed, *_control_group_limits(system)])


def _control_group_limits(system: Path) -> Iterator[int]:
    mounted = system / "sys/fs/cgroup"
    own = {"": "/", "memory": "/"}  # of version 2, which has one tree, and of version 1
    with suppress(OSError):
        for line in (system / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, kind, own[kind] = line.split(":", 2)
    for kind, file in (("", "memory.max"), ("memory", "memory.limit_in_bytes")):
        group = PurePosixPath(own[kind])
        for above in (group, *group.parents):
            with suppress(OSError):
                place = mounted / kind / above.relative_to("/") / file
                limit = place.read_text(encoding="ascii").strip()
                if limit.isdecimal():
                    yield int(limit)


def check_memory(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """A check of settings: the largest job of the experiment fits into the machine."""
    if surroundings.memory is None or surroundings.lexicon is None:
        return
    known = [] if "labels" in settings else settings["quantifiers"]
    quantifiers = [surroundings.lexicon[name] for name in known]
    need = largest_need(settings, quantifiers)
    if need.size > surroundings.memory:
        wanted, there = (f"{size / 2**30:.1f} GiB" for size in (need.size, surroundings.memory))
        text = (
            f"too large for this machine: {need.stage} would take about {wanted} of memory, and "
            f"there are {there}: lower it, or run where there is more"
        )
        yield Fault(need.key, text)


def largest_need(settings: Mapping[str, Any], quantifiers: Sequence[Quantifier]) -> Need:
    """The stage of an experiment with complete ``settings`` that takes most memory."""
    needs = [need for need, _ in _training_jobs(settings, quantifiers)]
    return max(needs + data_needs(settings, quantifiers), key=lambda need: need.size)


def training_effort(settings: Mapping[str, Any], quantifiers: Sequence[Quantifier]) -> float:
    """How often some weight is used in training a sample of an experiment, with all its trials.

    When training ends early is not known beforehand; with patience it is taken to do so after a
    quarter.
    """
    return max(effort for _, effort in _training_jobs(settings, quantifiers))


# Data ---------------------------------------------------------------------------------------------


def data_needs(settings: Mapping[str, Any], quantifiers: Sequence[Quantifier]) -> list[Need]:
    """What the stages take that make an experiment's data, each one trial at a time."""
    positions = settings["data"]["generate"]["max_size"]
    drawn, balanced = _draws(settings), balanced_rows(settings, quantifiers)
    sizes = {
        "generate_data": drawn.at_once * positions * 12 + drawn.rows * (positions + 70),
        "balance_data": drawn.rows * (4 * positions + 125),
        "split_data": balanced * (4 * positions + 205),
    }
    key = ("data", "generate", drawn.key)
    return [Need(stage, _DATA_JOB + size, key) for stage, size in sizes.items()]


class _Draws(NamedTuple):
    """Rows of a trial as they are generated, scenes at once, and the setting behind both."""

    rows: int
    at_once: int
    key: str


def _draws(settings: Mapping[str, Any]) -> _Draws:
    generate, quantifiers = settings["data"]["generate"], len(settings["quantifiers"])
    match generate["method"]:
        case "sample":
            return _Draws(generate["draws"], generate["draws"], "draws")
        case "describe":
            rows = quantifiers * generate["scenes_per_quantifier"]
            return _Draws(rows, rows + 10_000, "scenes_per_quantifier")
        case "fill":
            cell = generate["scenes_per_cell"]
            return _Draws(2 * quantifiers * cell, max(4 * cell, 10_000), "scenes_per_cell")
        case "table":
            rows = sum(sum(settings["labels"][name]) for name in settings["quantifiers"])
            return _Draws(rows, rows, "file")
    scenes = space_of(generate).count
    return _Draws(quantifiers * scenes, scenes, "max_size")


def balanced_rows(settings: Mapping[str, Any], quantifiers: Sequence[Quantifier]) -> float:
    """Rows of a trial after balancing, from the share of a truth in some random scenes."""
    drawn, generate = _draws(settings).rows, settings["data"]["generate"]
    method = settings["data"]["balance"]["method"]
    if method == "none" or generate["method"] in ("fill", "describe"):
        return drawn
    if generate["method"] == "table":
        cells = {name: settings["labels"][name] for name in settings["quantifiers"]}
    else:
        scenes, sizes = random_scenes(np.random.default_rng(0), _SCENES_TRIED, space_of(generate))
        shares = {one.name: float(one.verify(scenes, sizes).mean()) for one in quantifiers}
        each = drawn / len(shares)
        cells = {name: [share * each, (1 - share) * each] for name, share in shares.items()}
    # Each of the cells is as large as the smallest or the largest of its group.
    bound = min if method == "downsample" else max
    return sum(
        2 * len(group) * bound(count for name in group for count in cells[name])
        for group in settings["groups"] or [list(cells)]
    )


# Training -----------------------------------------------------------------------------------------


def _training_jobs(
    settings: Mapping[str, Any], quantifiers: Sequence[Quantifier]
) -> Iterator[tuple[Need, float]]:
    """Memory and effort of training all trials of a sample, for each variant of an experiment."""
    names, networks = settings["quantifiers"], networks_of_trial(settings)
    members, learned = settings["trials"] * networks, len(names) / networks
    positions, inputs, words = settings["data"]["generate"]["max_size"], 4 + learned, 0
    if settings["task"] != "verification":
        positions += 2 + max(len(sentence(name)) for name in names)
        inputs, words = len(vocabulary(names)), positions
    if settings["task"] == "text_verification":
        words = 0
    rows = balanced_rows(settings, quantifiers) / networks
    own = {name: [settings[name]] for name in ("network", "training")}
    space = settings["search"]["space"] if settings["search"] else own
    for variant in itertools.product(space["network"], space["training"]):
        network, training = map(_largest, variant)
        compiled = network["architecture"] in COMPILED and training["core"] != "eager" and not words
        units, weights = _numbers(network, positions, inputs)
        batch, often = training["batch_size"], training["evaluate_every"]
        steps = training["max_epochs"] * min(training["scenes"] or rows, rows) / batch
        splits = len(training["evaluate_splits"])
        looked_at = splits * min(training["eval_scenes"] or rows, rows)

        held = rows * (2 * positions + 16 * words + 180)
        held += looked_at * (6 * positions + 16 * words + 60)
        points = (steps / often + 1) * splits * (learned + 1)
        kept = inputs * (positions + _KEPT_OF_WORDS * words)
        kept += _KEPT * units * (1 if compiled else 2)
        whole = compiled and network["architecture"] in _WHOLE_BATCHES
        at_once = members if whole else min(members, _EAGER_NETWORKS)
        number = 8 if network["precision"] == "float64" else 4
        parts = {
            ("trials",): members * held,
            ("training", "evaluate_every"): members * points * 150,
            ("training", "batch_size"): at_once * batch * kept * number,
            ("network", "hidden"): members * _COPIES_OF_WEIGHTS * weights * number,
        }
        job = _COMPILING_JOB if compiled else _EAGER_JOB
        need = Need("train", job + sum(parts.values()), max(parts, key=parts.__getitem__))

        answers = steps * (3 * batch + looked_at / often)  # a gradient takes as long as three
        if training["patience"] is not None:
            answers /= 4
        read = 1 if network["architecture"] == "feedforward" else positions
        yield need, members * answers * weights * read * (1 if compiled else 4)


def _numbers(network: Mapping[str, Any], positions: int, inputs: float) -> tuple[float, float]:
    """What a network computes of a scene, and its weights, in numbers, about.

    An architecture that is not known here counts as a simple recurrent network.
    """
    layers, hidden = network.get("layers", 1), network.get("hidden", 1)
    units = layers * hidden
    match network["architecture"]:
        case "feedforward":
            return units, (4 * positions + inputs) * hidden + (layers - 1) * hidden**2
        case "transformer":
            width = network["heads"] * network["head_size"]
            units += layers * (2 * width + network["heads"] * positions)
            weights = inputs * width + layers * (4 * width**2 + 2 * width * hidden)
            return units * positions, weights
        case name:
            sums = hidden * (inputs + hidden + (layers - 1) * 2 * hidden)
            return units * positions, _GATES.get(name, 1) * sums


def _largest(section: Mapping[str, Any]) -> dict[str, Any]:
    """A section with the largest value of each setting that varies."""
    return {
        name: max(values_of(value, ()).values(), key=lambda border: _size(name, border))
        if is_distribution(value)
        else value
        for name, value in section.items()
    }


def _size(name: str, value: Any) -> float:
    if value is None or (name, value) == ("eval_scenes", 0):
        return math.inf  # no limit
    return value if isinstance(value, int | float) else 0
