"""Numba kernels that evaluate small recurrent networks on the CPU, one network after another.

Scenes lie in the lanes of a SIMD vector, so every operation below works on one
unit of several scenes at once and no lane ever sees another: a scene's result is the same
wherever it stands in a batch, and a trial's whichever trials are evaluated beside it.

Layout. Vectors are written [unit][lane]. The gates of a unit lie side by side, and all gates of all
units are the columns. The hidden size is padded with zeros to a width such that products can take
four units and eight columns at a time; a padded unit stays exactly zero.
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
from quantlearn.networks.compiled.recurrent.cells import (
    gates_of,
    load_gates,
    load_states,
    next_states,
    open_gates,
    states_of,
)
from quantlearn.networks.compiled.simd import (
    as_vectors,
    broadcast,
    gather_four,
    inline,
    lanes_of,
    multiply_add,
    numbers,
    scatter_four,
    store_four,
    store_vectors,
)

__all__ = [
    "evaluate",
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
    vectors = as_vectors(numbers(local))
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
        lanes = lanes_of(vectors)
        # Two loops: no unit waits for the chain of its own nonlinearities.
        for u in range(width):
            x = sums + u * gates
            store_vectors(x, lanes, open_gates(cell, load_gates(cell, x, lanes)), lanes)
        for u in range(width):
            opened, old = (
                load_gates(cell, sums + u * gates, lanes),
                load_states(cell, own + u, width * lanes),
            )
            _, new = next_states(cell, opened, old)
            store_vectors(own + u, width * lanes, new, lanes)
