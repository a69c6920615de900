"""Numba kernels for ensembles of small recurrent networks on the CPU: the work of ``compiled``.

The scenes of a batch lie in the lanes of a SIMD vector, so every operation below works on one
unit of several scenes at once and no lane ever sees another: a scene's result is the same
wherever it stands in a batch, and a trial's whichever trials are trained beside it.

Layout. Vectors are written [unit][lane]. The gates of a unit lie side by side, and all gates of all
units are the columns. The hidden size is padded with zeros to a width such that products can take
four units and eight columns at a time; a padded unit stays exactly zero, forward and backward.
Weights are packed so that the kernels read them in one stream:

    table    [token][column]
    matrix   [eight columns][row][column of the eight]      row: unit of h or x
    bias     [column]

One trial's weights follow each other: table, recurrent matrix of layer 0, then for each further
layer its input matrix, recurrent matrix and bias.

What a unit does with its gates is in ``cells``; a kernel is compiled for the cell that it is given.
"""

import numpy as np

from quantlearn.compiling import kernel
from quantlearn.networks.compiled.cells import derive, gates_of, states_of, update
from quantlearn.networks.compiled.simd import (
    add_lane_sums,
    broadcast,
    clear,
    evaluation_vectors,
    gather_four,
    helper,
    inline,
    lane_numbers,
    lanes_of,
    multiply_add,
    numbers,
    scatter_add_four,
    scatter_four,
    store_four,
    training_vectors,
)

__all__ = [
    "backward",
    "evaluate",
    "forward",
    "padded",
    "radix_tree",
]


# --- Weights ------------------------------------------------------------------------------------


@inline
def padded(units, gates):
    """The hidden size that the kernels work with: a multiple of four, its columns of eight.

    >>> padded(12, gates=4), padded(13, gates=4), padded(12, gates=1)
    (12, 16, 16)
    """
    multiple = 8 if gates % 2 else 4
    return (units + multiple - 1) // multiple * multiple


@inline
def layer_start(layer, vocabulary, width, columns):
    """Where a layer's weights begin within a trial's packed weights."""
    if layer == 0:
        return 0
    matrix = columns * width
    return vocabulary * columns + matrix + (layer - 1) * (2 * matrix + columns)


@inline
def layers_of(packed, vocabulary, width, columns):
    """How many layers a trial's packed weights are of."""
    matrix = columns * width
    return 1 + (len(packed) - vocabulary * columns - matrix) // (2 * matrix + columns)


# --- One time step ------------------------------------------------------------------------------


@inline
def add_product(sums, weights, states, rows):
    """Add W s to eight sums: eight columns, for all lanes.

    The eight running sums hide the latency of the multiply-adds and stay in registers.
    """
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    for k in range(rows):
        s = states[k]
        w = weights + 8 * k
        a0 = multiply_add(w[0], s, a0)
        a1 = multiply_add(w[1], s, a1)
        a2 = multiply_add(w[2], s, a2)
        a3 = multiply_add(w[3], s, a3)
        b0 = multiply_add(w[4], s, b0)
        b1 = multiply_add(w[5], s, b1)
        b2 = multiply_add(w[6], s, b2)
        b3 = multiply_add(w[7], s, b3)
    return a0, a1, a2, a3, b0, b1, b2, b3


@inline
def gate_sums(layer, weights, offsets, below, hidden, vocabulary, units, gates, sums):
    """What enters the gates, [unit][gate]: table[token] or W x + b, plus R h.

    ``offsets`` locate the lanes' rows of the table (layer 0), ``below`` is the hidden state of the
    layer below (further layers).
    """
    width = padded(units, gates)
    columns = gates * width
    matrix = columns * width
    first_layer = layer == 0
    recurrent = weights + (vocabulary * columns if first_layer else matrix)
    for k in range(0, columns, 8):
        eight = width * k  # where the weights of these eight columns begin
        if first_layer:
            a0, a1, a2, a3 = gather_four(weights + k, offsets, hidden)
            b0, b1, b2, b3 = gather_four(weights + (k + 4), offsets, hidden)
            some = (a0, a1, a2, a3, b0, b1, b2, b3)
        else:
            bias = weights + (2 * matrix + k)
            some = (
                broadcast(bias[0], hidden),
                broadcast(bias[1], hidden),
                broadcast(bias[2], hidden),
                broadcast(bias[3], hidden),
                broadcast(bias[4], hidden),
                broadcast(bias[5], hidden),
                broadcast(bias[6], hidden),
                broadcast(bias[7], hidden),
            )
            some = add_product(some, weights + eight, below, units)
        a0, a1, a2, a3, b0, b1, b2, b3 = add_product(some, recurrent + eight, hidden, units)
        store_four(sums + k, a0, a1, a2, a3)
        store_four(sums + (k + 4), b0, b1, b2, b3)


