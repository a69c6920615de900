"""How far a scene is from one of the other truth value.

The distance is the smallest number of objects that must be moved to another zone before a
quantifier that was true is false, or the other way round; the size stays. It is 1 beside the
boundary, where one object decides. Zones are those that scenes have.
"""

from collections.abc import Sequence

import numpy as np

from quantlearn.semantics.automata import Automaton, minimal_automaton
from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts, zone_counts
from quantlearn.semantics.scenes import ZONES

__all__ = ["boundary_distances"]


def boundary_distances(
    quantifier: Quantifier, scenes: np.ndarray, sizes: np.ndarray, zones: Sequence[int]
) -> np.ndarray | None:
    """The objects that must be moved until the truth changes, (n,); 0 where no moves change it.

    scenes (n, max_size) zone codes, sizes (n,), zones the codes between which objects move. Exact:
    over all combinations of zone counts of a scene's size, or, where the order matters, along the
    states of the smallest automaton (the fewest changed letters of a word, by dynamic programming
    as in Wagner & Fischer 1974, "The string-to-string correction problem"). None where the order
    matters and no automaton is known.

    >>> scenes = np.array([[0, 0, 0, 1], [1, 1, 1, 4]], dtype=np.uint8)
    >>> at_least_2 = Quantifier("at_least_2", "|A & B| >= 2")
    >>> boundary_distances(at_least_2, scenes, np.array([4, 3]), zones=[0, 1]).tolist()
    [2, 2]
    """
    if quantifier.is_positional:
        automaton = minimal_automaton(quantifier)
        return None if automaton is None else _along_states(automaton, scenes, zones)
    counts = zone_counts(scenes)
    distances = np.zeros(len(scenes), dtype=np.int64)
    for size in np.unique(sizes).tolist():
        known = all_zone_counts(size, size, zones)
        rows = np.flatnonzero(sizes == size)
        place = _places(known, size)
        between = _between_counts(quantifier.verify_counts(known), known, place, size)
        distances[rows] = between[place[_keys(counts[rows], size)]]
    return distances


def _keys(counts: np.ndarray, size: int) -> np.ndarray:
    """A number (n,) for each combination of zone counts (n, 4) of one size, without the fourth."""
    return counts[:, :3] @ (size + 1) ** np.arange(3)


def _places(counts: np.ndarray, size: int) -> np.ndarray:
    """The row of each combination among ``counts``, by its key."""
    places = np.full((size + 1) ** 3, -1)
    places[_keys(counts, size)] = np.arange(len(counts))
    return places


def _between_counts(
    truth: np.ndarray, counts: np.ndarray, place: np.ndarray, size: int
) -> np.ndarray:
    """The distance of each combination of zone counts (n, 4), all those of a size; truth (n,).

    The way to the nearest one of the other truth value goes, one move after another, through
    combinations of one's own, each of which is one move nearer.
    """
    used = np.flatnonzero(counts.any(axis=0))
    moves = [(giver, taker) for giver in used for taker in used if giver != taker]
    neighbours = np.full((len(counts), len(moves)), -1)
    for column, (giver, taker) in enumerate(moves):
        rows = np.flatnonzero(counts[:, giver])
        moved = counts[rows]
        moved[:, giver] -= 1
        moved[:, taker] += 1
        neighbours[rows, column] = place[_keys(moved, size)]
    differs = (neighbours >= 0) & (truth[neighbours] != truth[:, None])
    distances = differs.any(axis=1).astype(np.int64)
    rows, distance = np.flatnonzero(distances), 1
    while len(rows):
        around = np.unique(neighbours[rows])
        rows = around[(around >= 0) & (distances[around] == 0)]
        distance += 1
        distances[rows] = distance
    return distances


def _along_states(automaton: Automaton, scenes: np.ndarray, zones: Sequence[int]) -> np.ndarray:
    """The fewest objects to be changed until an automaton ends otherwise, (n,); 0 for never."""
    states, never = len(automaton.accepting), scenes.shape[1] + 1
    # The fewest changes that lead to each state behind the objects so far, (n, states).
    fewest = np.full((len(scenes), states), never)
    fewest[:, 0] = 0
    for objects in scenes.T:
        inside = objects < len(ZONES)
        after = np.full((int(inside.sum()), states), never)
        for zone in zones:
            changed = fewest[inside] + (objects[inside] != zone)[:, None]
            for state, follower in enumerate(automaton.transitions[:, zone]):
                np.minimum(after[:, follower], changed[:, state], out=after[:, follower])
        fewest[inside] = after
    truth = automaton.accepting[automaton.run(scenes)[:, -1]]
    other = np.where(automaton.accepting == truth[:, None], never, fewest)
    least = other.min(axis=1)
    return np.where(least >= never, 0, least)
