"""Independent random streams, one for each thing that is random.

A stream is named by words and numbers: the root seed, the experiment, the sample, the trial and
the purpose. The name alone decides the stream, so a result does not depend on the order of jobs,
on how many cores there are, or on which trials are trained together.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

__all__ = ["Parts", "parts_of_trial", "random_stream", "seed_sequence"]


def seed_sequence(root: int, *name: str | int) -> np.random.SeedSequence:
    """The seed sequence of ``name`` under the root seed.

    Words are turned into numbers by the first eight bytes of their SHA-256, so that a stream's
    name means the same on every machine and in every version of Python.

    >>> seed_sequence(2019, "exp1a", 3, "data").generate_state(2)
    array([3052126708, 1685263029], dtype=uint32)
    """
    key = [part if isinstance(part, int) else _number(part) for part in name]
    return np.random.SeedSequence(root, spawn_key=key)


def random_stream(root: int, *name: str | int) -> np.random.Generator:
    """A generator of random numbers for ``name`` under the root seed.

    >>> a = random_stream(2019, "exp1a", 0, "data").integers(100, size=4)
    >>> b = random_stream(2019, "exp1a", 0, "data").integers(100, size=4)
    >>> bool((a == b).all())
    True
    """
    return np.random.Generator(np.random.PCG64(seed_sequence(root, *name)))


class Parts(NamedTuple):
    """The numbers under which a trial's streams are named, each with what is drawn from these.

    root: added to the root seed of all of them; data: scenes, balance, split and their subsets;
    start: the first weights; order: the order of training scenes, and the masks of dropout.
    """

    root: int
    data: int
    start: int
    order: int


def parts_of_trial(trial: int, crossed: Mapping[str, int] | None) -> Parts:
    """The parts of a trial in a crossed design; without one, its own number for each.

    crossed: the levels of each part (roots, data, starts, orders). A trial's number is read with
    these as its digits, the order the last: trials with the same root and data have the same
    scenes, those with the same root and start the same first weights, and so on.

    >>> parts_of_trial(27, {"roots": 3, "data": 5, "starts": 5, "orders": 2})
    Parts(root=0, data=2, start=3, order=1)
    >>> parts_of_trial(27, None)
    Parts(root=0, data=27, start=27, order=27)
    """
    if crossed is None:
        return Parts(0, trial, trial, trial)
    trial, order = divmod(trial, crossed["orders"])
    trial, start = divmod(trial, crossed["starts"])
    root, data = divmod(trial, crossed["data"])
    return Parts(root, data, start, order)


def _number(word: str) -> int:
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
