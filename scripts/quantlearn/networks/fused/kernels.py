"""Triton kernels of recurrent networks: all steps of a round in one launch, a program a network.

A program takes one step after another: it writes the inputs of a batch, walks along the scenes
layer by layer, reads out, walks back, and moves each weight as soon as its gradient is known. What
it needs on the way back is in its part of ``memory``, in tiles (scenes, units):

    states (layers + 1, positions + 1)    the inputs of each position, and each layer's hidden
                                          states, of which the first are zeros
    cells (layers, positions + 1)         those of an LSTM
    gates (layers, gates, positions)      after their nonlinearity; on the way back ∂loss/∂sums
    slopes (positions)                    ∂loss/∂h of the layer that is walked back

A scene that has ended keeps its states, so that the last ones of the batch are those read out.
Weights lie in a row as `compiled.recurrent.flat_kernels` says. ``S`` are `Sizes`.

Threads share memory: what one writes another may read only behind a barrier, and what one reads
another may overwrite only behind one. A test holds the kernels to it.
"""

import triton
import triton.language as tl

__all__ = ["descend"]


@triton.jit(do_not_specialize=["first", "networks", "steps"])
def descend(flat, row, batches, adam, memory, size, first, networks, steps, S: tl.constexpr):
    """Take ``steps`` steps with one network, ``first`` plus the number of the program.

    flat (networks, row), moved by ``adam`` (`Adam`, whose averages have the shape of flat);
    batches: a `Round`; memory (programs, size).
    """
    network = (first + tl.program_id(0)).to(tl.int64)
    weights = flat + network * row
    means, squares = adam.means + network * row, adam.squares + network * row
    tile = S.scenes * S.units
    states = memory + tl.program_id(0).to(tl.int64) * size
    cells = states + (S.layers + 1) * (S.positions + 1) * tile
    gates = cells
    if S.cell == "lstm":
        gates = cells + S.layers * (S.positions + 1) * tile
    slopes = gates + S.layers * S.gates * S.positions * tile
    _clear_first_states(states, cells, S)
    for step in range(0, steps):
        place = (step * networks + network) * S.batch
        scene = tl.arange(0, S.scenes)
        lengths = tl.load(batches.lengths + place + scene, mask=scene < S.batch, other=0)
        longest = tl.max(lengths)
        moves = (
            weights, means, squares, tl.load(adam.rates + step), tl.load(adam.roots + step),
            adam.keep, adam.decay,
        )  # fmt: skip
        _write_inputs(batches, place, lengths, longest, states, slopes, S)
        tl.debug_barrier()
        for layer in range(0, S.layers):
            _walk(weights, layer, lengths, longest, states, cells, gates, S)
        last = states + (S.layers * (S.positions + 1) + longest) * tile
        loss, slope = _read_out(weights, moves, batches, place, last, S)
        tl.store(batches.losses + step * networks + network, loss)
        for above in range(0, S.layers):
            layer = S.layers - 1 - above
            _walk_back(weights, layer, slope, lengths, longest, states, cells, gates, slopes, S)
            _move_layer(moves, layer, longest, states, gates, S)
            slope = tl.full(S.tile, 0.0, tl.float32)


# --- Places -------------------------------------------------------------------------------------


@triton.jit
def _tile(S: tl.constexpr):
    """The places of a tile's numbers in memory."""
    return tl.arange(0, S.scenes)[:, None] * S.units + tl.arange(0, S.units)[None, :]


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
def _clear_first_states(states, cells, S: tl.constexpr):
    tile = S.scenes * S.units
    zeros = tl.full(S.tile, 0.0, tl.float32)
    for layer in range(0, S.layers):
        tl.store(states + (layer + 1) * (S.positions + 1) * tile + _tile(S), zeros)
        if S.cell == "lstm":
            tl.store(cells + layer * (S.positions + 1) * tile + _tile(S), zeros)


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
        tl.store(slopes + t * tile + _tile(S), tl.full(S.tile, 0.0, tl.float32))


# --- Products -----------------------------------------------------------------------------------


