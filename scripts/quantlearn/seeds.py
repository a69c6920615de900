"""Independent random streams, one for each thing that is random.

A stream is named by words and numbers: the root seed, the experiment, the sample, the trial and
the purpose. The name alone decides the stream, so a result does not depend on the order of jobs,
on how many cores there are, or on which trials are trained together.
"""

import hashlib

import numpy as np

__all__ = ["random_stream", "seed_sequence"]


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


def _number(word: str) -> int:
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
