"""What the schemas cannot say of an experiment: that its settings fit each other and the lexicon.

A check yields a fault for each setting that does not fit; `CHECKS` names the settings each reads.
`quantlearn.settings.start_checks` looks at two experiments at a time.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quantlearn.errors import QuantlearnError
from quantlearn.networks.vocabulary import MOST_QUANTIFIERS, MOST_TOKENS
from quantlearn.semantics.lexicon import Lexicon
from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts, count_scenes
from quantlearn.semantics.scenes_in_words import WRITING, most_informative, vocabulary
from quantlearn.settings.distributions import RANGES_OF_NUMBERS, kind_of, values_of
from quantlearn.settings.memory import largest_need
from quantlearn.settings.schema import (
    Fault,
    Key,
    architecture_settings,
    architecture_tasks,
    did_you_mean,
    shown,
)
from quantlearn.settings.search import SECTIONS, chooses_sample, count_grid, distributions_of

__all__ = ["CHECKS", "Check", "Surroundings"]

ZONES = ("both", "a_only", "b_only", "neither")  # in the order of their codes

# A quantifier of this name would stand in the curves beside their total.
RESERVED_QUANTIFIERS = ("all",)

# Enumerated data of all trials may take this much memory; later stages need a small multiple.
ENUMERATION_LIMIT = 2**30  # bytes
LABEL_BYTES = 8  # trial, quantifier, size and truth of a row, beside one byte for each object

MOST_SAMPLES = 10_000  # as in the schema

# A figure of an experiment is a script of this name; the overview is one of a page of the report.
SCRIPTS = Path(__file__).parents[2]
FIGURES = tuple(
    sorted({path.stem.removeprefix("plot_") for path in SCRIPTS.glob("plot_*.py")} - {"overview"})
)

Check = Callable[[dict, "Surroundings"], Iterator[Fault]]


@dataclass(frozen=True)
class Surroundings:
    """What an experiment's settings refer to."""

    name: str
    experiments: list[str]
    chosen: list[str]
    lexicon: Lexicon | None  # None when it has faults of its own
    memory: int | None = None  # bytes that a job may take; None where that is not known


def _check_comparisons(settings: dict, _: Surroundings) -> Iterator[Fault]:
    untaught = settings["data"]["split"]["only_test"]["quantifiers"]
    known = settings["quantifiers"]
    for place, pair in enumerate(settings["comparisons"] or []):
        for side, name in enumerate(pair):
            if name not in known:
                yield Fault(("comparisons", place, side), _not_there(name, known))
            elif name in untaught:
                text = (
                    f"{shown(name)} is for testing only (data.split.only_test), so no network "
                    "learns it: compare others"
                )
                yield Fault(("comparisons", place, side), text)


def _not_there(name: str, known: list[str]) -> str:
    hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
    return f"{shown(name)} is not one of the experiment's quantifiers{hint}"


