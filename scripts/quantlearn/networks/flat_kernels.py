"""Numba kernels between an ensemble's weights and the compiled LSTM: packing, read-out, gradient.

A network's weights are a row: for each layer its kernel [inputs; hidden] (rows, 4H) and its bias
(4H,), then the read-out's kernel (H, 2) and bias (2,). Gates lie in torch's order along 4H. The
arithmetic of the LSTM is in ``kernels``, whose layout ``pack`` writes. Nothing is called from
there: numba stores the machine code of this file and would not see that one change.

All loops run over one trial after another, so a trial's numbers do not depend on its company.
"""

import math

import numpy as np

from quantlearn.networks.kernels import GATES, helper, kernel

__all__ = ["collect", "pack", "read_out"]


@kernel
def pack(flat, vectors, layers, units, width, packed):
    """Write ``flat`` (T, row) as ``kernels`` reads it to ``packed`` (T, P), which is zero.

    ``vectors`` (V, I): the input of each token. ``width``: the hidden size with its padding.
    """
    vocabulary, inputs = vectors.shape
    columns = GATES * units
    for trial in range(len(flat)):
        source, target = flat[trial], packed[trial]
        pack_table(source, vectors, units, width, target)
        start, at = inputs * columns, vocabulary * GATES * width
        for layer in range(layers):
            for _ in range(1 if layer == 0 else 2):  # the input's matrix comes first
                pack_matrix(source[start:], units, width, target[at:])
                start += units * columns
                at += GATES * width * width
            if layer > 0:
                pack_row(source[start:], units, target[at:])
                at += GATES * width
            start += columns


@helper
def pack_table(source, vectors, units, width, target):
    """What a token adds to the gates of the first layer: bias, and its input times the kernel."""
    vocabulary, inputs = vectors.shape
    columns = GATES * units
    bias = (inputs + units) * columns
    row = np.empty(columns, source.dtype)
    for token in range(vocabulary):
        row[:] = source[bias : bias + columns]
        for k in range(inputs):
            if vectors[token, k] != 0:  # few are not
                for column in range(columns):
                    row[column] += vectors[token, k] * source[k * columns + column]
        pack_row(row, units, target[token * GATES * width :])


@helper
def pack_row(source, units, target):
    for gate in range(GATES):
        for unit in range(units):
            target[unit * GATES + gate] = source[gate * units + unit]


@helper
def pack_matrix(source, units, width, target):
    for k in range(units):
        for gate in range(GATES):
            for unit in range(units):
                place = (unit // 2 * width + k) * 2 * GATES + unit % 2 * GATES + gate
                target[place] = source[(k * GATES + gate) * units + unit]


@kernel
def read_out(flat, start, hidden, labels, losses, slopes, gradient):
    """Cross entropy of the read-out of ``hidden`` (T, B, H), and its derivatives.

    ``start`` is where the read-out's weights begin in a row of ``flat`` (T, row). Writes ``losses``
    (T,), the mean over the batch; its derivatives by the hidden states to ``slopes`` (T, B, H) and
    by the read-out's weights to ``gradient`` (T, row), which is zero there.
    """
    trials, batch, units = hidden.shape
    bias = start + 2 * units
    for trial in range(trials):
        weights, sums = flat[trial], gradient[trial]
        total = 0.0
        for scene in range(batch):
            false, true = np.float64(weights[bias]), np.float64(weights[bias + 1])
            for unit in range(units):
                false += hidden[trial, scene, unit] * weights[start + 2 * unit]
                true += hidden[trial, scene, unit] * weights[start + 2 * unit + 1]
            largest = max(false, true)
            normaliser = math.exp(false - largest) + math.exp(true - largest)
            label = labels[trial, scene]
            total += math.log(normaliser) + largest - (true if label else false)
            slope = (math.exp(true - largest) / normaliser - label) / batch
            sums[bias] -= slope
            sums[bias + 1] += slope
            for unit in range(units):
                difference = weights[start + 2 * unit + 1] - weights[start + 2 * unit]
                slopes[trial, scene, unit] = slope * difference
                sums[start + 2 * unit] -= slope * hidden[trial, scene, unit]
                sums[start + 2 * unit + 1] += slope * hidden[trial, scene, unit]
        losses[trial] = total / batch


@kernel
def collect(parts, places, vectors, layers, units, gradient):
    """Put gradients as ``kernels.backward`` leaves them in ``parts`` into rows ``gradient``.

    The gradient of the table is carried on to the first layer's inputs and bias, to which
    ``gradient`` (T, row), zero before, is added.
    """
    vocabulary, inputs = vectors.shape
    columns = GATES * units
    for trial in range(len(gradient)):
        target = gradient[trial]
        bias = (inputs + units) * columns
        table = places[0] + trial * vocabulary * columns
        for token in range(vocabulary):
            here = table + token * columns
            for column in range(columns):
                target[bias + column] += parts[here + column]
            for k in range(inputs):
                if vectors[token, k] != 0:
                    for column in range(columns):
                        target[k * columns + column] += vectors[token, k] * parts[here + column]
        start = inputs * columns
        weight = 1
        for layer in range(layers):
            for _ in range(1 if layer == 0 else 2):
                size = units * columns
                source = places[weight] + trial * size
                target[start : start + size] = parts[source : source + size]
                start += size
                weight += 1
            if layer > 0:
                source = places[weight] + trial * columns
                target[start : start + columns] = parts[source : source + columns]
                weight += 1
            start += columns
