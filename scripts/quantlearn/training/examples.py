"""Labelled scenes as networks read them, for many trials side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from quantlearn.errors import QuantlearnError

__all__ = [
    "BatchStream",
    "BufferedStream",
    "Examples",
    "Stacked",
    "nested_rows",
    "stack",
    "stratified_subset",
]


@dataclass(frozen=True)
class Examples:
    """The examples of one network and one side of the split.

    tokens (n, positions) unsigned bytes, lengths (n,), labels (n,) truth as 0 or 1, or (n, words)
    the words to write, quantifiers (n,) indices.
    """

    tokens: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    quantifiers: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def cells(self) -> np.ndarray:
        """A number for each row (n,) that tells quantifier and truth; where words are to be
        written, the quantifier alone."""
        return 2 * self.quantifiers + (self.labels if self.labels.ndim == 1 else 0)

    def __getitem__(self, rows: np.ndarray) -> "Examples":
        return Examples(
            self.tokens[rows], self.lengths[rows], self.labels[rows], self.quantifiers[rows]
        )


@dataclass(frozen=True)
class Stacked:
    """The examples of all networks as tensors with a leading trial axis.

    Networks may have different numbers of examples: counts (trials,) tells how many rows are real;
    the others repeat row 0, of another network where one has none, and must not be counted.
    """

    tokens: torch.Tensor
    lengths: torch.Tensor
    labels: torch.Tensor
    quantifiers: np.ndarray
    counts: np.ndarray
    _plans: list[Any] = field(default_factory=list)

    def __getitem__(self, trials: np.ndarray) -> "Stacked":
        if np.array_equal(trials, np.arange(len(self.counts))):
            return self
        index = torch.as_tensor(trials, device=self.tokens.device)
        return Stacked(
            self.tokens[index],
            self.lengths[index],
            self.labels[index],
            self.quantifiers[trials],
            self.counts[trials],
            [plan.select(trials) for plan in self._plans],
        )

    def rows(self, trials: np.ndarray, rows: np.ndarray) -> list[torch.Tensor]:
        """Tokens, lengths and labels (steps, trials, batch, …) of such rows of some trials."""
        n = self.tokens.shape[1]
        place = torch.as_tensor(rows + n * trials[:, None], device=self.tokens.device)
        return [
            # By one index, which torch gathers sooner than by two.
            part.flatten(0, 1).index_select(0, place.flatten()).unflatten(0, place.shape)
            for part in (self.tokens, self.lengths, self.labels)
        ]

    def plan(self, make: Callable[[torch.Tensor, torch.Tensor], Any]) -> Any:
        """What ``make`` prepares from tokens and lengths for evaluation; prepared only once."""
        if not self._plans:
            self._plans.append(make(self.tokens, self.lengths))
        return self._plans[0]


def stack(examples: Sequence[Examples], device: torch.device) -> Stacked:
    """Examples of each trial as one `Stacked` on ``device``."""
    counts = np.array([len(part) for part in examples])
    rows = [np.concatenate([np.arange(n), np.zeros(counts.max() - n, dtype=int)]) for n in counts]
    largest = examples[counts.argmax()]
    filled = [
        (part if len(part) else largest)[row] for part, row in zip(examples, rows, strict=True)
    ]
    return Stacked(
        torch.as_tensor(np.stack([part.tokens for part in filled]), device=device),
        torch.as_tensor(
            np.stack([part.lengths for part in filled]), dtype=torch.int32, device=device
        ),
        torch.as_tensor(
            np.stack([part.labels for part in filled]), dtype=torch.int64, device=device
        ),
        np.stack([part.quantifiers for part in filled]),
        counts,
    )


def stratified_subset(examples: Examples, size: int, rng: np.random.Generator) -> Examples:
    """At most ``size`` examples, each (quantifier, truth) in proportion, sorted by length.

    Where words are to be written, each quantifier in proportion.

    ``size`` 0 means all. Sorting puts scenes of like length into the same piece, so that little is
    computed on padding. Proportions are kept to within one example (largest remainders), but none
    that there are examples of is left out. Raises `QuantlearnError` when ``size`` is too small.

    >>> zeros = np.zeros(10, dtype=int)
    >>> part = stratified_subset(Examples(zeros[:, None], zeros, np.arange(10) % 2, zeros), 4,
    ...                          np.random.default_rng(0))
    >>> sorted(part.labels.tolist())
    [0, 0, 1, 1]
    """
    rows = np.arange(len(examples))
    if 0 < size < len(examples):
        cells, cell_of_row, counts = np.unique(
            examples.cells, return_inverse=True, return_counts=True
        )
        shares = counts * size / len(examples)
        if size < len(cells):
            raise QuantlearnError(
                f"training.eval_scenes: {size} is too few for the {len(cells)} kinds of scenes "
                "(quantifier and truth) that are evaluated: use more, or 0 for all"
            )
        chosen = np.floor(shares).astype(int)
        chosen[np.argsort(chosen - shares, kind="stable")[: size - chosen.sum()]] += 1
        for cell in np.flatnonzero(chosen == 0):
            chosen[np.argmax(np.where(chosen > 1, chosen - shares, -np.inf))] -= 1
            chosen[cell] = 1
        rows = np.concatenate(
            [
                rng.choice(np.flatnonzero(cell_of_row == cell), size=n, replace=False)
                for cell, n in zip(range(len(cells)), chosen, strict=True)
            ]
        )
        rows.sort()
    return examples[rows[np.argsort(examples.lengths[rows], kind="stable")]]


def nested_rows(examples: Examples, size: int, rng: np.random.Generator) -> np.ndarray:
    """The rows (size,) of a random subset, ascending, each (quantifier, truth) in proportion.

    With equal streams the rows of a smaller subset are among those of a larger one. Rows come in
    the order of (place in the shuffled cell + ½) / cell size, cells of equal size in random order:
    the method of Webster, in which no cell loses a seat when the house grows.

    >>> zeros = np.zeros(10, dtype=int)
    >>> examples = Examples(zeros[:, None], zeros, np.arange(10) % 2, zeros)
    >>> rows = nested_rows(examples, 4, np.random.default_rng(0))
    >>> sorted(examples.labels[rows].tolist())
    [0, 0, 1, 1]
    """
    places = np.empty(len(examples))
    for cell in np.unique(examples.cells):
        rows = np.flatnonzero(examples.cells == cell)
        places[rows] = (rng.permutation(len(rows)) + 0.5) / len(rows)
    return np.sort(np.lexsort((rng.random(len(examples)), places))[:size])


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


class BufferedStream:
    """Row numbers as they leave a shuffle buffer over one order of all rows, repeated.

    The order is drawn once, and repeated as often as there are ``epochs``. The first ``buffer`` of
    its rows are held; each draw takes a random one of them, and the next of the order takes its
    place, until none is left. So the row in place i of the repeated order comes at draw
    i − buffer + 1 at the earliest, counted from 0, and in all draws each row comes ``epochs``
    times. The buffer is not emptied between epochs, as in TensorFlow's ``numpy_input_fn``, which
    the experiments of 2019 used; there a queue was filled beside the training, so that it could
    also be less than full. After the last epoch the stream begins again.

    >>> stream = BufferedStream(4, epochs=2, buffer=3, rng=np.random.default_rng(0))
    >>> sorted(stream.take(5).tolist() + stream.take(3).tolist())
    [0, 0, 1, 1, 2, 2, 3, 3]
    """

    def __init__(self, n: int, epochs: int, buffer: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._order = rng.permutation(n)
        self._places = epochs * n
        self._buffer = min(buffer, self._places)
        self._held = list(range(self._buffer))
        self._taken = 0

    def take(self, count: int) -> np.ndarray:
        """The next ``count`` row numbers, shape (count,)."""
        places: list[int] = []
        while len(places) < count:
            if self._taken == self._places:
                self._held, self._taken = list(range(self._buffer)), 0
            places += self._draw(min(count - len(places), self._places - self._taken))
        return self._order[np.array(places, dtype=np.int64) % len(self._order)]

    def _draw(self, count: int) -> list[int]:
        """The places in the repeated order of the next draws, of which so many are left."""
        held, drawn = self._held, []
        coming = self._taken + self._buffer
        left = self._places - self._taken - np.arange(count)
        for pick in self._rng.integers(np.minimum(self._buffer, left)).tolist():
            drawn.append(held[pick])
            # Once all have come in, the last one held fills the gap.
            following = coming if coming < self._places else held.pop()
            if pick < len(held):
                held[pick] = following
            coming += 1
        self._taken += count
        return drawn

    def export(self) -> dict[str, Any]:
        """Where the stream is; the order is drawn again, from the same random stream."""
        return {
            "generator": self._rng.bit_generator.state,
            "held": np.array(self._held, dtype=np.int64),
            "taken": self._taken,
        }

    def restore(self, exported: dict[str, Any]) -> None:
        """Go on from where a stream of as many rows was when it was exported."""
        self._rng.bit_generator.state = exported["generator"]
        self._held = exported["held"].tolist()
        self._taken = exported["taken"]
