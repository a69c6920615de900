"""Ensembles of small recurrent networks over token sequences, compiled for the CPU.

The same functions as the eager references in ``lstm``, ``gru`` and ``rnn``, many times faster: one
trial is computed after another with everything in the cache, in the lanes of SIMD vectors. Training
puts the units of a layer into them (``training_kernels``), so that nothing is computed for a scene
that has ended; evaluation puts scenes there (``evaluation_kernels``). For layer 1 .. L, with the
gates of the cell (``cells``) in its order along the axis of its gates · H columns,

    gates = x_t W + h_{t-1} R + b,     h_t from the gates and the cell's states,     h_0 = 0

where x_t is the hidden state of the layer below. In the first layer x_t W + b is a row of a table,
since a scene is a sequence of a few different tokens. Two logits are read from the last layer's
hidden state at the end of a scene; a scene of length 0 has hidden state 0.

`loss_gradient` trains. `evaluate` keeps nothing for a backward pass and computes every distinct
prefix of a trial's scenes once. Both give a scene the same hidden state, bit for bit, wherever it
stands and whichever trials are computed beside it: no number passes through a product of torch,
which may round it by its place. Results are reproducible on one machine, and differ between
machines by rounding.

Not covered: accelerators, half precision, second derivatives.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from quantlearn.networks.architectures import recurrent
from quantlearn.networks.compiled.batches import (
    Adam,
    Dropout,
    as_arrays,
    check_tokens,
    empty,
    no_such_row,
    spread,
)
from quantlearn.networks.compiled.plans import EvaluationPlan, evaluation_plan
from quantlearn.networks.compiled.recurrent import (
    evaluation_kernels,
    flat_kernels,
    training_weights,
)
from quantlearn.networks.compiled.recurrent.cells import Cell
from quantlearn.networks.compiled.simd import VECTOR_BYTES
from quantlearn.networks.dropout_and_batch_norm import Evaluation, Training
from quantlearn.networks.task import Task

__all__ = ["RecurrentCore", "Shape", "evaluate", "loss_gradient"]


@dataclass(frozen=True)
class Shape:
    """What all networks of an ensemble are made of: ``layers`` of ``units`` of a cell."""

    cell: Cell
    layers: int
    units: int

    @property
    def width(self) -> int:
        """Units of a layer with their padding."""
        return evaluation_kernels.padded(self.units, self.cell.gates)

    @cached_property
    def driven(self) -> np.ndarray:
        """The block of a stored matrix that each gate takes of the input's rows, -1 for none."""
        return np.array([-1 if block is None else block for block in self.cell.driven])

    @cached_property
    def runs(self) -> tuple[np.ndarray, np.ndarray]:
        """Which blocks gates take of the input's and of the hidden state's rows, side by side.

        (n, 3) each: the first block, its gate, and how many follow each other in both.
        """
        return _runs(self.cell.driven), _runs(self.cell.recurrent)


def _runs(taken: tuple[int | None, ...]) -> np.ndarray:
    """As `Shape.runs`.

    >>> _runs((0, 1, None, 2)).tolist()
    [[0, 0, 2], [2, 3, 1]]
    """
    runs: list[list[int]] = []
    for gate, block in enumerate(taken):
        first, of_gate, count = runs[-1] if runs else (0, 0, 0)
        if runs and (block, gate) == (first + count, of_gate + count):
            runs[-1][2] += 1
        elif block is not None:
            runs.append([block, gate, 1])
    return np.array(runs)


