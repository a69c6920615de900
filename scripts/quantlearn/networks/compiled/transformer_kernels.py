"""Numba kernels for ensembles of small transformer encoders on the CPU.

The scenes of a batch lie in the lanes of SIMD vectors, sorted by length and cut into blocks; one
block after another is computed forward and backward, so that all that is kept of it stays in the
caches. Attention is among the rows of a lane: no lane ever sees another, and a network's numbers
are those of its own scenes, in their order, whichever networks are trained beside it.

Row 0 of a block is the read-out token, row 1 + p the object at position p. Rows that a scene does
not have are zeros at first and get no attention, so that nothing comes from them and no gradient
goes to them. The last layer is asked for row 0 alone; it computes a pair.

Weights are those of the eager network in the same order, [input][unit], each matrix filled up with
zeros: an embedding's kernel and bias, the places' vectors, then for each layer norm, kernel and
bias of queries, keys and values, of the output, norm, kernel and bias of the hidden units and of
the output; at last the read-out's norm, kernel and bias.
"""

from typing import NamedTuple

import numpy as np

from quantlearn.compiling import kernel
from quantlearn.networks.compiled.elementary import where_positive
from quantlearn.networks.compiled.layers import (
    activate,
    add_outer_products,
    add_product,
    add_sums,
    derive_loss,
    derive_norm,
    derive_softmax,
    drop,
    fill_rows,
    load_weights,
    move,
    multiply,
    multiply_in_lanes,
    normalise,
    softmax,
    store_gradient,
)
from quantlearn.networks.compiled.simd import (
    as_vectors,
    clear,
    helper,
    inline,
    lane_numbers,
    lanes_of,
    numbers,
)

__all__ = ["Sizes", "run", "workspace"]


class Sizes(NamedTuple):
    """What all networks of an ensemble are made of.

    A head of ``head`` numbers takes ``head_width`` of the ``found`` of a row, and a model of
    ``units`` numbers ``width``, with padding; so do ``inputs``, and ``drawn`` hidden units
    ``hidden``. ``activation`` is its place in `layers.ACTIVATIONS`; ``places`` are positions, and
    one that is not used.
    """

    layers: int
    heads: int
    head: int
    head_width: int
    found: int
    units: int
    width: int
    hidden: int
    drawn: int
    inputs: int
    places: int
    activation: int


# --- Where things are -----------------------------------------------------------------------------


@inline
def first_layer(sizes):
    """Where the first layer's weights begin."""
    return (sizes.inputs + 1 + sizes.places) * sizes.width


@inline
def attention_weights(sizes):
    """How many weights a layer's attention has: norm, queries, keys and values, output."""
    return 2 * sizes.width + (sizes.width + 1) * 3 * sizes.found + (sizes.found + 1) * sizes.width


@inline
def layer_weights(sizes):
    hidden = (sizes.width + 1) * sizes.hidden + (sizes.hidden + 1) * sizes.width
    return attention_weights(sizes) + 2 * sizes.width + hidden


@inline
def size_of_attention(sizes, rows):
    """Vectors that are kept of a layer's attention."""
    return rows * (2 * sizes.width + 4 * sizes.found + sizes.heads * rows + 1)


@inline
def kept(sizes, rows):
    """Vectors that are kept of a layer for its derivatives."""
    feedforward = rows * (2 * sizes.width + 1 + 2 * sizes.hidden)
    return size_of_attention(sizes, rows) + feedforward


@inline
def workspace(sizes, rows, layers):
    """Vectors that a block needs: its own, those kept of so many layers, those of derivatives."""
    own = rows * (1 + sizes.inputs + sizes.width) + 1 + 4 * sizes.width + 18
    derived = rows * (2 * sizes.width + sizes.hidden + 4 * sizes.found + rows)
    return own + layers * kept(sizes, rows) + derived


# --- Forward --------------------------------------------------------------------------------------


