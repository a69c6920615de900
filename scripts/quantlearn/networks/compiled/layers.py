"""What the layers of a network do, for a SIMD vector of scenes at a time.

A row is what a scene has at one place of a layer: [unit], a vector of scenes each, so that no lane
sees another. Rows stand one after another at a distance. They come in pairs, and units in fours,
which is what products take at a time; who makes the rows fills them up. Weights are single numbers,
[input][unit], which serve all lanes.

``totals`` are the gradients of weights, in the order of the weights, to which each function adds.
"""

import numpy as np

from quantlearn.networks.compiled.elementary import (
    choose,
    exponential,
    exponential_less_one,
    log_one_plus,
    magnitude,
    maximum,
    normal_tail,
    relu,
    sigmoid,
    square_root,
    tanh,
    where_positive,
)
from quantlearn.networks.compiled.simd import (
    add_lane_sums,
    add_products,
    add_tile_sums,
    broadcast,
    gather_four,
    helper,
    inline,
    load_tile,
    multiply_add,
    numbers,
    store_four,
    store_tile,
    zero_tile,
)

__all__ = [
    "ACTIVATIONS",
    "activate",
    "add_outer_products",
    "add_product",
    "add_sums",
    "derive_loss",
    "derive_norm",
    "derive_softmax",
    "drop",
    "fill_rows",
    "load_weights",
    "move",
    "multiply",
    "multiply_in_lanes",
    "normalise",
    "softmax",
    "store_gradient",
]

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "gelu")
"""The activations that `activate` knows, by their number."""

_tile_2x4 = load_tile(2, 4)
_zeros_2x2, _zeros_4x4 = zero_tile(2, 2), zero_tile(4, 4)

_SLOPE = 0.01  # of the leaky ReLU
_EPSILON = 1e-5
_DENSITY = 0.3989422804014327  # 1 / √(2π)


# --- Products -------------------------------------------------------------------------------------


@helper
def fill_rows(out, distance, rows, units, numbers):
    """out[row] = numbers, the same in all lanes."""
    for row in range(rows):
        for u in range(units):
            out[row * distance + u] = broadcast(numbers[u], out)


@helper
def add_product(out, out_distance, x, x_distance, weights, of_input, of_unit, sizes):
    """out[row][unit] += Σ over inputs of x[row][input] W[input, unit].

    W[input, unit] is ``weights[input · of_input + unit · of_unit]``, so that the distances say
    whether a matrix is transposed. sizes: rows, units, inputs.
    """
    rows, units, inputs = sizes
    for row in range(0, rows, 2):
        for u in range(0, units, 4):
            at = out + (row * out_distance + u)
            tile = _tile_2x4(at, out_distance, 1)
            source, w = x + row * x_distance, weights + u * of_unit
            for k in range(inputs):
                tile = add_products(tile, source + k, x_distance, w + k * of_input, of_unit)
            store_tile(at, out_distance, 1, tile)


@helper
def add_outer_products(totals, distance, x, x_distance, slopes, slopes_distance, sizes):
    """totals[input · distance + unit] += Σ over rows and lanes of x[row][input] slopes[row][unit].

    sizes: rows, units, inputs.
    """
    rows, units, inputs = sizes
    for k in range(0, inputs, 4):
        for u in range(0, units, 4):
            tile = _zeros_4x4(x)
            for row in range(rows):
                source, slope = x + (row * x_distance + k), slopes + (row * slopes_distance + u)
                tile = add_products(tile, source, 1, slope, 1)
            add_tile_sums(totals + (k * distance + u), distance, tile)


@helper
def add_sums(totals, slopes, distance, rows, units):
    """totals[unit] += Σ over rows and lanes of slopes[row][unit]."""
    for u in range(0, units, 4):
        zero = broadcast(0.0, slopes)
        a0, a1, a2, a3 = zero, zero, zero, zero
        for row in range(rows):
            d = slopes + (row * distance + u)
            a0, a1, a2, a3 = a0 + d[0], a1 + d[1], a2 + d[2], a3 + d[3]
        add_lane_sums(totals + u, a0, a1, a2, a3)