# --- Training -----------------------------------------------------------------------------------

# All of one trial. A block is as many of its scenes as there are lanes. Its history, kept for the
# backward pass, holds for each layer S + 1 rows; row t + 1 is written at position t, row 0 is the
# zero state before it:
#     [columns] the gates, as the cell keeps them    [width] for each state of a unit, h the last
# With dropout, what is kept of the states between a layer and the next follows, for each position
#     [width] 0 or 1 / (1 - rate)                    [width] h times that


@helper
def place_scenes(block, tokens, lengths, order, scale, scenes, offsets):
    """Put the scenes of a block into lanes; return the length of the longest.

    ``scenes`` receives each lane's place in the batch, -1 for a lane without one. ``offsets``
    (S · lanes) receives where a position's row of the table begins. Positions after the end of a
    scene repeat its last token: they are computed, being in the same vector, but read by nobody,
    and their gradient is exactly zero.
    """
    batch, lanes = len(lengths), len(scenes)
    steps = 0
    for lane in range(lanes):
        k = block * lanes + lane
        scenes[lane] = order[k] if k < batch else -1
        if scenes[lane] >= 0:
            steps = max(steps, lengths[scenes[lane]])
    for lane in range(lanes):
        scene = scenes[lane]
        last = lengths[scene] - 1 if scene >= 0 else -1
        for t in range(steps):
            token = tokens[scene, min(t, last)] if last >= 0 else 0
            offsets[t * lanes + lane] = token * scale
    return steps


@helper
def place_kept(boundary, kept, scenes, steps, units, width, into):
    """Put what dropout keeps between two layers into lanes, of padded units nothing.

    kept (layers - 1, B, S, H); ``into`` as in the history.
    """
    clear(into, 2 * steps * width)
    cells, lanes = lane_numbers(into), lanes_of(into)
    for lane in range(lanes):
        scene = scenes[lane]
        if scene >= 0:
            for t in range(steps):
                for u in range(units):
                    cells[(2 * t * width + u) * lanes + lane] = kept[boundary, scene, t, u]


@kernel
def forward(cell, tokens, lengths, order, packed, vocabulary, kept, history, scenes, offsets, out):
    """Hidden states of the last layer.

    tokens uint8 (B, S), lengths and order int32 (B,), packed (P,), kept (layers - 1, B, S, H) or
    empty where nothing is dropped. Writes ``history`` (blocks, layers · (S + 1) · (columns + states
    · width) and with dropout (layers - 1) · 2 · S · width, lanes) and ``out`` (B, H). Scratch:
    scenes (lanes,) and offsets (S · lanes,), int32. ``order`` lists the scenes by length.
    """
    units, rows = out.shape[1], tokens.shape[1] + 1
    gates, carried = gates_of(cell), states_of(cell)
    width = padded(units, gates)
    columns = gates * width
    row_size = columns + carried * width
    layers = layers_of(packed, vocabulary, width, columns)
    lane_offsets, weights = numbers(offsets), numbers(packed)
    for block in range(len(history)):
        steps = place_scenes(block, tokens, lengths, order, columns, scenes, offsets)
        past = training_vectors(cell, history) + block * history.shape[1]
        for layer in range(layers):
            now = past + layer * rows * row_size
            below, distance = now, row_size
            if layer > 0:
                below = now + (row_size - width - rows * row_size)
                if kept.size:
                    dropped = past + (
                        layers * rows * row_size + (layer - 1) * 2 * (rows - 1) * width
                    )
                    place_kept(layer - 1, kept, scenes, steps, units, width, dropped)
                    for t in range(steps):
                        here, hidden = dropped + 2 * t * width, below + (t + 1) * row_size
                        for u in range(width):
                            here[width + u] = hidden[u] * here[u]
                    below, distance = dropped + (-width), 2 * width
            clear(now + columns, carried * width)
            w = weights + layer_start(layer, vocabulary, width, columns)
            for t in range(steps):
                old, now, below = now, now + row_size, below + distance
                here = lane_offsets + t * lanes_of(now)
                h = old + (row_size - width)
                # products first, nonlinearities after: either loop keeps the processor busy,
                # while one loop would wait for the results of each pair of units
                gate_sums(layer, w, here, below, h, vocabulary, units, gates, now)
                update(cell, now, old + columns, now + columns, width, True)
        top = lane_numbers(past + ((layers - 1) * rows * row_size + row_size - width))
        for lane in range(lanes_of(past)):
            scene = scenes[lane]
            if scene >= 0:
                row = lengths[scene] * row_size
                for u in range(units):
                    out[scene, u] = top[(row + u) * lanes_of(past) + lane]