@helper
def place_scenes(batches, place, block, scenes):
    """Put the scenes of a block into lanes, -1 where there is none; return the number of rows."""
    longest = 0
    for lane in range(len(scenes)):
        k = block * len(scenes) + lane
        scenes[lane] = batches.order[place, k] if k < batches.counts[place] else -1
        if scenes[lane] >= 0:
            longest = max(longest, batches.lengths[place, scenes[lane]])
    return (longest + 2) // 2 * 2


@helper
def read_scenes(batches, place, scenes, sizes, rows, own, train):
    """Write what the scenes of a block have: which rows, the truth, and each row's inputs."""
    lanes = lanes_of(own)
    within, truth, inputs = own, own + rows, own + (rows + 1)
    clear(inputs, rows * sizes.inputs)
    there, values, answers = lane_numbers(within), lane_numbers(inputs), lane_numbers(truth)
    told = batches.vectors.shape[1]
    for lane in range(lanes):
        scene = scenes[lane]
        length = batches.lengths[place, scene] if scene >= 0 else 0
        for row in range(rows):
            there[row * lanes + lane] = 1 if row <= length else 0
        answers[lane] = 0
        if scene >= 0 and train:
            answers[lane] = 2 * batches.labels[place, scene] - 1
        if scene >= 0:
            tokens = numbers(batches.tokens)
            tokens = tokens + (place * batches.tokens.shape[1] + scene) * batches.tokens.shape[2]
            vector = numbers(batches.vectors) + tokens[0] * told
            for k in range(batches.zones, told):
                values[k * lanes + lane] = vector[k]
            values[told * lanes + lane] = 1
            for row in range(1, length + 1):
                vector = numbers(batches.vectors) + tokens[row - 1] * told
                at = values + (row * sizes.inputs * lanes + lane)
                for k in range(told):
                    at[k * lanes] = vector[k]


@helper
def embed(sizes, weights, inputs, within, rows, x):
    """x = inputs W + b + the place's vector, and zeros in rows that are not there."""
    width = sizes.width
    bias = weights + sizes.inputs * width
    fill_rows(x, width, rows, width, bias)
    shape = (rows, width, sizes.inputs)
    add_product(x, width, inputs, sizes.inputs, weights, width, 1, shape)
    for row in range(rows):
        place = bias + row * width  # that of row 1 stands behind the bias
        for u in range(width):
            number = place[u] if row > 0 else 0.0
            x[row * width + u] = where_positive(within[row], x[row * width + u] + number)


@helper
def add_attention(sizes, weights, within, rows, asked, x, past):
    """x += attention(norm(x)) in the rows that are ``asked`` for."""
    width, found = sizes.width, sizes.found
    inputs = weights + 2 * width
    outputs = inputs + (width + 1) * 3 * found
    standard = past
    normed = standard + rows * width
    parts = normed + rows * width  # [row][queries, keys, values]
    answers = parts + rows * 3 * found
    shares = answers + rows * found
    inverse = shares + sizes.heads * rows * rows
    normalise(x, width, (rows, sizes.units, width), weights, standard, normed, inverse)
    row = 3 * found
    fill_rows(parts, row, rows, row, inputs + width * row)
    add_product(parts, row, normed, width, inputs, row, 1, (asked, found, width))
    shape = (rows, 2 * found, width)
    add_product(parts + found, row, normed, width, inputs + found, row, 1, shape)
    clear(answers, asked * found)
    for head in range(sizes.heads):
        queries = parts + head * sizes.head_width
        keys, values = queries + found, queries + 2 * found
        own = shares + head * rows * rows
        shape = (asked, rows, sizes.head)
        multiply_in_lanes(own, (rows, 1), queries, (row, 1), keys, (row, 1), shape)
        softmax(own, within, asked, rows, sizes.head**-0.5)
        shape = (asked, sizes.head_width, rows)
        target = answers + head * sizes.head_width
        multiply_in_lanes(target, (found, 1), own, (rows, 1), values, (1, row), shape)
    add_bias(x, asked, width, outputs + found * width)
    add_product(x, width, answers, found, outputs, width, 1, (asked, width, found))


@inline
def add_bias(x, rows, width, bias):
    for row in range(rows):
        for u in range(width):
            x[row * width + u] = x[row * width + u] + bias[u]


