"""One experiment: what its file says, with what is laid over it, complete or with its faults."""

import copy
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from quantlearn.data.labelled import read_labelled
from quantlearn.errors import QuantlearnError
from quantlearn.semantics.lexicon import Lexicon, negations, read_generated
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.settings.checks import CHECKS
from quantlearn.settings.distributions import KINDS
from quantlearn.settings.protocol import CHAPTERS, named_as_file, space_of
from quantlearn.settings.schema import (
    Fault,
    Key,
    apply_defaults,
    find_faults,
    load_schema,
    settle,
    shown,
)
from quantlearn.settings.search import (
    SECTIONS,
    applying_settings,
    chooses_sample,
    count_grid,
    distributions_of,
    find_section_faults,
    shared_settings,
    variants_of,
)
from quantlearn.settings.surroundings import Surroundings

__all__ = ["at", "has", "leaves", "resolve", "without"]


def resolve(
    given: Any,
    overlays: Sequence[tuple[dict, set[Key]]],
    surroundings: Surroundings,
    folder: Path,
) -> tuple[dict, list[Fault]]:
    """The complete settings of an experiment, and its faults.

    Each overlay comes with a set, to which those of its keys that apply are added. ``folder`` is
    config/, with the tables of generated quantifiers and of labelled scenes. Settings with a fault
    are not resolved: what they say is checked no further, and the dict is of no use but to find
    other faults.
    """
    schema = load_schema("experiment")
    if not isinstance(given, dict):
        return {}, [Fault((), f"{shown(given)} is not allowed: must be keys with their values")]
    varied = bool(_varying(given))
    for overlay, used in overlays:
        applying = _applying(overlay, given)
        given = _lay_over(given, applying, _settle(schema, _merged(given, applying)), used)
    if varied and not _varying(given):
        given.pop("search", None)  # the run has fixed all that varies: one sample is left
    faults = _find_faults(schema, given)
    # A fault within a distribution is about the setting.
    keys = [fault.key[:2] if fault.key[0] in SECTIONS else fault.key for fault in faults]
    kept = without(given, keys)
    settings = {"name": surroundings.name, **_complete(schema, kept)}
    surroundings, more = _with_generated(settings, surroundings, folder / "generated.csv")
    faults += more
    if not any(fault.key[:2] in (("data",), ("data", "generate")) for fault in faults):
        faults += _count_labels(settings, folder)
    for check, reads in CHECKS:
        pairs = itertools.product([fault.key for fault in faults], reads)
        if not any(all(a == b for a, b in zip(*pair, strict=False)) for pair in pairs):
            faults += check(settings, surroundings)
    if not faults and settings["search"] is not None and settings["search"]["sampler"] == "grid":
        settings["search"]["samples"] = count_grid(settings["search"]["space"])
    if not faults:
        title, settings["chapter"] = settings["chapter"], named_as_file(settings["chapter"])
        settings["chapter_title"] = CHAPTERS.get(settings["chapter"], title)
    if not faults and surroundings.lexicon is not None:
        quantifiers = settings["quantifiers"]
        if settings["comparisons"] is None:
            untaught = settings["data"]["split"]["only_test"]["quantifiers"]
            learned = [name for name in quantifiers if name not in untaught]
            independent = settings["crossed"] is None
            verified = settings["task"] not in WRITING
            compared = chooses_sample(settings) and verified and independent
            settings["comparisons"] = [learned] if compared and len(learned) == 2 else []
        settings["expressions"] = {
            name: surroundings.lexicon[name].expression
            for name in quantifiers
            if "labels" not in settings
        }
    return settings, faults