@helper
def multiply_in_lanes(out, of_out, x, of_x, y, of_y, sizes):
    """out[a, b] = Σ over c of x[a, c] y[b, c], all of them matrices of each lane's own.

    ``of_out``, ``of_x`` and ``of_y`` are the distances between their elements along either index;
    sizes: those of a, b and c. a and b come in pairs.
    """
    rows, columns, depth = sizes
    for a in range(0, rows, 2):
        for b in range(0, columns, 2):
            tile = _zeros_2x2(out)
            p, q = x + a * of_x[0], y + b * of_y[0]
            for c in range(depth):
                tile = add_products(tile, p + c * of_x[1], of_x[0], q + c * of_y[1], of_y[0])
            store_tile(out + (a * of_out[0] + b * of_out[1]), of_out[0], of_out[1], tile)


@helper
def multiply(slopes, derivatives, count):
    """slopes[k] · derivatives[k], in the place of slopes."""
    for k in range(count):
        slopes[k] = slopes[k] * derivatives[k]


# --- Activations ----------------------------------------------------------------------------------


@helper
def activate(kind, sums, units, count, keep):  # noqa: PLR0912
    """units[k] = f(sums[k]); where ``keep`` asks for it, the derivative takes the place of the sum.

    ``kind`` is the place of f in `ACTIVATIONS`. At 0 the derivatives are those of torch.
    """
    one = broadcast(1.0, sums)
    if kind == 0:
        for k in range(count):
            y = sigmoid(sums[k])
            units[k] = y
            if keep:
                sums[k] = y * (1 - y)
    elif kind == 1:
        for k in range(count):
            y = tanh(sums[k])
            units[k] = y
            if keep:
                sums[k] = 1 - y * y
    elif kind == 2:
        for k in range(count):
            x = sums[k]
            units[k] = relu(x)
            if keep:
                sums[k] = where_positive(x, one)
    elif kind == 3:
        slope = broadcast(_SLOPE, sums)
        for k in range(count):
            x = sums[k]
            units[k] = choose(x, x, x * slope)
            if keep:
                sums[k] = choose(x, one, slope)
    elif kind == 4:
        for k in range(count):
            x = sums[k]
            units[k] = _softplus(x)
            if keep:
                sums[k] = sigmoid(x)
    elif kind == 5:
        for k in range(count):
            x = sums[k]
            y = exponential_less_one(x)
            units[k] = choose(x, x, y)
            if keep:
                sums[k] = choose(x, one, y + 1)
    else:
        for k in range(count):
            x = sums[k]
            tail = normal_tail(magnitude(x))
            share = choose(x, 1 - tail, tail)
            units[k] = x * share
            if keep:
                density = exponential(x * x * -0.5) * _DENSITY
                sums[k] = multiply_add(x, density, share)


@inline
def _softplus(x):
    """ln(1 + exp(x)) = max(x, 0) + ln(1 + exp(-|x|))."""
    return relu(x) + log_one_plus(exponential(0.0 - magnitude(x)))


@helper
def drop(units, derivatives, count, kept, offsets, rate):
    """Multiply both by 1 / (1 - rate) where a unit is kept, by 0 elsewhere.

    ``kept``, with the ``offsets`` of lanes, is 1 or 0 for each of ``count`` units, in fours.
    """
    factor = broadcast(1 / (1 - rate), units)
    for u in range(0, count, 4):
        a, b, c, d = gather_four(kept + u, offsets, units)
        a, b, c, d = a * factor, b * factor, c * factor, d * factor
        for place in (units + u, derivatives + u):
            store_four(place, place[0] * a, place[1] * b, place[2] * c, place[3] * d)


# --- Normalisation over units ---------------------------------------------------------------------


@helper
def normalise(x, distance, sizes, weights, standard, out, inverse):
    """Layer norm: ``standard`` is x with mean 0 and variance 1, out = scale · standard + shift.

    sizes: rows, units, and their number with padding, which stays 0. weights: scale, then shift.
    ``inverse`` [row] is 1 / √(variance + 1e-5). ``standard`` and ``out`` have rows without gaps.
    """
    rows, units, width = sizes
    zero = broadcast(0.0, x)
    share = 1 / units
    for row in range(rows):
        source, target, scaled = x + row * distance, standard + row * width, out + row * width
        mean = zero
        for u in range(units):
            mean = mean + source[u]
        mean = mean * share
        variance = zero
        for u in range(units):
            difference = source[u] - mean
            target[u] = difference
            variance = multiply_add(difference, difference, variance)
        factor = 1 / square_root(variance * share + _EPSILON)
        inverse[row] = factor
        for u in range(units):
            value = target[u] * factor
            target[u] = value
            scaled[u] = value * weights[u] + weights[width + u]
        for u in range(units, width):
            target[u] = scaled[u] = zero