@helper
def add_feedforward(sizes, weights, asked, x, past, mode, chosen, offsets):
    """x += f(norm(x) W¹ + b¹) W² + b² in the rows that are ``asked`` for.

    ``chosen``, with the ``offsets`` of lanes, says which units are kept.
    """
    width, hidden = sizes.width, sizes.hidden
    first = weights + 2 * width
    second = first + (width + 1) * hidden
    standard = past
    normed = standard + asked * width
    sums = normed + asked * width
    units = sums + asked * hidden
    inverse = units + asked * hidden
    normalise(x, width, (asked, sizes.units, width), weights, standard, normed, inverse)
    fill_rows(sums, hidden, asked, hidden, first + width * hidden)
    add_product(sums, hidden, normed, width, first, hidden, 1, (asked, hidden, width))
    activate(sizes.activation, sums, units, asked * hidden, mode.train)
    if mode.rate > 0:
        for row in range(asked):
            at = chosen + row * sizes.drawn
            drop(units + row * hidden, sums + row * hidden, hidden, at, offsets, mode.rate)
    add_bias(x, asked, width, second + hidden * width)
    add_product(x, width, units, hidden, second, width, 1, (asked, width, hidden))


# --- Backward -------------------------------------------------------------------------------------


@helper
def derive_feedforward(sizes, weights, totals, asked, past, slopes, scratch):
    """From ∂loss/∂x'' ``slopes`` to ∂loss/∂x', in their place."""
    width, hidden = sizes.width, sizes.hidden
    first, second = 2 * width, 2 * width + (width + 1) * hidden
    standard = past
    normed = standard + asked * width
    derivatives = normed + asked * width
    units = derivatives + asked * hidden
    inverse = units + asked * hidden
    deltas = scratch
    back = deltas + asked * hidden
    shape = (asked, width, hidden)
    add_outer_products(totals + second, width, units, hidden, slopes, width, shape)
    add_sums(totals + (second + hidden * width), slopes, width, asked, width)
    clear(deltas, asked * hidden)
    shape = (asked, hidden, width)
    add_product(deltas, hidden, slopes, width, weights + second, 1, width, shape)
    multiply(deltas, derivatives, asked * hidden)
    add_outer_products(totals + first, hidden, normed, width, deltas, hidden, shape)
    add_sums(totals + (first + width * hidden), deltas, hidden, asked, hidden)
    clear(back, asked * width)
    shape = (asked, width, hidden)
    add_product(back, width, deltas, hidden, weights + first, 1, hidden, shape)
    shape = (asked, sizes.units, width)
    derive_norm(back, standard, inverse, shape, weights, totals, slopes, width)


