"""How much memory the largest job of an experiment takes, about, from its settings alone.

The numbers below were fitted to the peaks of single jobs with compiled and eager networks on a CPU;
a test holds them to a factor of two. They are there to refuse what cannot work before anything
runs, and not to schedule jobs side by side.
"""

import itertools
import math
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes_in_words import sentence, vocabulary
from quantlearn.settings.distributions import border_values, is_distribution
from quantlearn.settings.protocol import networks_of_trial

__all__ = [
    "COMPILED",
    "Need",
    "balanced_rows",
    "data_needs",
    "largest_need",
    "machine_memory",
    "reading",
    "training_effort",
    "weights_of",
    "with_largest",
]

# Of a process with its libraries, in bytes: jobs of data, training, and compiling for training.
_DATA_JOB = 165e6
_EAGER_JOB = 400e6
_COMPILING_JOB = 650e6

# Arrays as large as what each unit computes at each position, for a step of training.
_KEPT_BY_UNITS = {
    **{"lstm": 5, "gru": 5, "rnn": 4, "feedforward": 4, "transformer": 4},
    **{"encoder_decoder": 7, "captioner": 7},
}
COMPILED = ("lstm", "gru", "rnn")
_KEPT_BY_WORDS = 4  # arrays as large as the logits of all words
_KEPT_BY_EAGER_CORE = 2  # times as much
_EAGER_NETWORKS = 16  # at once
_COPIES_OF_WEIGHTS = 8  # start, best, gradient, the optimiser's two, and their likes
_BYTES = {"float32": 4, "float64": 8}

_ALL = {"scenes": None, "eval_scenes": 0}  # settings of training whose value stands for no limit

_SCENES_TRIED = 2_000
_ZONES = ("both", "a_only", "b_only", "neither")  # in the order of their codes
_PADDING = 4


class Need(NamedTuple):
    """The memory in bytes that a stage takes, and the key of what most of it depends on."""

    stage: str
    size: float
    key: tuple[str, ...]


def machine_memory() -> int:
    """The bytes that a process may have here: those of the machine, or of its control group."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([installed, *_control_group_limits()])


def _control_group_limits() -> Iterator[int]:
    for file in ("memory.max", "memory/memory.limit_in_bytes"):  # versions 2 and 1
        try:
            limit = Path("/sys/fs/cgroup", file).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if limit.isdecimal():
            yield int(limit)


def largest_need(settings: Mapping[str, Any], quantifiers: list[Quantifier]) -> Need:
    """The stage of an experiment that takes most memory.

    ``settings`` are complete; where some of them vary, the largest values count. Of an architecture
    that is not among those fitted, only the scenes count.
    """
    rows = balanced_rows(settings, quantifiers)
    needs = data_needs(settings, quantifiers)
    search = settings["search"]
    sections = ("network", "training")
    variants = [search["space"][name] if search else [settings[name]] for name in sections]
    needs += [
        _training(settings, with_largest(network), with_largest(training), rows)
        for network, training in itertools.product(*variants)
    ]
    return max(needs, key=lambda need: need.size)


def data_needs(settings: Mapping[str, Any], quantifiers: list[Quantifier]) -> list[Need]:
    """What the stages take that make an experiment's data, each one trial at a time."""
    rows = balanced_rows(settings, quantifiers)
    return [_generating(settings), _balancing(settings), _splitting(settings, rows)]


# Stages -------------------------------------------------------------------------------------------


def _generating(settings: Mapping[str, Any]) -> Need:
    """One trial at a time: positions of a scene, first as numbers of 8 bytes."""
    generate = settings["data"]["generate"]
    positions = generate["max_size"]
    match generate["method"]:
        case "sample":
            key, size = "draws", generate["draws"] * positions * 14
        case "describe":
            key = "scenes_per_quantifier"
            size = len(settings["quantifiers"]) * (10_000 + generate[key]) * positions
        case "fill":
            wanted = max(4 * generate["scenes_per_cell"], 10_000)
            rows = _drawn_rows(settings)
            key, size = "scenes_per_cell", wanted * positions * 30 + rows * (positions + 70)
        case "enumerate":
            pairs = _drawn_rows(settings)
            scenes = pairs / len(settings["quantifiers"])
            key, size = "max_size", scenes * positions * 24 + pairs * (2 * positions + 25)
    return Need("generate_data", _DATA_JOB + size, ("data", "generate", key))


def _balancing(settings: Mapping[str, Any]) -> Need:
    positions = settings["data"]["generate"]["max_size"]
    size = _drawn_rows(settings) * (4 * positions + 125)
    return Need("balance_data", _DATA_JOB + size, _key_of_rows(settings))


