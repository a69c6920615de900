"""Semantic automata: how many states a device needs that reads a scene object by object.

A quantifier is a set of words over the four zones, so it can be recognised by an automaton (van
Benthem 1986, "Essays in Logical Semantics", chapter 8). *Every*, *at least three* and *an even
number of* need finitely many states, *most* infinitely many. The states of the smallest automaton
are the differences that the objects read so far can make (Myhill & Nerode): two beginnings of a
scene are one state if no continuation makes one true and the other false.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts
from quantlearn.semantics.scenes import PADDING, ZONES, Space, enumerate_scenes, random_scenes

__all__ = [
    "Automaton",
    "accept_the_same",
    "minimal_automaton",
    "minimal_states",
    "right_on_large_scenes",
]

_COUNTED = 24  # objects of a continuation when only the zone counts matter
_ORDERED = 6  # when the order matters: there are far more continuations
_LARGE = Space(1, 100)  # an automaton is checked on scenes as large as any experiment's
_CHECKED = 3000  # random scenes of these, with uniform and with skewed zones each


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
    """The smallest deterministic automaton, or None where none was found.

    Beginnings of scenes are told apart by all continuations of up to 24 objects, or 6 for a
    quantifier that depends on order. By Moore's theorem (1956, "Gedanken-experiments on sequential
    machines") continuations of n − 2 objects tell the states of an automaton with n states apart.
    So it is exact for every automaton of up to 26 states (8 with order), and None says that there
    are more, maybe infinitely many. Some quantifiers with more look like one with fewer in such
    short continuations, as at least 30 looks like never: what is found must be right as well on
    6,400 scenes of up to 100 objects (`right_on_large_scenes`), and is None otherwise.

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
    automaton = Automaton(np.array(transitions), np.array(accepting))
    return automaton if right_on_large_scenes(automaton, quantifier) else None


def right_on_large_scenes(automaton: Automaton, quantifier: Quantifier) -> bool:
    """Whether an automaton accepts the scenes of up to 100 objects that make a quantifier true.

    Asked are every scene whose objects lie in one zone, 3,000 random ones, and 3,000 in which one
    zone tends to prevail, always the same ones.

    >>> never = Automaton(np.zeros((1, 4), dtype=int), np.array([False]))
    >>> right_on_large_scenes(never, Quantifier("at_least_30", "|A & B| >= 30"))
    False
    """
    scenes, sizes = _large_scenes()
    ends = automaton.run(scenes)[:, -1]
    return bool(np.array_equal(automaton.accepting[ends], quantifier.verify(scenes, sizes)))


@cache
def _large_scenes() -> tuple[np.ndarray, np.ndarray]:
    """The scenes on which automata are checked, and their sizes."""
    most = _LARGE.max_size
    inside = np.tri(most, dtype=bool)  # row n: a scene of n + 1 objects
    alone = [np.where(inside, zone, PADDING).astype(np.uint8) for zone in ZONES.values()]
    stream = random_stream(0, "scenes on which automata are checked")
    drawn = [random_scenes(stream, _CHECKED, _LARGE, skewed)[0] for skewed in (False, True)]
    scenes = np.concatenate([*alone, *drawn])
    return scenes, (scenes != PADDING).sum(axis=1)


def minimal_states(quantifier: Quantifier) -> int | None:
    """The states of the smallest automaton, or None, as `minimal_automaton` finds it.

    >>> minimal_states(Quantifier("at_least_3", "|A & B| >= 3"))
    4
    >>> minimal_states(Quantifier("most", "|A & B| > |A - B|")) is None
    True
    """
    automaton = minimal_automaton(quantifier)
    return None if automaton is None else len(automaton.accepting)


def accept_the_same(
    first: Automaton,
    second: Automaton,
    space: Space,
    zones: Sequence[int] = (0, 1, 2, 3),
    negates: bool = False,
) -> bool:
    """Whether two automata agree on all scenes of a space: by the states reached by both at once.

    The second reads each object of zone z in ``zones[z]``; with ``negates`` it has to disagree.

    >>> some = minimal_automaton(Quantifier("some", "|A & B| > 0"))
    >>> no = minimal_automaton(Quantifier("no", "|A & B| == 0"))
    >>> [accept_the_same(some, no, Space(1, 20), negates=negates) for negates in (False, True)]
    [False, True]
    """
    reached = {(0, 0)}
    for size in range(space.max_size + 1):
        if size >= space.min_size and any(
            (first.accepting[one] ^ negates) != second.accepting[other] for one, other in reached
        ):
            return False
        reached = {
            (first.transitions[one, zone], second.transitions[other, zones[zone]])
            for one, other in reached
            for zone in space.zones
        }
    return True


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
