"""Ensembles of small recurrent networks over token sequences, compiled for the CPU.

The same functions as the eager references in ``lstm``, ``gru`` and ``rnn``, many times faster: the
kernels (``kernels``) put the scenes of a batch into the lanes of SIMD vectors and compute one trial
after another with everything in the cache. For layer 1 .. L, with the gates of the cell (``cells``)
in its order along the axis of its gates · H columns,

    gates = x_t W + h_{t-1} R + b,     h_t from the gates and the cell's states,     h_0 = 0

where x_t is the hidden state of the layer below. In the first layer x_t W + b is a row of a table,
since a scene is a sequence of a few different tokens.

`hidden_over_tokens` is differentiable. `evaluate_over_tokens` keeps nothing for a backward pass and
computes every distinct prefix of a trial's scenes once. Both give a scene the same hidden state,
bit for bit, wherever it stands and whichever trials are computed beside it; results are
reproducible on one machine, and differ between machines by rounding. `loss_gradient` and `evaluate`
do the same from a network's row of weights to its loss or logits.

Not covered (see `supports`): accelerators, half precision, dropout, second derivatives.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from quantlearn.networks.compiled import flat_kernels, kernels
from quantlearn.networks.compiled.cells import Cell

__all__ = [
    "EvaluationPlan",
    "evaluate",
    "evaluate_over_tokens",
    "evaluation_plan",
    "hidden_over_tokens",
    "loss_gradient",
    "supports",
]

LONGEST_SCENE = 255
LARGEST_TOKEN = 254
LANES = kernels.TRAINING_LANES


def supports(dtype: torch.dtype, device: str | torch.device) -> bool:
    """Whether the compiled core computes with such numbers there; if not, use the eager one.

    >>> supports(torch.float32, "cpu"), supports(torch.float32, "cuda")
    (True, False)
    """
    return dtype in (torch.float32, torch.float64) and torch.device(device).type == "cpu"


def hidden_over_tokens(
    cell: Cell,
    tokens: Tensor,
    lengths: Tensor,
    table: Tensor,
    inputs: Sequence[Tensor],
    recurrents: Sequence[Tensor],
    biases: Sequence[Tensor],
    threads: int = 1,
) -> Tensor:
    """The last layer's hidden state at the end of every scene, for every trial.

    Args:
        cell: what the network is made of; G is the number of its gates.
        tokens: uint8 (T, B, S): trials, scenes of the batch, positions. Rows of the table.
        lengths: int (T, B): positions to read, 0 .. S; the rest of a scene is ignored. A scene of
            length 0 has hidden state 0.
        table: (T, V, G · H), what a token adds to the gates of the first layer, bias included.
        inputs: (T, H, G · H) for each layer from the second on.
        recurrents: (T, H, G · H) for each layer.
        biases: (T, G · H) for each layer from the second on.
        threads: trials are spread over so many threads; the result does not depend on it.

    Returns:
        (T, B, H), differentiable in the table and the weights.

    Raises:
        ValueError: shapes or types do not fit together.
        IndexError: a token within a scene is not a row of the table.

    >>> from quantlearn.networks.compiled.cells import LSTM
    >>> tokens, lengths = torch.tensor([[[0, 1, 1]]], dtype=torch.uint8), torch.tensor([[2]])
    >>> table, recurrent = torch.ones(1, 2, 8), torch.zeros(1, 2, 8)
    >>> hidden_over_tokens(LSTM, tokens, lengths, table, [], [recurrent], [])
    tensor([[[0.5453, 0.5453]]])
    """
    weights = _in_order(table, inputs, recurrents, biases)
    _check_weights(cell, weights)
    tokens, lengths = _as_arrays(tokens, lengths)
    _check_scenes(tokens, lengths, *table.shape[:2])
    return _HiddenOverTokens.apply(cell, tokens, lengths, threads, *weights)


def loss_gradient(
    cell: Cell,
    flat: Tensor,
    tokens: Tensor,
    lengths: Tensor,
    labels: Tensor,
    vectors: Tensor,
    layers: int,
    units: int,
    squared: bool = False,
    threads: int = 1,
) -> tuple[Tensor, Tensor]:
    """Mean loss (T,) of networks on their batches, and its gradient (T, row).

    The same as `hidden_over_tokens` with a linear read-out to two logits and autograd, without its
    cost: for a few small networks a dozen recorded operations take longer than the network itself.

    Args:
        flat: (T, row), the weights of a network in a row, as `flat_kernels` explains; what follows
            them in a row is ignored and has gradient 0.
        tokens, lengths: as in `hidden_over_tokens`.
        labels: int (T, B), 0 or 1.
        vectors: (V, I), the input vector of each token.
        squared: whether the loss is the squared error of the probability of true, instead of the
            cross entropy.
    """
    flat, vectors = flat.detach(), vectors.detach()
    tokens, lengths = _as_arrays(tokens, lengths)
    trials, batch, length = tokens.shape
    vocabulary = len(vectors)
    _check_scenes(tokens, lengths, len(flat), vocabulary)
    if labels.shape != lengths.shape:
        raise ValueError("labels must be (T, B) as the lengths")
    packed, readout = _pack_rows(cell, flat, vectors, layers, units)
    weights, inputs_of = flat.contiguous().numpy(), vectors.contiguous().numpy()
    width, columns = kernels.padded(units, cell.gates), cell.gates * units

    order = _order(lengths)
    memory, history = _history(cell, (trials, batch, length), layers, width, flat.dtype)
    hidden, slopes = (_empty(trials, batch, units, dtype=flat.dtype) for _ in range(2))
    losses, gradient = torch.empty(trials, dtype=flat.dtype), torch.zeros_like(flat)
    sizes = [vocabulary * columns, units * columns]
    sizes += [units * columns, units * columns, columns] * (layers - 1)
    places = trials * np.cumsum([0, *sizes[:-1]])
    parts = _empty(trials * sum(sizes), dtype=flat.dtype)
    answers = labels.contiguous().numpy()

    def run(first: int, last: int) -> None:
        scenes, offsets = np.empty(LANES, np.int32), np.empty(length * LANES, np.int32)
        workspace = _workspace(cell, length, width, flat.dtype)
        sums = np.empty(packed.shape[1], packed.dtype)
        batches = (
            cell,
            first,
            last,
            tokens,
            lengths,
            order,
            packed,
            vocabulary,
            history,
            scenes,
            offsets,
        )
        kernels.forward(*batches, hidden)
        here = slice(first, last)
        flat_kernels.loss_of(
            weights[here],
            readout,
            hidden[here],
            answers[here],
            squared,
            losses.numpy()[here],
            slopes[here],
            gradient.numpy()[here],
        )
        kernels.backward(*batches, workspace, sums, slopes, places, parts)

    _spread(run, trials, threads)
    _give_back(memory)
    flat_kernels.collect(parts, places, inputs_of, layers, units, *_stored(cell), gradient.numpy())
    return losses, gradient


def _pack_rows(
    cell: Cell, flat: Tensor, vectors: Tensor, layers: int, units: int
) -> tuple[np.ndarray, int]:
    """The weights of ``flat`` (T, row) as the kernels read them, and where the read-out begins."""
    if vectors.dtype != flat.dtype or not supports(flat.dtype, flat.device):
        raise ValueError(f"weights are {flat.dtype} on {flat.device}, vectors {vectors.dtype}")
    vocabulary, inputs = vectors.shape
    matrices = (inputs + units + (layers - 1) * 2 * units) * cell.blocks * units
    readout = matrices + layers * cell.gates * units
    if flat.shape[1] < readout + 2 * units + 2:
        raise ValueError(f"rows of {flat.shape[1]} numbers are too short for these networks")
    width = kernels.padded(units, cell.gates)
    matrix = cell.gates * width * width
    size = vocabulary * cell.gates * width + matrix
    size += (layers - 1) * (2 * matrix + cell.gates * width)
    packed = torch.zeros(len(flat), size, dtype=flat.dtype).numpy()
    rows, inputs_of = flat.contiguous().numpy(), vectors.contiguous().numpy()
    flat_kernels.pack(rows, inputs_of, layers, units, width, *_stored(cell), packed)
    return packed, readout


@dataclass(frozen=True)
class TrialPlan:
    """How to compute the scenes of one trial: the radix tree of its scenes, cut into blocks.

    The arrays are those of `kernels.evaluate`; ``positions`` counts what is computed.
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

    The scenes of a trial, sorted, form a tree in which a common prefix is one path. Its nodes are
    the places where scenes part or end; between two of them lies a run of positions. Runs of equal
    length whose parents are known are computed side by side, first those that lead to further
    runs, then all others.

    Args:
        tokens: uint8 (T, B, S) as in `hidden_over_tokens`, tokens below 255 and S up to 255. Trials
            with fewer scenes than B are filled up with scenes of length 0, which cost nothing.
        lengths: int (T, B).
        dtype: the precision of the network.

    >>> tokens = torch.tensor([[[0, 1, 1], [0, 1, 0], [0, 1, 1]]], dtype=torch.uint8)
    >>> plan = evaluation_plan(tokens, torch.tensor([[3, 3, 2]]))
    >>> plan.trials[0].positions    # the prefix (0, 1) once, then 1 and 0
    4
    """
    tokens, lengths = _as_arrays(tokens, lengths)
    _check_lengths(tokens, lengths)
    lanes = kernels.EVALUATION_BYTES // dtype.itemsize
    plans = (_trial_plan(*trial, lanes) for trial in zip(tokens, lengths, strict=True))
    return EvaluationPlan(tuple(plans), lanes)


def evaluate(
    cell: Cell,
    plan: EvaluationPlan,
    flat: Tensor,
    vectors: Tensor,
    layers: int,
    units: int,
    threads: int = 1,
) -> Tensor:
    """Logits (T, B, 2) of networks for the scenes of a plan, without derivatives.

    ``flat`` (T, row) and ``vectors`` (V, I) are as in `loss_gradient`; the trials are those of the
    plan, in the same order. No operation is torch's, which may round a number by its place.
    """
    flat, vectors = flat.detach(), vectors.detach()
    packed, readout = _pack_rows(cell, flat, vectors, layers, units)
    hidden = _follow(cell, plan, packed, len(vectors), layers, units, threads)
    logits = torch.empty(*hidden.shape[:2], 2, dtype=flat.dtype)
    flat_kernels.logits_of(flat.contiguous().numpy(), readout, hidden, logits.numpy())
    return logits


def evaluate_over_tokens(
    cell: Cell,
    plan: EvaluationPlan,
    table: Tensor,
    inputs: Sequence[Tensor],
    recurrents: Sequence[Tensor],
    biases: Sequence[Tensor],
    threads: int = 1,
) -> Tensor:
    """`hidden_over_tokens` for the scenes of a plan, without derivatives: (T, B, H).

    The trials of the weights are those of the plan, in the same order.
    """
    weights = [w.detach() for w in _in_order(table, inputs, recurrents, biases)]
    _check_weights(cell, weights)
    _, vocabulary, columns = table.shape
    units, layers = columns // cell.gates, len(recurrents)
    hidden = _follow(cell, plan, _pack(cell, weights), vocabulary, layers, units, threads)
    return torch.from_numpy(hidden)


def _follow(
    cell: Cell,
    plan: EvaluationPlan,
    packed: np.ndarray,
    vocabulary: int,
    layers: int,
    units: int,
    threads: int,
) -> np.ndarray:
    """The last layer's hidden state (T, B, H) at the end of every scene of a plan."""
    trials, dtype = len(packed), torch.from_numpy(packed).dtype
    width = kernels.padded(units, cell.gates)
    if len(plan.trials) != trials:
        raise ValueError(f"the plan has {len(plan.trials)} trials, the weights have {trials}")
    if plan.lanes != kernels.EVALUATION_BYTES // packed.itemsize:
        raise ValueError(f"the plan was made for another precision than {dtype}")
    for trial in plan.trials:
        if trial.largest_token >= vocabulary:
            raise IndexError(_no_such_row(trial.largest_token, vocabulary))
    nodes = plan.lanes + max((len(trial.parents) for trial in plan.trials), default=0)
    inner = plan.lanes + max((trial.inner for trial in plan.trials), default=0)
    scenes = len(plan.trials[0].node_of) if trials else 0
    results = _empty(trials, scenes, units, dtype=dtype)

    def run(first: int, last: int) -> None:
        states = _empty(inner, layers * cell.states * width, dtype=dtype)
        states[0] = 0
        hidden = _empty(nodes, width, dtype=dtype)
        hidden[0] = 0
        rows = (layers * cell.states + cell.gates) * width
        local = _empty(rows, plan.lanes, dtype=dtype)
        offsets = np.empty(plan.lanes, np.int32)
        for k in range(first, last):
            trial = plan.trials[k]
            kernels.evaluate(
                cell,
                packed[k],
                vocabulary,
                layers,
                units,
                trial.blocks,
                trial.parents,
                trial.tokens,
                trial.inner,
                trial.node_of,
                states,
                local,
                offsets,
                hidden,
                results[k],
            )

    _spread(run, trials, threads)
    return results


