"""Layer normalisation of rows: forward, back, and a step of its scale and shift."""

import triton
import triton.language as tl

from quantlearn.networks.fused.kernels.parts import EPSILON, load_row, move, store_rows

__all__ = ["move_norm", "normalise", "normalise_back", "scale_and_shift", "standardise"]


@triton.jit
def standardise(x, S: tl.constexpr):
    """Each row of x with mean 0 and variance 1, and what it was multiplied by for it."""
    known = (tl.arange(0, S.units) < S.width)[None, :]
    mean = tl.sum(x, axis=1) / S.width
    difference = tl.where(known, x - mean[:, None], 0.0)
    variance = tl.sum(difference * difference, axis=1) / S.width
    factor = 1 / tl.sqrt(variance + EPSILON)
    return difference * factor[:, None], factor


@triton.jit
def scale_and_shift(standard, norm, S: tl.constexpr):
    """The standardised rows by the scale and shift that begin at ``norm``."""
    scale, shift = load_row(norm, S.width, S.units), load_row(norm + S.width, S.width, S.units)
    return standard * scale[None, :] + shift[None, :]


@triton.jit
def normalise(x, r, rows, norm, kept, S: tl.constexpr):
    """The rows x by a norm; ``kept`` (standardised, scaled, factors) is written."""
    standards, scaleds, factors = kept
    standard, factor = standardise(x, S)
    scaled = scale_and_shift(standard, norm, S)
    store_rows(standards, r, rows, S.units, S.units, standard)
    store_rows(scaleds, r, rows, S.units, S.units, scaled)
    tl.store(factors + r, factor, mask=r < rows)
    return scaled


@triton.jit
def normalise_back(d, standard, factor, norm, S: tl.constexpr):
    """∂loss/∂x from d, ∂loss/∂ the scaled rows.

    With e = d · scale it is (e - mean(e) - standard · mean(e · standard)) · factor.
    """
    known = (tl.arange(0, S.units) < S.width)[None, :]
    e = d * load_row(norm, S.width, S.units)[None, :]
    mean = tl.sum(e, axis=1) / S.width
    along = tl.sum(e * standard, axis=1) / S.width
    rest = (e - mean[:, None] - standard * along[:, None]) * factor[:, None]
    return tl.where(known, rest, 0.0)


@triton.jit
def move_norm(moves, norm, scale, shift, S: tl.constexpr):
    """Move the scale and shift that begin at ``norm`` by their gradients."""
    unit = tl.arange(0, S.units)
    move(moves, norm + unit, unit < S.width, scale)
    move(moves, norm + S.width + unit, unit < S.width, shift)
