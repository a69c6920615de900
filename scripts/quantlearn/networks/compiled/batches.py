"""Batches as kernels take them: arrays that are checked, memory, trials spread over threads."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "Adam",
    "Batches",
    "Dropout",
    "Mode",
    "Results",
    "as_arrays",
    "check_tokens",
    "empty",
    "no_such_row",
    "spread",
]

LONGEST_SCENE = 255


class Batches(NamedTuple):
    """The scenes of each network and step, of which ``counts`` (N,) are computed, in ``order``.

    N is steps · T, all networks of a step one after another. tokens uint8 (N, B, S); lengths int32
    (N, B), positions to read; order int32 (N, B); labels (N, B); vectors (V, I) of each token, of
    which the first ``zones`` numbers are of an object and the others of the quantifier.
    """

    tokens: np.ndarray
    lengths: np.ndarray
    order: np.ndarray
    counts: np.ndarray
    labels: np.ndarray
    vectors: np.ndarray
    zones: int


class Mode(NamedTuple):
    """What is asked: logits, or where ``train`` losses and gradients.

    The loss is the cross entropy, or where ``squared`` the squared error of the probability of
    true. Where ``rate`` is positive, units are dropped at it: ``kept`` is 1 or 0 for each.
    """

    train: bool
    squared: bool
    rate: float
    kept: np.ndarray


class Adam(NamedTuple):
    """How weights are moved after a batch, as by torch.optim.Adam or AdamW; not, where there are no
    ``rates``.

    For each step its learning rate over the correction of the ``means`` of gradients, and the root
    of the correction of those of their ``squares`` (T, row), both of which are moved, too. ``keep``
    holds what a new gradient has of both, and ε; ``decay`` λ is added to the gradient as λ times
    the weights, or where ``shrink`` is positive the weights lose so much of themselves. Tensors on
    the device of the weights; compiled kernels are given `arrays`.
    """

    rates: Tensor | np.ndarray
    roots: Tensor | np.ndarray
    means: Tensor | np.ndarray
    squares: Tensor | np.ndarray
    keep: Tensor | np.ndarray
    decay: Tensor | np.ndarray

    def arrays(self) -> Self:
        """The same memory as numpy sees it."""
        return self._make(part.numpy() for part in self)

    @classmethod
    def none(cls, dtype: torch.dtype) -> Self:
        """What moves no weights, as arrays."""
        none, nothing = empty(0, dtype=dtype), empty(0, 0, dtype=dtype)
        return cls(none, none, nothing, nothing, none, none)


class Dropout(NamedTuple):
    """Units are dropped at this rate, by each trial's own stream."""

    rate: float
    streams: Sequence[np.random.Generator]

    def kept(
        self, trial: int, extents: Sequence[tuple[int, ...]], dtype: torch.dtype
    ) -> list[np.ndarray]:
        """0 or 1 / (1 − rate) for each unit: arrays (steps, …) of these extents, drawn in turn."""
        steps = extents[0][0]
        sizes = [math.prod(extent[1:]) for extent in extents]
        drawn = self.streams[trial].random((steps, sum(sizes)), dtype=np.float32) >= self.rate
        kept = torch.as_tensor(drawn).to(dtype) / (1 - self.rate)
        parts = kept.split(sizes, dim=1)
        return [
            part.reshape(extent).contiguous().numpy()
            for part, extent in zip(parts, extents, strict=True)
        ]


class Results(NamedTuple):
    """Where results are written.

    logits (N, B, 2) and losses (N,) as in `Batches`, the last gradient (T, row), and (T, layers, 2,
    units) the new running means and variances of batch normalisation.
    """

    logits: np.ndarray
    losses: np.ndarray
    gradient: np.ndarray
    statistics: np.ndarray


def as_arrays(tokens: Tensor, lengths: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Tokens, uint8 (T, B, S), and lengths, int32 (T, B), as the kernels take them.

    Raises ValueError where shapes or types do not fit together, or a length lies outside 0 … S.
    """
    if tokens.dtype != torch.uint8 or tokens.ndim != 3 or lengths.shape != tokens.shape[:2]:
        raise ValueError("tokens must be uint8 (T, B, S) and lengths (T, B)")
    size = tokens.shape[2]
    if size > LONGEST_SCENE:
        raise ValueError(f"scenes have {size} positions, at most {LONGEST_SCENE} are supported")
    if lengths.numel() and not (lengths.min() >= 0 and lengths.max() <= size):
        raise ValueError(f"lengths must lie between 0 and {size}")
    return tokens.contiguous().numpy(), lengths.to(torch.int32).contiguous().numpy()


def check_tokens(tokens: np.ndarray, lengths: np.ndarray, trials: int, vocabulary: int) -> None:
    """Raise ValueError or IndexError where batches do not suit so many trials and tokens."""
    if len(tokens) != trials:
        raise ValueError(f"tokens have {len(tokens)} trials, the weights have {trials}")
    if tokens.max(initial=0) >= vocabulary:  # padding may: look again at the scenes themselves
        inside = np.arange(tokens.shape[2]) < lengths[..., None]
        largest = int(tokens.max(initial=0, where=inside))
        if largest >= vocabulary:
            raise IndexError(no_such_row(largest, vocabulary))


def no_such_row(token: int, vocabulary: int) -> str:
    """What is said of a token without a vector."""
    return f"token {token} is not a row of the table, which has {vocabulary}"


def empty(*shape: int, dtype: torch.dtype) -> np.ndarray:
    """Uninitialised memory that begins at a cache line, which torch guarantees."""
    return torch.empty(*shape, dtype=dtype).numpy()


def spread(run: Callable[[int, int], None], trials: int, threads: int) -> None:
    """Call ``run(first, last)`` on parts of the trials, in so many threads."""
    if threads <= 1 or trials <= 1:
        run(0, trials)
        return
    borders = np.linspace(0, trials, min(threads, trials) + 1).astype(int).tolist()
    list(_pool(threads).map(run, borders[:-1], borders[1:]))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that wait for the next call: starting them takes as long as a training step."""
    return ThreadPoolExecutor(threads)