class _HiddenOverTokens(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, tokens, lengths, threads, table, *weights):
        trials, vocabulary, columns = table.shape
        _, batch, length = tokens.shape
        units, layers = columns // cell.gates, 1 + len(weights) // 3
        width = kernels.padded(units, cell.gates)
        packed = _pack(cell, (table, *weights))
        order = _order(lengths)
        memory, history = _history(cell, tokens.shape, layers, width, table.dtype)
        hidden = torch.empty(trials, batch, units, dtype=table.dtype)
        out = hidden.numpy()

        def run(first: int, last: int) -> None:
            scenes, offsets = np.empty(LANES, np.int32), np.empty(length * LANES, np.int32)
            kernels.forward(
                cell,
                first,
                last,
                tokens,
                lengths,
                order,
                packed,
                vocabulary,
                history,
                scenes,
                offsets,
                out,
            )

        _spread(run, trials, threads)
        ctx.cell = cell
        ctx.arrays = tokens, lengths, order, packed, history
        ctx.memory = memory
        ctx.shapes = [table.shape, *(w.shape for w in weights)]
        ctx.threads = threads
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        if ctx.memory is None:
            raise RuntimeError("the network's history is gone: differentiate it only once")
        cell = ctx.cell
        tokens, lengths, order, packed, history = ctx.arrays
        trials, vocabulary, columns = ctx.shapes[0]
        length = tokens.shape[2]
        width = kernels.padded(columns // cell.gates, cell.gates)
        sizes = [shape.numel() for shape in ctx.shapes]
        places = np.cumsum([0, *sizes[:-1]])
        flat = torch.empty(sum(sizes), dtype=gradient.dtype)
        out, incoming = flat.numpy(), gradient.contiguous().numpy()

        def run(first: int, last: int) -> None:
            scenes, offsets = np.empty(LANES, np.int32), np.empty(length * LANES, np.int32)
            workspace = _workspace(cell, length, width, gradient.dtype)
            sums = np.empty(packed.shape[1], packed.dtype)
            kernels.backward(
                cell,
                first,
                last,
                tokens,
                lengths,
                order,
                packed,
                vocabulary,
                history,
                scenes,
                offsets,
                workspace,
                sums,
                incoming,
                places,
                out,
            )

        _spread(run, trials, ctx.threads)
        _give_back(ctx.memory)
        ctx.memory = ctx.arrays = None
        parts = flat.split(sizes)
        gradients = (part.view(shape) for part, shape in zip(parts, ctx.shapes, strict=True))
        return None, None, None, None, *gradients


def _trial_plan(tokens: np.ndarray, lengths: np.ndarray, lanes: int) -> TrialPlan:
    size = tokens.shape[1]
    inside = np.arange(size) < lengths[:, None]
    if tokens.max(initial=0, where=inside) > LARGEST_TOKEN:
        raise IndexError(f"tokens must be at most {LARGEST_TOKEN}")
    # zero after the end, so that a scene sorts before those that continue it
    keys = np.where(inside, tokens + np.uint8(1), np.uint8(0))
    distinct, scene_of = np.unique(keys.view(f"S{size}").ravel(), return_inverse=True)
    keys = distinct.view(np.uint8).reshape(-1, size)
    differs = keys[1:] != keys[:-1]
    parent, depth, scene, end = kernels.radix_tree(
        np.count_nonzero(keys, axis=1), differs.argmax(axis=1)
    )
    nodes = len(parent)
    has_children = np.zeros(nodes, bool)
    has_children[parent[1:]] = True
    # an inner node can be computed when its parent has been; the leaves come last
    generation = np.zeros(nodes, np.int64)
    for node in np.argsort(depth, kind="stable")[1:]:
        generation[node] = generation[parent[node]] + 1
    generation[~has_children] = nodes
    generation[0] = 0
    run = depth - np.where(np.arange(nodes) > 0, depth[parent], 0)
    order = np.lexsort((scene, depth, run, generation))
    rank = np.empty(nodes, np.int32)
    rank[order] = np.arange(nodes)
    parents = rank[parent[order]]
    run, generation, scene, depth = (a[order] for a in (run, generation, scene, depth))

    changes = np.flatnonzero(np.diff(run) | np.diff(generation)) + 1
    borders = [1, *changes[changes > 1], nodes]
    blocks, pieces, at = [], [], 0
    for first, last in pairwise(borders):
        for node in range(first, last, lanes):
            count, steps = min(lanes, last - node), int(run[node])
            here = slice(node, node + count)
            positions = depth[here] - steps + np.arange(steps)[:, None]
            pieces.append(keys[scene[here], positions].ravel() - np.uint8(1))
            blocks.append((node, count, steps, at))
            at += steps * count
    return TrialPlan(
        blocks=np.array(blocks, np.int64).reshape(-1, 4),
        parents=parents,
        tokens=np.concatenate([np.empty(0, np.uint8), *pieces]),
        inner=int(np.count_nonzero(has_children)) or 1,
        node_of=rank[end[scene_of]],
    )


def _in_order(table, inputs, recurrents, biases) -> list[Tensor]:
    """Table, first recurrent matrix, then input, recurrent and bias of each further layer."""
    if not len(inputs) == len(biases) == len(recurrents) - 1:
        raise ValueError(
            f"{len(recurrents)} recurrent matrices need one input matrix and one bias fewer, "
            f"not {len(inputs)} and {len(biases)}"
        )
    upper = zip(inputs, recurrents[1:], biases, strict=True)
    return [table, recurrents[0], *(weight for layer in upper for weight in layer)]


def _check_weights(cell: Cell, weights: Sequence[Tensor]) -> None:
    table = weights[0]
    trials, _, columns = table.shape
    matrix, bias = (trials, columns // cell.gates, columns), (trials, columns)
    layers = 1 + len(weights) // 3
    expected = [table.shape, matrix, *[matrix, matrix, bias] * (layers - 1)]
    for weight, shape in zip(weights, expected, strict=True):
        if tuple(weight.shape) != tuple(shape) or columns % cell.gates:
            raise ValueError(f"a weight has shape {tuple(weight.shape)}, expected {tuple(shape)}")
        if weight.dtype != table.dtype or not supports(weight.dtype, weight.device):
            raise ValueError(f"weights are {weight.dtype} on {weight.device}: not supported")


def _as_arrays(tokens: Tensor, lengths: Tensor) -> tuple[np.ndarray, np.ndarray]:
    if tokens.dtype != torch.uint8 or tokens.ndim != 3 or lengths.shape != tokens.shape[:2]:
        raise ValueError("tokens must be uint8 (T, B, S) and lengths (T, B)")
    return tokens.contiguous().numpy(), lengths.to(torch.int32).contiguous().numpy()


def _check_lengths(tokens: np.ndarray, lengths: np.ndarray) -> None:
    size = tokens.shape[2]
    if size > LONGEST_SCENE:
        raise ValueError(f"scenes have {size} positions, at most {LONGEST_SCENE} are supported")
    if lengths.size and not (lengths.min() >= 0 and lengths.max() <= size):
        raise ValueError(f"lengths must lie between 0 and {size}")


def _check_scenes(tokens: np.ndarray, lengths: np.ndarray, trials: int, vocabulary: int) -> None:
    _check_lengths(tokens, lengths)
    if len(tokens) != trials:
        raise ValueError(f"tokens have {len(tokens)} trials, the weights have {trials}")
    if tokens.max(initial=0) >= vocabulary:  # padding may: look again at the scenes themselves
        inside = np.arange(tokens.shape[2]) < lengths[..., None]
        largest = int(tokens.max(initial=0, where=inside))
        if largest >= vocabulary:
            raise IndexError(_no_such_row(largest, vocabulary))


def _no_such_row(token: int, vocabulary: int) -> str:
    return f"token {token} is not a row of the table, which has {vocabulary}"


def _order(lengths: np.ndarray) -> np.ndarray:
    """Scenes by length where a batch has several blocks, so that no lane waits for long ones."""
    trials, batch = lengths.shape
    if batch <= LANES:
        return np.tile(np.arange(batch, dtype=np.int32), (trials, 1))
    return np.argsort(lengths, axis=1, kind="stable").astype(np.int32)


def _pack(cell: Cell, weights: Sequence[Tensor]) -> np.ndarray:
    """All weights of a trial in a row, as the kernels read them: (T, P)."""
    arrays = [weight.detach().contiguous().numpy() for weight in weights]
    trials, vocabulary, columns = arrays[0].shape
    units = columns // cell.gates
    width = kernels.padded(units, cell.gates)
    sizes = [(width if array.ndim == 3 else 1) * cell.gates * width for array in arrays]
    sizes[0] = vocabulary * cell.gates * width
    packed = torch.zeros(trials, sum(sizes), dtype=weights[0].dtype).numpy()
    start = 0
    for k, (array, size) in enumerate(zip(arrays, sizes, strict=True)):
        if k == 0:
            kernels.pack_rows(array, units, packed, start)
        elif array.ndim == 2:
            kernels.pack_rows(array[:, None, :], units, packed, start)
        else:
            kernels.pack_matrix(array, packed, start)
        start += size
    return packed


def _stored(cell: Cell) -> tuple[int, np.ndarray, np.ndarray]:
    """Blocks of columns in a stored matrix, and the one that each gate takes, -1 for none."""
    taken = (
        np.array([-1 if block is None else block for block in blocks])
        for blocks in (cell.driven, cell.recurrent)
    )
    return cell.blocks, *taken


def _history(
    cell: Cell, scenes: Sequence[int], layers: int, width: int, dtype: torch.dtype
) -> tuple[Tensor, np.ndarray]:
    """Memory for what the backward pass needs (``kernels``), and the array that lies in it."""
    trials, batch, length = scenes
    row = (cell.gates + cell.states) * width
    shape = (trials, -(-batch // LANES), layers, length + 1, row, LANES)
    memory = _borrow(math.prod(shape), dtype)
    return memory, memory[: math.prod(shape)].view(shape).numpy()


def _workspace(cell: Cell, length: int, width: int, dtype: torch.dtype) -> np.ndarray:
    return _empty(width * ((1 + cell.gates) * length + 2), LANES, dtype=dtype)


# Fresh memory for the history costs the operating system nearly as much time as the forward pass
# costs us, so a history that has been differentiated is used again.
_spare: list[Tensor] = []


def _borrow(size: int, dtype: torch.dtype) -> Tensor:
    while _spare:
        memory = _spare.pop()
        if memory.dtype == dtype and memory.numel() >= size:
            return memory
    return torch.empty(size, dtype=dtype)


def _give_back(memory: Tensor) -> None:
    _spare.append(memory)


def _empty(*shape: int, dtype: torch.dtype) -> np.ndarray:
    """Uninitialised memory that begins at a cache line, which torch guarantees."""
    return torch.empty(*shape, dtype=dtype).numpy()


def _spread(run, trials: int, threads: int) -> None:
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
