"""Whether the data of an experiment fit together: scenes, cells, splits, what is seen when."""

import math
from collections.abc import Iterator
from functools import cache

from quantlearn.semantics.language import ExpressionError
from quantlearn.semantics.quantifiers import all_zone_counts, both_true, count_scenes
from quantlearn.semantics.scenes_in_words import most_informative
from quantlearn.settings.distributions import values_of
from quantlearn.settings.protocol import is_filled, keeps_for_test, quantifiers_of_network, space_of
from quantlearn.settings.schema import Fault, Key, did_you_mean, shown
from quantlearn.settings.surroundings import Check, Surroundings, keys, not_there, splits_looked_at

__all__ = ["DATA_CHECKS"]

# Enumerated data of all trials may take this much memory; later stages need a small multiple.
ENUMERATION_LIMIT = 2**30  # bytes
RAREST = 1e-4  # the share of random scenes that may be drawn for one that is kept
LABEL_BYTES = 8  # trial, quantifier, size and truth of a row, beside one byte for each object

_count = cache(count_scenes)  # many experiments share quantifiers and scenes


def _check_training_scenes(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """No more training scenes are asked for than a network has scenes at most."""
    generate, training = settings["data"]["generate"], settings["training"]
    if settings["data"]["balance"]["method"] == "upsample":
        return  # repeats scenes as often as it takes
    learned = quantifiers_of_network(settings)
    labels = settings.get("labels", {})
    most = {
        "table": lambda: sum(sorted(map(sum, labels.values()))[-learned:]),
        "sample": lambda: min(generate["draws"], learned * space_of(generate).count),
        "fill": lambda: 2 * learned * generate["scenes_per_cell"],
        "describe": lambda: learned * generate["scenes_per_quantifier"],
        "enumerate": lambda: learned * space_of(generate).count,
    }[generate["method"]]()
    for key, scenes in values_of(training["scenes"], ("training", "scenes")).items():
        if scenes is not None and scenes > most:
            text = (
                f"{scenes} is more than the {most} scenes that a network can have: lower it or "
                "make more"
            )
            yield Fault(key, text)


def _check_informative(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """Where scenes are described, each quantifier is the most informative true one of some."""
    generate = settings["data"]["generate"]
    if generate["method"] != "describe" or surroundings.lexicon is None:
        return
    quantifiers = [surroundings.lexicon[name] for name in settings["quantifiers"]]
    positional = [place for place, each in enumerate(quantifiers) if each.is_positional]
    for place in positional:
        text = (
            f"{quantifiers[place].name} depends on the order of objects, and what a sentence says "
            "is measured by zone counts: leave it out"
        )
        yield Fault(("quantifiers", place), text)
    if positional:
        return
    space = space_of(generate)
    models = all_zone_counts(space.min_size, space.max_size, space.zones)
    used = set(most_informative(quantifiers, models, models).tolist())
    for place, quantifier in enumerate(quantifiers):
        if place not in used:
            text = (
                f"{quantifier.name} is never the most informative one that is true in "
                f"{_scenes_in_words(generate)}: leave it out or widen the scenes"
            )
            yield Fault(("quantifiers", place), text)


def _check_where(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """What scenes are restricted to is an expression, true of some, and not of so few."""
    generate, key = settings["data"]["generate"], ("data", "generate", "where")
    if generate.get("where") is None:
        return
    try:
        space = space_of(generate)
    except ExpressionError as error:
        yield Fault(key, f"{shown(generate['where'])}: {error.problem}, at column {error.column}")
        return
    if space.allowed == 0:
        yield Fault(key, f"is true in no {_scenes_in_words(generate)}: widen them or change it")
    elif space.allowed is not None and generate["method"] != "enumerate":
        sizes = range(space.min_size, space.max_size + 1)
        true = [_count(space.where, size, size, space.zones)[True] for size in sizes]
        shares = [count / len(space.zones) ** size for count, size in zip(true, sizes, strict=True)]
        if (share := float(space.size_shares @ shares)) < RAREST:
            text = (
                f"is true in {share:.1g} of random {_scenes_in_words(generate)}: narrow the sizes"
            )
            yield Fault(key, text)


def _check_sizes(settings: dict, _: Surroundings) -> Iterator[Fault]:
    generate = settings["data"]["generate"]
    if generate["min_size"] > generate["max_size"]:
        text = f"{generate['min_size']} is more than max_size, {generate['max_size']}"
        yield Fault(("data", "generate", "min_size"), text)


def _check_amount(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """As many scenes as are drawn exist, and as many as exist can be held."""
    generate = settings["data"]["generate"]
    pairs = space_of(generate).count * len(settings["quantifiers"])
    if generate["method"] == "sample" and generate["draws"] > pairs:
        text = (
            f"{generate['draws']} is more than the {pairs} distinct (scene, quantifier) pairs that "
            f"there are in {_scenes_in_words(generate)}: lower it or widen the scenes"
        )
        yield Fault(("data", "generate", "draws"), text)
    if generate["method"] == "enumerate":
        rows = pairs * settings["trials"]
        memory = rows * (generate["max_size"] + LABEL_BYTES)
        if memory > ENUMERATION_LIMIT:
            text = (
                f"enumerate makes {rows} rows ({pairs} for each trial), about "
                f"{math.ceil(memory / 2**30)} GiB, where {ENUMERATION_LIMIT // 2**30} GiB is "
                "allowed: lower max_size or trials, use fewer zones, or use method sample"
            )
            yield Fault(("data", "generate", "method"), text)


def _check_labels(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """A table of labelled scenes has all quantifiers, and of each what is to be balanced."""
    if (labels := settings.get("labels")) is None:
        return
    file, task = settings["data"]["generate"]["file"], settings["task"]
    if task != "verification":
        text = f"table says what is true of scenes, and {task} is about sentences: use another"
        yield Fault(("data", "generate", "method"), text)
    for place, name in enumerate(settings["quantifiers"]):
        if name not in labels:
            hint = did_you_mean(name, [*labels]) or f"; there are {', '.join(labels) or 'none'}"
            yield Fault(("quantifiers", place), f"{shown(name)} is not in config/{file}{hint}")
        elif 0 in labels[name] and settings["data"]["balance"]["method"] != "none":
            lacking = str(labels[name][0] == 0).lower()
            text = (
                f"{shown(name)} cannot be balanced: it is {lacking} in no scene of config/{file}: "
                "add some, or set data.balance.method: none"
            )
            yield Fault(("quantifiers", place), text)


def _check_cells(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """Every (quantifier, truth) cell that must hold scenes has some, and as many as asked for."""
    generate = settings["data"]["generate"]
    fill = generate["method"] == "fill"
    if surroundings.lexicon is None or generate["method"] in ("describe", "table"):
        return
    if not fill and settings["data"]["balance"]["method"] == "none":
        return
    scenes, space = _scenes_in_words(generate), space_of(generate)
    for place, name in enumerate(settings["quantifiers"]):
        quantifier = surroundings.lexicon[name]
        counts = _count(
            both_true(quantifier, space.where), space.min_size, space.max_size, space.zones
        )
        known = counts and {True: counts[True], False: space.count - counts[True]}
        for truth, count in (known or {}).items():
            cell = f"the cell ({name}, {str(truth).lower()}) has only {count} scenes in {scenes}"
            if count == 0:
                text = f"{shown(name)} cannot be balanced: {cell}: widen them or leave it out"
                yield Fault(("quantifiers", place), text)
            elif fill and count < generate["scenes_per_cell"]:
                text = f"{generate['scenes_per_cell']} is too many: {cell}: lower it or widen them"
                yield Fault(("data", "generate", "scenes_per_cell"), text)


def _check_fractions(settings: dict, _: Surroundings) -> Iterator[Fault]:
    split = settings["data"]["split"]
    fractions = {side: split[side] for side in ("train", "dev", "test")}
    total = sum(fractions.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        summands = " + ".join(f"{side} {fraction:g}" for side, fraction in fractions.items())
        yield Fault(("data", "split"), f"the fractions must sum to 1, and {summands} = {total:g}")


def _check_groups(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """What a split keeps together comes in at least as many kinds as there are sides."""
    split, generate = settings["data"]["split"], settings["data"]["generate"]
    sides = [side for side in ("train", "dev", "test") if split[side] > 0]
    sizes = range(generate["min_size"], generate["max_size"] + 1)
    zones = len(generate["zones"])
    groups = {
        "scene": space_of(generate).count,
        "zone_counts": sum(math.comb(size + zones - 1, zones - 1) for size in sizes),
        "size": len(sizes),
    }[split["by"]]
    if groups < len(sides):
        text = (
            f"{split['by']} cannot divide {_scenes_in_words(generate)}: they have {groups} "
            f"different {split['by'].replace('_', ' ')} and the split {len(sides)} sides "
            f"({', '.join(sides)}): split by something else or widen the scenes"
        )
        yield Fault(("data", "split", "by"), text)


def _check_only_test(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """What is kept for testing exists, leaves something to learn, and is not looked at sooner."""
    kept, generate = settings["data"]["split"]["only_test"], settings["data"]["generate"]
    place, largest = ("data", "split", "only_test"), kept["sizes_above"]
    if largest is not None and not generate["min_size"] <= largest < generate["max_size"]:
        text = (
            f"{largest} does not divide {_scenes_in_words(generate)}: take a size from "
            f"{generate['min_size']} to {generate['max_size'] - 1}"
        )
        yield Fault((*place, "sizes_above"), text)
    pairs = _number_of_pairs(generate)
    if kept["counts"] and round(kept["counts"] * pairs) == 0:
        text = (
            f"{kept['counts']:g} of the {pairs} pairs of numbers that there are in "
            f"{_scenes_in_words(generate)} is none: take at least {1 / pairs:.2g}, or 0"
        )
        yield Fault((*place, "counts"), text)
    yield from _torn_units(settings["data"]["split"])
    known = settings["quantifiers"]
    for index, name in enumerate(kept["quantifiers"]):
        if name not in known:
            yield Fault((*place, "quantifiers", index), not_there(name, known))
    if set(known) <= set(kept["quantifiers"]):
        yield Fault((*place, "quantifiers"), "leave nothing to learn: take fewer")
    elif kept["quantifiers"] and not settings["training"]["together"]:
        text = "need training.together: true, since networks of their own would learn from nothing"
        yield Fault((*place, "quantifiers"), text)
    if keeps_for_test(settings["data"]["split"]) and settings["training"]["monitor"] == "test":
        text = '"test" holds scenes that data.split.only_test keeps for the end: use dev'
        yield Fault(("training", "monitor"), text)


def _torn_units(split: dict) -> Iterator[Fault]:
    """What is kept for testing leaves nothing on two sides that the split keeps on one."""
    torn = {"counts": ["size"], "quantifiers": ["size", "zone_counts"]}
    for name, by in torn.items():
        if split["only_test"][name] and split["by"] in by:
            unit = split["by"].replace("_", " ")
            text = (
                f"would put scenes of the same {unit} on two sides, which data.split.by: "
                f"{split['by']} keeps on one: use by: scene, or leave this out"
            )
            yield Fault(("data", "split", "only_test", name), text)


def _number_of_pairs(generate: dict) -> int:
    """The pairs of numbers of objects in A∩B and A∖B that scenes have."""
    largest = generate["max_size"]
    both, a_only = (
        range(largest + 1 if zone in generate["zones"] else 1) for zone in ("both", "a_only")
    )
    outside = {"b_only", "neither"} & {*generate["zones"]}
    smallest = 0 if outside else generate["min_size"]
    return sum(smallest <= b + a <= largest for b in both for a in a_only)


def _check_evaluation(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """The splits that are looked at hold scenes, and the monitored one is looked at."""
    split, training = settings["data"]["split"], settings["training"]
    for key, side in splits_looked_at(training).items():
        if not is_filled(side, split):
            text = f"is empty: give data.split.{side} a fraction or name another split"
            yield Fault(key, f"{shown(side)} {text}")
        elif side not in training["evaluate_splits"]:
            text = f"{shown(side)} is not evaluated: add it to training.evaluate_splits"
            yield Fault(key, text)


def _check_objects(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """A binary input tells two zones apart, and an object from none only where all are there."""
    generate = settings["data"]["generate"]
    needs = {
        "data.generate.zones: both and one other": (
            len(generate["zones"]) == 2 and "both" in generate["zones"]
        ),
        "data.generate.min_size: max_size": generate["min_size"] == generate["max_size"],
    }
    found = values_of(settings["network"].get("objects"), ("network", "objects"))
    for key, coding in found.items():
        for need, is_met in needs.items():
            if coding == "binary" and not is_met:
                text = f"binary needs {need}: set it so, or take one_hot"
                yield Fault(key, text)


def _scenes_in_words(generate: dict) -> str:
    sizes = f"{generate['min_size']} to {generate['max_size']}"
    return f"scenes of size {sizes} with zones {', '.join(generate['zones'])}"


DATA_CHECKS: tuple[tuple[Check, tuple[Key, ...]], ...] = (
    # First: where this cannot be read, the others do not look at scenes.
    (_check_where, keys("data.generate")),
    (
        _check_training_scenes,
        keys("data", "quantifiers", "groups", "training.scenes", "training.together"),
    ),
    (_check_sizes, keys("data.generate")),
    (_check_informative, keys("data.generate", "quantifiers")),
    (_check_amount, keys("data.generate", "quantifiers", "trials")),
    (_check_labels, keys("data.generate", "data.balance", "quantifiers", "task")),
    (_check_cells, keys("data.generate", "data.balance", "quantifiers")),
    (_check_fractions, keys("data.split")),
    (_check_groups, keys("data.split", "data.generate")),
    (
        _check_only_test,
        keys("quantifiers", "data.split", "data.generate", "training.monitor", "training.together"),
    ),
    (_check_evaluation, keys("data.split", "training.evaluate_splits", "training.monitor")),
    (_check_objects, keys("data.generate", "network")),
)
"""As `checks.CHECKS`."""
