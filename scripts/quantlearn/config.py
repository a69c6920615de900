"""Settings: from the files in config/ to fully resolved experiments, or every fault at once.

The schemas say what is allowed for each key by itself (:mod:`quantlearn.schema`); here the files
are put together, and what the schemas cannot say is checked: that quantifiers exist, that the
fractions of a split sum to 1, that there are as many scenes as are asked for.
"""

import copy
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from quantlearn.distributions import RANGES_OF_NUMBERS, kind_of
from quantlearn.errors import QuantlearnError
from quantlearn.schema import (
    Fault,
    Key,
    apply_defaults,
    did_you_mean,
    find_faults,
    load_schema,
    settle,
    shown,
)
from quantlearn.search import (
    SECTIONS,
    applying_settings,
    count_grid,
    distributions_of,
    find_section_faults,
    shared_settings,
    variants_of,
)
from quantlearn.semantics import Lexicon, LexiconError, Quantifier, count_scenes, load_lexicon
from quantlearn.yamlfile import YamlError, plain_value, read_yaml

__all__ = ["ConfigError", "Settings", "load_settings"]

ZONES = ("both", "a_only", "b_only", "neither")  # in the order of their codes

# Experiments become folders in results/ beside the report and the benchmark; quantifiers stand in
# the curves beside their total.
RESERVED_EXPERIMENTS = ("report", "benchmark")
RESERVED_QUANTIFIERS = ("all",)

# Enumerated data of all trials may take this much memory; later stages need a small multiple.
ENUMERATION_LIMIT = 2**30  # bytes
LABEL_BYTES = 8  # trial, quantifier, size and truth of a row, beside one byte for each object

MOST_SAMPLES = 10_000  # as in the schema

_Check = Callable[[dict, "_Surroundings"], Iterator[Fault]]


class ConfigError(QuantlearnError):
    """Faults in the configuration; ``lines`` holds one line for each."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True)
class Settings:
    """Everything that a run is to do, with all defaults filled in.

    ``experiments`` maps each name, in alphabetical order, to a dict that JSON can hold: the keys of
    the experiment schema, ``name``, and ``expressions`` (quantifier: expression). Where settings
    vary, ``search`` also has the number of ``samples`` and the ``space`` that they are drawn from:
    the variants of the sections ``network`` and ``training``, each a complete list of settings.
    ``benchmark`` holds what the benchmark measures.
    """

    seed: int
    device: str
    checkpoint_seconds: float | None
    experiments: dict[str, dict]
    benchmark: dict


@dataclass(frozen=True)
class _Surroundings:
    """What an experiment's settings refer to."""

    name: str
    experiments: list[str]
    lexicon: Lexicon | None  # None when it has faults of its own


def load_settings(config: dict, folder: Path, overlays: Sequence[Path] = ()) -> Settings:
    """The settings that result from Snakemake's ``config`` and the files in ``folder``.

    ``config`` holds the merged content of config.yaml, of the ``overlays`` (the files given with
    --configfile) and of --config. ``folder`` is config/: it holds config.yaml, quantifiers.yaml and
    experiments/. The files of the run's settings are read again only to find what Snakemake's own
    reader lets through and to say where a fault stands.

    Raises :class:`ConfigError` with every fault there is.
    """
    config = _plain(config)
    sources, lines = _read_sources([folder / "config.yaml", *map(Path, overlays)])
    lexicon, lexicon_lines = _load_lexicon(folder / "quantifiers.yaml")
    paths, path_lines = _find_experiments(folder / "experiments")
    lines += lexicon_lines + path_lines

    faults = find_faults(load_schema("config"), config)
    kept = _without(config, faults)
    run = apply_defaults(settle(load_schema("config"), kept), kept)
    names, name_faults = _choose(run["experiments"], list(paths))
    faults += name_faults
    overlay = _overlay(run)

    used: set[Key] = set()
    experiments = {}
    experiment_lines = []
    for name in names:
        try:
            given = read_yaml(paths[name])
        except YamlError as error:
            experiment_lines.append(str(error))
            continue
        surroundings = _Surroundings(name, list(paths), lexicon)
        resolved, own_faults = _resolve(given, overlay, surroundings, used)
        experiments[name] = resolved
        for fault in own_faults:
            note = _override_note(fault.key, run)
            experiment_lines.append(f"{paths[name]}: {fault}{note}")

    if not experiment_lines:
        faults += _unused(run["overrides"], used)
    lines += [f"{_origin(fault.key, config, sources)}: {fault}" for fault in faults]
    lines += experiment_lines
    if lines:
        raise ConfigError(lines)
    return Settings(
        seed=run["seed"],
        device=run["device"],
        checkpoint_seconds=run["checkpoint_seconds"],
        experiments=experiments,
        benchmark=run["benchmark"],
    )


