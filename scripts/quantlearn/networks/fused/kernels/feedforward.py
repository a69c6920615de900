"""A step of feed-forward networks.

It writes the inputs of a batch, goes through the layers, reads out, goes back, and moves each
layer's weights as soon as its gradient is known. What it needs on the way back is in ``memory``:

    states (layers + 1, scenes, wide)     the inputs, and each layer's units
    slopes (layers, scenes, units)        f′ of each layer's sums
    standards (layers, scenes, units)     with batch normalisation, the sums with mean 0 and
                                          variance 1; then
    inverses (layers, units)              what they were multiplied by for it
    deltas (scenes, units)                ∂loss/∂sums of the layer that is gone back

Rows behind the batch's scenes hold what nothing makes use of: their slopes are zeros.
"""

import triton
import triton.language as tl

from quantlearn.networks.dropout_and_batch_norm import MOMENTUM
from quantlearn.networks.fused.kernels.activations import activate
from quantlearn.networks.fused.kernels.parts import (
    EPSILON,
    in_tile,
    load_row,
    move,
    move_matrix,
    move_sums,
    product,
    read_out,
    zeros,
)

__all__ = ["take_step"]

_MOMENTUM = tl.constexpr(MOMENTUM)


@triton.jit
def take_step(weights, moves, batches, place, memory, S: tl.constexpr):
    """Move the weights once; return the mean loss of the batch, which begins at ``place``."""
    tile = S.scenes * S.units
    own = in_tile(S.units, S.scenes, S.units)
    slopes = memory + (S.layers + 1) * S.scenes * S.wide
    standards = slopes + S.layers * tile
    inverses = standards + S.layers * tile
    deltas = slopes + S.layers * tile
    if S.batch_norm:
        deltas = inverses + S.layers * S.units
    _write_inputs(batches, place, memory, S)
    tl.debug_barrier()
    units = zeros(S.scenes, S.units)
    for layer in range(0, S.layers):
        below = memory + layer * S.scenes * S.wide
        matrix, inputs = weights + _start(layer, S), _inputs(layer, S)
        bias = matrix + inputs * S.hidden
        sums = zeros(S.scenes, S.units) + load_row(bias, S.hidden, S.units)[None, :]
        sums = product(sums, below, S.wide, matrix, S.hidden, 1, inputs, S.hidden)
        if S.batch_norm:
            norm, inverse = bias + S.hidden, inverses + layer * S.units
            sums = _normalise(sums, norm, standards + layer * tile, inverse, S)
        units, slope = activate(sums, S.activation)
        above = below + S.scenes * S.wide
        tl.store(above + in_tile(S.wide, S.scenes, S.units), units)
        tl.store(slopes + layer * tile + own, slope)
        tl.debug_barrier()
    start = _start(S.layers, S)
    loss, slope = read_out(weights, moves, batches, place, units, start, S.hidden, S)
    for back in range(0, S.layers):
        layer = S.layers - 1 - back
        start, inputs = _start(layer, S), _inputs(layer, S)
        bias = start + inputs * S.hidden
        delta = slope * tl.load(slopes + layer * tile + own)
        if S.batch_norm:
            norm, inverse = bias + S.hidden, inverses + layer * S.units
            standard = tl.load(standards + layer * tile + own)
            delta = _normalise_back(weights, moves, norm, delta, standard, inverse, S)
        tl.store(deltas + own, delta)
        tl.debug_barrier()
        if layer > 0:
            slope = product(
                zeros(S.scenes, S.units), deltas, S.units, weights + start, 1, S.hidden, S.hidden,
                S.hidden,
            )  # fmt: skip
        below = memory + layer * S.scenes * S.wide
        move_matrix(
            moves, start, S.hidden, inputs, S.hidden, below, S.wide, deltas, S.units, S.batch,
            S.units,
        )  # fmt: skip
        move_sums(moves, bias, S.hidden, deltas, S.units, S.batch, S.units)
    return loss


@triton.jit
def _inputs(layer, S: tl.constexpr):
    """How many numbers a layer reads."""
    return S.inputs + tl.minimum(layer, 1) * (S.hidden - S.inputs)


