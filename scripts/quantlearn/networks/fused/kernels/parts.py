"""What the kernels of all architectures share: places, products, the read-out, a step of Adam.

A tile is a matrix whose extents are powers of two. One that lies in memory has rows that begin
``apart`` numbers from one another.
"""

import triton
import triton.language as tl

from quantlearn.networks import layers

__all__ = [
    "EPSILON",
    "in_tile",
    "load_row",
    "load_rows",
    "move",
    "move_matrix",
    "move_sums",
    "product",
    "read_out",
    "store_rows",
    "times",
    "zeros",
]

EPSILON = tl.constexpr(layers.EPSILON)


@triton.jit
def in_tile(apart, rows: tl.constexpr, units: tl.constexpr):
    """Return the places of the numbers of a tile (rows, units) in memory."""
    return tl.arange(0, rows)[:, None] * apart + tl.arange(0, units)[None, :]


@triton.jit
def zeros(rows: tl.constexpr, units: tl.constexpr):
    """Return a tile of zeros."""
    return tl.full([rows, units], 0.0, tl.float32)


@triton.jit
def load_row(at, columns, units: tl.constexpr):
    """Return a row of weights (units), zeros behind its ``columns``."""
    unit = tl.arange(0, units)
    return tl.load(at + unit, mask=unit < columns, other=0.0)


@triton.jit
def load_rows(at, r, rows, apart, columns, units: tl.constexpr):
    """Return the rows ``r``, (units) each, of a matrix (rows, columns); zeros beside it."""
    unit = tl.arange(0, units)
    known = (r < rows)[:, None] & (unit < columns)[None, :]
    return tl.load(at + r[:, None] * apart + unit[None, :], mask=known, other=0.0)


@triton.jit
def store_rows(at, r, rows, apart, columns, values):
    """Write ``values`` into the rows ``r`` of a matrix (rows, columns), where they are there."""
    unit = tl.arange(0, values.shape[1])
    known = (r < rows)[:, None] & (unit < columns)[None, :]
    tl.store(at + r[:, None] * apart + unit[None, :], values, mask=known)


@triton.jit
def times(left, right, down, along, depth, columns, units: tl.constexpr):
    """Return L R, (rows, units), for L in registers and R as in `product`."""
    k, unit = tl.arange(0, left.shape[1]), tl.arange(0, units)
    known = (k < depth)[:, None] & (unit < columns)[None, :]
    matrix = tl.load(right + k[:, None] * down + unit[None, :] * along, mask=known, other=0.0)
    return tl.dot(left, matrix, input_precision="ieee")


@triton.jit
def product(total, left, apart, right, down, along, depth, columns):
    """Return total + L R, for L in memory and a matrix R (depth, columns) with these strides.

    In steps of 16 columns of L, the fewest that a GPU multiplies, so that few are in registers.
    """
    row, unit = tl.arange(0, total.shape[0]), tl.arange(0, total.shape[1])
    for start in range(0, depth, 16):
        k = start + tl.arange(0, 16)
        known = (k < depth)[:, None] & (unit < columns)[None, :]
        values = tl.load(left + row[:, None] * apart + k[None, :])
        matrix = tl.load(right + k[:, None] * down + unit[None, :] * along, mask=known, other=0.0)
        total = tl.dot(values, matrix, total, input_precision="ieee")
    return total


# --- The read-out -------------------------------------------------------------------------------


