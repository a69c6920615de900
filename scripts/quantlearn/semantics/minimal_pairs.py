"""The card of a quantifier: what one looks at first, as data.

How often it is true at each size, its degrees, its tree of numbers, and for each universal that it
breaks the smallest two scenes that show it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import ZONES
from quantlearn.semantics.truth_tables import TruthTable, tabulate
from quantlearn.semantics.universals import DIRECTIONS, degrees, monotonicity_variants

__all__ = ["Card", "MinimalPair", "describe", "minimal_pairs", "tree_of_numbers"]

_BOTH, _A_ONLY, _B_ONLY, _NEITHER = ZONES.values()

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


@dataclass(frozen=True)
class Card:
    """What is known of a quantifier from all scenes of at most some size.

    truth_rates: size → share of true scenes; degrees: universal or variant → degree; tree: see
    `tree_of_numbers`; pairs: universal → the pair that breaks it.
    """

    quantifier: Quantifier
    truth_rates: dict[int, float]
    degrees: dict[str, float]
    tree: pd.DataFrame
    pairs: dict[str, MinimalPair]


def describe(quantifier: Quantifier, max_size: int) -> Card:
    """The card of a quantifier, from all scenes of at most ``max_size`` objects.

    >>> card = describe(Quantifier("some", "|A & B| > 0"), max_size=2)
    >>> card.truth_rates
    {0: 0.0, 1: 0.25, 2: 0.4375}
    >>> card.pairs["right_downward"].true, card.pairs["right_downward"].false
    ((0,), (1,))
    """
    table = tabulate([quantifier], max_size)
    rates = table.truth_rates()[0].tolist()
    joined = pd.concat([degrees(table), monotonicity_variants(table)], axis=1).iloc[0]
    return Card(
        quantifier,
        dict(enumerate(rates)),
        joined.to_dict(),
        tree_of_numbers(table, quantifier.name),
        minimal_pairs(table, quantifier.name),
    )


def tree_of_numbers(table: TruthTable, name: str) -> pd.DataFrame:
    """Truth by card(A∖B) and card(A∩B): van Benthem's tree (1986, Essays in Logical Semantics).

    A row for each node: a_only, both, scenes (with so many objects in the two zones), true (how
    many of these are true) and mixed. A conservative, quantitative and extensional quantifier is a
    choice of nodes; of any other some nodes are mixed, neither true nor false.
    """
    zones = {"a_only": _A_ONLY, "both": _BOTH}
    counts = {column: (table.scenes == zone).sum(axis=1) for column, zone in zones.items()}
    frame = pd.DataFrame({**counts, "true": table[name]})
    tree = frame.groupby(["a_only", "both"])["true"].agg(scenes="size", true="sum").reset_index()
    return tree.assign(mixed=(tree["true"] > 0) & (tree["true"] < tree["scenes"]))


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