def _with_generated(
    settings: dict, surroundings: Surroundings, path: Path
) -> tuple[Surroundings, list[Fault]]:
    """The surroundings with the generated quantifiers, whose names are added to the settings."""
    count = settings.get("generated", 0)
    if settings.get("negations", 0) > count:
        text = f"{settings['negations']} is more than generated, {count}: lower it"
        return surroundings, [Fault(("negations",), text)]
    if not count or surroundings.lexicon is None:
        return surroundings, []
    try:
        drawn = read_generated(path, count)
        if len(drawn) < count:
            text = f"{count} is more than the {len(drawn)} quantifiers of {path}: lower it"
            return surroundings, [Fault(("generated",), text)]
        found = {name: each.expression for name, each in drawn.items()}
        found |= negations(found, settings["negations"])
        lexicon = Lexicon(
            {**surroundings.lexicon.expressions, **found}, surroundings.lexicon.source
        )
    except QuantlearnError as error:
        return surroundings, [Fault(("generated",), line) for line in str(error).splitlines()]
    settings["quantifiers"] = [*settings.get("quantifiers", []), *found]
    settings["drawn_from"] = {
        name: [each.monotonicity, each.meanings] for name, each in drawn.items()
    }
    return replace(surroundings, lexicon=lexicon), []


def _count_labels(settings: dict, folder: Path) -> list[Fault]:
    """Add how many scenes of the experiment's own table make each name true, and false."""
    generate = settings["data"]["generate"]
    if generate["method"] != "table":
        return []
    if Path(generate["file"]).name != generate["file"]:
        text = f"{shown(generate['file'])} is no file in config/: put it there and write its name"
        return [Fault(("data", "generate", "file"), text)]
    try:
        rows = read_labelled(folder / generate["file"], space_of(generate))
    except QuantlearnError as error:
        lines = str(error).splitlines()
        return [Fault(("data", "generate", "file"), line) for line in lines]
    settings["labels"] = {name: [0, 0] for name, _, _ in rows}
    for name, _, truth in rows:
        settings["labels"][name][not truth] += 1
    return []


def _applying(overlay: dict, given: dict) -> dict:
    """The overlay, of its ``search`` and ``trials`` what applies.

    A grid has a size of its own, and a crossed design as many trials as it has combinations.
    """
    if given.get("crossed") is not None and "crossed" not in overlay:
        overlay = {name: part for name, part in overlay.items() if name != "trials"}
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
    if settings["replicates"] is not None:
        replicates = schema["properties"]["replicates"]
        settings["replicates"] = apply_defaults(replicates, settings["replicates"])
    if settings["search"] is not None:
        search = apply_defaults(schema["properties"]["search"], settings["search"])
        settings["search"] = {**search, "space": space}
    return settings


def _merged(given: dict, overlay: dict) -> dict:
    merged = dict(given)
    for name, value in overlay.items():
        both = _is_section(value) and _is_section(given.get(name))
        merged[name] = _merged(given[name], value) if both else value
    return merged


def _lay_over(given: dict, overlay: dict, settled: dict, used: set[Key], key: Key = ()) -> dict:
    """``given`` with those values of the overlay that are settings of this experiment."""
    result = dict(given)
    for name, value in overlay.items():
        if name not in settled["properties"]:
            continue
        if _is_section(value):
            inner = given.get(name, {})
            if isinstance(inner, dict):
                part = settled["properties"][name]
                result[name] = _lay_over(inner, value, part, used, (*key, name))
        else:
            result[name] = value
            used.add((*key, name))
    return result


# Keys in nested mappings ------------------------------------------------------------------------


def _is_section(value: Any) -> bool:
    """Whether a value holds settings of its own; a distribution is the value of one setting."""
    return isinstance(value, dict) and not set(KINDS) & set(value)


def has(mapping: Any, key: Key) -> bool:
    try:
        at(mapping, key)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def at(mapping: Any, key: Key) -> Any:
    for name in key:
        mapping = mapping[name]
    return mapping


def leaves(mapping: dict, key: Key = ()) -> Iterator[Key]:
    for name, value in mapping.items():
        if _is_section(value):
            yield from leaves(value, (*key, name))
        else:
            yield (*key, name)


def without(mapping: dict, keys: Iterable[Key]) -> dict:
    """A copy without the settings at some keys; a key in a list takes the list."""
    kept = copy.deepcopy(mapping)
    for key in keys:
        *above, name = itertools.takewhile(lambda part: isinstance(part, str), key)
        if has(kept, above):
            at(kept, above).pop(name, None)
    return kept
