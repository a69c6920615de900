"""A step of transformers.

A scene is the read-out token and its objects, a vector each; ``vectors`` are as many as the longest
scene of the batch has. Only the read-out token of the last layer is asked for what it finds: of
each scene the first ``asked`` vectors, which is 1 there and all of them elsewhere.

The rows of matrices are the vectors of one scene after another, or those that are asked. What a
step needs on the way back is in ``memory``:

    inputs (rows, wide)                  what each vector is embedded from
    x (rows, units)                      the vectors, which each layer adds to
    of each layer:
        of attention                     its norm's standardised and scaled inputs, queries, keys,
                                         values, what was found: (rows, units) each; (rows) what
                                         the standardised ones were multiplied by
        of the feed-forward part         its norm's, likewise; hidden units and f′ of their sums,
                                         (rows, drawn) each; (rows) as above
    slopes (rows, units)                 ∂loss/∂x behind what is gone back
    between (rows, units)                the same between the two parts of a layer
    of found (rows, units)               ∂loss/∂ what was found, then
    of inputs (3, rows, units)           … queries, keys and values
    of hidden (rows, drawn)              … the sums of hidden units

A scene's vectors behind its end get no attention, so that no gradient comes to them.
"""

import triton
import triton.language as tl

from quantlearn.networks.fused.kernels.activations import activate
from quantlearn.networks.fused.kernels.norms import (
    move_norm,
    normalise,
    normalise_back,
    scale_and_shift,
    standardise,
)
from quantlearn.networks.fused.kernels.parts import (
    load_row,
    load_rows,
    move_matrix,
    move_sums,
    read_out,
    store_rows,
    times,
    zeros,
)
from quantlearn.semantics.scenes import ZONES

__all__ = ["take_step"]

_ZONES = tl.constexpr(len(ZONES))
"""The first numbers of a token are those of an object, the others those of the quantifier."""
_ROWS = tl.constexpr(32)
"""Rows that are computed at a time."""
_HEAD = tl.constexpr(16)
"""Holds the numbers of a head; queries that are computed at a time."""


@triton.jit
def take_step(weights, moves, batches, place, memory, S: tl.constexpr):
    """Move the weights once; return the mean loss of the batch, which begins at ``place``."""
    scene = tl.arange(0, S.scenes)
    lengths = tl.load(batches.lengths + place + scene, mask=scene < S.batch, other=0)
    vectors = tl.max(lengths) + 1
    plane = S.rows * S.units
    x = memory + S.rows * S.wide
    layers = x + plane
    slopes = layers + S.layers * S.kept
    tl.debug_barrier()
    _embed(weights, batches, place, memory, x, vectors, S)
    tl.debug_barrier()
    for layer in range(0, S.layers):
        asked = tl.where(layer == S.layers - 1, 1, vectors)
        start, past = _start(layer, S), layers + layer * S.kept
        _prepare(weights + start, x, past, vectors, S)
        tl.debug_barrier()
        _attend(batches.lengths + place, past, vectors, asked, S)
        tl.debug_barrier()
        _add(weights + start, x, past, vectors, asked, S)
        tl.debug_barrier()
    loss = _read_out(weights, moves, batches, place, x, slopes, vectors, S)
    for above in range(0, S.layers):
        layer = S.layers - 1 - above
        asked = tl.where(above == 0, 1, vectors)
        start, past = _start(layer, S), layers + layer * S.kept
        _add_back(weights, moves, start, past, slopes, vectors, asked, S)
        tl.debug_barrier()
        _attend_back(batches.lengths + place, past, slopes, vectors, asked, S)
        tl.debug_barrier()
        _prepare_back(weights, moves, start, past, slopes, vectors, asked, S)
    _move_embedding(moves, memory, slopes, vectors, S)
    return loss


# --- Places -------------------------------------------------------------------------------------


@triton.jit
def _start(layer, S: tl.constexpr):
    """Where a layer's weights begin in a row."""
    places = S.positions if S.position == "learned" else 0
    whole = _attention_weights(S) + 3 * S.width + 2 * S.width * S.hidden + S.hidden
    return (S.vector + 2 + places) * S.width + layer * whole


