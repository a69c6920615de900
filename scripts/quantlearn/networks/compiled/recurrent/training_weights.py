"""How the weights of recurrent networks lie in memory while they are trained, and where states do.

A row of weights (see ``flat_kernels``) is written anew before each step:

    table     [token][gate][unit]     what a token adds to the gates of the first layer
    W, R      [unit][gate][unit]      of x (not the first layer) and h, each with its transpose
    bias      [gate][unit]            not the first layer

and a row of zeros. Rows are ``pitch`` numbers apart, those of transposes ``width``, so that vectors
begin where they may. What fills them up is zero.
"""

from quantlearn.networks.compiled.recurrent.cells import gates_of
from quantlearn.networks.compiled.simd import (
    as_vectors,
    helper,
    inline,
    lanes_of,
    numbers,
    scatter_four,
)

__all__ = [
    "collect",
    "gradients_of",
    "hidden_of",
    "layout",
    "numbers_kept",
    "numbers_of_weights",
    "pack_row",
    "weights_of",
]


# --- Layout -------------------------------------------------------------------------------------


@inline
def rounded(count, unit):
    return (count + unit - 1) // unit * unit


@inline
def layout(units, gates, values, lanes):
    """How far rows of states and of sums are apart, and how many columns and rows products take.

    >>> layout(12, gates=4, values=5, lanes=16)
    (16, 64, 48, 12)
    """
    width = rounded(units, lanes)
    # the last gate's vectors may reach beyond it
    pitch = rounded((max(gates, values) - 1) * units + width, lanes)
    return width, pitch, rounded(gates * units, lanes), rounded(units, 4)


@inline
def numbers_of_weights(vocabulary, layers, sizes):
    """How many numbers a network's packed weights are, and their gradients."""
    width, pitch, columns, rows = sizes
    matrix, bias = rows * pitch + columns * width, pitch
    of_sums = vocabulary * pitch + rows * pitch + (layers - 1) * (2 * rows * pitch + bias)
    of_weights = vocabulary * pitch + matrix + (layers - 1) * (2 * matrix + bias)
    return of_weights + pitch, of_sums


@inline
def numbers_kept(rows, batch, states, sizes):
    """How many numbers a layer keeps of a batch for its backward pass."""
    width, pitch, _, _ = sizes
    return rows * pitch + states * (batch + rows) * width + rows * width


@inline
def hidden_of(layer, rows, batch, states, sizes):
    """Where the hidden states of a layer begin in what is kept."""
    width, pitch, _, _ = sizes
    kept = numbers_kept(rows, batch, states, sizes)
    return layer * kept + rows * pitch + (states - 1) * (batch + rows) * width + batch * width


# --- Weights ------------------------------------------------------------------------------------


@inline
def weights_of(layer, vocabulary, sizes):
    """Where a layer's packed weights begin: W, R and bias. The first has no W, and no bias."""
    width, pitch, columns, rows = sizes
    matrix = rows * pitch + columns * width
    table = vocabulary * pitch
    if layer == 0:
        return table, table, table
    start = table + matrix + (layer - 1) * (2 * matrix + pitch)
    return start, start + matrix, start + 2 * matrix


@inline
def gradients_of(layer, vocabulary, sizes):
    """The same of the gradients, which have no transposes."""
    return weights_of(layer, vocabulary, (0, *sizes[1:]))


@helper
def pack_row(cell, source, vectors, runs, shape, packed):
    """Write a row of weights as `forward` and `backward` read them to ``packed``, zero before.

    source (row,) as in ``flat_kernels``; vectors (V, I): the input of each token; runs: of the
    inputs' and of the hidden state's matrix, which blocks of columns gates take, (n, 3): the first
    block, its gate, and how many follow each other in both.
    """
    layers, units, _, blocks, sizes = shape
    pitch = sizes[1]
    vocabulary, inputs = vectors.shape
    of_all, stored = gates_of(cell) * units, blocks * units
    start = inputs * stored
    for token in range(vocabulary):
        row = packed[token * pitch :]
        row[:of_all] = source[start + units * stored :][:of_all]
        for k in range(inputs):
            if vectors[token, k] != 0:  # few are not
                add_runs(source[k * stored :], 0, vectors[token, k], runs[0], units, row)
    for layer in range(layers):
        of_input, of_hidden, of_bias = weights_of(layer, vocabulary, sizes)
        if layer > 0:
            copy_runs(source[start:], stored, 0, runs[0], units, packed[of_input:], pitch)
            transpose(packed[of_input:], sizes)
            start += units * stored
        copy_runs(source[start:], stored, 0, runs[1], units, packed[of_hidden:], pitch)
        transpose(packed[of_hidden:], sizes)
        start += units * stored
        if layer > 0:
            packed[of_bias:][:of_all] = source[start:][:of_all]
        start += of_all


@helper
def add_runs(source, side, factor, runs, units, target):
    """target += factor · source, block by block.

    ``side`` is where ``runs`` say where source has them: 0 as they are stored, 1 by their gates.
    """
    for run in range(len(runs)):
        here, there = runs[run, side] * units, runs[run, 1 - side] * units
        for k in range(runs[run, 2] * units):
            target[there + k] += factor * source[here + k]


@helper
def copy_runs(source, source_row, side, runs, units, target, target_row):
    """Copy matrices of ``units`` rows, so far apart, block by block, as `add_runs` does."""
    for run in range(len(runs)):
        here, there = runs[run, side] * units, runs[run, 1 - side] * units
        for row in range(units):
            for k in range(runs[run, 2] * units):
                target[row * target_row + there + k] = source[row * source_row + here + k]


@helper
def transpose(packed, sizes):
    """Write the transpose of a matrix behind it, a row for each column."""
    width, pitch, columns, rows = sizes
    at = numbers(packed)
    vectors = as_vectors(at)
    lanes = lanes_of(vectors)
    apart = pitch // lanes
    for k in range(0, rows, 4):
        for column in range(columns // lanes):
            v = vectors + (k * apart + column)
            there = at + (rows * pitch + column * lanes * width + k)
            scatter_four(there, width, v[0], v[apart], v[2 * apart], v[3 * apart])


@helper
def collect(cell, sums, vectors, runs, shape, target):
    """Put the gradients of `backward` into a row of gradients (row,), zero before.

    The reverse of `pack_row`. The gradient of the table is carried on to the first layer's inputs
    and bias.
    """
    layers, units, _, blocks, sizes = shape
    pitch = sizes[1]
    vocabulary, inputs = vectors.shape
    of_all, stored = gates_of(cell) * units, blocks * units
    start = inputs * stored
    for token in range(vocabulary):
        row, bias = sums[token * pitch :], target[start + units * stored :]
        for k in range(of_all):
            bias[k] += row[k]
        for k in range(inputs):
            if vectors[token, k] != 0:
                add_runs(row, 1, vectors[token, k], runs[0], units, target[k * stored :])
    for layer in range(layers):
        of_input, of_hidden, of_bias = gradients_of(layer, vocabulary, sizes)
        if layer > 0:
            copy_runs(sums[of_input:], pitch, 1, runs[0], units, target[start:], stored)
            start += units * stored
        copy_runs(sums[of_hidden:], pitch, 1, runs[1], units, target[start:], stored)
        start += units * stored
        if layer > 0:
            target[start:][:of_all] = sums[of_bias:][:of_all]
        start += of_all
