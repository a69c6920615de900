"""Splitting: which scenes a network learns from, is tuned on, and is tested on.

Rows of the same unit stay together. The unit is the scene of a quantifier, all scenes with the same
zone counts, or all scenes of the same size: the larger the unit, the less of what is tested has
been seen in training under another order.
"""

import math
from typing import Any

import numpy as np

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import zone_counts
from quantlearn.semantics.scenes import LabelledScenes

__all__ = ["SIDES", "split"]

SIDES = ("train", "dev", "test")


def split(
    units: np.ndarray, fractions: tuple[float, float, float], rng: np.random.Generator
) -> np.ndarray:
    """Side of each row, shape (n,): 0 train, 1 dev, 2 test.

    units (n,) integers. Units are shuffled and dealt out in that order: to train until it holds at
    least its fraction of all rows, then to dev, the rest to test. With units of one row, train has
    ceil(fraction · n) rows (Steinert-Threlkeld & Szymanik 2019, section 4). Raises
    `QuantlearnError` when a side with a fraction above zero would be empty.

    >>> sides = split(np.arange(10), (0.65, 0.0, 0.35), np.random.default_rng(0))
    >>> np.bincount(sides, minlength=3).tolist()
    [7, 0, 3]
    """
    _, unit_of_row = np.unique(units, return_inverse=True)
    weights = np.bincount(unit_of_row)
    order = rng.permutation(len(weights))
    before = np.cumsum(weights[order]) - weights[order]
    # A fraction such as 0.7 has no exact binary form, so a border is a whole number of rows.
    train_until = _rows(fractions[0], len(units))
    dev_until = train_until + _rows(fractions[1], len(units))
    side_of_unit = np.empty(len(weights), dtype=np.int64)
    side_of_unit[order] = np.where(before < train_until, 0, np.where(before < dev_until, 1, 2))
    sides = side_of_unit[unit_of_row]
    for index, (side, fraction) in enumerate(zip(SIDES, fractions, strict=True)):
        if fraction > 0 and not (sides == index).any():
            raise QuantlearnError(
                f"data.split.{side}: {fraction} of {len(units)} rows in {len(weights)} units "
                "leaves this side empty; use more scenes, smaller units (by: scene) or other "
                "fractions"
            )
    return sides


def _rows(fraction: float, total: int) -> int:
    return math.ceil(round(fraction * total, 9))


def _only_test(
    settings: dict[str, Any],
    scenes: LabelledScenes,
    quantifiers: list[str],
    rng: np.random.Generator,
) -> np.ndarray:
    """Which rows are for testing whatever the fractions are, booleans (n,).

    Raises `QuantlearnError` where the share of pairs of numbers is less than one pair.
    """
    kept = np.isin(np.array(quantifiers), settings["quantifiers"])[scenes.quantifiers]
    if settings["sizes_above"] is not None:
        kept |= scenes.sizes > settings["sizes_above"]
    if settings["counts"] > 0:
        both, a_only = zone_counts(scenes.scenes).T[:2]
        pairs, pair_of_row = np.unique(
            (scenes.scenes.shape[1] + 1) * both + a_only, return_inverse=True
        )
        count = round(settings["counts"] * len(pairs))
        if count == 0:
            raise QuantlearnError(
                f"data.split.only_test.counts: {settings['counts']:g} of the {len(pairs)} pairs of "
                f"numbers in the scenes is none: take at least {1 / len(pairs):.2g}, or 0"
            )
        chosen = rng.permutation(len(pairs)) < count
        kept |= chosen[pair_of_row]
    return kept


def _units(by: str, scenes: LabelledScenes, copies: np.ndarray) -> np.ndarray:
    """A number for each row that is the same for rows that must stay on one side."""
    match by:
        case "scene":
            # Copies of a row follow it, so counting the originals numbers the scenes.
            return np.cumsum(copies == 0)
        case "zone_counts":
            base = scenes.scenes.shape[1] + 1
            return zone_counts(scenes.scenes) @ base ** np.arange(4)
        case "size":
            return scenes.sizes
        case _:
            raise ValueError(by)