@helper
def derive_norm(slopes, standard, inverse, sizes, weights, totals, out, distance):
    """Add ∂loss/∂x to ``out``, where `normalise` read x, from ``slopes`` by its results.

    With e = slope · scale, ∂x = (e - mean(e) - standard · mean(e · standard)) · inverse.
    """
    rows, units, width = sizes
    zero = broadcast(0.0, slopes)
    share = 1 / units
    add_sums(totals + width, slopes, width, rows, width)
    for u in range(0, width, 4):
        a0, a1, a2, a3 = zero, zero, zero, zero
        for row in range(rows):
            d, s = slopes + (row * width + u), standard + (row * width + u)
            a0 = multiply_add(d[0], s[0], a0)
            a1 = multiply_add(d[1], s[1], a1)
            a2 = multiply_add(d[2], s[2], a2)
            a3 = multiply_add(d[3], s[3], a3)
        add_lane_sums(totals + u, a0, a1, a2, a3)
    for row in range(rows):
        d, s, target = slopes + row * width, standard + row * width, out + row * distance
        mean, along = zero, zero
        for u in range(units):
            e = d[u] * weights[u]
            d[u] = e
            mean = mean + e
            along = multiply_add(e, s[u], along)
        mean, along = mean * share, along * share
        for u in range(units):
            rest = d[u] - mean - s[u] * along
            target[u] = multiply_add(rest, inverse[row], target[u])


# --- Attention ------------------------------------------------------------------------------------


@helper
def softmax(scores, within, rows, columns, scale):
    """scores[row][column] = exp(scale · score) / its sum over the columns that are ``within``.

    ``within`` [column] is 1 in the lanes whose scenes have the column, else 0; the share of what is
    not there is exactly 0. The first column is always there.
    """
    for row in range(rows):
        at = scores + row * columns
        largest = at[0]
        for j in range(1, columns):
            largest = maximum(choose(within[j], at[j], largest), largest)
        total = broadcast(0.0, scores)
        for j in range(columns):
            power = where_positive(within[j], exponential((at[j] - largest) * scale))
            at[j] = power
            total = total + power
        share = 1 / total
        for j in range(columns):
            at[j] = at[j] * share


@helper
def derive_softmax(slopes, shares, rows, columns, scale):
    """∂loss/∂score in the place of ``slopes``, ∂loss/∂share: scale · p (e - Σ p e)."""
    for row in range(rows):
        e, p = slopes + row * columns, shares + row * columns
        mean = broadcast(0.0, slopes)
        for j in range(columns):
            mean = multiply_add(e[j], p[j], mean)
        for j in range(columns):
            e[j] = (e[j] - mean) * p[j] * scale


# --- Weights and loss ----------------------------------------------------------------------------


@helper
def load_weights(flat, trial, places, packed, totals, loss):
    """Put weights of a network from ``flat`` (T, row) to their places; clear totals and loss."""
    weights, at, target = numbers(flat) + trial * flat.shape[1], numbers(places), numbers(packed)
    for k in range(len(places)):
        target[at[k]] = weights[k]
    for k in range(len(totals)):
        totals[k] = 0
    for k in range(len(loss)):
        loss[k] = 0


@helper
def store_gradient(results, trial, places, totals):
    """Write down the gradient of a network, the reverse of `load_weights`."""
    target = numbers(results.gradient) + trial * results.gradient.shape[1]
    source, at = numbers(totals), numbers(places)
    for k in range(len(places)):
        target[k] = source[at[k]]


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


@helper
def derive_loss(logits, slopes, truth, squared, batch, loss):
    """Add the losses of the scenes to ``loss``; ``slopes`` are ∂(mean loss)/∂logits.

    logits and slopes [false, true, 0, 0], truth 1 or -1 in each lane, 0 where there is no scene.
    The loss is the cross entropy, or where ``squared`` the squared error of the probability of
    true; ``batch`` is the number of scenes that the mean is over.
    """
    difference = logits[1] - logits[0]
    margin = difference * truth[0]
    wrong = sigmoid(0.0 - margin)  # the probability given to the wrong answer
    if squared:
        losses = wrong * wrong
        slope = losses * (1 - wrong) * 2
    else:
        losses = _softplus(0.0 - margin)
        slope = wrong
    slope = slope * truth[0] * (1 / batch)
    zero = broadcast(0.0, logits)
    slopes[0], slopes[1], slopes[2], slopes[3] = slope, 0.0 - slope, zero, zero
    each = choose(magnitude(truth[0]), losses, zero)
    add_lane_sums(loss, each, zero, zero, zero)
