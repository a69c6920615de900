"""How scenes are evaluated again and again: what is the same in several of them, once.

Recurrent networks compute each distinct beginning of a scene once. The scenes of a trial, sorted,
form a tree in which a common prefix is one path. Its nodes are the places where scenes part or end;
between two of them lies a run of positions. Runs of equal length whose parents are known are
computed side by side, first those that lead to further runs, then all others. Other networks
compute each distinct scene once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from quantlearn.networks.compiled.batches import as_arrays
from quantlearn.networks.compiled.recurrent import evaluation_kernels
from quantlearn.networks.compiled.simd import VECTOR_BYTES

__all__ = ["DistinctScenes", "EvaluationPlan", "TrialPlan", "distinct_scenes", "evaluation_plan"]

LARGEST_TOKEN = 254


@dataclass(frozen=True)
class TrialPlan:
    """How to compute the scenes of one trial: the radix tree of its scenes, cut into blocks.

    The arrays are those of `evaluation_kernels.evaluate`; ``positions`` counts what is computed.
    """

    blocks: np.ndarray
    parents: np.ndarray
    tokens: np.ndarray
    inner: int
    node_of: np.ndarray

    @property
    def positions(self) -> int:
        return len(self.tokens)

    @cached_property
    def largest_token(self) -> int:
        return int(self.tokens.max(initial=0))


@dataclass(frozen=True)
class EvaluationPlan:
    """Plans of all trials, for vectors of ``lanes`` numbers. Made by `evaluation_plan`."""

    trials: tuple[TrialPlan, ...]
    lanes: int

    def select(self, trials: Sequence[int]) -> "EvaluationPlan":
        """The plan of some trials only, for instance of those that are not finished."""
        return EvaluationPlan(tuple(self.trials[trial] for trial in trials), self.lanes)


def evaluation_plan(
    tokens: Tensor, lengths: Tensor, dtype: torch.dtype = torch.float32
) -> EvaluationPlan:
    """Prepare the evaluation of fixed scenes, to be used as often as they are evaluated.

    Trials that have the same scenes share a plan.

    Args:
        tokens: uint8 (T, B, S): trials, scenes, positions; tokens below 255 and S up to 255. Trials
            with fewer scenes than B are filled up with scenes of length 0, which cost nothing.
        lengths: int (T, B), positions to read.
        dtype: the precision of the network.

    >>> tokens = torch.tensor([[[0, 1, 1], [0, 1, 0], [0, 1, 1]]], dtype=torch.uint8)
    >>> plan = evaluation_plan(tokens, torch.tensor([[3, 3, 2]]))
    >>> plan.trials[0].positions    # the prefix (0, 1) once, then 1 and 0
    4
    """
    tokens, lengths = as_arrays(tokens, lengths)
    lanes = VECTOR_BYTES // dtype.itemsize
    made: dict[tuple[bytes, bytes], TrialPlan] = {}
    plans = []
    for own, until in zip(tokens, lengths, strict=True):
        scenes = own.tobytes(), until.tobytes()
        if scenes not in made:
            made[scenes] = _trial_plan(own, until, lanes)
        plans.append(made[scenes])
    return EvaluationPlan(tuple(plans), lanes)


def _trial_plan(tokens: np.ndarray, lengths: np.ndarray, lanes: int) -> TrialPlan:
    size = tokens.shape[1]
    inside = np.arange(size) < lengths[:, None]
    if tokens.max(initial=0, where=inside) > LARGEST_TOKEN:
        raise IndexError(f"tokens must be at most {LARGEST_TOKEN}")
    # zero after the end, so that a scene sorts before those that continue it
    keys = np.where(inside, tokens + np.uint8(1), np.uint8(0))
    keys, scene_of = _distinct_rows(keys)
    differs = keys[1:] != keys[:-1]
    parent, depth, scene, end = evaluation_kernels.radix_tree(
        np.count_nonzero(keys, axis=1), differs.argmax(axis=1)
    )
    nodes = len(parent)
    has_children = np.zeros(nodes, bool)
    has_children[parent[1:]] = True
    # an inner node can be computed when its parent has been; the leaves come last
    generation = np.zeros(nodes, np.int64)
    above = parent
    while above.any():
        generation += above > 0
        above = parent[above]
    generation[~has_children] = nodes
    generation[0] = 0
    run = depth - np.where(np.arange(nodes) > 0, depth[parent], 0)
    order = np.lexsort((scene, depth, run, generation))
    rank = np.empty(nodes, np.int32)
    rank[order] = np.arange(nodes)
    parents = rank[parent[order]]
    run, generation, scene, depth = (a[order] for a in (run, generation, scene, depth))

    changes = np.flatnonzero(np.diff(run) | np.diff(generation)) + 1
    blocks, pieces, at = [], [], 0
    for first, last in pairwise([1, *changes[changes > 1], nodes]):
        steps = int(run[first])
        positions = depth[first:last, None] - steps + np.arange(steps)
        read = keys[scene[first:last, None], positions] - np.uint8(1)
        whole = (last - first) // lanes * lanes
        # of a block [position][lane], also of the last one, whose lanes are not all taken
        pieces.append(read[:whole].reshape(-1, lanes, steps).swapaxes(1, 2).ravel())
        pieces.append(read[whole:].T.ravel())
        starts = np.arange(first, last, lanes)
        counts = np.minimum(lanes, last - starts)
        place = at + (starts - first) * steps
        blocks.append(np.column_stack([starts, counts, np.full_like(starts, steps), place]))
        at += read.size
    return TrialPlan(
        blocks=np.concatenate([np.empty((0, 4), np.int64), *blocks]),
        parents=parents,
        tokens=np.concatenate([np.empty(0, np.uint8), *pieces]),
        inner=int(np.count_nonzero(has_children)) or 1,
        node_of=rank[end[scene_of]],
    )


def _distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of uint8 (n, m) in their order, and which of them each row is.

    Texts are sorted many times faster than rows of numbers.
    """
    size = rows.shape[1]
    distinct, row_of = np.unique(rows.view(f"S{size}").ravel(), return_inverse=True)
    return distinct.view(np.uint8).reshape(-1, size), row_of


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
    keys = np.concatenate([lengths.astype(np.uint8)[..., None], np.where(read, tokens, 0)], axis=2)
    scene_of = np.empty((trials, batch), np.int64)
    found = []
    for given, scenes in zip(keys, scene_of, strict=True):
        own, scenes[:] = _distinct_rows(given)
        found.append(own)
    counts = np.array([len(own) for own in found], np.int64)
    kept = np.zeros((trials, counts.max(initial=0), size + 1), np.uint8)
    for own, target in zip(found, kept, strict=True):
        target[: len(own)] = own
    return DistinctScenes(
        np.ascontiguousarray(kept[..., 1:]), kept[..., 0].astype(np.int32), counts, scene_of
    )