@kernel
def backward(
    cell, tokens, lengths, order, packed, vocabulary, kept, history, scenes, offsets, workspace,
    gradient, sums,
):  # fmt: skip
    """Gradients of the weights from ``gradient`` (B, H), that of the hidden states.

    With δ_t = ∂loss/∂(what entered the gates), which the cell derives from d_t = ∂loss/∂h_t,

        d_t = R δ_{t+1} + (from the layer above, or the loss) + (through the cell)
        ∂R = Σ_t h_{t-1} δ_t          ∂W = Σ_t x_t δ_t         ∂b = Σ_t δ_t       ∂x_t = W δ_t

    and the gradient of a row of the table is the sum of δ_t over the positions that hold its token.
    Writes ``sums`` (P,): a number for each packed weight in the same order, but those of a matrix
    are [row][column]. Scratch: ``workspace`` of vectors: incoming (S · width), deltas (S ·
    columns), slope and carried (width each).
    """
    units, longest = gradient.shape[1], tokens.shape[1]
    gates = gates_of(cell)
    width = padded(units, gates)
    columns = gates * width
    matrix, row_size = columns * width, columns + states_of(cell) * width
    layers = layers_of(packed, vocabulary, width, columns)
    incoming = training_vectors(cell, workspace)
    deltas = incoming + longest * width
    scratch = deltas + longest * columns
    weights, totals = numbers(packed), numbers(sums)
    sums[:] = 0
    for block in range(len(history)):
        steps = place_scenes(block, tokens, lengths, order, columns, scenes, offsets)
        past = training_vectors(cell, history) + block * history.shape[1]
        enter_gradient(gradient, lengths, scenes, steps, width, incoming)
        for layer in range(layers - 1, -1, -1):
            states = past + layer * (longest + 1) * row_size
            start = layer_start(layer, vocabulary, width, columns)
            recurrent = start + (matrix if layer > 0 else vocabulary * columns)
            find_deltas(
                cell, weights + recurrent, states, row_size, incoming, steps, width, deltas, scratch
            )
            hidden = states + (row_size - width)
            add_outer_products(hidden, row_size, deltas, steps, width, columns, totals + recurrent)
            if layer > 0:
                below, distance = hidden + (-longest * row_size), row_size
                dropped = past + layers * (longest + 1) * row_size
                dropped = dropped + (layer - 1) * 2 * longest * width
                if kept.size:
                    below, distance = dropped + width, 2 * width
                add_outer_products(below, distance, deltas, steps, width, columns, totals + start)
                add_sums(deltas, steps, columns, totals + start + 2 * matrix)
                for t in range(steps):
                    delta, into = deltas + t * columns, incoming + t * width
                    transposed_product(weights + start, delta, into, width, columns)
                    if kept.size:
                        for u in range(width):
                            into[u] = into[u] * dropped[2 * t * width + u]
            else:
                add_by_token(deltas, numbers(offsets), steps, columns, totals)


@helper
def enter_gradient(gradient, lengths, scenes, steps, width, incoming):
    """What the loss sends to h_t of the last layer: nothing but at the end of each scene."""
    clear(incoming, steps * width)
    cells, lanes = lane_numbers(incoming), lanes_of(incoming)
    for lane in range(lanes):
        scene = scenes[lane]
        end = lengths[scene] if scene >= 0 else 0
        if end > 0:
            for u in range(gradient.shape[1]):
                cells[((end - 1) * width + u) * lanes + lane] = gradient[scene, u]


