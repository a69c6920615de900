"""A step of recurrent networks.

It writes the inputs of a batch, walks along the scenes layer by layer, reads out, walks back, and
moves each weight as soon as its gradient is known. What it needs on the way back is in ``memory``,
in tiles (scenes, units):

    states (layers + 1, positions + 1)    the inputs of each position, and each layer's hidden
                                          states, of which the first are zeros
    cells (layers, positions + 1)         those of an LSTM
    gates (layers, gates, positions)      after their nonlinearity; on the way back ∂loss/∂sums
    slopes (positions)                    ∂loss/∂h of the layer that is walked back

A scene that has ended keeps its states, so that the last ones of the batch are those read out.
Weights lie in a row as `compiled.recurrent.flat_kernels` says.
"""

import triton
import triton.language as tl

from quantlearn.networks.fused.kernels.activations import tanh
from quantlearn.networks.fused.kernels.parts import (
    in_tile,
    load_row,
    move_matrix,
    move_sums,
    product,
    read_out,
    zeros,
)

__all__ = ["clear_first_states", "take_step"]


@triton.jit
def take_step(weights, moves, batches, place, memory, S: tl.constexpr):
    """Move the weights once; return the mean loss of the batch, which begins at ``place``."""
    tile = S.scenes * S.units
    states = memory
    cells = states + (S.layers + 1) * (S.positions + 1) * tile
    gates = cells
    if S.cell == "lstm":
        gates = cells + S.layers * (S.positions + 1) * tile
    slopes = gates + S.layers * S.gates * S.positions * tile
    scene = tl.arange(0, S.scenes)
    lengths = tl.load(batches.lengths + place + scene, mask=scene < S.batch, other=0)
    longest = tl.max(lengths)
    _write_inputs(batches, place, lengths, longest, states, slopes, S)
    tl.debug_barrier()
    for layer in range(0, S.layers):
        _walk(weights, layer, lengths, longest, states, cells, gates, S)
    last = states + (S.layers * (S.positions + 1) + longest) * tile
    hidden, start = tl.load(last + _tile(S)), _start(S.layers, S)
    loss, slope = read_out(weights, moves, batches, place, hidden, start, S.hidden, S)
    for above in range(0, S.layers):
        layer = S.layers - 1 - above
        _walk_back(weights, layer, slope, lengths, longest, states, cells, gates, slopes, S)
        _move_layer(moves, layer, longest, states, gates, S)
        slope = zeros(S.scenes, S.units)
    return loss


@triton.jit
def clear_first_states(states, S: tl.constexpr):
    """Put zeros where no step writes: the states before the first position of each layer."""
    tile = S.scenes * S.units
    cells = states + (S.layers + 1) * (S.positions + 1) * tile
    for layer in range(0, S.layers):
        nothing = zeros(S.scenes, S.units)
        tl.store(states + (layer + 1) * (S.positions + 1) * tile + _tile(S), nothing)
        if S.cell == "lstm":
            tl.store(cells + layer * (S.positions + 1) * tile + _tile(S), nothing)


# --- Places -------------------------------------------------------------------------------------


@triton.jit
def _tile(S: tl.constexpr):
    """The places of a tile's numbers in memory."""
    return in_tile(S.units, S.scenes, S.units)


@triton.jit
def _inputs(layer, S: tl.constexpr):
    """How many numbers a layer reads at each position."""
    return S.inputs + tl.minimum(layer, 1) * (S.hidden - S.inputs)


@triton.jit
def _start(layer, S: tl.constexpr):
    """Where a layer's weights begin in a row: [W; U], then a bias for each gate."""
    whole = 2 * S.hidden * S.columns + S.gates * S.hidden
    return layer * whole + tl.minimum(layer, 1) * (S.inputs - S.hidden) * S.columns


@triton.jit
def _write_inputs(batches, place, lengths, longest, states, slopes, S: tl.constexpr):
    """Write the vectors of all tokens within scenes, zeros behind them, and zeros to slopes."""
    tile = S.scenes * S.units
    scene, unit = tl.arange(0, S.scenes), tl.arange(0, S.units)
    for t in range(0, longest):
        live = t < lengths
        token = tl.load(batches.tokens + (place + scene) * S.positions + t, mask=live, other=0)
        vector = batches.vectors + token.to(tl.int32)[:, None] * S.inputs + unit[None, :]
        inputs = tl.load(vector, mask=live[:, None] & (unit < S.inputs)[None, :], other=0.0)
        tl.store(states + (t + 1) * tile + _tile(S), inputs)
        tl.store(slopes + t * tile + _tile(S), zeros(S.scenes, S.units))


