"""The compiled core for networks that read a scene at once: what transformers and others share."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from quantlearn.networks.compiled.batches import (
    Adam,
    Batches,
    Mode,
    Results,
    as_arrays,
    check_tokens,
    empty,
    spread,
)
from quantlearn.networks.compiled.plans import DistinctScenes, distinct_scenes
from quantlearn.networks.compiled.simd import VECTOR_BYTES
from quantlearn.networks.compiled.sources import CODE
from quantlearn.networks.dropout_and_batch_norm import Evaluation, Training
from quantlearn.networks.task import Task
from quantlearn.semantics.scenes import ZONES

__all__ = ["SceneCore", "filled"]


def filled(units: int) -> int:
    """So many units with their padding: kernels take four at a time.

    >>> filled(12), filled(13)
    (12, 16)
    """
    return -(-units // 4) * 4


class Layout:
    """Where each weight of a network stands in what kernels read: the matrices one after another.

    Matrices are added in the order of the weights. ``places`` (weights,) is where each has got to,
    ``size`` how many numbers there are, with padding.

    >>> layout = Layout()
    >>> layout.add(np.arange(1), np.arange(3), rows=1, distance=4)
    >>> layout.add_layer(np.arange(2), np.arange(1), rows=4, distance=4)
    >>> layout.places.tolist(), layout.size
    ([0, 1, 2, 4, 8, 20], 24)
    """

    def __init__(self) -> None:
        self._found: list[np.ndarray] = []
        self.size = 0

    @property
    def places(self) -> np.ndarray:
        """Where each weight stands."""
        return np.concatenate(self._found)

    def add(self, inputs: np.ndarray, units: np.ndarray, rows: int, distance: int) -> None:
        """Add a matrix whose weights stand in these rows and columns, of ``rows`` and so long."""
        self._found.append((self.size + inputs[:, None] * distance + units).ravel())
        self.size += rows * distance

    def add_layer(self, inputs: np.ndarray, units: np.ndarray, rows: int, distance: int) -> None:
        """Add a kernel, as `add` does, and its bias."""
        self.add(inputs, units, rows, distance)
        self.add(np.arange(1), units, 1, distance)


class SceneCore:
    """Networks of one setting on the CPU; each architecture has its own kernel.

    Results are those of the architecture's ``forward`` but for rounding. A network's are the same,
    bit by bit, whatever its company in the ensemble and however many ``threads`` the networks are
    spread over: no number of it is touched by anything else's.
    """

    kernel: Callable[..., None]
    sizes: tuple[int, ...]
    places: np.ndarray
    """Where each weight stands in ``packed``."""
    packed: np.ndarray
    """What kernels read, with what is no weight."""
    vectors_needed: Callable[[Batches, int, bool], int]
    """Vectors of memory that the kernel needs for batches, by lanes, and whether to train."""
    units_drawn: Callable[[int, int], int]
    """Units that dropout keeps or drops in a network's batch of so many scenes and positions."""

    def __init__(self, settings: dict[str, Any], task: Task, threads: int = 1) -> None:
        self.settings = settings
        self.task = task
        self.threads = threads

    def read_until(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Positions (trials, batch) of each scene that are read: all."""
        return torch.full_like(lengths, tokens.shape[2])

    def order(self, lengths: np.ndarray) -> np.ndarray:
        """The order (trials, batch) in which the scenes of a batch are computed: as they come."""
        # Not broadcast: what cannot be written has a type of its own, for which all is compiled.
        return np.tile(np.arange(lengths.shape[1], dtype=np.int32), (len(lengths), 1))

    def demand_trainable(self, scenes: int, mode: Evaluation) -> None:
        """Raise an error where batches of so many scenes cannot be trained in this mode."""

    def statistics(self, trials: int) -> tuple[int, ...]:
        """The shape of the running statistics of batch normalisation; here there are none."""
        return trials, 0, 2, 0

    def keep_statistics(self, found: Tensor, mode: Evaluation) -> None:
        """Hand the new running statistics to ``mode``."""

    def loss_gradient(
        self,
        flat: Tensor,
        tokens: Tensor,
        lengths: Tensor,
        labels: Tensor,
        mode: Evaluation,
        squared: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Mean loss of each trial's batch (trials,) and its gradient, as ``flat``.

        The loss is the cross entropy, or where ``squared`` the squared error. Raises ValueError or
        IndexError where batches do not suit the networks.
        """
        return self._descend(flat, tokens, lengths, labels, mode, squared)

    @property
    def descends(self) -> bool:
        """Whether `descend` can take its steps: nothing is drawn or kept beside the weights."""
        return self.settings["dropout"] == 0 and not self.settings.get("batch_norm")

    def descend(
        self,
        flat: Tensor,
        tokens: Tensor,
        lengths: Tensor,
        labels: Tensor,
        mode: Evaluation,
        adam: Adam,
        squared: bool = False,
    ) -> Tensor:
        """Move ``flat`` by a step for each batch (steps, trials, …); losses (steps, trials) before.

        The same as `loss_gradient` and a step of the optimiser in turn, but for rounding.
        """
        if not flat.is_contiguous():
            raise ValueError("weights that are moved must be contiguous")
        of_all = (part.flatten(0, 1) for part in (tokens, lengths, labels))
        losses, _ = self._descend(flat, *of_all, mode, squared, len(labels), adam.arrays())
        return losses.view(labels.shape[:2])

    def _descend(
        self,
        flat: Tensor,
        tokens: Tensor,
        lengths: Tensor,
        labels: Tensor,
        mode: Evaluation,
        squared: bool,
        steps: int = 1,
        adam: Adam | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Losses (steps · trials,) of batches, by which ``adam`` moves, and the last gradient."""
        tokens, lengths = as_arrays(tokens, self.read_until(tokens, lengths))
        batches_of_all, scenes, positions = tokens.shape
        adam = adam or Adam.none(flat.dtype)
        self.demand_trainable(scenes, mode)
        if labels.shape != lengths.shape:
            raise ValueError("labels must be (T, B) as the lengths")
        order = self.order(lengths)
        batches = self._batches(flat, tokens, lengths, order, labels.numpy(), steps=steps)
        losses, gradient = torch.empty(batches_of_all, dtype=flat.dtype), torch.zeros_like(flat)
        statistics = torch.empty(self.statistics(len(flat)), dtype=flat.dtype)
        nothing = empty(0, 0, 0, dtype=flat.dtype)
        results = Results(nothing, losses.numpy(), gradient.numpy(), statistics.numpy())
        rate = self.settings["dropout"] if isinstance(mode, Training) else 0.0
        if rate == 0:
            asked = Mode(True, squared, 0.0, empty(0, dtype=flat.dtype))
            self._run(flat, batches, results, adam, lambda trial: asked, one_by_one=False)
        else:
            count, number = self.units_drawn(scenes, positions), losses.numpy().dtype

            def draw(trial: int) -> Mode:
                kept = mode.streams[trial].random(count, dtype=np.float32) >= rate
                # They are read in fours, and a transformer's last layer has a row too many, of
                # which nothing is used: what is read for it must be numbers, too.
                beyond = self.settings["hidden"] + 4
                return Mode(True, squared, rate, np.pad(kept.astype(number), (0, beyond)))

            self._run(flat, batches, results, adam, draw, one_by_one=True)
        self.keep_statistics(statistics, mode)
        return losses, gradient

    def plan(self, tokens: Tensor, lengths: Tensor, dtype: torch.dtype) -> DistinctScenes:
        """What is prepared once for scenes that are evaluated again and again."""
        return distinct_scenes(tokens, self.read_until(tokens, lengths))

    def planned_logits(self, flat: Tensor, plan: DistinctScenes) -> Tensor:
        """Logits (trials, scenes, 2) of the scenes of a plan, without derivatives."""
        none = np.empty((0, 0), np.int64)
        order = SceneCore.order(self, plan.lengths)  # they are sorted already
        batches = self._batches(flat, plan.tokens, plan.lengths, order, none, plan.counts)
        logits = empty(*plan.lengths.shape, 2, dtype=flat.dtype)
        nothing = [empty(*shape, dtype=flat.dtype) for shape in ((0,), (0, 0), (0, 0, 0, 0))]
        asked = Mode(False, False, 0.0, nothing[0])
        results = Results(logits, *nothing)
        adam = Adam.none(flat.dtype)
        self._run(flat, batches, results, adam, lambda trial: asked, one_by_one=False)
        return torch.as_tensor(np.take_along_axis(logits, plan.scene_of[..., None], axis=1))

    def _batches(
        self,
        flat: Tensor,
        tokens: np.ndarray,
        lengths: np.ndarray,
        order: np.ndarray,
        labels: np.ndarray,
        counts: np.ndarray | None = None,
        steps: int = 1,
    ) -> Batches:
        vectors = self.task.token_table(flat.dtype, flat.device).numpy()
        check_tokens(tokens, lengths, steps * len(flat), len(vectors))
        if counts is None:
            counts = np.full(len(tokens), tokens.shape[1])
        labels = np.ascontiguousarray(labels)
        return Batches(tokens, lengths, order, counts, labels, vectors, len(ZONES))

    def _run(
        self,
        flat: Tensor,
        batches: Batches,
        results: Results,
        adam: Adam,
        mode_of: Callable[[int], Mode],
        one_by_one: bool,
    ) -> None:
        """Compute all trials, together or each with its own mode."""
        weights = flat.detach().contiguous().numpy()
        lanes = VECTOR_BYTES // weights.itemsize
        needed = self.vectors_needed(batches, lanes, results.logits.size == 0)

        def run(first: int, last: int) -> None:
            packed = self.packed.astype(weights.dtype)
            totals = np.empty_like(packed)
            memory = empty(needed, lanes, dtype=flat.dtype)
            borders = range(first, last + 1) if one_by_one else (first, last)
            for trials in pairwise(borders):
                self.kernel(
                    CODE, self.sizes, trials, weights, self.places, packed, totals, memory,
                    batches, mode_of(trials[0]), adam, results,
                )  # fmt: skip

        spread(run, len(flat), self.threads)