@inline
def find_deltas(cell, recurrent, states, row_size, incoming, steps, width, deltas, scratch):
    """δ_t of one layer for all t, from the last to the first (the equations of `backward`)."""
    columns = gates_of(cell) * width
    slope, carried = scratch, scratch + width
    clear(scratch, 2 * width)
    for t in range(steps - 1, -1, -1):
        old = states + t * row_size
        now = old + row_size
        delta = deltas + t * columns
        for u in range(width):
            slope[u] = slope[u] + incoming[t * width + u]
        derive(cell, now, old + columns, now + columns, slope, carried, delta, width)
        transposed_product(recurrent, delta, slope, width, columns)


@inline
def add_by_token(deltas, offsets, steps, columns, totals):
    """totals[token][column] += the δ of every position that holds the token."""
    for t in range(steps):
        here = offsets + t * lanes_of(deltas)
        for k in range(0, columns, 4):
            delta = deltas + (t * columns + k)
            scatter_add_four(totals + k, here, delta[0], delta[1], delta[2], delta[3])


@inline
def transposed_product(weights, delta, out, width, columns):
    """out[k] = Σ over columns of W[k, column] δ[column]; four k at a time."""
    for k in range(0, width, 4):
        zero = broadcast(0.0, out)
        a0, a1, a2, a3, b0, b1, b2, b3 = zero, zero, zero, zero, zero, zero, zero, zero
        for column in range(0, columns, 8):
            w = weights + (column * width + 8 * k)
            d = delta + column
            for q in range(4):
                x, y = d[q], d[4 + q]
                a0 = multiply_add(w[q], x, a0)
                b0 = multiply_add(w[4 + q], y, b0)
                a1 = multiply_add(w[8 + q], x, a1)
                b1 = multiply_add(w[12 + q], y, b1)
                a2 = multiply_add(w[16 + q], x, a2)
                b2 = multiply_add(w[20 + q], y, b2)
                a3 = multiply_add(w[24 + q], x, a3)
                b3 = multiply_add(w[28 + q], y, b3)
        out[k] = a0 + b0
        out[k + 1] = a1 + b1
        out[k + 2] = a2 + b2
        out[k + 3] = a3 + b3


@inline
def add_outer_products(states, distance, deltas, steps, width, columns, totals):
    """totals[row][column] += Σ over t and lanes of states_t[row] δ_t[column].

    Four rows and four columns at a time: sixteen sums in registers over all t.
    """
    for k in range(0, width, 4):
        for column in range(0, columns, 4):
            zero = broadcast(0.0, deltas)
            a0, a1, a2, a3 = zero, zero, zero, zero
            b0, b1, b2, b3 = zero, zero, zero, zero
            c0, c1, c2, c3 = zero, zero, zero, zero
            e0, e1, e2, e3 = zero, zero, zero, zero
            for t in range(steps):
                s = states + t * distance + k
                d = deltas + (t * columns + column)
                x0, x1, x2, x3 = d[0], d[1], d[2], d[3]
                y = s[0]
                a0 = multiply_add(y, x0, a0)
                a1 = multiply_add(y, x1, a1)
                a2 = multiply_add(y, x2, a2)
                a3 = multiply_add(y, x3, a3)
                y = s[1]
                b0 = multiply_add(y, x0, b0)
                b1 = multiply_add(y, x1, b1)
                b2 = multiply_add(y, x2, b2)
                b3 = multiply_add(y, x3, b3)
                y = s[2]
                c0 = multiply_add(y, x0, c0)
                c1 = multiply_add(y, x1, c1)
                c2 = multiply_add(y, x2, c2)
                c3 = multiply_add(y, x3, c3)
                y = s[3]
                e0 = multiply_add(y, x0, e0)
                e1 = multiply_add(y, x1, e1)
                e2 = multiply_add(y, x2, e2)
                e3 = multiply_add(y, x3, e3)
            at = totals + (k * columns + column)
            add_lane_sums(at, a0, a1, a2, a3)
            add_lane_sums(at + columns, b0, b1, b2, b3)
            add_lane_sums(at + 2 * columns, c0, c1, c2, c3)
            add_lane_sums(at + 3 * columns, e0, e1, e2, e3)


@inline
def add_sums(deltas, steps, columns, totals):
    """totals[column] += Σ over t and lanes of δ_t[column]."""
    for k in range(0, columns, 4):
        zero = broadcast(0.0, deltas)
        a0, a1, a2, a3 = zero, zero, zero, zero
        for t in range(steps):
            d = deltas + (t * columns + k)
            a0, a1, a2, a3 = a0 + d[0], a1 + d[1], a2 + d[2], a3 + d[3]
        add_lane_sums(totals + k, a0, a1, a2, a3)