@triton.jit
def _start(layer, S: tl.constexpr):
    """Where a layer's weights begin in a row: kernel, bias, and what normalises its sums."""
    whole = (S.hidden + 1 + (4 if S.batch_norm else 0)) * S.hidden
    return layer * whole + tl.minimum(layer, 1) * (S.inputs - S.hidden) * S.hidden


@triton.jit
def _write_inputs(batches, place, states, S: tl.constexpr):
    """Write the inputs of whole scenes, and zeros behind them."""
    scene = tl.arange(0, S.scenes)
    real = (scene < S.batch)[:, None]
    tokens = batches.tokens + (place + scene)[:, None] * S.positions
    for first in range(0, S.inputs, 16):
        k = first + tl.arange(0, 16)
        known = k < S.inputs
        position = tl.load(batches.inputs + k, mask=known, other=0)
        number = tl.load(batches.inputs + S.inputs + k, mask=known, other=0)
        there = real & known[None, :]
        token = tl.load(tokens + position[None, :], mask=there, other=0).to(tl.int32)
        vector = batches.vectors + token * S.vector + number[None, :]
        inputs = tl.load(vector, mask=there, other=0.0)
        tl.store(states + scene[:, None] * S.wide + k[None, :], inputs)


# --- Batch normalisation ------------------------------------------------------------------------


@triton.jit
def _normalise(sums, norm, standards, inverses, S: tl.constexpr):
    """The sums as they are over the batch, with mean 0 and variance 1, scaled and shifted.

    norm: where scale, shift, running mean and running variance begin, of which the last two move.
    """
    unit = tl.arange(0, S.units)
    known = unit < S.hidden
    real = (tl.arange(0, S.scenes) < S.batch)[:, None]
    mean = tl.sum(tl.where(real, sums, 0.0), axis=0) / S.batch
    difference = tl.where(real, sums - mean[None, :], 0.0)
    variance = tl.sum(difference * difference, axis=0) / S.batch
    inverse = 1 / tl.sqrt(variance + EPSILON)
    standard = difference * inverse[None, :]
    tl.store(standards + in_tile(S.units, S.scenes, S.units), standard)
    tl.store(inverses + unit, inverse)
    running = norm + 2 * S.hidden
    old_mean = load_row(running, S.hidden, S.units)
    old_variance = load_row(running + S.hidden, S.hidden, S.units)
    unbiased = variance * (S.batch / (S.batch - 1))
    tl.debug_barrier()
    tl.store(running + unit, old_mean + _MOMENTUM * (mean - old_mean), mask=known)
    new_variance = old_variance + _MOMENTUM * (unbiased - old_variance)
    tl.store(running + S.hidden + unit, new_variance, mask=known)
    scale, shift = load_row(norm, S.hidden, S.units), load_row(norm + S.hidden, S.hidden, S.units)
    return standard * scale[None, :] + shift[None, :]


@triton.jit
def _normalise_back(weights, moves, norm, delta, standard, inverses, S: tl.constexpr):
    """∂loss/∂sums from ``delta``, ∂loss/∂(what `_normalise` gave); moves scale and shift.

    With e = delta · scale it is (e - mean(e) - standard · mean(e · standard)) · inverse, the means
    over the batch. Rows behind it are zeros in ``delta`` and remain so.
    """
    unit = tl.arange(0, S.units)
    known = unit < S.hidden
    real = (tl.arange(0, S.scenes) < S.batch)[:, None]
    e = delta * load_row(weights + norm, S.hidden, S.units)[None, :]
    mean = tl.sum(e, axis=0) / S.batch
    along = tl.sum(e * standard, axis=0) / S.batch
    inverse = tl.load(inverses + unit)
    move(moves, norm + unit, known, tl.sum(delta * standard, axis=0))
    move(moves, norm + S.hidden + unit, known, tl.sum(delta, axis=0))
    rest = (e - mean[None, :] - standard * along[None, :]) * inverse[None, :]
    return tl.where(real, rest, 0.0)
