"""Degrees of semantic universals in scenes too large to go through all of them, from a sample.

The definitions are those of universals.py. Scenes are drawn uniformly from all scenes of the sizes,
so nearly all are of the largest ones. Whether some scene below or above is true is found out by
going through all of these, so a drawn scene has its exact signature. The cell of the other
signatures is too large for that: from the cell of each drawn scene some more are drawn, and the
entropy of truth in it is estimated with the correction of Miller (1955, "Note on the bias of
information estimates") for few draws.
"""

from collections.abc import Callable
from math import comb, log

import numpy as np

from quantlearn.scenes import PADDING, ZONES
from quantlearn.semantics import Quantifier
from quantlearn.universals import DIRECTIONS, conditional_degree, entropy

__all__ = ["sampled_degrees"]

_BOTH, _A_ONLY, _B_ONLY, _NEITHER = ZONES.values()
_AT_ONCE = 1 << 16  # scenes


def sampled_degrees(
    quantifier: Quantifier,
    min_size: int,
    max_size: int,
    scenes: int,
    within: int,
    seed: int | np.random.SeedSequence,
) -> dict[str, float]:
    """An estimate of the degree of every universal of universals.py, by name.

    scenes: how many are drawn from all; within: how many from the cell of each. The work for a
    scene of n objects is about 1.5 ** n, the mean number of scenes below it.

    >>> every = Quantifier("every", "A <= B")
    >>> found = sampled_degrees(every, 1, 5, scenes=100, within=10, seed=1)
    >>> found["right_upward"], found["quantity"]
    (1.0, 1.0)
    """
    rng = np.random.default_rng(seed)
    rows = _draw(rng, scenes, min_size, max_size)
    sizes = (rows != PADDING).sum(axis=1)
    truth = quantifier.verify(rows, sizes)
    found = {}
    for direction, moves in DIRECTIONS.items():
        signature = np.array([_some_true(quantifier, row, moves) for row in rows])
        true = np.array([[truth[signature].sum(), truth[~signature].sum()]])
        cells = np.array([signature.sum(), (~signature).sum()])
        found[direction] = float(conditional_degree(true, cells)[0])
    for universal, draw in _SAME_SIGNATURE.items():
        others = np.full((len(rows), within, max_size), PADDING, dtype=np.uint8)
        for drawn, row in zip(others, rows, strict=True):
            same = draw(rng, row[row != PADDING], within, (min_size, max_size))
            drawn[:, : same.shape[1]] = same
        others = others.reshape(-1, max_size)
        rates = quantifier.verify(others, (others != PADDING).sum(axis=1)).reshape(-1, within)
        left = _corrected(rates.mean(axis=1), within).mean()
        uncertainty = entropy(rates.mean())
        share = left / uncertainty if uncertainty > 0 else 0.0
        found[universal] = float(np.clip(1 - share, 0, 1))
    return found


def _draw(rng: np.random.Generator, scenes: int, min_size: int, max_size: int) -> np.ndarray:
    """Scenes from all of these sizes, each as likely as any other: uint8 (scenes, max_size)."""
    possible = np.arange(min_size, max_size + 1)
    weights = 4.0 ** (possible - max_size)
    sizes = rng.choice(possible, size=scenes, p=weights / weights.sum())
    rows = rng.integers(len(ZONES), size=(scenes, max_size), dtype=np.uint8)
    rows[np.arange(max_size) >= sizes[:, None]] = PADDING
    return rows


def _some_true(quantifier: Quantifier, row: np.ndarray, moves: tuple[tuple[int, int], ...]) -> bool:
    """Whether the scene, or one from which these moves lead to it, is true."""
    origin = dict((target, source) for source, target in moves)
    places = np.flatnonzero(np.isin(row, list(origin)))
    size = int((row != PADDING).sum())
    for start in range(0, 1 << len(places), _AT_ONCE):
        numbers = np.arange(start, min(start + _AT_ONCE, 1 << len(places)))
        moved = (numbers[:, None] >> np.arange(len(places))) & 1 == 1
        below = np.tile(row, (len(numbers), 1))
        below[:, places] = np.where(moved, [origin[zone] for zone in row[places]], row[places])
        if quantifier.verify(below, np.full(len(below), size)).any():
            return True
    return False


def _corrected(rates: np.ndarray, draws: int) -> np.ndarray:
    """Miller's estimate of entropies in bits: plug-in, and a correction where both values occur."""
    return entropy(rates) + ((rates > 0) & (rates < 1)) / (2 * draws * log(2))


# Draws of scenes with the same signature as one, which is given without padding -------------------


def _permuted(
    rng: np.random.Generator, row: np.ndarray, draws: int, _: tuple[int, int]
) -> np.ndarray:
    return rng.permuted(np.tile(row, (draws, 1)), axis=1)


def _moved_outside_a(
    rng: np.random.Generator, row: np.ndarray, draws: int, _: tuple[int, int]
) -> np.ndarray:
    zones = rng.choice(np.array([_B_ONLY, _NEITHER], dtype=np.uint8), size=(draws, len(row)))
    return np.where(row >= _B_ONLY, zones, row)


def _among_others(
    rng: np.random.Generator, row: np.ndarray, draws: int, sizes: tuple[int, int]
) -> np.ndarray:
    kept = row[row != _NEITHER]
    possible = range(max(sizes[0], len(kept)), sizes[1] + 1)
    weights = np.array([comb(size, len(kept)) for size in possible], dtype=float)
    scenes = np.full((draws, sizes[1]), PADDING, dtype=np.uint8)
    for scene, size in zip(
        scenes, rng.choice(possible, size=draws, p=weights / weights.sum()), strict=True
    ):
        scene[:size] = _NEITHER
        scene[np.sort(rng.choice(size, size=len(kept), replace=False))] = kept
    return scenes


_Draw = Callable[[np.random.Generator, np.ndarray, int, tuple[int, int]], np.ndarray]

_SAME_SIGNATURE: dict[str, _Draw] = {
    "quantity": _permuted,
    "conservativity": _moved_outside_a,
    "extensionality": _among_others,
}