class RecurrentCore:
    """Networks of one cell and setting on the CPU.

    Results are those of the architecture's ``forward`` but for rounding, with the same masks. A
    network's are the same, bit by bit, whatever its company in the ensemble and however many
    ``threads`` the networks are spread over: no number of it is touched by anything else's.
    """

    def __init__(self, cell: Cell, settings: dict[str, Any], task: Task, threads: int = 1) -> None:
        self.shape = Shape(cell, settings["layers"], settings["hidden"])
        self.settings = settings
        self.task = task
        self.threads = threads

    descends = True

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

        The loss is the cross entropy, or where ``squared`` the squared error.
        """
        return loss_gradient(
            self.shape,
            flat,
            tokens,
            recurrent.read_until(tokens, lengths, self.settings),
            labels,
            self.task.token_table(flat.dtype, flat.device),
            squared,
            self.threads,
            self._dropout(mode),
        )

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
        vectors = self.task.token_table(flat.dtype, flat.device)
        scenes = tokens.flatten(0, 1)
        read = recurrent.read_until(scenes, lengths.flatten(0, 1), self.settings)
        of_all, until = as_arrays(scenes, read)
        check_tokens(of_all, until, len(scenes), len(vectors))
        losses, _ = _descend(
            self.shape,
            flat.detach(),
            of_all.reshape(tokens.shape),
            until.reshape(lengths.shape),
            labels.numpy(),
            vectors,
            squared,
            self.threads,
            self._dropout(mode),
            adam.arrays(),
        )
        return losses

    def _dropout(self, mode: Evaluation) -> Dropout | None:
        rate = self.settings["dropout"]
        return Dropout(rate, mode.streams) if rate and isinstance(mode, Training) else None

    def plan(self, tokens: Tensor, lengths: Tensor, dtype: torch.dtype) -> EvaluationPlan:
        """What is prepared once for scenes that are evaluated again and again."""
        lengths = recurrent.read_until(tokens, lengths, self.settings)
        return evaluation_plan(tokens, lengths, dtype)

    def planned_logits(self, flat: Tensor, plan: EvaluationPlan) -> Tensor:
        """Logits (trials, scenes, 2) of the scenes of a plan, without derivatives."""
        vectors = self.task.token_table(flat.dtype, flat.device)
        return evaluate(self.shape, plan, flat, vectors, self.threads)


@cache
def _places(shape: Shape, inputs: int, vocabulary: int) -> np.ndarray:
    """Where weights stand, as `flat_kernels` explains."""
    gates, units, width = shape.cell.gates, shape.units, shape.width
    stored, columns = shape.cell.blocks * units, gates * width
    row, unit = np.indices((units, units)).reshape(2, -1)
    start, at = inputs * stored, vocabulary * columns
    found = []
    for layer in range(shape.layers):
        matrices = [shape.cell.driven, shape.cell.recurrent] if layer else [shape.cell.recurrent]
        for blocks in matrices:
            for gate, block in enumerate(blocks):
                if block is not None:
                    column = unit * gates + gate
                    of_kernels = (column // 8 * width + row) * 8 + column % 8
                    in_row = start + row * stored + block * units + unit
                    found.append([in_row, at + of_kernels])
            start += units * stored
            at += columns * width
        if layer > 0:
            gate, of_gate = np.indices((gates, units)).reshape(2, -1)
            found.append([start + gate * units + of_gate, at + of_gate * gates + gate])
            at += columns
        start += gates * units
    return np.ascontiguousarray(np.concatenate(found, axis=1).T)


def loss_gradient(
    shape: Shape,
    flat: Tensor,
    tokens: Tensor,
    lengths: Tensor,
    labels: Tensor,
    vectors: Tensor,
    squared: bool = False,
    threads: int = 1,
    dropout: Dropout | None = None,
) -> tuple[Tensor, Tensor]:
    """Mean loss (T,) of networks on their batches, and its gradient (T, row).

    Args:
        flat: (T, row), the weights of a network in a row, as `flat_kernels` explains; what follows
            them in a row is ignored and has gradient 0.
        tokens: uint8 (T, B, S): trials, scenes of the batch, positions. Rows of ``vectors``.
        lengths: int (T, B): positions to read, 0 .. S; the rest of a scene is ignored.
        labels: int (T, B), 0 or 1.
        vectors: (V, I), the input vector of each token.
        squared: whether the loss is the squared error of the probability of true, instead of the
            cross entropy.
        threads: trials are spread over so many threads; no number depends on it.
        dropout: as it falls between layers and on what is read out, if any.

    Raises:
        ValueError: shapes or types do not fit together.
        IndexError: a token within a scene is not a row of ``vectors``.
    """
    flat, vectors = flat.detach().contiguous(), vectors.detach()
    tokens, lengths = as_arrays(tokens, lengths)
    check_tokens(tokens, lengths, len(flat), len(vectors))
    if labels.shape != lengths.shape:
        raise ValueError("labels must be (T, B) as the lengths")
    losses, gradient = _descend(
        shape, flat, tokens[None], lengths[None], labels[None].numpy(), vectors, squared, threads,
        dropout,
    )  # fmt: skip
    return losses[0], gradient


def _descend(
    shape: Shape,
    flat: Tensor,
    tokens: np.ndarray,
    lengths: np.ndarray,
    labels: np.ndarray,
    vectors: Tensor,
    squared: bool,
    threads: int,
    dropout: Dropout | None,
    adam: Adam | None = None,
) -> tuple[Tensor, Tensor]:
    """Losses (steps, T) of batches, by which ``adam`` moves ``flat``, and the last gradient."""
    steps, trials, batch, length = tokens.shape
    cell, units, layers, dtype = shape.cell, shape.units, shape.layers, flat.dtype
    _, readout = _sizes(shape, flat, vectors)
    sizes = training_weights.layout(units, cell.gates, cell.values, VECTOR_BYTES // dtype.itemsize)
    packed, gradients = training_weights.numbers_of_weights(len(vectors), layers, sizes)
    width, rows = sizes[0], batch * length
    kept_numbers = layers * training_weights.numbers_kept(rows, batch, cell.states, sizes)
    if dropout is not None:
        kept_numbers += (layers - 1) * rows * width
    if adam is None:
        adam = Adam.none(dtype)
    batches = (tokens, lengths, np.ascontiguousarray(labels))
    between, at_readout = (steps, layers - 1, batch, length, units), (steps, batch, units)
    losses, gradient = torch.empty(steps, trials, dtype=dtype), torch.zeros_like(flat)
    weights, inputs_of = flat.numpy(), vectors.contiguous().numpy()

    def run(first: int, last: int) -> None:
        history = _borrow(kept_numbers, dtype)
        memory = (
            torch.zeros(packed, dtype=dtype).numpy(),
            empty(gradients, dtype=dtype),
            history.numpy(),
            np.empty(batch, np.intp),
            np.empty(length + 1, np.intp),
            np.empty(rows, np.uint8),
            empty((rows + 2 * batch) * width, dtype=dtype),
            empty(batch, units, dtype=dtype),
            empty(batch, units, dtype=dtype),
        )
        kept = empty(1, 0, 0, 0, 0, dtype=dtype), empty(0, 0, 0, dtype=dtype)
        borders = (first, last) if dropout is None else range(first, last + 1)
        for some in pairwise(borders):
            if dropout is not None:
                kept = dropout.kept(some[0], (between, at_readout), dtype)
            flat_kernels.descend(
                cell, some, weights, inputs_of, readout,
                (layers, units, batch, cell.blocks, sizes), shape.runs, batches, tuple(kept),
                squared, adam, memory, losses.numpy(), gradient.numpy(),
            )  # fmt: skip
        _spare.append(history)

    spread(run, trials, threads)
    return losses, gradient


def evaluate(
    shape: Shape, plan: EvaluationPlan, flat: Tensor, vectors: Tensor, threads: int = 1
) -> Tensor:
    """Logits (T, B, 2) of networks for the scenes of a plan, without derivatives.

    ``flat`` (T, row) and ``vectors`` (V, I) are as in `loss_gradient`; the trials are those of the
    plan, in the same order.
    """
    flat, vectors = flat.detach(), vectors.detach()
    packed, readout = _pack_rows(shape, flat, vectors)
    cell, width, layers, dtype = shape.cell, shape.width, shape.layers, flat.dtype
    trials, vocabulary = len(flat), len(vectors)
    if len(plan.trials) != trials:
        raise ValueError(f"the plan has {len(plan.trials)} trials, the weights have {trials}")
    if plan.lanes != VECTOR_BYTES // packed.itemsize:
        raise ValueError(f"the plan was made for another precision than {dtype}")
    for trial in plan.trials:
        if trial.largest_token >= vocabulary:
            raise IndexError(no_such_row(trial.largest_token, vocabulary))
    nodes = plan.lanes + max((len(trial.parents) for trial in plan.trials), default=0)
    inner = plan.lanes + max((trial.inner for trial in plan.trials), default=0)
    scenes = len(plan.trials[0].node_of) if trials else 0
    hidden = empty(trials, scenes, shape.units, dtype=dtype)

    def run(first: int, last: int) -> None:
        states = empty(inner, layers * cell.states * width, dtype=dtype)
        states[0] = 0
        ends = empty(nodes, width, dtype=dtype)
        ends[0] = 0
        rows = (layers * cell.states + cell.gates) * width
        local = empty(rows, plan.lanes, dtype=dtype)
        offsets = np.empty(plan.lanes, np.int32)
        for k in range(first, last):
            trial = plan.trials[k]
            evaluation_kernels.evaluate(
                cell,
                packed[k],
                vocabulary,
                layers,
                shape.units,
                trial.blocks,
                trial.parents,
                trial.tokens,
                trial.inner,
                trial.node_of,
                states,
                local,
                offsets,
                ends,
                hidden[k],
            )

    spread(run, trials, threads)
    logits = torch.empty(trials, scenes, 2, dtype=dtype)
    flat_kernels.logits_of(flat.contiguous().numpy(), readout, hidden, logits.numpy())
    return logits


def _sizes(shape: Shape, flat: Tensor, vectors: Tensor) -> tuple[int, int]:
    """How many numbers the kernels read of a network, and where its read-out begins in a row."""
    known = flat.dtype in (torch.float32, torch.float64) and flat.device.type == "cpu"
    if not known or vectors.dtype != flat.dtype:
        raise ValueError(f"weights {flat.dtype} on {flat.device}, vectors {vectors.dtype}")
    layers, units, width, gates = shape.layers, shape.units, shape.width, shape.cell.gates
    vocabulary, inputs = vectors.shape
    matrices = (inputs + units + (layers - 1) * 2 * units) * shape.cell.blocks * units
    readout = matrices + layers * gates * units
    if flat.shape[1] < readout + 2 * units + 2:
        raise ValueError(f"rows of {flat.shape[1]} numbers are too short for these networks")
    matrix = gates * width * width
    size = vocabulary * gates * width + matrix + (layers - 1) * (2 * matrix + gates * width)
    return size, readout


def _pack_rows(shape: Shape, flat: Tensor, vectors: Tensor) -> tuple[np.ndarray, int]:
    """The weights of ``flat`` (T, row) as the kernels read them, and where the read-out begins."""
    size, readout = _sizes(shape, flat, vectors)
    packed = torch.zeros(len(flat), size, dtype=flat.dtype).numpy()
    rows, inputs_of = flat.contiguous().numpy(), vectors.contiguous().numpy()
    places = _places(shape, inputs_of.shape[1], len(inputs_of))
    flat_kernels.pack(
        rows, inputs_of, places, shape.units, shape.width, shape.cell.blocks, shape.driven, packed
    )
    return packed, readout


# Fresh memory for the history costs the operating system nearly as much time as the forward pass
# costs us, so a history that has been differentiated is used again.
_spare: list[Tensor] = []


def _borrow(size: int, dtype: torch.dtype) -> Tensor:
    while _spare:
        memory = _spare.pop()
        if memory.dtype == dtype and memory.numel() >= size:
            return memory
    return torch.empty(size, dtype=dtype)
