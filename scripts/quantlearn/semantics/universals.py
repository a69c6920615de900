"""Degrees of semantic universals: how far a quantifier is monotone, quantitative, conservative.

All have one form, 1 − H(truth | signature) / H(truth), over scenes that are equally likely: the
share of the uncertainty about truth that goes away when only the signature of the scene is known
(Carcassi, Steinert-Threlkeld & Szymanik 2021, "Monotone quantifiers emerge via iterated learning",
Cognitive Science 45; Steinert-Threlkeld 2021, "Quantifiers in natural language: efficient
communication and degrees of semantic universals", Entropy 23:1335, section 5). The signatures:

==================  ===============================================================================
right_upward        some scene below in B is true: the same A and M, a part of B
right_downward      some scene above in B is true: the same A and M, B or more
left_upward,        the same with A and B exchanged
left_downward
quantity            the four zone counts, without positions
conservativity      the scene with the objects of B∖A put into neither
extensionality      the scene with the objects in neither deleted
==================  ===============================================================================

A scene is below and above itself. A quantifier that is always true, or never, has all degrees 1.

Scenes are all those of a truth table, so the degrees are exact. "Below in B" is a product of
orders, one for each object, so one pass over the objects finds the scenes with something true below
(the zeta transform of the lattice of subsets, with `or` in place of the sum): O(n · 4^n) steps for
scenes of n objects.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
import pandas as pd

from quantlearn.semantics.quantifiers import zone_counts
from quantlearn.semantics.scenes import PADDING, ZONES
from quantlearn.semantics.truth_tables import TruthTable

__all__ = [
    "DIRECTIONS",
    "SIGNATURES",
    "VARIANTS",
    "MinimalPair",
    "Variant",
    "conditional_degree",
    "degrees",
    "degrees_of_orbit",
    "entropy",
    "minimal_pairs",
    "monotonicity_variants",
    "violation_rates",
]

_BOTH, _A_ONLY, _B_ONLY, _NEITHER = ZONES.values()

DIRECTIONS: dict[str, tuple[tuple[int, int], ...]] = {
    "right_upward": ((_A_ONLY, _BOTH), (_NEITHER, _B_ONLY)),
    "right_downward": ((_BOTH, _A_ONLY), (_B_ONLY, _NEITHER)),
    "left_upward": ((_B_ONLY, _BOTH), (_NEITHER, _A_ONLY)),
    "left_downward": ((_BOTH, _B_ONLY), (_A_ONLY, _NEITHER)),
}
"""Direction → the moves of an object, from zone to zone, that take a scene one step that way."""


def degrees(table: TruthTable) -> pd.DataFrame:
    """The degree of every universal: a row for each quantifier, a column for each universal.

    >>> from quantlearn.semantics.quantifiers import Quantifier
    >>> from quantlearn.semantics.truth_tables import tabulate
    >>> table = tabulate([Quantifier("every", "A <= B")], max_size=4)
    >>> degrees(table).loc["every", ["right_upward", "left_downward", "quantity"]].tolist()
    [1.0, 1.0, 1.0]
    """
    columns = {name: _monotonicity(table, moves) for name, moves in DIRECTIONS.items()}
    for universal, signature in SIGNATURES.items():
        _, cells = np.unique(signature(table.scenes), return_inverse=True)
        columns[universal] = conditional_degree(*_count_cells(table.truth, cells))
    return pd.DataFrame(columns, index=pd.Index(table.names, name="quantifier"))


def conditional_degree(true: np.ndarray, scenes: np.ndarray) -> np.ndarray:
    """1 − H(truth | cell) / H(truth) of each quantifier, from counts in the cells of a signature.

    true: (quantifiers, cells), the true scenes of each cell; scenes: (cells,) or (quantifiers,
    cells), all its scenes. Returns (quantifiers,), between 0 and 1.

    >>> conditional_degree(np.array([[2, 0], [1, 1]]), np.array([2, 2]))
    array([1., 0.])
    """
    scenes = np.broadcast_to(scenes, true.shape)
    total = scenes.sum(axis=1)
    uncertainty = entropy(true.sum(axis=1) / total)
    rates = np.divide(true, scenes, out=np.zeros(true.shape), where=scenes > 0)
    left = (scenes / total[:, None] * entropy(rates)).sum(axis=1)
    share = np.divide(left, uncertainty, out=np.zeros(len(true)), where=uncertainty > 0)
    # Knowing more never adds uncertainty; rounding may.
    return np.clip(1 - share, 0, 1)


def entropy(rates: np.ndarray) -> np.ndarray:
    """The entropy in bits of a truth that is true at this rate.

    >>> entropy(np.array([0.0, 0.25, 0.5])).round(3)
    array([0.   , 0.811, 1.   ])
    """
    rates = np.asarray(rates, dtype=float)
    bits = np.zeros(rates.shape)
    for share in (rates, 1 - rates):
        bits -= share * np.log2(share, out=np.zeros(rates.shape), where=share > 0)
    return bits


def _monotonicity(table: TruthTable, moves: Iterable[tuple[int, int]]) -> np.ndarray:
    """The degree of monotonicity in the direction of these moves: (quantifiers,)."""
    with_signature = np.zeros(len(table.truth), dtype=np.int64)
    for size, truth in table.of_sizes():
        closed = truth.copy()
        for objects in _along_objects(closed, size):
            for source, target in moves:
                objects[:, :, target] |= objects[:, :, source]
        with_signature += closed.sum(axis=1)
    # A true scene has the signature, for it is below itself.
    true = np.column_stack([table.truth.sum(axis=1), np.zeros_like(with_signature)])
    scenes = np.column_stack([with_signature, table.truth.shape[1] - with_signature])
    return conditional_degree(true, scenes)


def _along_objects(values: np.ndarray, size: int) -> list[np.ndarray]:
    """Views (quantifiers, scenes before, zone, scenes after) of each object in turn."""
    rows = len(values)
    return [values.reshape(rows, 4**place, 4, 4 ** (size - place - 1)) for place in range(size)]


# Signatures that sort scenes into cells -----------------------------------------------------------


def _quantity(scenes: np.ndarray) -> np.ndarray:
    return zone_counts(scenes) @ (scenes.shape[1] + 1) ** np.arange(len(ZONES))


def _conservativity(scenes: np.ndarray) -> np.ndarray:
    return _numbered(np.where(scenes == _B_ONLY, _NEITHER, scenes))


def _extensionality(scenes: np.ndarray) -> np.ndarray:
    deleted = scenes >= _NEITHER
    in_front = np.argsort(deleted, axis=1, kind="stable")
    kept = np.where(deleted, PADDING, scenes)
    return _numbered(np.take_along_axis(kept, in_front, axis=1))


def _numbered(scenes: np.ndarray) -> np.ndarray:
    """A number for each scene, the same for the same scene: base 5, so 27 objects at most."""
    return scenes.astype(np.int64) @ 5 ** np.arange(scenes.shape[1])


SIGNATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "quantity": _quantity,
    "conservativity": _conservativity,
    "extensionality": _extensionality,
}
"""Universal → its signature of scenes (n, max_size), an integer for each."""


def _count_cells(truth: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True scenes of each quantifier in each cell (quantifiers, cells), and scenes (cells,)."""
    order = np.argsort(cells, kind="stable")
    scenes = np.bincount(cells)
    starts = np.cumsum(scenes) - scenes
    true = np.add.reduceat(truth[:, order], starts, axis=1, dtype=np.int64)
    return true, scenes