@triton.jit
def _product(total, left, right, down, along, depth, S: tl.constexpr):
    """total + L R, for a tile L in memory and a matrix R (depth, hidden) with these strides.

    In steps of 16 columns of L, the fewest that a GPU multiplies, so that few are in registers.
    """
    scene, unit = tl.arange(0, S.scenes), tl.arange(0, S.units)
    for start in range(0, S.units, 16):
        k = start + tl.arange(0, 16)
        known = (k < depth)[:, None] & (unit < S.hidden)[None, :]
        values = tl.load(left + scene[:, None] * S.units + k[None, :])
        matrix = tl.load(right + k[:, None] * down + unit[None, :] * along, mask=known, other=0.0)
        total = tl.dot(values, matrix, total, input_precision="ieee")
    return total


@triton.jit
def _sum(
    matrix, inputs, below, before, gate: tl.constexpr, driven: tl.constexpr,
    recurrent: tl.constexpr, S: tl.constexpr,
):  # fmt: skip
    """The sums of a gate at a position, x W + h U + b, for these blocks of W and U, -1 for none.

    ``matrix`` is where the layer's weights begin.
    """
    unit = tl.arange(0, S.units)
    bias = matrix + (inputs + S.hidden) * S.columns + gate * S.hidden
    values = tl.load(bias + unit, mask=unit < S.hidden, other=0.0)
    total = tl.full(S.tile, 0.0, tl.float32) + values[None, :]
    if driven >= 0:
        block = matrix + driven * S.hidden
        total = _product(total, below, block, S.columns, 1, inputs, S)
    if recurrent >= 0:
        block = matrix + inputs * S.columns + recurrent * S.hidden
        total = _product(total, before, block, S.columns, 1, S.hidden, S)
    return total


@triton.jit
def _tanh(x):
    return 2 * tl.sigmoid(2 * x) - 1


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
            g = _tanh(_sum(matrix, inputs, below, before, 2, 2, 2, S))
            o = tl.sigmoid(_sum(matrix, inputs, below, before, 3, 3, 3, S))
            kept = tl.load(cell)
            c = f * kept + i * g
            new = o * _tanh(c)
            tl.store(cell + size, tl.where(live, c, kept))
            tl.store(at, i)
            tl.store(at + between, f)
            tl.store(at + 2 * between, g)
            tl.store(at + 3 * between, o)
        elif S.cell == "gru":
            r = tl.sigmoid(_sum(matrix, inputs, below, before, 0, 0, 0, S))
            z = tl.sigmoid(_sum(matrix, inputs, below, before, 1, 1, 1, S))
            m = _sum(matrix, inputs, below, before, 3, -1, 2, S)
            n = _tanh(_sum(matrix, inputs, below, before, 2, 2, -1, S) + r * m)
            new = n + z * (old - n)
            tl.store(at, r)
            tl.store(at + between, z)
            tl.store(at + 2 * between, n)
            tl.store(at + 3 * between, m)
        elif S.cell == "tanh":
            new = _tanh(_sum(matrix, inputs, below, before, 0, 0, 0, S))
        else:
            new = tl.maximum(_sum(matrix, inputs, below, before, 0, 0, 0, S), 0.0)
        tl.store(before + size + places, tl.where(live, new, old))
        tl.debug_barrier()


