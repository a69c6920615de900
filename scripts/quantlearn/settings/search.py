"""Experiments whose settings vary: what may vary, what is allowed then, and how many samples.

The settings of the sections ``network`` and ``training`` may be distributions
(:mod:`quantlearn.settings.distributions`). Where a setting that decides which others apply varies,
such as the architecture, a section has several variants, one for each of its values: each is
complete, with the defaults of that architecture, and lacks the settings that do not apply to it.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from quantlearn.settings.distributions import (
    as_numbers,
    find_form_faults,
    grid_values,
    is_distribution,
    kind_of,
    values_of,
)
from quantlearn.settings.schema import Fault, Key, apply_defaults, cases, find_faults, settle

__all__ = [
    "SECTIONS",
    "applying_settings",
    "chooses_sample",
    "count_grid",
    "distributions_of",
    "find_section_faults",
    "shared_settings",
    "variants_of",
]

SECTIONS = ("network", "training")
"""The sections of an experiment whose settings may be distributions."""

# The tables of all samples are read on the monitored split, so it is the same for all of them.
CONSTANT = {"training": ("evaluate_splits", "monitor")}


def distributions_of(section: Any) -> dict[str, dict]:
    """The settings of a section that are distributions."""
    if not isinstance(section, dict):
        return {}
    return {name: value for name, value in section.items() if is_distribution(value)}


def applying_settings(schema: dict, given: dict) -> set[str]:
    """The settings that apply to at least one sample of a section."""
    found: set[str] = set()
    for decided in _decided(schema, given):
        found |= set(settle(schema, {**given, **decided})["properties"])
    return found


def find_section_faults(name: str, schema: dict, given: dict) -> list[Fault]:
    """Everything in a section with distributions that its schema does not allow.

    Each value of a choice and both ends of a range must be allowed, and each setting must apply to
    at least one value of the settings that decide.
    """
    faults: dict[Key, Fault] = {}

    def add(fault: Fault) -> None:
        faults.setdefault(fault.key, fault)

    varying = distributions_of(given)
    ill_formed = set()
    for setting, value in varying.items():
        for fault in find_form_faults(value, (name, setting)):
            ill_formed.add(setting)
            add(fault)
        if setting in CONSTANT.get(name, ()):
            ill_formed.add(setting)
            add(Fault((name, setting), "must be a constant, the same for all samples"))
    applying = applying_settings(schema, given)
    for world, places in _worlds(schema, given):
        settled = settle(schema, world)["properties"]
        left = {key: world[key] for key in world if key in settled or key not in applying}
        for fault in find_faults(schema, left):
            setting, *rest = fault.key
            if setting not in ill_formed:
                place = places.get(setting, ()) if setting in settled else ()
                add(Fault((name, setting, *place, *rest), fault.text))
        for setting in [key for key in varying if key in settled and key not in ill_formed]:
            known = any(key[:2] == (name, setting) for key in faults)
            if not known and kind_of(given[setting]) == "integer" and _is_real(settled[setting]):
                text = "draws whole numbers where any number is allowed: write uniform"
                add(Fault((name, setting, "integer"), text))
    return list(faults.values())


def chooses_sample(settings: Mapping[str, Any]) -> bool:
    """Whether an experiment is about one sample: its only one, or the best of a search.

    Otherwise its samples are conditions to compare.

    >>> chooses_sample({"search": None}), chooses_sample({"search": {"choose": False}})
    (True, False)
    """
    search = settings.get("search")
    return search is None or search["choose"]


def variants_of(schema: dict, given: dict) -> list[dict]:
    """The complete settings of a valid section, one mapping for each case that samples may be.

    Settings that decide are constants in them, all other distributions are kept.

    >>> schema = {"type": "object", "properties": {"kind": {"enum": ["a", "b"], "default": "a"}},
    ...           "allOf": [{"if": {"properties": {"kind": {"const": "b"}}, "required": ["kind"]},
    ...                      "then": {"properties": {"n": {"type": "integer", "default": 1}}}}]}
    >>> variants_of(schema, {"kind": {"choice": ["a", "b"]}, "n": {"integer": [2, 3]}})
    [{'kind': 'a'}, {'kind': 'b', 'n': {'integer': [2, 3]}}]
    """
    found = []
    for decided in _decided(schema, given):
        settled = settle(schema, _constants({**given, **decided}))
        applying = {
            name: decided.get(name, value)
            for name, value in given.items()
            if name in settled["properties"]
        }
        complete = apply_defaults(settled, applying)
        for name, value in distributions_of(complete).items():
            complete[name] = as_numbers(value, _is_real(settled["properties"][name]))
        if complete not in found:  # a setting that decides may itself not apply
            found.append(complete)
    return found


def shared_settings(given: dict, variants: list[dict]) -> dict:
    """What holds for all samples of a section: their common settings, and the distributions."""
    if len(variants) == 1:
        return variants[0]
    shared = {}
    for name in dict.fromkeys(itertools.chain.from_iterable(variants)):
        values = [variant[name] for variant in variants if name in variant]
        if is_distribution(given.get(name)):
            shared[name] = next(filter(is_distribution, values), given[name])
        elif len(values) == len(variants) and all(value == values[0] for value in values):
            shared[name] = values[0]
    return shared


def count_grid(space: dict[str, list[dict]]) -> int:
    """Samples in the grid over the variants of all sections.

    >>> count_grid({"network": [{"n": {"choice": [1, 2]}}, {"n": 4}], "training": [{"k": 1}]})
    3
    """
    return math.prod(
        sum(
            math.prod(len(grid_values(value)) for value in distributions_of(variant).values())
            for variant in variants
        )
        for variants in space.values()
    )


def _is_real(part: dict) -> bool:
    return "number" in part.get("type", ())


def _constants(given: dict) -> dict:
    return {name: value for name, value in given.items() if not is_distribution(value)}


def _deciding(schema: dict, given: dict) -> list[str]:
    """The settings that vary and decide which others apply."""
    names = {name for condition, _ in cases(schema) for name in condition["properties"]}
    return [name for name in _well_formed(given) if name in names]


def _well_formed(given: dict) -> dict[str, dict]:
    return {
        name: value
        for name, value in distributions_of(given).items()
        if not any(find_form_faults(value, ()))
    }


def _decided(schema: dict, given: dict) -> Iterator[dict[str, Any]]:
    """Every combination of the values of the settings that decide."""
    names = _deciding(schema, given)
    values = [values_of(given[name], ()).values() for name in names]
    for combination in itertools.product(*values):
        yield dict(zip(names, combination, strict=True))


def _worlds(schema: dict, given: dict) -> Iterator[tuple[dict, dict[str, Key]]]:
    """Sections of constants in which each value of each distribution occurs, with their places.

    Every combination of deciding values occurs with every value of the others, but these are not
    combined with each other: what is allowed for one does not depend on another.
    """
    borders = {
        name: list(values_of(value, ()).items()) for name, value in _well_formed(given).items()
    }
    deciding = _deciding(schema, given)
    others = [name for name in borders if name not in deciding]
    rounds = max((len(borders[name]) for name in others), default=1)
    for combination in itertools.product(*(borders[name] for name in deciding)):
        for turn in range(rounds):
            chosen = dict(zip(deciding, combination, strict=True))
            chosen |= {name: borders[name][min(turn, len(borders[name]) - 1)] for name in others}
            world = given | {name: value for name, (_, value) in chosen.items()}
            yield world, {name: place for name, (place, _) in chosen.items()}
