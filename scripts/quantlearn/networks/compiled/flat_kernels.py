"""Numba kernels from an ensemble's weights to its weights: packing, read-out, gradient, steps.

A network's weights are a row: for each layer its kernel [inputs; hidden] (rows, C · H) and its bias
(gates · H,), then the read-out's kernel (H, 2) and bias (2,). C is the number of blocks of columns
that the cell's kernel has; ``driven`` holds the block that each gate takes from the inputs' rows,
-1 where the gate has none (see ``cells``). The arithmetic of the cells is in ``kernels``.

``places`` (weights, 3) says of each weight, but those of the first layer's inputs and bias, which
are in the table: its place in a row, in what ``kernels`` reads, and in the gradient that it leaves.
All loops run over one trial after another, so a trial's numbers do not depend on its company.
"""

import math

import numpy as np

from quantlearn.compiling import kernel
from quantlearn.networks.compiled.kernels import backward, forward
from quantlearn.networks.compiled.simd import helper, inline

__all__ = ["collect", "descend", "logits_of", "loss_of", "pack"]


@kernel
def descend(
    cell, trials, flat, vectors, places, readout, shape, driven, batches, squared, adam, memory,
    losses, gradient,
):  # fmt: skip
    """Take the steps of some trials, one trial after another, all that it needs in the cache.

    trials: the first, and the one after the last; flat (T, row), moved by ``adam`` (`Adam`) where
    that has rates; readout: where the read-out begins in a row; shape: units, width and C; batches:
    tokens uint8 (steps, T, B, S), lengths and order int32 and labels (steps, T, B). Writes
    ``losses`` (steps, T), before each step, and ``gradient`` (T, row), that of the last one.
    Scratch: ``memory``, for one trial, as `forward`, `backward` and `loss_of` explain; what is
    packed is zero before.
    """
    tokens, lengths, order, labels = batches
    packed, sums, history, scenes, offsets, workspace, hidden, slopes = memory
    units, width, blocks = shape
    for trial in range(trials[0], trials[1]):
        own, row = flat[trial : trial + 1], gradient[trial : trial + 1]
        for step in range(len(tokens)):
            read = tokens[step, trial : trial + 1]
            until, places_of = lengths[step, trial : trial + 1], order[step, trial : trial + 1]
            pack(own, vectors, places, units, width, blocks, driven, packed)
            forward(
                cell, 0, 1, read, until, places_of, packed, len(vectors), history, scenes, offsets,
                hidden,
            )  # fmt: skip
            row[:] = 0
            loss_of(
                own, readout, hidden, labels[step, trial : trial + 1], squared,
                losses[step, trial : trial + 1], slopes, row,
            )  # fmt: skip
            backward(
                cell, 0, 1, read, until, places_of, packed, len(vectors), history, scenes, offsets,
                workspace, slopes, sums,
            )  # fmt: skip
            collect(sums, vectors, places, units, width, blocks, driven, row)
            if len(adam.rates):
                move(adam, trial, step, flat[trial], gradient[trial])


@helper
def move(adam, trial, step, weights, gradient):
    """One step of Adam (Kingma & Ba 2015), or of AdamW, where the weights shrink."""
    means, squares = adam.means[trial], adam.squares[trial]
    rate, root = adam.rates[step], adam.roots[step]
    new, new_square, epsilon = adam.keep[0], adam.keep[1], adam.keep[2]
    decay, shrink = adam.decay[0], adam.decay[1]
    for k in range(len(weights)):
        weight = weights[k] - shrink * weights[k]
        slope = gradient[k] + decay * weight
        means[k] += new * (slope - means[k])
        squares[k] += new_square * (slope * slope - squares[k])
        weights[k] = weight - rate * means[k] / (np.sqrt(squares[k]) / root + epsilon)


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