@helper
def derive_attention(sizes, weights, totals, rows, asked, past, slopes, scratch):
    """From ∂loss/∂x' ``slopes`` to ∂loss/∂x, in their place.

    A key's bias adds the same to all scores of a query: its derivative is 0.
    """
    width, found, row = sizes.width, sizes.found, 3 * sizes.found
    inputs = 2 * width
    outputs = inputs + (width + 1) * row
    standard = past
    normed = standard + rows * width
    parts = normed + rows * width
    answers = parts + rows * row
    shares = answers + rows * found
    inverse = shares + sizes.heads * rows * rows
    of_answers = scratch
    of_parts = of_answers + rows * found
    of_shares = of_parts + rows * row
    back = of_shares + rows * rows
    shape = (asked, width, found)
    add_outer_products(totals + outputs, width, answers, found, slopes, width, shape)
    add_sums(totals + (outputs + found * width), slopes, width, asked, width)
    clear(of_answers, asked * found)
    shape = (asked, found, width)
    add_product(of_answers, found, slopes, width, weights + outputs, 1, width, shape)
    clear(of_parts, rows * row)
    for head in range(sizes.heads):
        at = head * sizes.head_width
        queries, own, given = parts + at, shares + head * rows * rows, of_answers + at
        keys, values, derived = queries + found, queries + 2 * found, of_parts + at
        shape = (asked, rows, sizes.head)
        multiply_in_lanes(of_shares, (rows, 1), given, (found, 1), values, (row, 1), shape)
        shape = (rows, sizes.head_width, asked)
        target = derived + 2 * found
        multiply_in_lanes(target, (row, 1), own, (1, rows), given, (1, found), shape)
        derive_softmax(of_shares, own, asked, rows, sizes.head**-0.5)
        shape = (asked, sizes.head_width, rows)
        multiply_in_lanes(derived, (row, 1), of_shares, (rows, 1), keys, (1, row), shape)
        shape = (rows, sizes.head_width, asked)
        target = derived + found
        multiply_in_lanes(target, (row, 1), of_shares, (1, rows), queries, (1, row), shape)
    shape = (asked, found, width)
    add_outer_products(totals + inputs, row, normed, width, of_parts, row, shape)
    add_sums(totals + (inputs + width * row), of_parts, row, asked, found)
    shape, others = (rows, 2 * found, width), of_parts + found
    add_outer_products(totals + (inputs + found), row, normed, width, others, row, shape)
    last = totals + (inputs + width * row + 2 * found)
    add_sums(last, of_parts + 2 * found, row, rows, found)
    clear(back, rows * width)
    shape = (asked, width, found)
    add_product(back, width, of_parts, row, weights + inputs, 1, row, shape)
    shape = (rows, width, 2 * found)
    add_product(back, width, others, row, weights + (inputs + found), 1, row, shape)
    shape = (rows, sizes.units, width)
    derive_norm(back, standard, inverse, shape, weights, totals, slopes, width)


@helper
def derive_embedding(sizes, totals, rows, inputs, slopes):
    width = sizes.width
    bias = sizes.inputs * width
    shape = (rows, width, sizes.inputs)
    add_outer_products(totals, width, inputs, sizes.inputs, slopes, width, shape)
    add_sums(totals + bias, slopes, width, rows, width)
    for row in range(1, rows):
        add_sums(totals + (bias + row * width), slopes + row * width, width, 1, width)


# --- A network ------------------------------------------------------------------------------------


@inline
def parts_of_block(sizes, rows, own):
    """Where things of a block are: its scenes', the read-out's, and what is kept of layers."""
    x = own + (rows + 1 + rows * sizes.inputs)
    readout = x + rows * sizes.width
    return own, own + rows, own + (rows + 1), x, readout, readout + (4 * sizes.width + 18)


@inline
def parts_of_readout(sizes, readout):
    """Where things of the read-out are: norm and its like, logits and their derivatives."""
    inverse = readout + 4 * sizes.width
    return readout, readout + 2 * sizes.width, inverse, inverse + 2, inverse + 10


@helper
def forward(sizes, weights, mode, rows, scenes, batch, positions, own, offsets):
    """Compute the logits of a block, and where ``mode`` asks to train keep what derivatives need.

    batch and positions say how the numbers of ``mode.kept`` are laid out.
    """
    within, _, inputs, x, readout, past = parts_of_block(sizes, rows, own)
    width = sizes.width
    embed(sizes, weights, inputs, within, rows, x)
    for layer in range(sizes.layers):
        last = layer == sizes.layers - 1
        asked = 2 if last else rows
        w = weights + (first_layer(sizes) + layer * layer_weights(sizes))
        here = past + (layer * kept(sizes, rows) if mode.train else 0)
        units = numbers(mode.kept) + layer * batch * (1 + positions) * sizes.drawn
        for lane in range(len(scenes)):
            rows_drawn = 1 if last else 1 + positions
            offsets[lane] = max(scenes[lane], 0) * sizes.drawn * rows_drawn
        add_attention(sizes, w, within, rows, asked, x, here)
        w, here = w + attention_weights(sizes), here + size_of_attention(sizes, rows)
        add_feedforward(sizes, w, asked, x, here, mode, units, numbers(offsets))
    standard, normed, inverse, logits, _ = parts_of_readout(sizes, readout)
    w = weights + (first_layer(sizes) + sizes.layers * layer_weights(sizes))
    normalise(x, width, (2, sizes.units, width), w, standard, normed, inverse)
    fill_rows(logits, 4, 2, 4, w + 6 * width)
    add_product(logits, 4, normed, width, w + 2 * width, 4, 1, (2, 4, width))