def _splitting(settings: Mapping[str, Any], rows: float) -> Need:
    positions = settings["data"]["generate"]["max_size"]
    return Need("split_data", _DATA_JOB + rows * (4 * positions + 205), _key_of_rows(settings))


def _training(
    settings: Mapping[str, Any], network: dict[str, Any], training: dict[str, Any], rows: float
) -> Need:
    members = settings["trials"]
    networks = networks_of_trial(settings)
    members *= networks
    rows /= networks
    read = reading(settings)
    scenes = training["eval_scenes"] or rows
    used = min(training["scenes"] or rows, rows)
    looked_at = len(training["evaluate_splits"]) * min(scenes, rows)
    held = members * (
        rows * (2 * read.positions + 16 * read.written + 180)
        + looked_at * (6 * read.positions + 16 * read.written + 60)
    )
    architecture = network["architecture"]
    compiled = architecture in COMPILED and training["core"] != "eager" and not read.written
    steps = training["max_epochs"] * used / training["batch_size"]
    points = (
        (steps / training["evaluate_every"] + 1)
        * len(training["evaluate_splits"])
        * (len(settings["quantifiers"]) / networks + 1)
    )
    parts = {
        ("trials",): held + rows * 260,
        ("training", "evaluate_every"): members * points * 150,
    }
    if architecture in _KEPT_BY_UNITS:
        at_once = members if compiled else min(members, _EAGER_NETWORKS)
        kept = _kept_by_scene(network, read, compiled)
        copied = _COPIES_OF_WEIGHTS * _BYTES[network["precision"]] * weights_of(network, read)
        parts["training", "batch_size"] = at_once * training["batch_size"] * kept
        parts["network", "hidden"] = members * copied
    job = _COMPILING_JOB if compiled else _EAGER_JOB
    return Need("train", job + sum(parts.values()), max(parts, key=parts.__getitem__))


class _Reading(NamedTuple):
    """Positions that a network reads, numbers that it reads at each, and words that it writes."""

    positions: int
    inputs: float
    written: int


def reading(settings: Mapping[str, Any]) -> _Reading:
    """What a network of an experiment reads and writes, in its longest scenes."""
    positions, names = settings["data"]["generate"]["max_size"], settings["quantifiers"]
    if settings["task"] == "verification":
        return _Reading(positions, 4 + len(names) / networks_of_trial(settings), 0)
    positions += 2 + max(len(sentence(name)) for name in names)
    written = 0 if settings["task"] == "text_verification" else positions
    return _Reading(positions, len(vocabulary(names)), written)


def _kept_by_scene(network: dict[str, Any], read: _Reading, compiled: bool) -> float:
    """Bytes that a step keeps for each scene of its batch until the gradient is known."""
    architecture, positions = network["architecture"], read.positions
    inputs = positions * read.inputs + _KEPT_BY_WORDS * read.written * read.inputs
    units = network["layers"] * network["hidden"]
    if architecture != "feedforward":
        units *= positions
    if architecture == "transformer":
        width = network["heads"] * network["head_size"]
        units += network["layers"] * positions * (2 * width + network["heads"] * positions)
    times = _KEPT_BY_UNITS[architecture] * (1 if compiled else _KEPT_BY_EAGER_CORE)
    return (inputs + times * units) * _BYTES[network["precision"]]


def weights_of(network: Mapping[str, Any], read: _Reading) -> float:
    """The number of weights of a network, about; 1 where nothing is known of its architecture."""
    if network["architecture"] not in _KEPT_BY_UNITS:
        return 1
    hidden, layers, inputs = network["hidden"], network["layers"], read.inputs
    match network["architecture"]:
        case "transformer":
            width = network["heads"] * network["head_size"]
            return inputs * width + layers * (4 * width**2 + 2 * width * hidden)
        case "feedforward":
            return (4 * read.positions + inputs) * hidden + (layers - 1) * hidden**2
        case architecture:
            two = dict.fromkeys(("encoder_decoder", "captioner"), 8)
            gates = {"lstm": 4, "gru": 3, **two}.get(architecture, 1)
            return gates * hidden * (inputs + hidden + (layers - 1) * 2 * hidden)


def with_largest(section: dict[str, Any]) -> dict[str, Any]:
    """A section with the largest value of each setting that varies."""
    return {
        name: max((border for _, _, border in border_values(value)), key=partial(_size, name))
        if is_distribution(value)
        else value
        for name, value in section.items()
    }