# --- Products -----------------------------------------------------------------------------------


@triton.jit
def _sum(
    matrix, inputs, below, before, gate: tl.constexpr, driven: tl.constexpr,
    recurrent: tl.constexpr, S: tl.constexpr,
):  # fmt: skip
    """The sums of a gate at a position, x W + h U + b, for these blocks of W and U, -1 for none.

    ``matrix`` is where the layer's weights begin.
    """
    bias = matrix + (inputs + S.hidden) * S.columns + gate * S.hidden
    total = zeros(S.scenes, S.units) + load_row(bias, S.hidden, S.units)[None, :]
    if driven >= 0:
        block = matrix + driven * S.hidden
        total = product(total, below, S.units, block, S.columns, 1, inputs, S.hidden)
    if recurrent >= 0:
        block = matrix + inputs * S.columns + recurrent * S.hidden
        total = product(total, before, S.units, block, S.columns, 1, S.hidden, S.hidden)
    return total


# --- Along the scenes, and back -----------------------------------------------------------------


@triton.jit
def _walk(weights, layer, lengths, longest, states, cells, gates, S: tl.constexpr):
    """The states and gates of a layer at every position."""
    size, places = S.scenes * S.units, _tile(S)
    matrix, inputs = weights + _start(layer, S), _inputs(layer, S)
    gate = gates + layer * S.gates * S.positions * size
    between = S.positions * size
    for t in range(0, longest):
        below = states + (layer * (S.positions + 1) + t + 1) * size
        before = states + ((layer + 1) * (S.positions + 1) + t) * size
        live = (t < lengths)[:, None]
        old = tl.load(before + places)
        at = gate + t * size + places
        if S.cell == "lstm":
            cell = cells + (layer * (S.positions + 1) + t) * size + places
            i = tl.sigmoid(_sum(matrix, inputs, below, before, 0, 0, 0, S))
            f = tl.sigmoid(_sum(matrix, inputs, below, before, 1, 1, 1, S))
            g = tanh(_sum(matrix, inputs, below, before, 2, 2, 2, S))
            o = tl.sigmoid(_sum(matrix, inputs, below, before, 3, 3, 3, S))
            kept = tl.load(cell)
            c = f * kept + i * g
            new = o * tanh(c)
            tl.store(cell + size, tl.where(live, c, kept))
            tl.store(at, i)
            tl.store(at + between, f)
            tl.store(at + 2 * between, g)
            tl.store(at + 3 * between, o)
        elif S.cell == "gru":
            r = tl.sigmoid(_sum(matrix, inputs, below, before, 0, 0, 0, S))
            z = tl.sigmoid(_sum(matrix, inputs, below, before, 1, 1, 1, S))
            m = _sum(matrix, inputs, below, before, 3, -1, 2, S)
            n = tanh(_sum(matrix, inputs, below, before, 2, 2, -1, S) + r * m)
            new = n + z * (old - n)
            tl.store(at, r)
            tl.store(at + between, z)
            tl.store(at + 2 * between, n)
            tl.store(at + 3 * between, m)
        elif S.cell == "tanh":
            new = tanh(_sum(matrix, inputs, below, before, 0, 0, 0, S))
        else:
            new = tl.maximum(_sum(matrix, inputs, below, before, 0, 0, 0, S), 0.0)
        tl.store(before + size + places, tl.where(live, new, old))
        tl.debug_barrier()


@triton.jit
def _walk_back(
    weights, layer, slope, lengths, longest, states, cells, gates, slopes, S: tl.constexpr
):
    """Put ∂loss/∂sums of a layer in the place of its gates, and into slopes those of its inputs.

    ``slope`` (scenes, units) is ∂loss/∂h of the last states, besides what is in slopes.
    """
    size, places = S.scenes * S.units, _tile(S)
    matrix, inputs = weights + _start(layer, S), _inputs(layer, S)
    gate = gates + layer * S.gates * S.positions * size
    between = S.positions * size
    carried = zeros(S.scenes, S.units)
    for back in range(0, longest):
        t = longest - 1 - back
        live = (t < lengths)[:, None]
        state = states + ((layer + 1) * (S.positions + 1) + t) * size + places
        d = slope + tl.load(slopes + t * size + places)
        cell = cells + (layer * (S.positions + 1) + t) * size + places
        slope, carried = _turn_back(gate + t * size + places, state, cell, d, carried, live, S)
        tl.debug_barrier()
        for block in range(0, S.blocks):
            deltas = gate + _recurrent_gate(block, S) * between + t * size
            right = matrix + inputs * S.columns + block * S.hidden
            slope = product(slope, deltas, S.units, right, 1, S.columns, S.hidden, S.hidden)
        if layer > 0:
            below = zeros(S.scenes, S.units)
            for block in range(0, S.blocks):
                deltas, right = gate + block * between + t * size, matrix + block * S.hidden
                below = product(below, deltas, S.units, right, 1, S.columns, S.hidden, S.hidden)
            tl.store(slopes + t * size + places, below)
    tl.debug_barrier()