# The files ------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Snakemake's config, read as strictly as our own files as far as that can be done afterwards.

    Snakemake reads ``1e-4`` as text, and everything inside a mapping on the command line.
    """
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return plain_value(value) if isinstance(value, str) else value


def _read_sources(paths: list[Path]) -> tuple[dict[Path, Any], list[str]]:
    sources, lines = {}, []
    for path in paths:
        try:
            sources[path] = read_yaml(path)
        except YamlError as error:
            lines.append(str(error))
    return sources, lines


def _load_lexicon(path: Path) -> tuple[Lexicon | None, list[str]]:
    try:
        return load_lexicon(path), []
    except LexiconError as error:
        return None, error.lines


def _find_experiments(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """The file of each experiment, by name, and a line for each file with a bad name."""
    paths, lines = {}, []
    for path in sorted(folder.glob("[!.]*.y*ml")):
        if path.suffix != ".yaml":
            lines.append(f"{path}: the name must end in .yaml")
        elif not re.fullmatch("[a-z][a-z0-9_]*", path.stem):
            lines.append(
                f"{path}: {shown(path.stem)} is not allowed as a name: must start with a small "
                "letter and go on with small letters, digits and _"
            )
        elif path.stem in RESERVED_EXPERIMENTS:
            lines.append(f"{path}: {shown(path.stem)} is reserved: choose another name")
        else:
            paths[path.stem] = path
    if not paths and not lines:
        lines.append(f"{folder}: holds no experiment: add a file <name>.yaml")
    return paths, lines


def _origin(key: Key, config: dict, sources: dict[Path, Any]) -> str:
    """Where the value at ``key`` was set: the last file that says the same, or the command line."""
    value = repr(_at(config, key))
    for path in reversed(sources):
        if _has(sources[path], key) and repr(_at(sources[path], key)) == value:
            return str(path)
    return "--config"


# The run's own settings -------------------------------------------------------------------------


def _choose(wanted: str | list[str], known: list[str]) -> tuple[list[str], list[Fault]]:
    """The experiments to run, in alphabetical order; Snakemake gives a single name as text."""
    if wanted == "all":
        return known, []
    listed = enumerate(wanted) if isinstance(wanted, list) else [(None, wanted)]
    faults = []
    chosen = set()
    for place, name in listed:
        if name in known:
            chosen.add(name)
            continue
        hint = did_you_mean(name, [*known, "all"]) or f"; there are {', '.join(known) or 'none'}"
        key = ("experiments",) if place is None else ("experiments", place)
        faults.append(Fault(key, f"{shown(name)} is not an experiment{hint}"))
    return sorted(chosen), faults


def _overlay(run: dict) -> dict:
    """What is laid over every experiment."""
    overlay = copy.deepcopy(run["overrides"])
    if run["eval_scenes"] is not None:
        overlay.setdefault("training", {})["eval_scenes"] = run["eval_scenes"]
    if run["trials"] is not None:
        overlay["trials"] = run["trials"]
    search = {key: run[key] for key in ("samples", "samples_per_job") if run[key] is not None}
    if search:
        overlay["search"] = search
    return overlay


def _override_note(key: Key, run: dict) -> str:
    return " (set by overrides)" if key and _has(run["overrides"], key) else ""


def _unused(overrides: dict, used: set[Key]) -> list[Fault]:
    return [
        Fault(("overrides", *key), "applies to none of the chosen experiments: leave it out")
        for key in _leaves(overrides)
        if key not in used
    ]


# One experiment ---------------------------------------------------------------------------------


def _resolve(
    given: Any, overlay: dict, surroundings: _Surroundings, used: set[Key]
) -> tuple[dict, list[Fault]]:
    """The complete settings of an experiment, and its faults.

    Adds to ``used`` the keys of the overlay that apply. Settings with a fault are not resolved:
    what they say is checked no further, and the dict is of no use but to find other faults.
    """
    schema = load_schema("experiment")
    if not isinstance(given, dict):
        return {}, [Fault((), f"{shown(given)} is not allowed: must be keys with their values")]
    overlay = _applying(overlay, given)
    given = _lay_over(given, overlay, _settle(schema, _merged(given, overlay)), used)
    faults = _find_faults(schema, given)
    kept = _without(given, [Fault(_setting(fault.key), fault.text) for fault in faults])
    settings = {"name": surroundings.name, **_complete(schema, kept)}
    for check, reads in _CHECKS:
        broken = [fault.key for fault in faults]
        if not any(_overlap(key, read) for key, read in itertools.product(broken, reads)):
            faults += check(settings, surroundings)
    if not faults and settings["search"] is not None and settings["search"]["sampler"] == "grid":
        settings["search"]["samples"] = count_grid(settings["search"]["space"])
    if not faults and surroundings.lexicon is not None:
        quantifiers = settings["quantifiers"]
        if settings["comparisons"] is None:
            settings["comparisons"] = [[quantifiers[0], other] for other in quantifiers[1:]]
        settings["expressions"] = {
            name: surroundings.lexicon[name].expression for name in quantifiers
        }
    return settings, faults


def _applying(overlay: dict, given: dict) -> dict:
    """The overlay, of its ``search`` what applies: a grid has a size of its own."""
    search = given.get("search")
    if not isinstance(search, dict):
        return {name: part for name, part in overlay.items() if name != "search"}
    if "search" not in overlay or search.get("sampler") != "grid":
        return overlay
    kept = {key: value for key, value in overlay["search"].items() if key != "samples"}
    return {**overlay, "search": kept}


def _varying(given: dict) -> list[str]:
    return [name for name in SECTIONS if distributions_of(given.get(name))]


def _settle(schema: dict, given: dict) -> dict:
    """The schema settled, with all settings that apply to some samples."""
    settled = settle(schema, given)
    for name in _varying(given):
        applying = applying_settings(schema["properties"][name], given[name])
        settled["properties"][name] |= {"properties": {key: {} for key in applying}}
    return settled


def _find_faults(schema: dict, given: dict) -> list[Fault]:
    varying = _varying(given)
    faults = find_faults(schema, {**given, **{name: {} for name in varying}})
    for name in varying:
        faults += find_section_faults(name, schema["properties"][name], given[name])
    return faults


def _complete(schema: dict, given: dict) -> dict:
    """Valid settings with every default filled in, and the space of a search."""
    varying = _varying(given)
    plain = {**given, **{name: {} for name in varying}}
    settings = apply_defaults(settle(schema, plain), plain)
    space = {name: [settings[name]] for name in SECTIONS}
    for name in varying:
        space[name] = variants_of(schema["properties"][name], given[name])
        settings[name] = shared_settings(given[name], space[name])
    if settings["search"] is not None:
        search = apply_defaults(schema["properties"]["search"], settings["search"])
        settings["search"] = {**search, "space": space}
    return settings


def _setting(key: Key) -> Key:
    """The key of the setting that a fault within its distribution is about."""
    return key[:2] if key and key[0] in SECTIONS else key


def _merged(given: dict, overlay: dict) -> dict:
    merged = dict(given)
    for name, value in overlay.items():
        both = isinstance(value, dict) and isinstance(given.get(name), dict)
        merged[name] = _merged(given[name], value) if both else value
    return merged


def _lay_over(given: dict, overlay: dict, settled: dict, used: set[Key], key: Key = ()) -> dict:
    """``given`` with those values of the overlay that are settings of this experiment."""
    result = dict(given)
    for name, value in overlay.items():
        if name not in settled["properties"]:
            continue
        if isinstance(value, dict):
            inner = given.get(name, {})
            if isinstance(inner, dict):
                part = settled["properties"][name]
                result[name] = _lay_over(inner, value, part, used, (*key, name))
        else:
            result[name] = value
            used.add((*key, name))
    return result


def _check_comparisons(settings: dict, _: _Surroundings) -> Iterator[Fault]:
    known = settings["quantifiers"]
    for place, pair in enumerate(settings["comparisons"] or []):
        for side, name in enumerate(pair):
            if name not in known:
                hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
                text = f"{shown(name)} is not one of the experiment's quantifiers{hint}"
                yield Fault(("comparisons", place, side), text)


def _check_documented(settings: dict, surroundings: _Surroundings) -> Iterator[Fault]:
    name = settings["documented"]
    if name is not None and (name not in surroundings.experiments or name == settings["name"]):
        others = [other for other in surroundings.experiments if other != settings["name"]]
        text = f"{shown(name)} is not another experiment{did_you_mean(name, others)}"
        yield Fault(("documented",), text)


def _check_quantifiers(settings: dict, surroundings: _Surroundings) -> Iterator[Fault]:
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


def _check_sizes(settings: dict, _: _Surroundings) -> Iterator[Fault]:
    generate = settings["data"]["generate"]
    if generate["min_size"] > generate["max_size"]:
        text = f"{generate['min_size']} is more than max_size, {generate['max_size']}"
        yield Fault(("data", "generate", "min_size"), text)


def _check_amount(settings: dict, _: _Surroundings) -> Iterator[Fault]:
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


def _check_cells(settings: dict, surroundings: _Surroundings) -> Iterator[Fault]:
    """Every (quantifier, truth) cell that must hold scenes has some, and as many as asked for."""
    generate = settings["data"]["generate"]
    fill = generate["method"] == "fill"
    if surroundings.lexicon is None or not (
        fill or settings["data"]["balance"]["method"] != "none"
    ):
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


def _check_fractions(settings: dict, _: _Surroundings) -> Iterator[Fault]:
    split = settings["data"]["split"]
    fractions = {side: split[side] for side in ("train", "dev", "test")}
    total = sum(fractions.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        summands = " + ".join(f"{side} {fraction:g}" for side, fraction in fractions.items())
        yield Fault(("data", "split"), f"the fractions must sum to 1, and {summands} = {total:g}")


def _check_groups(settings: dict, _: _Surroundings) -> Iterator[Fault]:
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


def _check_evaluation(settings: dict, _: _Surroundings) -> Iterator[Fault]:
    """The splits that are looked at hold scenes, and the monitored one is looked at."""
    split, training = settings["data"]["split"], settings["training"]
    places = {
        ("training", "evaluate_splits", place): side
        for place, side in enumerate(training["evaluate_splits"])
    }
    for key, side in {**places, ("training", "monitor"): training["monitor"]}.items():
        if split[side] == 0:
            text = (
                f"{shown(side)} is empty: give data.split.{side} a fraction or name another split"
            )
            yield Fault(key, text)
        elif side not in training["evaluate_splits"]:
            text = f"{shown(side)} is not evaluated: add it to training.evaluate_splits"
            yield Fault(key, text)


def _check_search(settings: dict, _: _Surroundings) -> Iterator[Fault]:
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


def _check_test_is_closed(settings: dict, _: _Surroundings) -> Iterator[Fault]:
    """A search chooses by the dev split and looks at the test split only afterwards."""
    if settings["search"] is None:
        return
    split, training = settings["data"]["split"], settings["training"]
    purposes = {"dev": "chooses its sample by the dev split", "test": "tests the chosen sample"}
    for side, purpose in purposes.items():
        if split[side] == 0:
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


# Each check with the keys that it reads; it is left out when one of them has a fault already.
_CHECKS: tuple[tuple[_Check, tuple[Key, ...]], ...] = (
    (_check_comparisons, (("quantifiers",), ("comparisons",))),
    (_check_documented, (("documented",),)),
    (_check_quantifiers, (("quantifiers",),)),
    (_check_sizes, (("data", "generate"),)),
    (_check_amount, (("data", "generate"), ("quantifiers",), ("trials",))),
    (_check_cells, (("data", "generate"), ("data", "balance"), ("quantifiers",))),
    (_check_fractions, (("data", "split"),)),
    (_check_groups, (("data", "split"), ("data", "generate"))),
    (
        _check_evaluation,
        (("data", "split"), ("training", "evaluate_splits"), ("training", "monitor")),
    ),
    (_check_search, (("search",), ("network",), ("training",))),
    (
        _check_test_is_closed,
        (
            ("search",),
            ("data", "split"),
            ("training", "evaluate_splits"),
            ("training", "monitor"),
        ),
    ),
)


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


# Keys in nested mappings ------------------------------------------------------------------------


def _has(mapping: Any, key: Key) -> bool:
    try:
        _at(mapping, key)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _at(mapping: Any, key: Key) -> Any:
    for name in key:
        mapping = mapping[name]
    return mapping


def _overlap(key: Key, other: Key) -> bool:
    shorter = min(len(key), len(other))
    return key[:shorter] == other[:shorter]


def _leaves(mapping: dict, key: Key = ()) -> Iterator[Key]:
    for name, value in mapping.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*key, name))
        else:
            yield (*key, name)


def _without(mapping: dict, faults: list[Fault]) -> dict:
    """A copy without the settings that have a fault; a fault in a list takes the list."""
    kept = copy.deepcopy(mapping)
    for fault in faults:
        names = list(itertools.takewhile(lambda name: isinstance(name, str), fault.key))
        holder = _at(kept, tuple(names[:-1])) if _has(kept, tuple(names[:-1])) else {}
        holder.pop(names[-1], None)
    return kept