@helper
def backward(sizes, weights, totals, mode, rows, batch, own, loss):
    """Add the loss of a block and the gradients of all weights."""
    _, truth, inputs, _, readout, past = parts_of_block(sizes, rows, own)
    width = sizes.width
    slopes = past + sizes.layers * kept(sizes, rows)
    scratch = slopes + rows * width
    clear(slopes, rows * width)
    standard, normed, inverse, logits, of_logits = parts_of_readout(sizes, readout)
    clear(of_logits, 8)
    derive_loss(logits, of_logits, truth, mode.squared, batch, loss)
    at = first_layer(sizes) + sizes.layers * layer_weights(sizes)
    w, into = weights + at, totals + at
    add_outer_products(into + 2 * width, 4, normed, width, of_logits, 4, (2, 4, width))
    add_sums(into + 6 * width, of_logits, 4, 1, 4)
    clear(scratch, 2 * width)
    add_product(scratch, width, of_logits, 4, w + 2 * width, 1, 4, (2, width, 4))
    shape = (2, sizes.units, width)
    derive_norm(scratch, standard, inverse, shape, w, into, slopes, width)
    for layer in range(sizes.layers - 1, -1, -1):
        asked = 2 if layer == sizes.layers - 1 else rows
        at = first_layer(sizes) + layer * layer_weights(sizes)
        after = at + attention_weights(sizes)
        here = past + layer * kept(sizes, rows)
        last = here + size_of_attention(sizes, rows)
        w, into = weights + after, totals + after
        derive_feedforward(sizes, w, into, asked, last, slopes, scratch)
        w, into = weights + at, totals + at
        derive_attention(sizes, w, into, rows, asked, here, slopes, scratch)
    derive_embedding(sizes, totals, rows, inputs, slopes)


@kernel
def run(code, sizes, trials, flat, places, packed, totals, memory, batches, mode, adam, results):
    """Compute the networks from the first to before the last of ``trials``, batch after batch.

    flat (T, row) holds weight k of a network in column k, which ``adam`` moves after each batch
    where it has rates; ``places`` (weights,) says where it stands in ``packed`` (P,), which holds
    also what is no weight and does not change. Scratch: totals (P,) and memory, as many vectors as
    `workspace` says. Of ``kept`` each layer takes a number for each scene, row and unit, for all
    rows of the longest scene that there can be, the last layer for row 0 alone.
    """
    own = as_vectors(numbers(memory))
    lanes = lanes_of(own)
    weights, sums = numbers(packed), numbers(totals)
    scenes, offsets = np.empty(lanes, np.int32), np.empty(lanes, np.int32)
    loss = np.empty(4, packed.dtype)
    for trial in range(trials[0], trials[1]):
        for step in range(len(batches.tokens) // len(flat)):
            place = step * len(flat) + trial
            batch = batches.counts[place]
            load_weights(flat, trial, places, packed, totals, loss)
            for block in range((batch + lanes - 1) // lanes):
                rows = place_scenes(batches, place, block, scenes)
                read_scenes(batches, place, scenes, sizes, rows, own, mode.train)
                positions = batches.tokens.shape[2]
                forward(sizes, weights, mode, rows, scenes, batch, positions, own, offsets)
                if mode.train:
                    backward(sizes, weights, sums, mode, rows, batch, own, numbers(loss))
                    continue
                _, _, _, _, readout, _ = parts_of_block(sizes, rows, own)
                _, _, _, logits, _ = parts_of_readout(sizes, readout)
                values = lane_numbers(logits)
                for lane in range(lanes):
                    if scenes[lane] >= 0:
                        results.logits[place, scenes[lane], 0] = values[lane]
                        results.logits[place, scenes[lane], 1] = values[lanes + lane]
            if mode.train:
                results.losses[place] = loss[0] / batch
                store_gradient(results, trial, places, totals)
                if len(adam.rates):
                    move(adam, trial, step, flat[trial], results.gradient[trial])
