"""Numba kernels between an ensemble's weights and the compiled core: packing, read-out, gradient.

A network's weights are a row: for each layer its kernel [inputs; hidden] (rows, C · H) and its bias
(gates · H,), then the read-out's kernel (H, 2) and bias (2,). C is the number of blocks of columns
that the cell's kernel has; ``driven`` holds the block that each gate takes from the inputs' rows,
-1 where the gate has none (see ``cells``). The arithmetic of the cells is in ``kernels``; nothing
is called from there: numba stores the machine code of this file and would not see that one change.

``places`` (weights, 3) says of each weight, but those of the first layer's inputs and bias, which
are in the table: its place in a row, in what ``kernels`` reads, and in the gradient that it leaves.
All loops run over one trial after another, so a trial's numbers do not depend on its company.
"""

import math

import numpy as np

from quantlearn.compiling import kernel
from quantlearn.networks.compiled.simd import helper, inline

__all__ = ["collect", "logits_of", "loss_of", "pack"]


@kernel
def pack(flat, vectors, places, units, width, blocks, driven, packed):
    """Write ``flat`` (T, row) as ``kernels`` reads it to ``packed`` (T, P), which is zero.

    ``vectors`` (V, I): the input of each token. ``width``: the hidden size with its padding;
    ``blocks``: C above.
    """
    for trial in range(len(flat)):
        source, target = flat[trial], packed[trial]
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


@kernel
def loss_of(flat, start, hidden, labels, squared, losses, slopes, gradient):
    """Loss of the read-out of ``hidden`` (T, B, H), and its derivatives.

    The loss is the cross entropy, or where ``squared`` the squared error of the probability of
    true; ``start`` is as in `logits_of`. Writes ``losses`` (T,), the mean over the batch; its
    derivatives by the hidden states to ``slopes`` (T, B, H) and by the read-out's weights to
    ``gradient`` (T, row), which is zero there.
    """
    trials, batch, units = hidden.shape
    bias = start + 2 * units
    for trial in range(trials):
        weights, sums = flat[trial], gradient[trial]
        total = 0.0
        for scene in range(batch):
            false, true = read_out(weights, start, hidden[trial, scene])
            largest = max(false, true)
            normaliser = math.exp(false - largest) + math.exp(true - largest)
            untrue = math.exp(false - largest) / normaliser
            truth = math.exp(true - largest) / normaliser
            label = labels[trial, scene]
            error = -untrue if label else truth
            if squared:
                total += error * error
                slope = 2 * error * untrue * truth / batch
            else:
                total += math.log(normaliser) + largest - (true if label else false)
                slope = error / batch
            sums[bias] -= slope
            sums[bias + 1] += slope
            for unit in range(units):
                difference = weights[start + 2 * unit + 1] - weights[start + 2 * unit]
                slopes[trial, scene, unit] = slope * difference
                sums[start + 2 * unit] -= slope * hidden[trial, scene, unit]
                sums[start + 2 * unit + 1] += slope * hidden[trial, scene, unit]
        losses[trial] = total / batch


@kernel
def collect(sums, vectors, places, units, width, blocks, driven, gradient):
    """Put the gradients ``sums`` (T, P) of ``kernels.backward`` into rows ``gradient`` (T, row).

    The reverse of `pack`. The gradient of the table is carried on to the first layer's inputs and
    bias, to which ``gradient``, zero before, is added.
    """
    for trial in range(len(gradient)):
        source, target = sums[trial], gradient[trial]
        collect_table(source, vectors, units, width, blocks * units, driven, target)
        for weight in range(len(places)):
            target[places[weight, 0]] = source[places[weight, 2]]


@helper
def collect_table(source, vectors, units, width, stored, driven, target):
    vocabulary, inputs = vectors.shape
    gates = len(driven)
    bias = (inputs + units) * stored
    for token in range(vocabulary):
        row = source[token * gates * width :]
        for gate in range(gates):
            for unit in range(units):
                target[bias + gate * units + unit] += row[unit * gates + gate]
        for k in range(inputs):
            if vectors[token, k] != 0:
                for gate in range(gates):
                    if driven[gate] >= 0:
                        here = k * stored + driven[gate] * units
                        for unit in range(units):
                            target[here + unit] += vectors[token, k] * row[unit * gates + gate]