@triton.jit
def read_out(weights, moves, batches, place, hidden, start, columns, S: tl.constexpr):
    """Return a batch's mean loss and its slopes; move the read-out, which begins at ``start``.

    hidden (scenes, units) is what is read out, of which ``columns`` units are there; the slopes,
    ∂loss/∂hidden, have its shape.
    """
    scene, unit = tl.arange(0, S.scenes), tl.arange(0, hidden.shape[1])
    known = unit < columns
    untrue = tl.load(weights + start + 2 * unit, mask=known, other=0.0)
    true = tl.load(weights + start + 2 * unit + 1, mask=known, other=0.0)
    bias = start + 2 * columns
    false_logit = tl.sum(hidden * untrue[None, :], axis=1) + tl.load(weights + bias)
    true_logit = tl.sum(hidden * true[None, :], axis=1) + tl.load(weights + bias + 1)
    real = scene < S.batch
    label = tl.load(batches.labels + place + scene, mask=real, other=0)
    largest = tl.maximum(false_logit, true_logit)
    low, high = tl.exp(false_logit - largest), tl.exp(true_logit - largest)
    truth, error = high / (low + high), -low / (low + high)
    error = tl.where(label == 1, error, truth)
    if S.squared:
        losses = error * error
        error = 2 * error * truth * (1 - truth)
    else:
        right = tl.where(label == 1, true_logit, false_logit)
        losses = tl.log(low + high) + largest - right
    loss = tl.sum(tl.where(real, losses, 0.0)) / S.batch
    error = tl.where(real, error, 0.0) / S.batch
    slope = error[:, None] * (true - untrue)[None, :]
    gradient = tl.sum(error[:, None] * hidden, axis=0)
    move(moves, start + 2 * unit, known, -gradient)
    move(moves, start + 2 * unit + 1, known, gradient)
    both = tl.arange(0, 2)
    move(moves, bias + both, both < 2, tl.where(both == 1, tl.sum(error), -tl.sum(error)))
    return loss, slope


# --- The step -----------------------------------------------------------------------------------


@triton.jit
def move_matrix(
    moves, start, across, depth, columns, left, left_apart, deltas, deltas_apart, rows,
    units: tl.constexpr,
):  # fmt: skip
    """Move a matrix (depth, columns) that begins at ``start`` by the gradient Xᵀ Δ.

    Its rows are ``across`` weights apart. X (rows, depth), ``left``, and Δ (rows, units) lie in
    memory, a row for each scene at each position.
    """
    unit = tl.arange(0, units)
    for above in range(0, depth, 16):
        k = above + tl.arange(0, 16)
        gradient = zeros(16, units)
        for first in range(0, rows, 32):
            r = first + tl.arange(0, 32)
            known = (k < depth)[:, None] & (r < rows)[None, :]
            x = tl.load(left + r[None, :] * left_apart + k[:, None], mask=known, other=0.0)
            delta = load_rows(deltas, r, rows, deltas_apart, columns, units)
            gradient = tl.dot(x, delta, gradient, input_precision="ieee")
        known = (k < depth)[:, None] & (unit < columns)[None, :]
        move(moves, start + k[:, None] * across + unit[None, :], known, gradient)


@triton.jit
def move_sums(moves, start, columns, deltas, apart, rows, units: tl.constexpr):
    """Move the biases (columns) that begin at ``start`` by the sums of Δ (rows, units)."""
    unit = tl.arange(0, units)
    total = tl.full([units], 0.0, tl.float32)
    for first in range(0, rows, 32):
        r = first + tl.arange(0, 32)
        total += tl.sum(load_rows(deltas, r, rows, apart, columns, units), axis=0)
    move(moves, start + unit, unit < columns, total)


@triton.jit
def move(moves, at, known, gradient):
    """Take a step of Adam (Kingma & Ba 2015), or of AdamW, where the weights shrink.

    As `torch.optim.Adam` does it; ``at``: the places of the weights in their row.
    """
    weights, means, squares, rate, root, keep, decay = moves
    weight = tl.load(weights + at, mask=known, other=0.0)
    mean = tl.load(means + at, mask=known, other=0.0)
    square = tl.load(squares + at, mask=known, other=0.0)
    weight -= tl.load(decay + 1) * weight
    slope = gradient + tl.load(decay) * weight
    mean += tl.load(keep) * (slope - mean)
    square += tl.load(keep + 1) * (slope * slope - square)
    weight -= rate * mean / (tl.sqrt(square) / root + tl.load(keep + 2))
    tl.debug_barrier()
    tl.store(weights + at, weight, mask=known)
    tl.store(means + at, mean, mask=known)
    tl.store(squares + at, square, mask=known)