def _size(name: str, value: Any) -> float:
    if name in _ALL and value == _ALL[name]:
        return math.inf
    return value if isinstance(value, int | float) else 0


# Rows ---------------------------------------------------------------------------------------------


def _key_of_rows(settings: Mapping[str, Any]) -> tuple[str, ...]:
    keys = {
        "sample": "draws",
        "fill": "scenes_per_cell",
        "describe": "scenes_per_quantifier",
        "enumerate": "max_size",
    }
    return "data", "generate", keys[settings["data"]["generate"]["method"]]


def _drawn_rows(settings: Mapping[str, Any]) -> int:
    """Rows of a trial as they are generated."""
    generate, quantifiers = settings["data"]["generate"], len(settings["quantifiers"])
    match generate["method"]:
        case "sample":
            return generate["draws"]
        case "describe":
            return quantifiers * generate["scenes_per_quantifier"]
        case "fill":
            return 2 * quantifiers * generate["scenes_per_cell"]
    return quantifiers * sum(_scenes_by_size(generate))


def _scenes_by_size(generate: Mapping[str, Any]) -> list[int]:
    sizes = range(generate["min_size"], generate["max_size"] + 1)
    return [len(generate["zones"]) ** size for size in sizes]


def balanced_rows(settings: Mapping[str, Any], quantifiers: list[Quantifier]) -> float:
    """Rows of a trial after balancing, from the share of a truth in some random scenes."""
    drawn, generate = _drawn_rows(settings), settings["data"]["generate"]
    method = settings["data"]["balance"]["method"]
    if method == "none" or generate["method"] in ("fill", "describe"):
        return drawn
    scenes, sizes = _some_scenes(generate)
    shares = {one.name: float(one.verify(scenes, sizes).mean()) for one in quantifiers}
    rows = 0.0
    for group in settings["groups"] or [list(shares)]:
        cells = [share for name in group for share in (shares[name], 1 - shares[name])]
        # Each of the cells is as large as the smallest or the largest of its group.
        cell = min(cells) if method == "downsample" else max(cells)
        rows += 2 * cell * drawn * len(group) / len(shares)
    return rows


def _some_scenes(generate: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Random scenes, always the same: sizes as often as the experiment has them."""
    rng = np.random.default_rng(0)
    counts = np.array(_scenes_by_size(generate), dtype=float)
    weights = counts / counts.sum() if generate["method"] == "enumerate" else None
    sizes = rng.choice(
        np.arange(generate["min_size"], generate["max_size"] + 1), size=_SCENES_TRIED, p=weights
    )
    codes = np.array([_ZONES.index(zone) for zone in generate["zones"]], dtype=np.uint8)
    scenes = rng.choice(codes, size=(_SCENES_TRIED, generate["max_size"]))
    scenes[np.arange(generate["max_size"]) >= sizes[:, None]] = _PADDING
    return scenes, sizes


_STEP = 3  # a gradient takes about three times what an answer takes


_EAGER = 4  # times as slow as compiled


_SECTIONS = ("network", "training")


def training_effort(settings: Mapping[str, Any], quantifiers: list[Quantifier]) -> float:
    """How often some weight is used in training a sample of an experiment, with all its trials.

    ``settings`` are complete; where some of them vary, the largest values count. When training
    ends early is not known beforehand; with patience it is taken to do so after a quarter.
    """
    search = settings["search"]
    variants = search["space"] if search else {name: [settings[name]] for name in _SECTIONS}
    training = with_largest(variants["training"][0])
    rows = balanced_rows(settings, quantifiers)
    networks = networks_of_trial(settings)
    if training["scenes"]:
        rows = min(rows, training["scenes"] * networks)
    looked_at = len(training["evaluate_splits"]) * (training["eval_scenes"] or rows / networks)
    step = training["batch_size"] * _STEP + looked_at / training["evaluate_every"]
    steps = training["max_epochs"] * rows / training["batch_size"]
    uses = max(_uses(settings, with_largest(network), training) for network in variants["network"])
    if training["patience"] is not None:
        steps /= 4
    return settings["trials"] * steps * step * uses


def _uses(
    settings: Mapping[str, Any], network: Mapping[str, Any], training: Mapping[str, Any]
) -> float:
    """Uses of weights for one scene, more where the core is slower."""
    read = reading(settings)
    architecture = network["architecture"]
    compiled = architecture in COMPILED and training["core"] != "eager" and not read.written
    positions = 1 if architecture == "feedforward" else read.positions
    return weights_of(network, read) * positions * (1 if compiled else _EAGER)