@triton.jit
def _turn_back(at, state, cell, d, carried, live, S: tl.constexpr):
    """Put ∂loss/∂sums of a position in the place of its gates, zeros behind the end of a scene.

    at, state, cell: places of the gates, and of the states before; d: ∂loss/∂h of the states after,
    (scenes, units); carried: ∂loss/∂c, of an LSTM. Returns both of the states before, but for what
    goes through U. The formulas are in `quantlearn.networks.compiled.recurrent.cells`.
    """
    size = S.scenes * S.units
    between = S.positions * size
    if S.cell == "lstm":
        i, f = tl.load(at), tl.load(at + between)
        g, o = tl.load(at + 2 * between), tl.load(at + 3 * between)
        tanh_c = tanh(tl.load(cell + size))
        e = carried + d * o * (1 - tanh_c * tanh_c)
        forgotten = e * tl.load(cell) * f * (1 - f)
        tl.debug_barrier()
        tl.store(at, tl.where(live, e * g * i * (1 - i), 0.0))
        tl.store(at + between, tl.where(live, forgotten, 0.0))
        tl.store(at + 2 * between, tl.where(live, e * i * (1 - g * g), 0.0))
        tl.store(at + 3 * between, tl.where(live, d * tanh_c * o * (1 - o), 0.0))
        carried = tl.where(live, e * f, carried)
        slope = tl.where(live, 0.0, d)
    elif S.cell == "gru":
        r, z = tl.load(at), tl.load(at + between)
        n, m = tl.load(at + 2 * between), tl.load(at + 3 * between)
        delta = d * (1 - z) * (1 - n * n)
        chosen = d * (tl.load(state) - n) * z * (1 - z)
        tl.debug_barrier()
        tl.store(at, tl.where(live, delta * m * r * (1 - r), 0.0))
        tl.store(at + between, tl.where(live, chosen, 0.0))
        tl.store(at + 2 * between, tl.where(live, delta, 0.0))
        tl.store(at + 3 * between, tl.where(live, delta * r, 0.0))
        slope = tl.where(live, d * z, d)
    else:
        new = tl.load(state + size)
        derivative = 1 - new * new if S.cell == "tanh" else tl.where(new > 0, 1.0, 0.0)
        tl.debug_barrier()
        tl.store(at, tl.where(live, d * derivative, 0.0))
        slope = tl.where(live, 0.0, d)
    return slope, carried


@triton.jit
def _recurrent_gate(block, S: tl.constexpr):
    """The gate that a block of U drives; that of W is the block's own number.

    A GRU has a gate between them, the third of four, that has no part of U.
    """
    return block + block // 2 * (S.gates - S.blocks)


# --- The step -----------------------------------------------------------------------------------


@triton.jit
def _move_layer(moves, layer, longest, states, gates, S: tl.constexpr):
    """Move the weights of a layer by the gradient that its inputs, states and deltas give."""
    size = S.scenes * S.units
    start, inputs = _start(layer, S), _inputs(layer, S)
    below = states + (layer * (S.positions + 1) + 1) * size
    before = states + (layer + 1) * (S.positions + 1) * size
    of_layer = gates + layer * S.gates * S.positions * size
    rows = longest * S.scenes
    for block in range(0, S.blocks):
        at = start + block * S.hidden
        deltas = of_layer + block * S.positions * size
        _move_block(moves, at, inputs, below, deltas, rows, S)
        deltas = of_layer + _recurrent_gate(block, S) * S.positions * size
        _move_block(moves, at + inputs * S.columns, S.hidden, before, deltas, rows, S)
    bias = start + (inputs + S.hidden) * S.columns
    for gate in range(0, S.gates):
        deltas = of_layer + gate * S.positions * size
        move_sums(moves, bias + gate * S.hidden, S.hidden, deltas, S.units, rows, S.units)


@triton.jit
def _move_block(moves, start, depth, states, deltas, rows, S: tl.constexpr):
    """Move the weights (depth, hidden) of a block by these states and deltas."""
    move_matrix(
        moves, start, S.columns, depth, S.hidden, states, S.units, deltas, S.units, rows, S.units
    )
