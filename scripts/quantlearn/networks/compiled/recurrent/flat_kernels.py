"""Numba kernels from an ensemble's weights to its weights: packing, read-out, gradient, steps.

A network's weights are a row: for each layer its kernel [inputs; hidden] (rows, C · H) and its bias
(gates · H,), then the read-out's kernel (H, 2) and bias (2,). C is the number of blocks of columns
that the cell's kernel has; ``driven`` holds the block that each gate takes from the inputs' rows,
-1 where the gate has none (see ``cells``). What is computed with
them is in ``evaluation_kernels`` and ``training_kernels``.

``places`` (weights, 2) says of each weight, but those of the first layer's inputs and bias, which
are in the table: its place in a row, and in what ``evaluation_kernels`` reads.
All loops run over one trial after another, so a trial's numbers do not depend on its company.
"""

import math

import numpy as np

from quantlearn.compiling import kernel
from quantlearn.networks.compiled.layers import move
from quantlearn.networks.compiled.recurrent.training_kernels import backward, forward, lay_out
from quantlearn.networks.compiled.recurrent.training_weights import collect, pack_row
from quantlearn.networks.compiled.simd import helper, inline

__all__ = ["descend", "logits_of", "pack"]


@kernel
def descend(
    cell, trials, flat, vectors, readout, shape, runs, batches, kept, squared, adam, memory,
    losses, gradient,
):  # fmt: skip
    """Take the steps of some trials, one trial after another, all that it needs in the cache.

    trials: the first, and the one after the last; flat (T, row), moved by ``adam`` (`Adam`) where
    that has rates; readout: where the read-out begins in a row; shape and runs: as `forward` and
    `pack_row` explain; batches: tokens uint8 (steps, T, B, S), lengths int32 and labels (steps, T,
    B); kept, of one trial: what dropout keeps between layers (steps, layers - 1, B, S, H) and of
    what is read out (steps, B, H), or nothing. Writes ``losses`` (steps, T), before each step, and
    ``gradient`` (T, row), that of the last one. Scratch: ``memory``, for one trial, as
    ``training_kernels`` explains; what is packed is zero before.
    """
    tokens, lengths, labels = batches
    packed, sums, history, order, starts, token_of, workspace, hidden, slopes = memory
    between, at_readout = kept
    vocabulary = len(vectors)
    drops = len(at_readout) > 0
    for trial in range(trials[0], trials[1]):
        weights, slope = flat[trial], gradient[trial]
        for step in range(len(tokens)):
            until, masks = lengths[step, trial], between[step if drops else 0]
            longest = lay_out(tokens[step, trial], until, order, starts, token_of)
            laid = longest, until, order, starts, token_of
            pack_row(cell, weights, vectors, runs, shape, packed)
            forward(cell, laid, packed, vocabulary, masks, history, shape, hidden)
            if drops:
                multiply(hidden, at_readout[step])
            slope[:] = 0
            losses[step, trial] = loss_of(
                weights, readout, hidden, labels[step, trial], squared, slopes, slope
            )
            if drops:
                multiply(slopes, at_readout[step])
            backward(cell, laid, packed, vocabulary, masks, history, shape, slopes, workspace, sums)
            collect(cell, sums, vectors, runs, shape, slope)
            if len(adam.rates):
                move(adam, trial, step, weights, slope)


@helper
def multiply(numbers, factors):
    """Multiply arrays of one shape (n, m) in place."""
    for i in range(len(numbers)):
        for k in range(numbers.shape[1]):
            numbers[i, k] *= factors[i, k]


@kernel
def pack(flat, vectors, places, units, width, blocks, driven, packed):
    """Write ``flat`` (T, row) as ``evaluation_kernels`` reads it to ``packed`` (T, P), zero before.

    ``vectors`` (V, I): the input of each token. ``width``: the hidden size with its padding;
    ``blocks``: C above.
    """
    for trial in range(len(flat)):
        pack_for_evaluation(
            flat[trial], vectors, places, units, width, blocks, driven, packed[trial]
        )


@helper
def pack_for_evaluation(source, vectors, places, units, width, blocks, driven, target):
    """As `pack`, of one trial."""
    pack_table(source, vectors, units, width, blocks * units, driven, target)
    for weight in range(len(places)):
        target[places[weight, 1]] = source[places[weight, 0]]


@helper
def pack_table(source, vectors, units, width, stored, driven, target):
    """What a token adds to the gates of the first layer: bias, and its input times the kernel."""
    vocabulary, inputs = vectors.shape
    gates = len(driven)
    bias = (inputs + units) * stored
    row = np.empty(gates * units, source.dtype)
    for token in range(vocabulary):
        row[:] = source[bias : bias + gates * units]
        for k in range(inputs):
            if vectors[token, k] != 0:  # few are not
                for gate in range(gates):
                    if driven[gate] >= 0:
                        here = k * stored + driven[gate] * units
                        for unit in range(units):
                            row[gate * units + unit] += vectors[token, k] * source[here + unit]
        for gate in range(gates):
            for unit in range(units):
                target[(token * width + unit) * gates + gate] = row[gate * units + unit]


@inline
def read_out(weights, start, hidden):
    """The two logits, false and true, of one hidden state (H,), summed in double precision."""
    units = len(hidden)
    bias = start + 2 * units
    false, true = np.float64(weights[bias]), np.float64(weights[bias + 1])
    for unit in range(units):
        false += hidden[unit] * weights[start + 2 * unit]
        true += hidden[unit] * weights[start + 2 * unit + 1]
    return false, true


@kernel
def logits_of(flat, start, hidden, logits):
    """Write the read-out of ``hidden`` (T, B, H) to ``logits`` (T, B, 2).

    ``start`` is where the read-out's weights begin in a row of ``flat`` (T, row).
    """
    trials, batch, _ = hidden.shape
    for trial in range(trials):
        for scene in range(batch):
            false, true = read_out(flat[trial], start, hidden[trial, scene])
            logits[trial, scene, 0], logits[trial, scene, 1] = false, true


@helper
def loss_of(weights, start, hidden, labels, squared, slopes, gradient):
    """Mean loss of the read-out of ``hidden`` (B, H), with its derivatives.

    The loss is the cross entropy, or where ``squared`` the squared error of the probability of
    true; ``start`` is as in `logits_of`. Writes its derivatives by the hidden states to ``slopes``
    (B, H) and by the read-out's weights to ``gradient`` (row,), which is zero there.
    """
    batch, units = hidden.shape
    bias = start + 2 * units
    total = 0.0
    for scene in range(batch):
        false, true = read_out(weights, start, hidden[scene])
        largest = max(false, true)
        normaliser = math.exp(false - largest) + math.exp(true - largest)
        untrue = math.exp(false - largest) / normaliser
        truth = math.exp(true - largest) / normaliser
        label = labels[scene]
        error = -untrue if label else truth
        if squared:
            total += error * error
            slope = 2 * error * untrue * truth / batch
        else:
            total += math.log(normaliser) + largest - (true if label else false)
            slope = error / batch
        gradient[bias] -= slope
        gradient[bias + 1] += slope
        for unit in range(units):
            difference = weights[start + 2 * unit + 1] - weights[start + 2 * unit]
            slopes[scene, unit] = slope * difference
            gradient[start + 2 * unit] -= slope * hidden[scene, unit]
            gradient[start + 2 * unit + 1] += slope * hidden[scene, unit]
    return total / batch