@triton.jit
def _read_out(weights, moves, batches, place, last, S: tl.constexpr):
    """The mean loss of a batch and its slopes (scenes, units); moves the read-out's weights."""
    scene, unit = tl.arange(0, S.scenes), tl.arange(0, S.units)
    start = _start(S.layers, S)
    known = unit < S.hidden
    hidden = tl.load(last + _tile(S))
    untrue = tl.load(weights + start + 2 * unit, mask=known, other=0.0)
    true = tl.load(weights + start + 2 * unit + 1, mask=known, other=0.0)
    bias = start + 2 * S.hidden
    false_logit = tl.sum(hidden * untrue[None, :], axis=1) + tl.load(weights + bias)
    true_logit = tl.sum(hidden * true[None, :], axis=1) + tl.load(weights + bias + 1)
    real = scene < S.batch
    label = tl.load(batches.labels + place + scene, mask=real, other=0)
    largest = tl.maximum(false_logit, true_logit)
    low, high = tl.exp(false_logit - largest), tl.exp(true_logit - largest)
    truth, error = high / (low + high), -low / (low + high)
    error = tl.where(label == 1, error, truth)
    if S.squared:
        losses = error * error
        error = 2 * error * truth * (1 - truth)
    else:
        right = tl.where(label == 1, true_logit, false_logit)
        losses = tl.log(low + high) + largest - right
    loss = tl.sum(tl.where(real, losses, 0.0)) / S.batch
    error = tl.where(real, error, 0.0) / S.batch
    slope = error[:, None] * (true - untrue)[None, :]
    gradient = tl.sum(error[:, None] * hidden, axis=0)
    _move(moves, start + 2 * unit, known, -gradient)
    _move(moves, start + 2 * unit + 1, known, gradient)
    both = tl.arange(0, 2)
    _move(moves, bias + both, both < 2, tl.where(both == 1, tl.sum(error), -tl.sum(error)))
    return loss, slope


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
    carried = tl.full(S.tile, 0.0, tl.float32)
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
            slope = _product(slope, deltas, right, 1, S.columns, S.hidden, S)
        if layer > 0:
            below = tl.full(S.tile, 0.0, tl.float32)
            for block in range(0, S.blocks):
                deltas, right = gate + block * between + t * size, matrix + block * S.hidden
                below = _product(below, deltas, right, 1, S.columns, S.hidden, S)
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
        tanh_c = _tanh(tl.load(cell + size))
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
    unit = tl.arange(0, S.units)
    for block in range(0, S.blocks):
        at = start + block * S.hidden
        deltas = of_layer + block * S.positions * size
        _move_block(moves, at, inputs, below, deltas, rows, S)
        deltas = of_layer + _recurrent_gate(block, S) * S.positions * size
        _move_block(moves, at + inputs * S.columns, S.hidden, before, deltas, rows, S)
    for gate in range(0, S.gates):
        total = tl.full([S.units], 0.0, tl.float32)
        for t in range(0, longest):
            total += tl.sum(tl.load(of_layer + (gate * S.positions + t) * size + _tile(S)), axis=0)
        bias = start + (inputs + S.hidden) * S.columns + gate * S.hidden
        _move(moves, bias + unit, unit < S.hidden, total)


@triton.jit
def _move_block(moves, block, depth, values, deltas, rows, S: tl.constexpr):
    """Move a matrix (depth, hidden) that begins at ``block`` by the gradient Xᵀ Δ.

    X and Δ (rows, units) lie in memory, a row for each scene at each position.
    """
    unit = tl.arange(0, S.units)
    for above in range(0, depth, 16):
        k = above + tl.arange(0, 16)
        gradient = tl.full([16, S.units], 0.0, tl.float32)
        for start in range(0, rows, 32):
            r = start + tl.arange(0, 32)
            x = tl.load(
                values + r[None, :] * S.units + k[:, None], mask=(r < rows)[None, :], other=0.0
            )
            delta = tl.load(
                deltas + r[:, None] * S.units + unit[None, :], mask=(r < rows)[:, None], other=0.0
            )
            gradient = tl.dot(x, delta, gradient, input_precision="ieee")
        known = (k < depth)[:, None] & (unit < S.hidden)[None, :]
        _move(moves, block + k[:, None] * S.columns + unit[None, :], known, gradient)


@triton.jit
def _move(moves, at, known, gradient):
    """A step of Adam (Kingma & Ba 2015), or of AdamW, where the weights shrink.

    As `torch.optim.Adam` does it; ``at``: the places of the weights in their row.
    """
    weights, means, squares, rate, root, keep, decay = moves
    weight = tl.load(weights + at, mask=known, other=0.0)
    mean = tl.load(means + at, mask=known, other=0.0)
    square = tl.load(squares + at, mask=known, other=0.0)
    weight -= tl.load(decay + 1) * weight
    slope = gradient + tl.load(decay) * weight
    mean += tl.load(keep) * (slope - mean)
    square += tl.load(keep + 1) * (slope * slope - square)
    weight -= rate * mean / (tl.sqrt(square) / root + tl.load(keep + 2))
    tl.debug_barrier()
    tl.store(weights + at, weight, mask=known)
    tl.store(means + at, mean, mask=known)
    tl.store(squares + at, square, mask=known)
