"""The order in which a network sees its scenes."""

from typing import Any

import numpy as np

__all__ = ["BatchStream"]


class BatchStream:
    """An endless stream of row numbers: one random order of all rows after another.

    Each epoch is a fresh shuffle; batches are cut from the stream without regard to the borders of
    epochs, so all batches have the same size and no scene is left out.

    >>> stream = BatchStream(4, np.random.default_rng(0))
    >>> sorted(stream.take(3).tolist() + stream.take(1).tolist())
    [0, 1, 2, 3]
    """

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self._n = n
        self._rng = rng
        self._waiting = np.empty(0, dtype=np.int64)
        self._before_shuffle = rng.bit_generator.state

    def take(self, count: int) -> np.ndarray:
        """The next ``count`` row numbers, shape (count,)."""
        parts = [self._waiting]
        missing = count - len(self._waiting)
        while missing > 0:
            self._before_shuffle = self._rng.bit_generator.state
            parts.append(self._rng.permutation(self._n))
            missing -= self._n
        rows = np.concatenate(parts)
        self._waiting = rows[count:]
        return rows[:count]

    def export(self) -> dict[str, Any]:
        """Where the stream is. What waits is the end of the last shuffle, which can be repeated."""
        waiting = len(self._waiting)
        state = self._before_shuffle if waiting else self._rng.bit_generator.state
        return {"generator": state, "waiting": waiting}

    def restore(self, exported: dict[str, Any]) -> None:
        """Go on from where a stream of as many rows was when it was exported."""
        self._rng.bit_generator.state = self._before_shuffle = exported["generator"]
        waiting = exported["waiting"]
        shuffled = self._rng.permutation(self._n) if waiting else np.empty(0, dtype=np.int64)
        self._waiting = shuffled[len(shuffled) - waiting :]
