"""The compiled core for transformer encoders: the same functions as `architectures.transformer`."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from quantlearn.networks.compiled import transformer_kernels
from quantlearn.networks.compiled.batches import as_arrays, check_tokens, empty, spread
from quantlearn.networks.compiled.layers import ACTIVATIONS
from quantlearn.networks.compiled.simd import EVALUATION_BYTES
from quantlearn.networks.compiled.sources import CODE
from quantlearn.networks.compiled.transformer_kernels import Batches, Results, Sizes
from quantlearn.networks.task import Task
from quantlearn.semantics.scenes import ZONES

__all__ = ["DistinctScenes", "TransformerCore"]


@dataclass(frozen=True)
class DistinctScenes:
    """The different scenes of each trial, by length, and which of them a scene is.

    tokens uint8 (T, U, S), lengths int32 (T, U), counts (T,) how many there are, scene_of (T, B).
    """

    tokens: np.ndarray
    lengths: np.ndarray
    counts: np.ndarray
    scene_of: np.ndarray

    def select(self, trials: np.ndarray) -> "DistinctScenes":
        """Those of some trials only, for instance of those that are not finished."""
        parts = (self.tokens, self.lengths, self.counts, self.scene_of)
        return DistinctScenes(*(part[trials] for part in parts))


def distinct_scenes(tokens: Tensor, lengths: Tensor) -> DistinctScenes:
    """Prepare scenes, tokens uint8 (T, B, S) and lengths (T, B), that are evaluated repeatedly.

    >>> tokens = torch.tensor([[[0, 1], [1, 4], [0, 1]]], dtype=torch.uint8)
    >>> plan = distinct_scenes(tokens, torch.tensor([[2, 1, 2]]))
    >>> plan.lengths.tolist(), plan.scene_of.tolist()
    ([[1, 2]], [[1, 0, 1]])
    """
    tokens, lengths = as_arrays(tokens, lengths)
    trials, batch, size = tokens.shape
    # The first token tells the quantifier, which a network is told of an empty scene too.
    read = np.arange(size) < np.maximum(lengths, 1)[..., None]
    keys = np.concatenate(
        [lengths.astype(np.uint8)[..., None], np.where(read, tokens, 0)], axis=2
    )
    scene_of = np.empty((trials, batch), np.int64)
    found = []
    for own, scenes in zip(keys, scene_of, strict=True):
        own, scenes[:] = np.unique(own, axis=0, return_inverse=True)
        found.append(own)
    counts = np.array([len(own) for own in found], np.int64)
    kept = np.zeros((trials, counts.max(initial=0), size + 1), np.uint8)
    for own, target in zip(found, kept, strict=True):
        target[: len(own)] = own
    return DistinctScenes(
        np.ascontiguousarray(kept[..., 1:]), kept[..., 0].astype(np.int32), counts, scene_of
    )


class TransformerCore:
    """Transformers of one setting on the CPU. ``trains``: it knows no dropout.

    Without dropout, its results are those of the architecture's ``forward`` but for rounding. A
    network's are the same, bit by bit, whatever its company in the ensemble and however many
    ``threads`` the networks are spread over: no number of it is touched by anything else's.
    """

    def __init__(self, settings: dict[str, Any], task: Task, threads: int = 1) -> None:
        self.settings = settings
        self.task = task
        self.threads = threads
        self.trains = settings["dropout"] == 0
        self.sizes = _sizes(settings, task)
        self.places, self.packed = _places(self.sizes, settings, task)
        if settings["position"] == "sinusoidal":
            start = (self.sizes.inputs + 1) * self.sizes.width
            waves = np.zeros((task.positions, self.sizes.width))
            waves[:, : self.sizes.units] = _waves(task.positions, self.sizes.units)
            self.packed[start : start + waves.size] = waves.ravel()

    def loss_gradient(
        self,
        flat: Tensor,
        tokens: Tensor,
        lengths: Tensor,
        labels: Tensor,
        squared: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Mean loss of each trial's batch (trials,) and its gradient, as ``flat``.

        The loss is the cross entropy, or where ``squared`` the squared error. Raises ValueError or
        IndexError where batches do not suit the networks.
        """
        tokens, lengths = as_arrays(tokens, self._read_until(tokens, lengths))
        order = np.argsort(lengths, axis=1, kind="stable").astype(np.int32)
        counts = np.full(len(tokens), tokens.shape[1])
        answers = labels.contiguous().numpy()
        losses, gradient = torch.empty(len(flat), dtype=flat.dtype), torch.zeros_like(flat)
        results = Results(empty(0, 0, 0, dtype=flat.dtype), losses.numpy(), gradient.numpy())
        self._run(flat, (tokens, lengths, order, counts, answers), results, True, squared)
        return losses, gradient

    def plan(self, tokens: Tensor, lengths: Tensor, dtype: torch.dtype) -> DistinctScenes:
        """What is prepared once for scenes that are evaluated again and again."""
        return distinct_scenes(tokens, self._read_until(tokens, lengths))

    def planned_logits(self, flat: Tensor, plan: DistinctScenes) -> Tensor:
        """Logits (trials, scenes, 2) of the scenes of a plan, without derivatives."""
        order = np.arange(plan.lengths.shape[1], dtype=np.int32)
        order = np.ascontiguousarray(np.broadcast_to(order, plan.lengths.shape))
        logits = empty(*plan.lengths.shape, 2, dtype=flat.dtype)
        nothing = empty(0, dtype=flat.dtype), empty(0, 0, dtype=flat.dtype)
        none = np.empty((0, 0), np.int64)
        given = (plan.tokens, plan.lengths, order, plan.counts, none)
        self._run(flat, given, Results(logits, *nothing), False, False)
        return torch.as_tensor(np.take_along_axis(logits, plan.scene_of[..., None], axis=1))

    def _read_until(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Positions (trials, batch) of each scene that attention is paid to."""
        return lengths if self.settings["padding"] == "masked" else torch.full_like(
            lengths, tokens.shape[2]
        )

    def _run(
        self,
        flat: Tensor,
        given: tuple[np.ndarray, ...],
        results: Results,
        train: bool,
        squared: bool,
    ) -> None:
        vectors = self.task.token_table(flat.dtype, flat.device).numpy()
        batches = Batches(*given, vectors, len(ZONES))
        check_tokens(batches.tokens, batches.lengths, len(flat), len(vectors))
        weights = flat.detach().contiguous().numpy()
        rows = (int(batches.lengths.max(initial=0)) + 2) // 2 * 2
        layers = self.sizes.layers if train else 1
        vectors_needed = transformer_kernels.workspace(self.sizes, rows, layers)

        def run(first: int, last: int) -> None:
            packed = self.packed.astype(weights.dtype)
            totals = np.empty_like(packed)
            lanes = EVALUATION_BYTES // weights.itemsize
            memory = empty(vectors_needed, lanes, dtype=flat.dtype)
            transformer_kernels.run(
                CODE, self.sizes, first, last, weights, self.places, packed, totals, batches,
                memory, train, squared, results,
            )  # fmt: skip

        spread(run, len(flat), self.threads)


def _sizes(settings: dict[str, Any], task: Task) -> Sizes:
    heads, head = settings["heads"], settings["head_size"]
    head_width = head + head % 2
    return Sizes(
        layers=settings["layers"],
        heads=heads,
        head=head,
        head_width=head_width,
        found=_filled(heads * head_width),
        units=heads * head,
        width=_filled(heads * head),
        hidden=_filled(settings["hidden"]),
        inputs=_filled(task.inputs + 1),
        places=task.positions + 1,
        activation=ACTIVATIONS.index(settings["activation"]),
    )


def _filled(units: int) -> int:
    return 4 * math.ceil(units / 4)


def _places(sizes: Sizes, settings: dict[str, Any], task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Where each weight of a network stands in what kernels read, and that, filled with zeros."""
    found, at = [], 0

    def add(inputs: np.ndarray, units: np.ndarray, rows: int, distance: int) -> None:
        """A matrix [input][unit] in one of so many rows, at a distance from one another."""
        nonlocal at
        found.append((at + inputs[:, None] * distance + units).ravel())
        at += rows * distance

    def add_layer(inputs: np.ndarray, units: np.ndarray, rows: int, distance: int) -> None:
        add(inputs, units, rows, distance)
        add(np.arange(1), units, 1, distance)

    def add_norm() -> None:
        add(np.arange(2), model, 2, sizes.width)

    model, hidden = np.arange(sizes.units), np.arange(settings["hidden"])
    heads = np.arange(sizes.heads)[:, None] * sizes.head_width + np.arange(sizes.head)
    answers = heads.ravel()
    parts = (np.arange(3)[:, None] * sizes.found + answers).ravel()
    add_layer(np.arange(task.inputs + 1), model, sizes.inputs, sizes.width)
    learned = task.positions if settings["position"] == "learned" else 0
    add(np.arange(learned), model, sizes.places, sizes.width)
    for _ in range(sizes.layers):
        add_norm()
        add_layer(model, parts, sizes.width, 3 * sizes.found)
        add_layer(answers, model, sizes.found, sizes.width)
        add_norm()
        add_layer(model, hidden, sizes.width, sizes.hidden)
        add_layer(hidden, model, sizes.hidden, sizes.width)
    add_norm()
    add_layer(model, np.arange(task.outputs), sizes.width, 4)
    return np.concatenate(found), np.zeros(at)


@cache
def _waves(positions: int, width: int) -> np.ndarray:
    """Sines and cosines of each position, (positions, width) (Vaswani et al. 2017, section 3.5)."""
    rates = 10000.0 ** (-np.arange(0, width, 2) / width)
    angles = np.arange(positions)[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(positions, -1)[:, :width]