def _check_documented(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    name = settings["documented"]
    if name is not None and (name not in surroundings.experiments or name == settings["name"]):
        others = [other for other in surroundings.experiments if other != settings["name"]]
        text = f"{shown(name)} is not another experiment{did_you_mean(name, others)}"
        yield Fault(("documented",), text)


def _check_figures(settings: dict, _: Surroundings) -> Iterator[Fault]:
    for place, name in enumerate(settings["figures"]):
        if name not in FIGURES:
            hint = did_you_mean(name, FIGURES) or f"; there are {', '.join(FIGURES)}"
            yield Fault(("figures", place), f"{shown(name)} is not a figure{hint}")


def _check_beside(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """Figures read the tables of other experiments only where these run as well."""
    others = [name for name in surroundings.experiments if name != settings["name"]]
    for place, name in enumerate(settings["beside"]):
        if name not in others:
            text = f"{shown(name)} is not another experiment{did_you_mean(name, others)}"
            yield Fault(("beside", place), text)
        elif name not in surroundings.chosen:
            yield Fault(("beside", place), _not_in_run(name))


def _not_in_run(name: str) -> str:
    return (
        f"{shown(name)} is not among the experiments of this run: add it to experiments, or take "
        "it from leave_out"
    )


def _check_start(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """Networks start from those of another experiment of this run, or of none."""
    name = settings["start_from"]
    starts = values_of(settings["training"]["start"], ("training", "start"))
    others = [other for other in surroundings.experiments if other != settings["name"]]
    if name is None:
        for key, start in starts.items():
            if start is not None:
                text = (
                    f"{shown(start)} is a network of another experiment: name that in start_from "
                    "or leave this out"
                )
                yield Fault(key, text)
    elif name not in others:
        text = f"{shown(name)} is not another experiment{did_you_mean(name, others)}"
        yield Fault(("start_from",), text)
    elif name not in surroundings.chosen:
        yield Fault(("start_from",), _not_in_run(name))
    elif all(start is None for start in starts.values()):
        text = "no network starts from there: set training.start or leave it out"
        yield Fault(("start_from",), text)
    if all(start is None for start in starts.values()):
        readouts = values_of(settings["training"]["start_readout"], ("training", "start_readout"))
        for key, readout in readouts.items():
            if not readout:
                text = "no network starts from another one (training.start): leave it out"
                yield Fault(key, text)


def _check_networks(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Groups of quantifiers that share a network hold each quantifier once, and as many each."""
    groups, known = settings["groups"], settings["quantifiers"]
    if groups is None:
        return
    seen: list[str] = []
    for place, group in enumerate(groups):
        for index, name in enumerate(group):
            if name not in known:
                yield Fault(("groups", place, index), _not_there(name, known))
            elif name in seen:
                text = f"{shown(name)} is in a group already: leave it out here"
                yield Fault(("groups", place, index), text)
            seen.append(name)
        if len(group) != len(groups[0]):
            text = (
                f"has {len(group)} quantifiers, the first group {len(groups[0])}: networks that "
                "train as one ensemble learn equally many"
            )
            yield Fault(("groups", place), text)
    if missing := [name for name in known if name not in seen]:
        yield Fault(("groups",), f"leave out {_listed(missing)}: put each quantifier in one group")
    needs = {
        "training.together: true": settings["training"]["together"] is True,
        "task: verification": settings["task"] == "verification",
        "network.quantifiers: one_hot": settings["network"].get("quantifiers") == "one_hot",
        "no data.split.only_test.quantifiers": not settings["data"]["split"]["only_test"][
            "quantifiers"
        ],
        "no start_from": settings["start_from"] is None,
    }
    for need, is_met in needs.items():
        if not is_met:
            yield Fault(("groups",), f"need {need}: set it so, or leave the groups out")


def _listed(names: list[str]) -> str:
    """At most three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _learned(settings: dict) -> int:
    """How many quantifiers a network is about."""
    shared = (settings["groups"] or [settings["quantifiers"]])[0]
    return len(shared) if settings["training"]["together"] else 1


def _check_tokens(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """The tokens that a network reads can be told apart."""
    names = settings["quantifiers"]
    key = ("generated",) if settings["generated"] else ("quantifiers",)
    if settings["task"] == "verification":
        learned = _learned(settings)
        if learned > MOST_QUANTIFIERS:
            text = (
                f"{learned} quantifiers share a network, which can tell {MOST_QUANTIFIERS} apart: "
                "take fewer, give them groups, or set training.together: false"
            )
            yield Fault(key, text)
    elif (words := len(vocabulary(names))) >= MOST_TOKENS:
        text = (
            f"the sentences have {words} different words, and networks can tell {MOST_TOKENS - 1} "
            "apart: take fewer quantifiers"
        )
        yield Fault(key, text)


def _check_eval_scenes(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Each quantifier and truth value has a place in an evaluation."""
    kinds = _learned(settings) * (1 if settings["task"] in WRITING else 2)
    places = values_of(settings["training"]["eval_scenes"], ("training", "eval_scenes"))
    for key, scenes in places.items():
        if 0 < scenes < kinds:
            text = (
                f"{scenes} cannot hold a scene of each kind that is evaluated, and there are "
                f"{kinds} (quantifier and truth): use more, or 0 for all"
            )
            yield Fault(key, text)


def _check_training_scenes(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """No more training scenes are asked for than a network has scenes at most."""
    generate, training = settings["data"]["generate"], settings["training"]
    if settings["data"]["balance"]["method"] == "upsample":
        return  # repeats scenes as often as it takes
    learned = _learned(settings)
    most = {
        "sample": lambda: min(generate["draws"], learned * _number_of_scenes(generate)),
        "fill": lambda: 2 * learned * generate["scenes_per_cell"],
        "describe": lambda: learned * generate["scenes_per_quantifier"],
        "enumerate": lambda: learned * _number_of_scenes(generate),
    }[generate["method"]]()
    for key, scenes in values_of(training["scenes"], ("training", "scenes")).items():
        if scenes is not None and scenes > most:
            text = (
                f"{scenes} is more than the {most} scenes that a network can have: lower it or "
                "make more"
            )
            yield Fault(key, text)


def _check_quantifiers(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    if surroundings.lexicon is None:  # its own fault is reported
        return
    for place, name in enumerate(settings["quantifiers"]):
        if name in RESERVED_QUANTIFIERS:
            text = f"{shown(name)} is reserved for the total: rename it in config/quantifiers.yaml"
            yield Fault(("quantifiers", place), text)
            continue
        try:
            surroundings.lexicon[name]
        except QuantlearnError as error:
            yield Fault(("quantifiers", place), str(error))


def _check_task(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """The network and the scenes are such as the task needs."""
    task, generate = settings["task"], settings["data"]["generate"]
    for key, name in values_of(
        settings["network"]["architecture"], ("network", "architecture")
    ).items():
        if task not in architecture_tasks(name):
            able = [other for other in architecture_settings() if task in architecture_tasks(other)]
            yield Fault(key, f"{name} has no way to do the task {task}: take {' or '.join(able)}")
    if task != "verification":
        coding = settings["network"]["quantifiers"]
        if "number" in values_of(coding, ()).values():
            text = "number is for scenes; a text names its quantifier in words: leave it out"
            yield Fault(("network", "quantifiers"), text)
    describes = generate["method"] == "describe"
    if task == "description" and not describes:
        text = f"{generate['method']} does not say what is to be written: use describe"
        yield Fault(("data", "generate", "method"), text)
    if describes and task not in WRITING:
        text = f"describe makes true sentences only, and {task} needs false ones: use fill"
        yield Fault(("data", "generate", "method"), text)
    if describes and settings["data"]["balance"]["method"] != "none":
        text = (
            f"{settings['data']['balance']['method']} needs scenes where a quantifier is false, "
            "and describe makes none: use none"
        )
        yield Fault(("data", "balance", "method"), text)


def _check_writing(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Nothing asks for truth values where networks write words."""
    task = settings["task"]
    if task not in WRITING:
        return
    if settings["comparisons"]:
        text = f"quantifiers are compared by their verification, and there is none in {task}"
        yield Fault(("comparisons",), f"{text}: leave it out")
    if "squared_error" in values_of(settings["training"]["loss"], ()).values():
        text = "squared_error is of the probability given to true; words need cross_entropy"
        yield Fault(("training", "loss"), text)


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
    zones = [ZONES.index(zone) for zone in generate["zones"]]
    models = all_zone_counts(generate["min_size"], generate["max_size"], zones)
    used = set(most_informative(quantifiers, models, models).tolist())
    for place, quantifier in enumerate(quantifiers):
        if place not in used:
            text = (
                f"{quantifier.name} is never the most informative one that is true in "
                f"{_scenes_in_words(generate)}: leave it out or widen the scenes"
            )
            yield Fault(("quantifiers", place), text)


def _check_sizes(settings: dict, _: Surroundings) -> Iterator[Fault]:
    generate = settings["data"]["generate"]
    if generate["min_size"] > generate["max_size"]:
        text = f"{generate['min_size']} is more than max_size, {generate['max_size']}"
        yield Fault(("data", "generate", "min_size"), text)


def _check_amount(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """As many scenes as are drawn exist, and as many as exist can be held."""
    generate = settings["data"]["generate"]
    pairs = _number_of_scenes(generate) * len(settings["quantifiers"])
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


def _check_cells(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """Every (quantifier, truth) cell that must hold scenes has some, and as many as asked for."""
    generate = settings["data"]["generate"]
    fill = generate["method"] == "fill"
    if surroundings.lexicon is None or generate["method"] == "describe":
        return
    if not fill and settings["data"]["balance"]["method"] == "none":
        return
    scenes = _scenes_in_words(generate)
    for place, name in enumerate(settings["quantifiers"]):
        counts = _count(surroundings.lexicon[name], generate)
        for truth, count in (counts or {}).items():
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
        "scene": _number_of_scenes(generate),
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
    place = ("data", "split", "only_test")
    largest = kept["sizes_above"]
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
            yield Fault((*place, "quantifiers", index), _not_there(name, known))
    if set(known) <= set(kept["quantifiers"]):
        yield Fault((*place, "quantifiers"), "leave nothing to learn: take fewer")
    elif kept["quantifiers"] and not settings["training"]["together"]:
        text = (
            "need training.together: true, since a network of their own would have nothing to "
            "learn from"
        )
        yield Fault((*place, "quantifiers"), text)
    if _keeps_for_test(settings["data"]["split"]) and settings["training"]["monitor"] == "test":
        text = '"test" holds scenes that data.split.only_test keeps for the end: use dev'
        yield Fault(("training", "monitor"), text)


def _keeps_for_test(split: dict) -> bool:
    """Whether some scenes are for testing only."""
    kept = split["only_test"]
    return kept["sizes_above"] is not None or kept["counts"] > 0 or bool(kept["quantifiers"])


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


def _is_filled(side: str, split: dict) -> bool:
    """Whether a side of the split has scenes: by its fraction, or that are for testing only."""
    return split[side] > 0 or (side == "test" and _keeps_for_test(split))


def _check_evaluation(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """The splits that are looked at hold scenes, and the monitored one is looked at."""
    split, training = settings["data"]["split"], settings["training"]
    places = {
        ("training", "evaluate_splits", place): side
        for place, side in enumerate(training["evaluate_splits"])
    }
    for key, side in {**places, ("training", "monitor"): training["monitor"]}.items():
        if not _is_filled(side, split):
            text = (
                f"{shown(side)} is empty: give data.split.{side} a fraction or name another split"
            )
            yield Fault(key, text)
        elif side not in training["evaluate_splits"]:
            text = f"{shown(side)} is not evaluated: add it to training.evaluate_splits"
            yield Fault(key, text)


def _check_search(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Settings vary where there is a search, and it can tell which values they take."""
    search = settings["search"]
    varying = {
        (section, name): distribution
        for section in SECTIONS
        for name, distribution in distributions_of(settings[section]).items()
    }
    if search is None:
        for key in varying:
            text = (
                "is a distribution, and nothing draws from it: add search: {sampler: random, "
                "samples: 16} or write a constant"
            )
            yield Fault(key, text)
        return
    if not varying:
        text = "no setting in network or training is a distribution: leave it out or let one vary"
        yield Fault(("search",), text)
        return
    if search["sampler"] == "grid":
        yield from _check_grid(search, varying)
        return
    if search["samples"] is None:
        text = f"is missing: {search['sampler']} draws as many samples as it is told"
        yield Fault(("search", "samples"), text)
    for key, distribution in varying.items():
        if "points" in distribution:
            text = "applies only where search.sampler is grid: leave it out"
            yield Fault((*key, "points"), text)


def _check_grid(search: dict, varying: dict[Key, dict]) -> Iterator[Fault]:
    endless = {
        key: distribution
        for key, distribution in varying.items()
        if kind_of(distribution) in RANGES_OF_NUMBERS and "points" not in distribution
    }
    for key, distribution in endless.items():
        kind = kind_of(distribution)
        text = f"a grid takes some values only: add points, as {{{kind}: [low, high], points: 5}}"
        yield Fault((*key, kind), text)
    if endless:
        return
    product = count_grid(search["space"])
    if product > MOST_SAMPLES:
        text = (
            f"the grid has {product} samples, where {MOST_SAMPLES} are allowed: give fewer values "
            "or use sampler random"
        )
        yield Fault(("search",), text)
    elif search["samples"] not in (None, product):
        text = f"{search['samples']} is not the grid's number, {product}: leave it out"
        yield Fault(("search", "samples"), text)


def _check_test_is_closed(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """A search chooses by the dev split and looks at the test split only afterwards."""
    if settings["search"] is None or not settings["search"]["choose"]:
        return
    split, training = settings["data"]["split"], settings["training"]
    purposes = {"dev": "chooses its sample by the dev split", "test": "tests the chosen sample"}
    for side, purpose in purposes.items():
        if not _is_filled(side, split):
            text = f"0 is not allowed: a search {purpose}: give it a fraction"
            yield Fault(("data", "split", side), text)
    places = {
        ("training", "evaluate_splits", place): side
        for place, side in enumerate(training["evaluate_splits"])
    }
    for key, side in {**places, ("training", "monitor"): training["monitor"]}.items():
        if side == "test":
            text = '"test" is closed in a search until a sample is chosen: use dev'
            yield Fault(key, text)


def _check_conditions(settings: dict, _: Surroundings) -> Iterator[Fault]:
    """Samples that are conditions to compare are shown together, and not one in place of all."""
    if chooses_sample(settings):
        return
    if settings["comparisons"]:
        text = "quantifiers are compared in the chosen sample, and search.choose false chooses none"
        yield Fault(("comparisons",), f"{text}: leave it out")


def _number_of_scenes(generate: dict) -> int:
    sizes = range(generate["min_size"], generate["max_size"] + 1)
    return sum(len(generate["zones"]) ** size for size in sizes)


def _scenes_in_words(generate: dict) -> str:
    sizes = f"{generate['min_size']} to {generate['max_size']}"
    return f"scenes of size {sizes} with zones {', '.join(generate['zones'])}"


def _count(quantifier: Quantifier, generate: dict) -> dict[bool, int] | None:
    zones = tuple(ZONES.index(zone) for zone in generate["zones"])
    return _cached_count(quantifier, generate["min_size"], generate["max_size"], zones)


# Many experiments share quantifiers and scenes.
_cached_count = cache(count_scenes)


def _check_memory(settings: dict, surroundings: Surroundings) -> Iterator[Fault]:
    """The largest job of the experiment fits into the machine."""
    if surroundings.memory is None or surroundings.lexicon is None:
        return
    quantifiers = [surroundings.lexicon[name] for name in settings["quantifiers"]]
    need = largest_need(settings, quantifiers)
    if need.size > surroundings.memory:
        text = (
            f"too large for this machine: {need.stage} would take about {_gib(need.size)} of "
            f"memory, and there are {_gib(surroundings.memory)}: lower it, or run where there is "
            "more"
        )
        yield Fault(need.key, text)


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f} GiB"


# Each check with the keys that it reads; it is left out when one of them has a fault already.
CHECKS: tuple[tuple[Check, tuple[Key, ...]], ...] = (
    (_check_comparisons, (("quantifiers",), ("comparisons",), ("data", "split"))),
    (_check_documented, (("documented",),)),
    (_check_figures, (("figures",),)),
    (_check_beside, (("beside",),)),
    (_check_start, (("start_from",), ("training", "start"), ("training", "start_readout"))),
    (
        _check_tokens,
        (
            ("quantifiers",),
            ("generated",),
            ("groups",),
            ("task",),
            ("training", "together"),
        ),
    ),
    (
        _check_eval_scenes,
        (
            ("quantifiers",),
            ("groups",),
            ("task",),
            ("training", "together"),
            ("training", "eval_scenes"),
        ),
    ),
    (
        _check_networks,
        (
            *(("groups",), ("quantifiers",), ("task",), ("network",), ("start_from",)),
            *(("training", "together"), ("data", "split", "only_test")),
        ),
    ),
    (
        _check_training_scenes,
        (
            ("data",),
            ("quantifiers",),
            ("groups",),
            ("training", "scenes"),
            ("training", "together"),
        ),
    ),
    (_check_quantifiers, (("quantifiers",),)),
    (
        _check_task,
        (
            ("task",),
            ("network",),
            ("data", "generate"),
            ("data", "balance"),
        ),
    ),
    (_check_writing, (("task",), ("comparisons",), ("training", "loss"))),
    (_check_sizes, (("data", "generate"),)),
    (_check_informative, (("data", "generate"), ("quantifiers",))),
    (_check_amount, (("data", "generate"), ("quantifiers",), ("trials",))),
    (_check_cells, (("data", "generate"), ("data", "balance"), ("quantifiers",))),
    (_check_fractions, (("data", "split"),)),
    (_check_groups, (("data", "split"), ("data", "generate"))),
    (
        _check_only_test,
        (
            ("quantifiers",),
            ("data", "split"),
            ("data", "generate"),
            ("training", "monitor"),
            ("training", "together"),
        ),
    ),
    (
        _check_evaluation,
        (("data", "split"), ("training", "evaluate_splits"), ("training", "monitor")),
    ),
    (_check_search, (("search",), ("network",), ("training",))),
    (_check_conditions, (("search",), ("comparisons",))),
    (
        _check_test_is_closed,
        (
            ("search",),
            ("data", "split"),
            ("training", "evaluate_splits"),
            ("training", "monitor"),
        ),
    ),
    (
        _check_memory,
        (("data",), ("network",), ("quantifiers",), ("search",), ("training",), ("trials",)),
    ),
)
