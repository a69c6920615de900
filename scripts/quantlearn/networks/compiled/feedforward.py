"""The compiled core for feed-forward networks: the same functions as `architectures.feedforward`.

The scenes of a batch lie in the lanes of SIMD vectors; a row is a vector of scenes, and the whole
batch is computed layer by layer, so that batch normalisation can ask for its mean and variance. In
evaluation a pair of rows is computed at a time.

Weights are those of the eager network in the same order, [input][unit], each matrix filled up with
zeros: for each layer its kernel and bias, and where there is batch normalisation its scale, shift,
running mean and running variance; at last the read-out's kernel and bias.
"""

from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from quantlearn.compiling import kernel
from quantlearn.networks.compiled.batches import Batches
from quantlearn.networks.compiled.elementary import square_root
from quantlearn.networks.compiled.layers import (
    ACTIVATIONS,
    activate,
    add_outer_products,
    add_product,
    add_sums,
    derive_loss,
    drop,
    fill_rows,
    load_weights,
    move,
    multiply,
    store_gradient,
)
from quantlearn.networks.compiled.scene_core import Layout, SceneCore, filled
from quantlearn.networks.compiled.simd import (
    add_lane_sums,
    as_vectors,
    broadcast,
    clear,
    helper,
    inline,
    lane_numbers,
    lanes_of,
    multiply_add,
    numbers,
)
from quantlearn.networks.dropout_and_batch_norm import (
    MOMENTUM,
    Evaluation,
    Training,
    demand_several,
)
from quantlearn.networks.task import Task
from quantlearn.semantics.scenes import ZONES

__all__ = ["FeedforwardCore", "Sizes", "run"]

_EPSILON = 1e-5


class Sizes(NamedTuple):
    """What all networks of an ensemble are made of.

    ``units`` of a layer take ``width`` with padding, and so do ``inputs``. ``activation`` is its
    place in `layers.ACTIVATIONS`, and ``momentum`` that of batch normalisation, 0 without.
    """

    layers: int
    units: int
    width: int
    inputs: int
    momentum: float
    activation: int