# Monotonicity as one number -----------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """A way to make one degree of monotonicity out of four directions, and where it is from."""

    means: str
    source: str
    same_for_negation: bool


VARIANTS: dict[str, Variant] = {
    "max_direction": Variant(
        "the largest of the four directions",
        "ULTK, examples/learn_quant/measures.py; Haberland & Steinert-Threlkeld, SALT 35",
        same_for_negation=False,
    ),
    "max_with_negation": Variant(
        "the largest of the four directions of the quantifier and of its negation",
        "ULTK, measure_monotonicity, as its documentation words it",
        same_for_negation=True,
    ),
    "mean_of_arguments": Variant(
        "the mean over the two arguments of the larger of upward and downward",
        "four directions as in ULTK, with both arguments given the same weight",
        same_for_negation=False,
    ),
    "two_sided_mean": Variant(
        "the largest direction, each the mean of its degree and that of the negation in the "
        "opposite direction",
        "ULTK, examples/learn_quant/monotonicity_variants.py",
        same_for_negation=True,
    ),
    "violation_rate": Variant(
        "the largest direction, each 1 minus the share of pairs of scenes, one properly below the "
        "other, whose truths go the wrong way",
        "ULTK, examples/learn_quant/monotonicity_variants.py",
        same_for_negation=True,
    ),
}
"""Name → variant. They agree on what is monotone, and differ on the rest: by the first, *exactly
three* is far more monotone than its negation."""

