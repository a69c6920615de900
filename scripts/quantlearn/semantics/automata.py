"""Semantic automata: how many states a device needs that reads a scene object by object.

A quantifier is a set of words over the four zones, so it can be recognised by an automaton (van
Benthem 1986, "Essays in Logical Semantics", chapter 8). *Every*, *at least three* and *an even
number of* need finitely many states, *most* infinitely many. The states of the smallest automaton
are the differences that the objects read so far can make (Myhill & Nerode): two beginnings of a
scene are one state if no continuation makes one true and the other false.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts
from quantlearn.semantics.scenes import ZONES, Space, enumerate_scenes

__all__ = ["Automaton", "minimal_automaton", "minimal_states"]

_COUNTED = 24  # objects of a continuation when only the zone counts matter
_ORDERED = 6  # when the order matters: there are far more continuations


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over the zones, whose start is state 0.

    transitions (states, zones): the next state; accepting (states,): where the quantifier is true.
    """

    transitions: np.ndarray
    accepting: np.ndarray

    def run(self, scenes: np.ndarray) -> np.ndarray:
        """The state after each object, (n, max_size), for zone codes (n, max_size).

        At padding it stays where it is.
        """
        states = np.zeros_like(scenes, dtype=np.int64)
        state = np.zeros(len(scenes), dtype=np.int64)
        for position, zones in enumerate(scenes.T):
            objects = zones < len(ZONES)
            state[objects] = self.transitions[state[objects], zones[objects]]
            states[:, position] = state
        return states


def minimal_automaton(quantifier: Quantifier) -> Automaton | None:
    """The smallest deterministic automaton, or None when it has more states than are seen.

    Beginnings of scenes are told apart by all continuations of up to 24 objects, or 6 for a
    quantifier that depends on order. By Moore's theorem (1956, "Gedanken-experiments on sequential
    machines") continuations of n − 2 objects tell the states of an automaton with n states apart.
    So it is exact for every automaton of up to 26 states (8 with order), and None says that there
    are more, maybe infinitely many. A quantifier that looks like a smaller one in all that is
    seen, such as at least 100 and never, counts as the smaller one.

    >>> minimal_automaton(Quantifier("some", "|A & B| > 0")).transitions
    array([[1, 0, 0, 0],
           [1, 1, 1, 1]])
    """
    if quantifier.is_positional:
        found = _explore(_residual_of_words(quantifier), _ORDERED + 2)
    else:
        found = _explore(_residual_of_counts(quantifier), _COUNTED + 2)
    if found is None:
        return None
    beginnings, transitions = found
    accepting = [
        quantifier.verify(np.array([beginning], dtype=np.uint8), np.array([len(beginning)]))[0]
        for beginning in beginnings
    ]
    return Automaton(np.array(transitions), np.array(accepting))


def minimal_states(quantifier: Quantifier) -> int | None:
    """The states of the smallest automaton, or None, as `minimal_automaton` finds it.

    >>> minimal_states(Quantifier("at_least_3", "|A & B| >= 3"))
    4
    >>> minimal_states(Quantifier("most", "|A & B| > |A - B|")) is None
    True
    """
    automaton = minimal_automaton(quantifier)
    return None if automaton is None else len(automaton.accepting)


def _explore(
    residual: Callable[[tuple[int, ...]], bytes], most: int
) -> tuple[list[tuple[int, ...]], list[list[int]]] | None:
    """A beginning that leads to each state, and the transitions; None where states are too many.

    Every state is reached from a state found before, so the search ends once no extension is new.
    """
    known = {residual(()): 0}
    beginnings: list[tuple[int, ...]] = [()]
    transitions: list[list[int]] = []
    while len(transitions) < len(beginnings) <= most:
        row = []
        for zone in ZONES.values():
            extended = (*beginnings[len(transitions)], zone)
            state = known.setdefault(residual(extended), len(known))
            if state == len(beginnings):
                beginnings.append(extended)
            row.append(state)
        transitions.append(row)
    return None if len(beginnings) > most else (beginnings, transitions)


def _residual_of_words(quantifier: Quantifier) -> Callable[[tuple[int, ...]], bytes]:
    """By continuations in all orders, for quantifiers that depend on order."""
    continuations, sizes = enumerate_scenes(Space(0, _ORDERED))

    def residual(beginning: tuple[int, ...]) -> bytes:
        start = np.tile(np.array(beginning, dtype=np.uint8), (len(continuations), 1))
        scenes = np.concatenate([start, continuations], axis=1)
        return np.packbits(quantifier.verify(scenes, sizes + len(beginning))).tobytes()

    return residual


def _residual_of_counts(quantifier: Quantifier) -> Callable[[tuple[int, ...]], bytes]:
    """By continuations up to order, for quantifiers that ignore it."""
    counts = all_zone_counts(0, _COUNTED, [*ZONES.values()])

    def residual(beginning: tuple[int, ...]) -> bytes:
        read = np.bincount(np.array(beginning, dtype=np.int64), minlength=len(ZONES))
        return np.packbits(quantifier.verify_counts(counts + read)).tobytes()

    return residual