class FeedforwardCore(SceneCore):
    """Feed-forward networks of one setting."""

    def __init__(self, settings: dict[str, Any], task: Task, threads: int = 1) -> None:
        super().__init__(settings, task, threads)
        self.kernel = run
        inputs = len(ZONES) * task.positions + task.inputs - len(ZONES)
        self.sizes = Sizes(
            layers=settings["layers"],
            units=settings["hidden"],
            width=filled(settings["hidden"]),
            inputs=filled(inputs),
            momentum=MOMENTUM if settings["batch_norm"] else 0.0,
            activation=ACTIVATIONS.index(settings["activation"]),
        )
        units, width, layout = np.arange(settings["hidden"]), self.sizes.width, Layout()
        read = task.scene_inputs(settings["objects"])  # the weights of other inputs stay 0
        for layer in range(settings["layers"]):
            below = (self.sizes.inputs, read) if layer == 0 else (width, units)
            layout.add_layer(below[1], units, below[0], width)
            if settings["batch_norm"]:
                layout.add(np.arange(4), units, 4, width)
        layout.add_layer(units, np.arange(task.outputs), width, 4)
        self.places, self.packed = layout.places, np.zeros(layout.size)

    def vectors_needed(self, batches: Batches, lanes: int, train: bool) -> int:
        """Vectors of memory for a batch, or in evaluation for a pair of rows."""
        rows = -(-batches.tokens.shape[1] // (2 * lanes)) * 2 if train else 2
        return rows * _row_size(self.sizes)

    def units_drawn(self, scenes: int, positions: int) -> int:
        """Units that dropout keeps or drops: those of all layers."""
        return scenes * self.sizes.layers * self.sizes.units

    def statistics(self, trials: int) -> tuple[int, ...]:
        """The shape of the running means and variances: (trials, layers, 2, units)."""
        return trials, self.sizes.layers if self.sizes.momentum else 0, 2, self.sizes.units

    def keep_statistics(self, found: Tensor, mode: Evaluation) -> None:
        """Hand the new running statistics to ``mode`` by the names of the weights they replace."""
        for layer in range(found.shape[1]):
            for number, name in enumerate(("running_mean", "running_variance")):
                mode.statistics[f"layer{layer}.norm.{name}"] = found[:, layer, number]

    def demand_trainable(self, scenes: int, mode: Evaluation) -> None:
        """As `SceneCore.demand_trainable`: batch normalisation needs a batch and its mode."""
        if self.sizes.momentum:
            demand_several(scenes)
            if not isinstance(mode, Training):
                raise ValueError("batch normalisation is trained in the mode of training")


# --- Where things are -----------------------------------------------------------------------------


@inline
def layer_start(sizes, layer):
    """Where a layer's weights begin."""
    width = sizes.width
    own = width * (5 if sizes.momentum > 0 else 1)
    if layer == 0:
        return 0
    return sizes.inputs * width + own + (layer - 1) * (width * width + own)


def _row_size(sizes):
    """Vectors that a row of scenes needs."""
    return 2 + sizes.inputs + (3 * sizes.layers + 2) * sizes.width + 8


# --- Batch normalisation --------------------------------------------------------------------------


@helper
def find_moments(x, within, rows, width, scenes, moments):
    """The mean and the variance of each unit over ``scenes`` scenes, [mean, variance][unit]."""
    for k in range(2 * width):
        moments[k] = 0
    for u in range(0, width, 4):
        for moment in range(2):
            zero = broadcast(0.0, x)
            a, b, c, d = zero, zero, zero, zero
            for row in range(rows):
                at, there = x + (row * width + u), within[row]
                if moment == 0:
                    a = multiply_add(at[0], there, a)
                    b = multiply_add(at[1], there, b)
                    c = multiply_add(at[2], there, c)
                    d = multiply_add(at[3], there, d)
                else:
                    p, q, r, s = (
                        (at[0] - moments[u]) * there,
                        (at[1] - moments[u + 1]) * there,
                        (at[2] - moments[u + 2]) * there,
                        (at[3] - moments[u + 3]) * there,
                    )
                    a, b = multiply_add(p, p, a), multiply_add(q, q, b)
                    c, d = multiply_add(r, r, c), multiply_add(s, s, d)
            place = moments + (moment * width + u)
            add_lane_sums(place, a, b, c, d)
            for k in range(4):
                place[k] = place[k] / scenes


@helper
def standardise(x, within, rows, width, moments, weights, standard):
    """x = standard · scale + shift, where ``standard`` is x by its moments, 0 where no scene is."""
    for u in range(width):
        variance = broadcast(moments[width + u], x)
        factor = 1 / square_root(variance + _EPSILON)
        for row in range(rows):
            at = row * width + u
            standard[at] = (x[at] - moments[u]) * factor * within[row]
            x[at] = standard[at] * weights[u] + weights[width + u]


@helper
def derive_standard(slopes, within, rows, sizes, scenes, moments, weights, totals, standard):
    """∂loss/∂x in the place of ``slopes``, where `standardise` read x.

    (slope - mean(slope) - standard · mean(slope · standard)) · scale · inverse, of the batch.
    """
    width = sizes.width
    add_sums(totals + width, slopes, width, rows, width)
    for u in range(0, width, 4):
        zero = broadcast(0.0, slopes)
        a, b, c, d = zero, zero, zero, zero
        for row in range(rows):
            p, q = slopes + (row * width + u), standard + (row * width + u)
            a, b = multiply_add(p[0], q[0], a), multiply_add(p[1], q[1], b)
            c, d = multiply_add(p[2], q[2], c), multiply_add(p[3], q[3], d)
        add_lane_sums(totals + u, a, b, c, d)
    for u in range(width):
        variance = broadcast(moments[width + u], slopes)
        factor = weights[u] / square_root(variance + _EPSILON)
        along, mean = totals[u] / scenes, totals[width + u] / scenes
        for row in range(rows):
            at = row * width + u
            rest = slopes[at] - mean - standard[at] * along
            slopes[at] = rest * factor * within[row]


# --- A network ------------------------------------------------------------------------------------


@helper
def read_scenes(batches, place, first, rows, sizes, own, train):
    """Write what rows of scenes from the ``first`` on have: who is there, truth and inputs."""
    lanes = lanes_of(own)
    clear(own, rows * (2 + sizes.inputs))
    there, truth = lane_numbers(own), lane_numbers(own + rows)
    told, positions = batches.vectors.shape[1], batches.tokens.shape[2]
    for k in range(first, min(first + rows * lanes, batches.counts[place])):
        scene = batches.order[place, k]
        row, lane = (k - first) // lanes, (k - first) % lanes
        there[row * lanes + lane] = 1
        if train:
            truth[row * lanes + lane] = 2 * batches.labels[place, scene] - 1
        at = lane_numbers(own + (2 * rows + row * sizes.inputs)) + lane
        tokens = numbers(batches.tokens) + (place * batches.tokens.shape[1] + scene) * positions
        for position in range(positions):
            vector = numbers(batches.vectors) + tokens[position] * told
            for zone in range(batches.zones):
                at[zone * lanes] = vector[zone]
            at = at + batches.zones * lanes
        vector = numbers(batches.vectors) + (tokens[0] * told + batches.zones)
        for number in range(told - batches.zones):
            at[number * lanes] = vector[number]


@helper
def write_logits(batches, place, first, rows, logits, out):
    lanes = lanes_of(logits)
    values = lane_numbers(logits)
    for k in range(first, min(first + rows * lanes, batches.counts[place])):
        row, lane = (k - first) // lanes, (k - first) % lanes
        scene = batches.order[place, k]
        out[place, scene, 0] = values[row * 4 * lanes + lane]
        out[place, scene, 1] = values[(row * 4 + 1) * lanes + lane]


@inline
def parts_of_layer(sizes, rows, own, layer):
    """Where things of a layer are: standardised sums, sums or their derivatives, and units."""
    size = rows * sizes.width
    standard = own + (rows * (2 + sizes.inputs) + 3 * layer * size)
    return standard, standard + size, standard + 2 * size


@inline
def below_layer(sizes, rows, own, layer):
    """What a layer reads, and how much of it."""
    if layer == 0:
        return own + 2 * rows, sizes.inputs
    return parts_of_layer(sizes, rows, own, layer - 1)[2], sizes.width


@inline
def parts_of_readout(sizes, rows, own):
    """Where the last units are, the logits, their derivatives, and what is behind."""
    units = parts_of_layer(sizes, rows, own, sizes.layers - 1)[2]
    logits = units + rows * sizes.width
    return units, logits, logits + 4 * rows, logits + 8 * rows


@helper
def apply_batch_norm(sizes, weights, mode, x, within, rows, batch, moments, standard, new):
    """Normalise the sums x of a layer; in training ``new`` becomes its running statistics.

    weights: scale, shift, running mean and variance; the moments of the batch go to ``moments``.
    """
    running = weights + 2 * sizes.width
    if not mode.train:
        standardise(x, within, rows, sizes.width, running, weights, standard)
        return
    find_moments(x, within, rows, sizes.width, batch, moments)
    for u in range(sizes.units):
        for k in range(2):
            at = k * sizes.width + u
            found = moments[at] * (batch / (batch - 1) if k else 1.0)
            new[k, u] = (1 - sizes.momentum) * running[at] + sizes.momentum * found
    standardise(x, within, rows, sizes.width, moments, weights, standard)


@helper
def drop_units(sizes, mode, batches, place, layer, first, rows, units, derivatives):
    """Drop units of a layer, in the rows of scenes from the ``first`` on."""
    lanes, batch = lanes_of(units), batches.counts[place]
    kept = numbers(mode.kept) + layer * batch * sizes.units
    offsets = np.empty(lanes, np.int32)
    for row in range(rows):
        for lane in range(lanes):
            k = first + row * lanes + lane
            offsets[lane] = (batches.order[place, k] if k < batch else 0) * sizes.units
        at = row * sizes.width
        drop(units + at, derivatives + at, sizes.width, kept, numbers(offsets), mode.rate)


@helper
def backward(sizes, weights, totals, mode, rows, batch, own, moments, loss):
    """Add the loss of a batch and the gradients of all weights."""
    width, size = sizes.width, rows * sizes.width
    units, logits, of_logits, slopes = parts_of_readout(sizes, rows, own)
    within, truth, other = own, own + rows, slopes + size
    for row in range(rows):
        at = 4 * row
        derive_loss(logits + at, of_logits + at, truth + row, mode.squared, batch, loss)
    readout = layer_start(sizes, sizes.layers)
    into = totals + readout
    add_outer_products(into, 4, units, width, of_logits, 4, (rows, 4, width))
    add_sums(into + 4 * width, of_logits, 4, rows, 4)
    clear(slopes, size)
    add_product(slopes, width, of_logits, 4, weights + readout, 1, 4, (rows, width, 4))
    for layer in range(sizes.layers - 1, -1, -1):
        standard, derivatives, _ = parts_of_layer(sizes, rows, own, layer)
        below, below_width = below_layer(sizes, rows, own, layer)
        start = layer_start(sizes, layer)
        bias = start + below_width * width
        multiply(slopes, derivatives, size)
        if sizes.momentum > 0:
            w, into = weights + (bias + width), totals + (bias + width)
            derive_standard(slopes, within, rows, sizes, batch, moments + 2 * layer * width, w,
                            into, standard)  # fmt: skip
        shape = (rows, width, below_width)
        add_outer_products(totals + start, width, below, below_width, slopes, width, shape)
        add_sums(totals + bias, slopes, width, rows, width)
        if layer > 0:
            clear(other, size)
            shape = (rows, width, width)
            add_product(other, width, slopes, width, weights + start, 1, width, shape)
            slopes, other = other, slopes


@kernel
def run(code, sizes, trials, flat, places, packed, totals, memory, batches, mode, adam, results):
    """Compute the networks from the first to before the last of ``trials``, batch after batch.

    flat (T, row) holds weight k of a network in column k, which ``adam`` moves after each batch
    where it has rates; ``places`` (weights,) says where it stands in ``packed`` (P,). Scratch:
    totals (P,) and memory. Of ``kept`` each layer takes a number for each scene and unit.
    """
    own = as_vectors(numbers(memory))
    lanes, width = lanes_of(own), sizes.width
    weights, sums = numbers(packed), numbers(totals)
    loss = np.empty(4, packed.dtype)
    moments = np.empty(sizes.layers * 2 * width, packed.dtype)
    for trial in range(trials[0], trials[1]):
        for step in range(len(batches.tokens) // len(flat)):
            place = step * len(flat) + trial
            batch = batches.counts[place]
            load_weights(flat, trial, places, packed, totals, loss)
            rows = (batch + 2 * lanes - 1) // (2 * lanes) * 2 if mode.train else 2
            for first in range(0, batch, rows * lanes):
                read_scenes(batches, place, first, rows, sizes, own, mode.train)
                for layer in range(sizes.layers):
                    standard, x, units = parts_of_layer(sizes, rows, own, layer)
                    below, below_width = below_layer(sizes, rows, own, layer)
                    w = weights + layer_start(sizes, layer)
                    bias = w + below_width * width
                    fill_rows(x, width, rows, width, bias)
                    shape = (rows, width, below_width)
                    add_product(x, width, below, below_width, w, width, 1, shape)
                    if sizes.momentum > 0:
                        here = numbers(moments) + 2 * layer * width
                        new = results.statistics[trial, layer] if mode.train else results.gradient
                        apply_batch_norm(sizes, bias + width, mode, x, own, rows, batch, here,
                                         standard, new)  # fmt: skip
                    activate(sizes.activation, x, units, rows * width, mode.train)
                    if mode.rate > 0:
                        drop_units(sizes, mode, batches, place, layer, first, rows, units, x)
                units, logits, _, _ = parts_of_readout(sizes, rows, own)
                w = weights + layer_start(sizes, sizes.layers)
                fill_rows(logits, 4, rows, 4, w + 4 * width)
                add_product(logits, 4, units, width, w, 4, 1, (rows, 4, width))
                if mode.train:
                    backward(sizes, weights, sums, mode, rows, batch, own, numbers(moments),
                             numbers(loss))  # fmt: skip
                else:
                    write_logits(batches, place, first, rows, logits, results.logits)
            if mode.train:
                results.losses[place] = loss[0] / batch
                store_gradient(results, trial, places, totals)
                if len(adam.rates):
                    move(adam, trial, step, flat[trial], results.gradient[trial])