_OPPOSITE = {
    "right_upward": "right_downward",
    "right_downward": "right_upward",
    "left_upward": "left_downward",
    "left_downward": "left_upward",
}


def monotonicity_variants(table: TruthTable) -> pd.DataFrame:
    """Every variant of the degree of monotonicity: a row a quantifier, a column a variant."""
    own = np.column_stack([_monotonicity(table, moves) for moves in DIRECTIONS.values()])
    # The negation of an upward quantifier is downward.
    opposite = [DIRECTIONS[_OPPOSITE[name]] for name in DIRECTIONS]
    of_negation = np.column_stack([_monotonicity(table.negated, moves) for moves in opposite])
    right, left = own[:, :2].max(axis=1), own[:, 2:].max(axis=1)
    columns = {
        "max_direction": own.max(axis=1),
        "max_with_negation": np.maximum(own, of_negation).max(axis=1),
        "mean_of_arguments": (right + left) / 2,
        "two_sided_mean": ((own + of_negation) / 2).max(axis=1),
        "violation_rate": violation_rates(table).to_numpy().max(axis=1),
    }
    return pd.DataFrame(columns, index=pd.Index(table.names, name="quantifier"))


def degrees_of_orbit(table: TruthTable) -> pd.DataFrame:
    """The largest direction over a quantifier's orbit: a row a quantifier, ``mean`` and ``max``.

    The orbit is what it becomes when zones are renamed and when it is negated, each of the 48 ways
    counted (see `symmetry`), so that both numbers are the same for all of the orbit. ``mirrored``,
    which is not, is the larger downward degree as that of the negation upward.

    >>> from quantlearn.semantics.quantifiers import Quantifier
    >>> from quantlearn.semantics.truth_tables import tabulate
    >>> equal = Quantifier("", "|A| > |M - A|"), Quantifier("", "|M - A ^ B| > |A ^ B|")
    >>> degrees_of_orbit(tabulate(equal, max_size=4))["mean"].round(4).tolist()
    [0.7215, 0.7215]
    """
    both = (table, table.negated)

    @cache
    def degree(moves: frozenset[tuple[int, int]], negates: bool) -> np.ndarray:
        return _monotonicity(both[negates], moves)

    members = []
    for zones in permutations(ZONES.values()):
        renamed = [
            frozenset((zones[source], zones[target]) for source, target in moves)
            for moves in DIRECTIONS.values()
        ]
        members += [
            np.max([degree(moves, negates) for moves in renamed], axis=0)
            for negates in (False, True)
        ]
    upward = [frozenset(DIRECTIONS[name]) for name in ("right_upward", "left_upward")]
    columns = {
        "mean": np.mean(members, axis=0),
        "max": np.max(members, axis=0),
        "mirrored": np.max([degree(moves, True) for moves in upward], axis=0),
    }
    return pd.DataFrame(columns, index=pd.Index(table.names, name="quantifier"))


