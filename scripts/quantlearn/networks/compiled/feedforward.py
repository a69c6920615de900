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
    multiply,
)
from quantlearn.networks.compiled.scene_core import Layout, SceneCore, filled
from quantlearn.networks.compiled.simd import (
    add_lane_sums,
    broadcast,
    clear,
    evaluation_vectors,
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
        for layer in range(settings["layers"]):
            below = (self.sizes.inputs, np.arange(inputs)) if layer == 0 else (width, units)
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

    def loss_gradient(
        self,
        flat: Tensor,
        tokens: Tensor,
        lengths: Tensor,
        labels: Tensor,
        mode: Evaluation,
        squared: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """As `SceneCore.loss_gradient`; batch normalisation is by the batch's own statistics."""
        if self.sizes.momentum:
            demand_several(tokens.shape[1])
            if not isinstance(mode, Training):
                raise ValueError("batch normalisation is trained in the mode of training")
        return super().loss_gradient(flat, tokens, lengths, labels, mode, squared)


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
def read_scenes(batches, trial, first, rows, sizes, own, train):
    """Write what rows of scenes from the ``first`` on have: who is there, truth and inputs."""
    lanes = lanes_of(own)
    clear(own, rows * (2 + sizes.inputs))
    there, truth = lane_numbers(own), lane_numbers(own + rows)
    told = batches.vectors.shape[1]
    for k in range(first, min(first + rows * lanes, batches.counts[trial])):
        scene = batches.order[trial, k]
        row, lane = (k - first) // lanes, (k - first) % lanes
        there[row * lanes + lane] = 1
        if train:
            truth[row * lanes + lane] = 2 * batches.labels[trial, scene] - 1
        values = lane_numbers(own + (2 * rows + row * sizes.inputs)) + lane
        at = 0
        for position in range(batches.tokens.shape[2]):
            token = batches.tokens[trial, scene, position]
            for zone in range(batches.zones):
                values[at * lanes] = batches.vectors[token, zone]
                at += 1
        for number in range(batches.zones, told):
            values[at * lanes] = batches.vectors[batches.tokens[trial, scene, 0], number]
            at += 1


@helper
def write_logits(batches, trial, first, rows, logits, out):
    lanes = lanes_of(logits)
    values = lane_numbers(logits)
    for k in range(first, min(first + rows * lanes, batches.counts[trial])):
        row, lane = (k - first) // lanes, (k - first) % lanes
        scene = batches.order[trial, k]
        out[trial, scene, 0] = values[row * 4 * lanes + lane]
        out[trial, scene, 1] = values[(row * 4 + 1) * lanes + lane]


@kernel
def run(code, sizes, trials, flat, places, packed, totals, memory, batches, mode, results):
    """Compute the networks from the first to before the last of ``trials``.

    flat (T, row) holds weight k of a network in column k; ``places`` (weights,) says where it
    stands in ``packed`` (P,). Scratch: totals (P,) and memory. Of ``kept`` each layer takes a number
    for each scene and unit.
    """
    own = evaluation_vectors(memory)
    lanes = lanes_of(own)
    layers, width = sizes.layers, sizes.width
    weights, sums = numbers(packed), numbers(totals)
    readout = layer_start(sizes, layers)
    offsets = np.empty(lanes, np.int32)
    loss = np.empty(4, packed.dtype)
    space = np.empty(layers * 2 * width, packed.dtype)
    for trial in range(trials[0], trials[1]):
        batch = batches.counts[trial]
        for k in range(len(places)):
            packed[places[k]] = flat[trial, k]
        for k in range(len(totals)):
            totals[k] = 0
        for k in range(len(loss)):
            loss[k] = 0
        rows = (batch + 2 * lanes - 1) // (2 * lanes) * 2 if mode.train else 2
        for first in range(0, batch, rows * lanes):
            read_scenes(batches, trial, first, rows, sizes, own, mode.train)
            within, truth, inputs = own, own + rows, own + 2 * rows
            past = inputs + rows * sizes.inputs
            size = rows * width
            below, below_width = inputs, sizes.inputs
            for layer in range(layers):
                start = layer_start(sizes, layer)
                bias = start + below_width * width
                standard = past + 3 * layer * size
                x, units = standard + size, standard + 2 * size
                fill_rows(x, width, rows, width, weights + bias)
                shape = (rows, width, below_width)
                add_product(x, width, below, below_width, weights + start, width, 1, shape)
                if sizes.momentum > 0:
                    own_weights = weights + (bias + width)
                    moments = own_weights + 2 * width
                    if mode.train:
                        moments = numbers(space) + 2 * layer * width
                        find_moments(x, within, rows, width, batch, moments)
                        for u in range(sizes.units):
                            for k in range(2):
                                new = moments[k * width + u] * (batch / (batch - 1) if k else 1.0)
                                old = own_weights[(2 + k) * width + u]
                                moved = (1 - sizes.momentum) * old + sizes.momentum * new
                                results.statistics[trial, layer, k, u] = moved
                    standardise(x, within, rows, width, moments, own_weights, standard)
                activate(sizes.activation, x, units, size, mode.train)
                if mode.rate > 0:
                    kept = numbers(mode.kept) + layer * batch * sizes.units
                    for row in range(rows):
                        for lane in range(lanes):
                            k = first + row * lanes + lane
                            scene = batches.order[trial, k] if k < batch else 0
                            offsets[lane] = scene * sizes.units
                        at = row * width
                        drop(units + at, x + at, width, kept, numbers(offsets), mode.rate)
                below, below_width = units, width
            logits = past + 3 * layers * size
            of_logits = logits + 4 * rows
            bias = readout + 4 * width
            fill_rows(logits, 4, rows, 4, weights + bias)
            add_product(logits, 4, below, width, weights + readout, 4, 1, (rows, 4, width))
            if not mode.train:
                write_logits(batches, trial, first, rows, logits, results.logits)
                continue
            for row in range(rows):
                at = 4 * row
                derive_loss(logits + at, of_logits + at, truth + row, mode.squared, batch,
                            numbers(loss))  # fmt: skip
            slopes = of_logits + 4 * rows
            other = slopes + size
            add_outer_products(sums + readout, 4, below, width, of_logits, 4, (rows, 4, width))
            add_sums(sums + bias, of_logits, 4, rows, 4)
            clear(slopes, size)
            add_product(slopes, width, of_logits, 4, weights + readout, 1, 4, (rows, width, 4))
            for layer in range(layers - 1, -1, -1):
                start = layer_start(sizes, layer)
                below_width = width if layer > 0 else sizes.inputs
                standard = past + 3 * layer * size
                below = standard + (-size) if layer > 0 else inputs
                bias = start + below_width * width
                multiply(slopes, standard + size, size)
                if sizes.momentum > 0:
                    at = bias + width
                    moments = numbers(space) + 2 * layer * width
                    derive_standard(slopes, within, rows, sizes, batch, moments, weights + at,
                                    sums + at, standard)  # fmt: skip
                shape = (rows, width, below_width)
                add_outer_products(sums + start, width, below, below_width, slopes, width, shape)
                add_sums(sums + bias, slopes, width, rows, width)
                if layer > 0:
                    clear(other, size)
                    shape = (rows, width, width)
                    add_product(other, width, slopes, width, weights + start, 1, width, shape)
                    slopes, other = other, slopes
        if mode.train:
            results.losses[trial] = loss[0] / batch
            for k in range(len(places)):
                results.gradient[trial, k] = totals[places[k]]
