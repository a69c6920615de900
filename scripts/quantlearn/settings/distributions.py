"""What a setting that varies may be, and the values that it takes.

In an experiment file a setting is a constant, or a mapping with one of these keys:

- ``choice: [a, b, …]``: one of these values, each as likely as the others;
- ``integer: [low, high]``: a whole number, both ends included;
- ``uniform: [low, high]``: a number;
- ``log_uniform: [low, high]``: a number whose logarithm is uniform.

A grid takes every choice and every whole number; of a range of numbers it takes ``points`` values
with equal steps (of the logarithm, if it is log-uniform), the ends among them.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from quantlearn.settings.schema import Fault, Key, did_you_mean, is_number, is_whole, shown

__all__ = [
    "KINDS",
    "RANGES_OF_NUMBERS",
    "as_numbers",
    "combinations",
    "find_form_faults",
    "grid_values",
    "is_distribution",
    "kind_of",
    "quantile",
    "values_of",
]

KINDS = ("choice", "integer", "uniform", "log_uniform")
RANGES_OF_NUMBERS = ("uniform", "log_uniform")

_MOST_VALUES = 1000


def is_distribution(value: Any) -> bool:
    """Whether the value of a setting is meant as a distribution: no constant is a mapping."""
    return isinstance(value, dict)


def kind_of(distribution: dict) -> str:
    """Which of `KINDS` a well-formed distribution is."""
    return next(kind for kind in KINDS if kind in distribution)


def find_form_faults(value: dict, key: Key) -> Iterator[Fault]:
    """What is wrong with a distribution at ``key`` whatever the setting may be, if anything."""
    known = [*KINDS, "points"]
    for name in value:
        if name not in known:
            hint = did_you_mean(name, known) or f"; known here: {', '.join(known)}"
            yield Fault((*key, name), f"unknown key{hint}")
    if set(value) - set(known):
        return
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        text = f"{shown(value)} is not allowed: must be a constant or one of {', '.join(KINDS)}"
        yield Fault(key, text)
        return
    [kind] = kinds
    check = _choice_fault if kind == "choice" else _range_fault
    if fault := check(kind, value[kind]):
        yield Fault((*key, kind), fault)
    points = value.get("points")
    if "points" in value and kind not in RANGES_OF_NUMBERS:
        text = "applies only to uniform and log_uniform: leave it out, a grid takes all values"
        yield Fault((*key, "points"), text)
    elif "points" in value and not (is_whole(points) and 2 <= points <= _MOST_VALUES):
        text = f"{shown(points)} is not allowed: must be a whole number from 2 to {_MOST_VALUES}"
        yield Fault((*key, "points"), text)


def _choice_fault(_kind: str, values: Any) -> str | None:
    if not isinstance(values, list) or not 2 <= len(values) <= _MOST_VALUES:
        return f"{shown(values)} is not allowed: must be a list of 2 to {_MOST_VALUES} values"
    for place, value in enumerate(values):
        alike = [one for one in values[:place] if isinstance(one, bool) == isinstance(value, bool)]
        if value in alike:  # true is no 1
            return f"{shown(value)} is listed twice: list it once"
    return None


def _range_fault(kind: str, ends: Any) -> str | None:
    whole = kind == "integer"
    fits = is_whole if whole else is_number
    if not (isinstance(ends, list) and len(ends) == 2 and all(map(fits, ends))):
        numbers = "whole numbers" if whole else "numbers"
        return f"{shown(ends)} is not allowed: must be a list of two {numbers}, [lowest, highest]"
    if ends[0] >= ends[1]:
        return f"{shown(ends)} is not allowed: the first number must be below the second"
    if kind == "log_uniform" and ends[0] <= 0:
        return f"{shown(ends)} is not allowed: both numbers must be above 0 to have a logarithm"
    return None


def as_numbers(distribution: dict, numbers: bool) -> dict:
    """The distribution with ranges of numbers, and choices of ``numbers``, as floats.

    >>> as_numbers({"choice": [1, None]}, numbers=True)
    {'choice': [1.0, None]}
    """
    kind = kind_of(distribution)
    if kind in RANGES_OF_NUMBERS or (kind == "choice" and numbers):
        values = [float(value) if is_whole(value) else value for value in distribution[kind]]
        return {**distribution, kind: values}
    return dict(distribution)


def quantile(distribution: dict, share: float) -> Any:
    """The value below which ``share`` of the draws lie, for a share from 0 up to, but not, 1.

    >>> quantile({"choice": ["a", "b"]}, 0.7), quantile({"integer": [1, 4]}, 0.99)
    ('b', 4)
    >>> quantile({"uniform": [2.0, 4.0]}, 0.5), quantile({"log_uniform": [1e-4, 1e-2]}, 0.5)
    (3.0, 0.001)
    """
    kind = kind_of(distribution)
    if kind == "choice":
        return distribution[kind][int(share * len(distribution[kind]))]
    low, high = distribution[kind]
    if kind == "integer":
        return low + int(share * (high - low + 1))
    return _between(kind, low, high, share)


def grid_values(distribution: dict) -> list[Any]:
    """The values that a grid takes, in order.

    >>> grid_values({"log_uniform": [1e-4, 1.0], "points": 3})
    [0.0001, 0.01, 1.0]
    """
    kind = kind_of(distribution)
    if kind == "choice":
        return list(distribution[kind])
    low, high = distribution[kind]
    if kind == "integer":
        return list(range(low, high + 1))
    last = distribution["points"] - 1
    inner = [_between(kind, low, high, place / last) for place in range(1, last)]
    return [low, *inner, high]


def _between(kind: str, low: float, high: float, share: float) -> float:
    logarithmic = kind == "log_uniform"
    value = low * (high / low) ** share if logarithmic else low + share * (high - low)
    return min(max(value, low), high)  # rounding may leave the range


def combinations(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Settings with every combination of the values that a grid gives those that vary.

    >>> combinations({"layers": 1, "hidden": {"choice": [4, 8]}})
    [{'layers': 1, 'hidden': 4}, {'layers': 1, 'hidden': 8}]
    """
    values = [
        grid_values(value) if is_distribution(value) else [value] for value in settings.values()
    ]
    return [dict(zip(settings, chosen, strict=True)) for chosen in itertools.product(*values)]


def values_of(setting: Any, key: Key) -> dict[Key, Any]:
    """The constants, or the borders of a distribution, that a setting has, each with its place.

    >>> values_of({"choice": [None, 2]}, ("training", "start"))
    {('training', 'start', 'choice', 0): None, ('training', 'start', 'choice', 1): 2}
    """
    if not is_distribution(setting):
        return {key: setting}
    kind = kind_of(setting)
    values = as_numbers(setting, numbers=False)[kind]
    return {(*key, kind, place): value for place, value in enumerate(values)}