def violation_rates(table: TruthTable) -> pd.DataFrame:
    """1 − violations / comparable pairs: a row for each quantifier, a column for each direction.

    A pair is two different scenes, one reached from the other by moves of objects in the direction;
    a violation is a pair where the first is true and the second is not.
    """
    violations = {direction: np.zeros(len(table.truth), np.int64) for direction in DIRECTIONS}
    pairs = 0
    for size, truth in table.of_sizes():
        pairs += 6**size - 4**size  # for each object two moves and four ways to stay, but not all
        for direction, moves in DIRECTIONS.items():
            true_below = truth.astype(np.int32)
            for objects in _along_objects(true_below, size):
                for source, target in moves:
                    objects[:, :, target] += objects[:, :, source]
            violations[direction] += np.where(truth, 0, true_below).sum(axis=1, dtype=np.int64)
    columns = {name: 1 - count / max(pairs, 1) for name, count in violations.items()}
    return pd.DataFrame(columns, index=pd.Index(table.names, name="quantifier"))


# Scenes that break a universal ------------------------------------------------------------------


_Pair = tuple[tuple[int, ...], tuple[int, ...]]  # scenes, the first true


@dataclass(frozen=True)
class MinimalPair:
    """Two scenes that break a universal: zone codes, the first true and the second false.

    They differ in one step: for monotonicity and conservativity one object is in another zone, for
    quantity two neighbours have changed places, for extensionality one object in neither is gone.
    """

    universal: str
    true: tuple[int, ...]
    false: tuple[int, ...]


def minimal_pairs(table: TruthTable, name: str) -> dict[str, MinimalPair]:
    """For each universal that the quantifier breaks, a smallest pair of scenes that breaks it.

    Of the pairs of the smallest size, one at the first place in the scene, then with the first of
    the moves, then the first in lexicographic order of zone codes.
    """
    row = table.names.index(name)
    cubes = {size: truth[row].reshape((4,) * size) for size, truth in table.of_sizes()}
    pairs: dict[str, MinimalPair] = {}

    def keep(universal: str, pair: _Pair | None) -> None:
        if pair is not None and universal not in pairs:
            pairs[universal] = MinimalPair(universal, *pair)

    for size, cube in cubes.items():
        for place in range(size):
            for direction, moves in DIRECTIONS.items():
                for source, target in moves:
                    keep(direction, _moved(cube, place, source, target))
            for source, target in ((_B_ONLY, _NEITHER), (_NEITHER, _B_ONLY)):
                keep("conservativity", _moved(cube, place, source, target))
            if place:
                keep("quantity", _swapped(cube, place))
            if size - 1 in cubes:
                keep("extensionality", _deleted(cube, cubes[size - 1], place))
    return pairs


def _moved(cube: np.ndarray, place: int, source: int, target: int) -> _Pair | None:
    """A scene that is true with the object at this place in ``source``, false in ``target``."""
    found = _first(cube.take(source, axis=place) & ~cube.take(target, axis=place))
    if found is None:
        return None
    return _with(found, place, source), _with(found, place, target)


def _swapped(cube: np.ndarray, place: int) -> _Pair | None:
    """A true scene that is false when the objects at this place and the one before are swapped."""
    found = _first(cube & ~cube.swapaxes(place - 1, place))
    if found is None:
        return None
    swapped = list(found)
    swapped[place - 1], swapped[place] = found[place], found[place - 1]
    return found, tuple(swapped)


def _deleted(cube: np.ndarray, smaller: np.ndarray, place: int) -> _Pair | None:
    """Scenes of different truth, one without the other's object in neither at this place."""
    larger = cube.take(_NEITHER, axis=place)
    found = _first(larger != smaller)
    if found is None:
        return None
    pair = (_with(found, place, _NEITHER), found)
    return pair if larger[found] else pair[::-1]


def _first(places: np.ndarray) -> tuple[int, ...] | None:
    """The zone codes of the first true entry of a cube, or None."""
    if not places.any():
        return None
    return tuple(int(index) for index in np.unravel_index(places.argmax(), places.shape))


def _with(scene: tuple[int, ...], place: int, zone: int) -> tuple[int, ...]:
    return (*scene[:place], zone, *scene[place:])
