"""Semantic automata: how many states a device needs that reads a scene object by object.

A quantifier is a set of words over the four zones, so it can be recognised by an automaton (van
Benthem 1986, "Essays in Logical Semantics", chapter 8). *Every*, *at least three* and *an even
number of* need finitely many states, *most* infinitely many. The states of the smallest automaton
are the differences that the objects read so far can make (Myhill & Nerode): two beginnings of a
scene are one state if no continuation makes one true and the other false.
"""

from collections.abc import Callable

import numpy as np

from quantlearn.scenes import ZONES, Space, enumerate_scenes
from quantlearn.semantics import Quantifier

__all__ = ["minimal_states"]

_COUNTED = 24  # objects of a continuation when only the zone counts matter
_ORDERED = 6  # when the order matters: there are far more continuations


def minimal_states(quantifier: Quantifier) -> int | None:
    """The states of the smallest deterministic automaton, or None when it has more than are seen.

    Beginnings of scenes are told apart by all continuations of up to 24 objects, or 6 for a
    quantifier that depends on order. By Moore's theorem (1956, "Gedanken-experiments on sequential
    machines") continuations of n − 2 objects tell the states of an automaton with n states apart.
    So the count is exact for every automaton of up to 26 states (8 with order), and None says that
    there are more, maybe infinitely many. A quantifier that looks like a smaller one in all that
    is seen, such as at least 100 and never, counts as the smaller one.

    >>> minimal_states(Quantifier("at_least_3", "|A & B| >= 3"))
    4
    >>> minimal_states(Quantifier("most", "|A & B| > |A - B|")) is None
    True
    """
    if quantifier.is_positional:
        continuations, _ = enumerate_scenes(Space(0, _ORDERED))
        return _count(_Words(quantifier, continuations).residual, _ORDERED + 2)
    return _count(_Bags(quantifier).residual, _COUNTED + 2)


def _count(residual: Callable[[tuple[int, ...]], bytes], most: int) -> int | None:
    """The different residuals of beginnings, each state extended by each zone; None if above most.

    Every state is reached from a state found before, so the search ends once no extension is new.
    """
    seen = {residual(())}
    frontier: list[tuple[int, ...]] = [()]
    while frontier and len(seen) <= most:
        extended = [(*beginning, zone) for beginning in frontier for zone in ZONES.values()]
        frontier = []
        for beginning in extended:
            state = residual(beginning)
            if state not in seen:
                seen.add(state)
                frontier.append(beginning)
    return len(seen) if len(seen) <= most else None


class _Words:
    """Continuations in all orders, for quantifiers that depend on order."""

    def __init__(self, quantifier: Quantifier, continuations: np.ndarray) -> None:
        self.quantifier = quantifier
        self.continuations = continuations
        self.sizes = (continuations < len(ZONES)).sum(axis=1)

    def residual(self, beginning: tuple[int, ...]) -> bytes:
        start = np.tile(np.array(beginning, dtype=np.uint8), (len(self.continuations), 1))
        scenes = np.concatenate([start, self.continuations], axis=1)
        return np.packbits(self.quantifier.verify(scenes, self.sizes + len(beginning))).tobytes()


class _Bags:
    """Continuations up to order: zone counts, for quantifiers that ignore order."""

    def __init__(self, quantifier: Quantifier) -> None:
        self.quantifier = quantifier
        grid = np.indices((_COUNTED + 1,) * len(ZONES)).reshape(len(ZONES), -1).T
        self.counts = grid[grid.sum(axis=1) <= _COUNTED]

    def residual(self, beginning: tuple[int, ...]) -> bytes:
        read = np.bincount(np.array(beginning, dtype=np.int64), minlength=len(ZONES))
        return np.packbits(self.quantifier.verify_counts(self.counts + read)).tobytes()