@triton.jit
def _attention_weights(S: tl.constexpr):
    """How many weights attention has: norm, kernel and bias of its inputs and of its outputs."""
    return 4 * S.width * S.width + 6 * S.width


@triton.jit
def _kept_of_attention(past, S: tl.constexpr):
    """Standardised and scaled inputs, queries, keys, values, found, and factors of a layer."""
    plane = S.rows * S.units
    return (
        past, past + plane, past + 2 * plane, past + 3 * plane, past + 4 * plane, past + 5 * plane,
        past + 6 * plane,
    )  # fmt: skip


@triton.jit
def _kept_of_feedforward(past, S: tl.constexpr):
    """Standardised and scaled inputs, hidden units, slopes, and factors of a layer."""
    at, plane, hidden = past + S.kept_of_attention, S.rows * S.units, S.rows * S.drawn
    units = at + 2 * plane
    return at, at + plane, units, units + hidden, units + 2 * hidden


# --- Forward ------------------------------------------------------------------------------------


@triton.jit
def _embed(weights, batches, place, inputs, x, vectors, S: tl.constexpr):
    """Write the inputs of all vectors and x = inputs W + b + what tells the position.

    A vector's inputs are those of its token, and a last one that only the read-out token has, for
    which the first token tells the quantifier.
    """
    rows = S.batch * vectors
    bias = weights + (S.vector + 1) * S.width
    for first in range(0, rows, _ROWS):
        r = first + tl.arange(0, _ROWS)
        row = r % vectors
        position = tl.maximum(row - 1, 0)
        at = batches.tokens + (place + r // vectors) * S.positions + position
        token = tl.load(at, mask=r < rows, other=0).to(tl.int32)
        read = (row == 0)[:, None]
        total = zeros(_ROWS, S.units) + load_row(bias, S.width, S.units)[None, :]
        for above in range(0, S.wide, 16):
            k = (above + tl.arange(0, 16))[None, :]
            known = (r < rows)[:, None] & (k < S.vector) & ((k >= _ZONES) | (row > 0)[:, None])
            values = tl.load(batches.vectors + token[:, None] * S.vector + k, mask=known, other=0.0)
            values = tl.where((k == S.vector) & read, 1.0, values)
            store_rows(inputs + above, r, rows, S.wide, 16, values)
            block = weights + above * S.width
            total += times(values, block, S.width, 1, S.vector + 1 - above, S.width, S.units)
        if S.position == "learned":
            total += _told(bias + S.width, row, S)
        elif S.position == "sinusoidal":
            total += _told(batches.waves, row, S)
        store_rows(x, r, rows, S.units, S.units, total)


@triton.jit
def _told(table, row, S: tl.constexpr):
    """What tells the positions of vectors, from a table (positions, width); zeros for the first."""
    unit = tl.arange(0, S.units)
    known = (row > 0)[:, None] & (unit < S.width)[None, :]
    return tl.load(table + (row - 1)[:, None] * S.width + unit[None, :], mask=known, other=0.0)


@triton.jit
def _prepare(weights, x, past, vectors, S: tl.constexpr):
    """Write queries, keys and values of all vectors; ``weights`` are the layer's."""
    standards, scaleds, queries, _, _, _, factors = _kept_of_attention(past, S)
    rows = S.batch * vectors
    kernel = weights + 2 * S.width
    bias = kernel + 3 * S.width * S.width
    for first in range(0, rows, _ROWS):
        r = first + tl.arange(0, _ROWS)
        vector = load_rows(x, r, rows, S.units, S.units, S.units)
        scaled = normalise(vector, r, rows, weights, (standards, scaleds, factors), S)
        for part in range(0, 3):
            block = kernel + part * S.width
            sums = times(scaled, block, 3 * S.width, 1, S.width, S.width, S.units)
            sums += load_row(bias + part * S.width, S.width, S.units)[None, :]
            store_rows(queries + part * S.rows * S.units, r, rows, S.units, S.units, sums)


@triton.jit
def _attend(lengths, past, vectors, asked, S: tl.constexpr):
    """Write what the vectors that are asked find in all of their scene, head by head."""
    _, _, queries, keys, values, found, _ = _kept_of_attention(past, S)
    key = tl.arange(0, S.vectors)
    for number in range(0, S.batch * S.heads):
        scene, head = number // S.heads, number % S.heads
        at = scene * vectors * S.units + head * S.head
        of_keys = load_rows(keys + at, key, vectors, S.units, S.head, _HEAD)
        of_values = load_rows(values + at, key, vectors, S.units, S.head, _HEAD)
        there = key <= tl.load(lengths + scene)
        to = found + scene * asked * S.units + head * S.head
        for first in range(0, asked, _HEAD):
            r = first + tl.arange(0, _HEAD)
            query = load_rows(queries + at, r, asked, S.units, S.head, _HEAD)
            answers = tl.dot(_shares(query, of_keys, there, S), of_values, input_precision="ieee")
            store_rows(to, r, asked, S.units, S.head, answers)


@triton.jit
def _shares(queries, keys, there, S: tl.constexpr):
    """The softmax of queries · keys / √head over the keys that are there, (queries, keys)."""
    scores = tl.dot(queries, tl.trans(keys), input_precision="ieee") * (S.head**-0.5)
    scores = tl.where(there[None, :], scores, float("-inf"))
    powers = tl.exp(scores - tl.max(scores, axis=1)[:, None])
    return powers / tl.sum(powers, axis=1)[:, None]


@triton.jit
def _add(weights, x, past, vectors, asked, S: tl.constexpr):
    """Add to the vectors that are asked what they found and what the feed-forward part makes."""
    _, _, _, _, _, found, _ = _kept_of_attention(past, S)
    standards, scaleds, units, slopes, factors = _kept_of_feedforward(past, S)
    rows, apart = S.batch * asked, vectors // asked * S.units
    norm = weights + _attention_weights(S)
    of_found = norm - (S.width + 1) * S.width
    of_hidden = norm + 2 * S.width
    of_outputs = of_hidden + (S.width + 1) * S.hidden
    for first in range(0, rows, _ROWS):
        r = first + tl.arange(0, _ROWS)
        answers = load_rows(found, r, rows, S.units, S.width, S.units)
        vector = load_rows(x, r, rows, apart, S.units, S.units)
        vector += times(answers, of_found, S.width, 1, S.width, S.width, S.units)
        vector += load_row(norm - S.width, S.width, S.units)[None, :]
        scaled = normalise(vector, r, rows, norm, (standards, scaleds, factors), S)
        sums = times(scaled, of_hidden, S.hidden, 1, S.width, S.hidden, S.drawn)
        sums += load_row(of_hidden + S.width * S.hidden, S.hidden, S.drawn)[None, :]
        drawn, slope = activate(sums, S.activation)
        store_rows(units, r, rows, S.drawn, S.drawn, drawn)
        store_rows(slopes, r, rows, S.drawn, S.drawn, slope)
        vector += times(drawn, of_outputs, S.width, 1, S.hidden, S.width, S.units)
        vector += load_row(of_outputs + S.hidden * S.width, S.width, S.units)[None, :]
        tl.debug_barrier()
        store_rows(x, r, rows, apart, S.units, vector)


# --- Back ---------------------------------------------------------------------------------------


@triton.jit
def _read_out(weights, moves, batches, place, x, slopes, vectors, S: tl.constexpr):
    """The batch's mean loss; its slopes with regard to the read-out tokens are written."""
    scene = tl.arange(0, S.scenes)
    norm = _start(S.layers, S)
    vector = load_rows(x, scene, S.batch, vectors * S.units, S.units, S.units)
    standard, factor = standardise(vector, S)
    hidden, start = scale_and_shift(standard, weights + norm, S), norm + 2 * S.width
    loss, slope = read_out(weights, moves, batches, place, hidden, start, S.width, S)
    before = normalise_back(slope, standard, factor, weights + norm, S)
    store_rows(slopes, scene, S.batch, vectors * S.units, S.units, before)
    move_norm(moves, norm, tl.sum(slope * standard, axis=0), tl.sum(slope, axis=0), S)
    return loss


@triton.jit
def _add_back(weights, moves, start, past, slopes, vectors, asked, S: tl.constexpr):
    """Write ∂loss/∂ what was found and the slopes between the parts of a layer; move its weights.

    These are all weights of the layer but those of queries, keys and values, and the norm of these.
    """
    _, _, _, _, _, found, _ = _kept_of_attention(past, S)
    standards, scaleds, units, derivatives, factors = _kept_of_feedforward(past, S)
    plane = S.rows * S.units
    between, of_found, of_sums = slopes + plane, slopes + 2 * plane, slopes + 6 * plane
    rows, apart = S.batch * asked, vectors // asked * S.units
    norm = start + _attention_weights(S)
    found_kernel = norm - (S.width + 1) * S.width
    hidden_kernel = norm + 2 * S.width
    outputs_kernel = hidden_kernel + (S.width + 1) * S.hidden
    scale = tl.full([S.units], 0.0, tl.float32)
    shift = tl.full([S.units], 0.0, tl.float32)
    for first in range(0, rows, _ROWS):
        r = first + tl.arange(0, _ROWS)
        slope = load_rows(slopes, r, rows, apart, S.units, S.units)
        derivative = load_rows(derivatives, r, rows, S.drawn, S.drawn, S.drawn)
        matrix = weights + outputs_kernel
        d = derivative * times(slope, matrix, 1, S.width, S.width, S.hidden, S.drawn)
        store_rows(of_sums, r, rows, S.drawn, S.drawn, d)
        d = times(d, weights + hidden_kernel, 1, S.hidden, S.hidden, S.width, S.units)
        standard = load_rows(standards, r, rows, S.units, S.units, S.units)
        factor = tl.load(factors + r, mask=r < rows, other=0.0)
        scale += tl.sum(d * standard, axis=0)
        shift += tl.sum(d, axis=0)
        slope += normalise_back(d, standard, factor, weights + norm, S)
        store_rows(between, r, rows, S.units, S.units, slope)
        d = times(slope, weights + found_kernel, 1, S.width, S.width, S.width, S.units)
        store_rows(of_found, r, rows, S.units, S.units, d)
    tl.debug_barrier()
    move_matrix(
        moves, outputs_kernel, S.width, S.hidden, S.width, units, S.drawn, slopes, apart, rows,
        S.units,
    )  # fmt: skip
    bias = outputs_kernel + S.hidden * S.width
    move_sums(moves, bias, S.width, slopes, apart, rows, S.units)
    move_matrix(
        moves, hidden_kernel, S.hidden, S.width, S.hidden, scaleds, S.units, of_sums, S.drawn, rows,
        S.drawn,
    )  # fmt: skip
    bias = hidden_kernel + S.width * S.hidden
    move_sums(moves, bias, S.hidden, of_sums, S.drawn, rows, S.drawn)
    move_norm(moves, norm, scale, shift, S)
    move_matrix(
        moves, found_kernel, S.width, S.width, S.width, found, S.units, between, S.units, rows,
        S.units,
    )  # fmt: skip
    move_sums(moves, norm - S.width, S.width, between, S.units, rows, S.units)


@triton.jit
def _attend_back(lengths, past, slopes, vectors, asked, S: tl.constexpr):
    """Write ∂loss/∂ queries, keys and values of all vectors, head by head.

    Vectors that were not asked have zeros in the place of what they did not find.
    """
    _, _, queries, keys, values, _, _ = _kept_of_attention(past, S)
    plane = S.rows * S.units
    of_found, of_queries = slopes + 2 * plane, slopes + 3 * plane
    key = tl.arange(0, S.vectors)
    for number in range(0, S.batch * S.heads):
        scene, head = number // S.heads, number % S.heads
        at = scene * vectors * S.units + head * S.head
        own_keys = load_rows(keys + at, key, vectors, S.units, S.head, _HEAD)
        own_values = load_rows(values + at, key, vectors, S.units, S.head, _HEAD)
        there = key <= tl.load(lengths + scene)
        asking = of_found + scene * asked * S.units + head * S.head
        of_keys, of_values = zeros(S.vectors, _HEAD), zeros(S.vectors, _HEAD)
        for first in range(0, vectors, _HEAD):
            r = first + tl.arange(0, _HEAD)
            query = load_rows(queries + at, r, vectors, S.units, S.head, _HEAD)
            d = load_rows(asking, r, asked, S.units, S.head, _HEAD)
            shares = _shares(query, own_keys, there, S)
            e = tl.dot(d, tl.trans(own_values), input_precision="ieee")
            e = (e - tl.sum(e * shares, axis=1)[:, None]) * shares * (S.head**-0.5)
            of_query = tl.dot(e, own_keys, input_precision="ieee")
            store_rows(of_queries + at, r, vectors, S.units, S.head, of_query)
            of_keys = tl.dot(tl.trans(e), query, of_keys, input_precision="ieee")
            of_values = tl.dot(tl.trans(shares), d, of_values, input_precision="ieee")
        store_rows(of_queries + plane + at, key, vectors, S.units, S.head, of_keys)
        store_rows(of_queries + 2 * plane + at, key, vectors, S.units, S.head, of_values)


@triton.jit
def _prepare_back(weights, moves, start, past, slopes, vectors, asked, S: tl.constexpr):
    """Write ∂loss/∂x before a layer; move the weights of its queries, keys, values, their norm."""
    standards, scaleds, _, _, _, _, factors = _kept_of_attention(past, S)
    plane = S.rows * S.units
    between, of_queries = slopes + plane, slopes + 3 * plane
    rows, step = S.batch * vectors, vectors // asked
    unit = tl.arange(0, S.units)
    kernel = start + 2 * S.width
    scale = tl.full([S.units], 0.0, tl.float32)
    shift = tl.full([S.units], 0.0, tl.float32)
    for first in range(0, rows, _ROWS):
        r = first + tl.arange(0, _ROWS)
        d = zeros(_ROWS, S.units)
        for part in range(0, 3):
            own = load_rows(of_queries + part * plane, r, rows, S.units, S.width, S.units)
            block = weights + kernel + part * S.width
            d += times(own, block, 1, 3 * S.width, S.width, S.width, S.units)
        standard = load_rows(standards, r, rows, S.units, S.units, S.units)
        factor = tl.load(factors + r, mask=r < rows, other=0.0)
        scale += tl.sum(d * standard, axis=0)
        shift += tl.sum(d, axis=0)
        known = ((r < rows) & (r % step == 0))[:, None]
        at = between + (r // step)[:, None] * S.units + unit[None, :]
        slope = tl.load(at, mask=known, other=0.0)
        slope += normalise_back(d, standard, factor, weights + start, S)
        store_rows(slopes, r, rows, S.units, S.units, slope)
    tl.debug_barrier()
    move_norm(moves, start, scale, shift, S)
    for part in range(0, 3):
        block, deltas = kernel + part * S.width, of_queries + part * plane
        move_matrix(
            moves, block, 3 * S.width, S.width, S.width, scaleds, S.units, deltas, S.units, rows,
            S.units,
        )  # fmt: skip
        bias = kernel + 3 * S.width * S.width + part * S.width
        # That of a key adds the same to all scores of a query: its derivative is 0, and not what
        # rounding would leave of it.
        counted = tl.where(part == 1, 0, rows)
        move_sums(moves, bias, S.width, deltas, S.units, counted, S.units)


@triton.jit
def _move_embedding(moves, inputs, slopes, vectors, S: tl.constexpr):
    """Move the weights that made the vectors from their inputs and positions."""
    rows = S.batch * vectors
    inputs_of_vector = S.vector + 1
    bias = inputs_of_vector * S.width
    move_matrix(
        moves, 0, S.width, inputs_of_vector, S.width, inputs, S.wide, slopes, S.units, rows, S.units
    )
    move_sums(moves, bias, S.width, slopes, S.units, rows, S.units)
    if S.position == "learned":
        for position in range(0, S.positions):
            start, row = bias + (1 + position) * S.width, 1 + position
            counted = tl.where(row < vectors, S.batch, 0)
            of_position = slopes + row * S.units
            move_sums(moves, start, S.width, of_position, vectors * S.units, counted, S.units)