# --- Evaluation ---------------------------------------------------------------------------------


@kernel
def radix_tree(lengths, shared):
    """The compressed prefix tree of distinct scenes in lexicographic order.

    ``shared[k]`` is the length of the common prefix of scenes k and k + 1. A node is a prefix at
    which scenes part or end; node 0 is the empty prefix. Returns parent, depth and one scene below
    for each node, and the node at which each scene ends. Read from left to right with the nodes
    of the current scene on a stack, as suffix trees are built from suffix arrays.
    """
    count = len(lengths)
    parent = np.zeros(2 * count + 1, np.int32)
    depth = np.zeros(2 * count + 1, np.int32)
    scene = np.zeros(2 * count + 1, np.int32)
    end = np.zeros(count, np.int32)
    stack = np.zeros(257, np.int32)
    nodes, top = 1, 0
    for k in range(count):
        common = shared[k - 1] if k > 0 else 0
        child = -1
        while depth[stack[top]] > common:
            child = stack[top]
            top -= 1
        if depth[stack[top]] < common:  # scenes part within an edge: a node splits it
            parent[nodes], depth[nodes], scene[nodes] = stack[top], common, k
            parent[child] = nodes
            top += 1
            stack[top] = nodes
            nodes += 1
        if depth[stack[top]] < lengths[k]:
            parent[nodes], depth[nodes], scene[nodes] = stack[top], lengths[k], k
            top += 1
            stack[top] = nodes
            nodes += 1
        end[k] = stack[top]
    return parent[:nodes], depth[:nodes], scene[:nodes], end


@kernel
def evaluate(
    cell,
    packed,
    vocabulary,
    layers,
    units,
    blocks,
    parents,
    tokens,
    inner,
    node_of,
    states,
    local,
    offsets,
    hidden,
    out,
):
    """Hidden states of the last layer at the end of every scene of one trial.

    packed (P,). ``blocks`` (K, 4): first node, number of nodes, number of positions, place of the
    first token. A block's nodes lie in the lanes of a vector: each starts from its parent's state
    and reads its own positions, all of them equally many. Nodes are numbered in the order of
    computation, so that parents come first and a block's nodes lie side by side; the first
    ``inner`` of them have children, and their states are kept in ``states`` (nodes, layers ·
    states of a unit · width). ``hidden`` (nodes, width) is scratch, ``node_of`` (B,) the node at
    which a scene ends, ``out`` (B, H).
    """
    width = padded(units, gates_of(cell))
    columns = gates_of(cell) * width
    vectors = evaluation_vectors(local)
    lanes = lanes_of(vectors)
    state_size = layers * states_of(cell) * width
    weights, kept, ends = numbers(packed), numbers(states), numbers(hidden)
    lane_offsets = numbers(offsets)
    for block in range(len(blocks)):
        node, count, steps, at = blocks[block]
        for lane in range(lanes):
            offsets[lane] = parents[node + lane] * state_size if lane < count else 0
        for k in range(0, state_size, 4):
            a, b, c, d = gather_four(kept + k, lane_offsets, vectors)
            store_four(vectors + k, a, b, c, d)
        for t in range(steps):
            for lane in range(lanes):
                token = tokens[at + t * count + lane] if lane < count else 0
                offsets[lane] = token * columns
            advance(cell, vectors, weights, lane_offsets, layers, vocabulary, units)
        h = vectors + (state_size - width)
        for k in range(0, width, 4):
            scatter_four(ends + node * width + k, width, h[k], h[k + 1], h[k + 2], h[k + 3])
        if node < inner:
            for k in range(0, state_size, 4):
                v = vectors + k
                scatter_four(kept + node * state_size + k, state_size, v[0], v[1], v[2], v[3])
    for scene in range(len(node_of)):
        for u in range(units):
            out[scene, u] = hidden[node_of[scene], u]


@inline
def advance(cell, vectors, weights, offsets, layers, vocabulary, units):
    """One position: replace the states of every layer. The sums are written behind them."""
    gates = gates_of(cell)
    width = padded(units, gates)
    states = states_of(cell) * width
    sums = vectors + layers * states
    for layer in range(layers):
        own = vectors + layer * states
        h = own + (states - width)
        below = h + (-states if layer > 0 else 0)
        w = weights + layer_start(layer, vocabulary, width, gates * width)
        gate_sums(layer, w, offsets, below, h, vocabulary, units, gates, sums)
        update(cell, sums, own, own, width, False)
