"""Rank correlations, also with other quantities held fixed, and their intervals."""

from math import nan

import numpy as np
from scipy import stats

__all__ = ["constant", "partial_correlation", "rank_correlation", "residuals"]

FEWEST_FOR_BOOTSTRAP = 5
"""Fewer values have too few distinct resamples (35 for four) for an interval to mean much."""

_RESAMPLES = 2_000


def rank_correlation(
    first: np.ndarray,
    second: np.ndarray,
    rng: np.random.Generator,
    *,
    weights: np.ndarray | None = None,
    units: np.ndarray | None = None,
) -> dict[str, float]:
    """Rank correlation of two arrays (n,): estimate, bounds and p.

    weights: how many each of the values stands for, with whole numbers the correlation of each so
    often; then there is no p. units: what is drawn anew for the percentile bootstrap interval, of
    which one may have several values; else each value. Blank for fewer than five units, or where
    one of the arrays never varies.

    >>> found = rank_correlation(np.arange(9), np.arange(9) ** 2, np.random.default_rng(0))
    >>> round(found["estimate"], 6)
    1.0
    """
    values = stats.rankdata(np.stack([first, second]), axis=1)  # an infinite step ranks last
    n = values.shape[1]
    _, unit = np.unique(np.arange(n) if units is None else units, return_inverse=True)
    if unit.max(initial=-1) + 1 < FEWEST_FOR_BOOTSTRAP or constant(values).any():
        return dict.fromkeys(["estimate", "lower", "upper", "p"], nan)
    found = _correlations(values, _resampled(unit, weights, rng))[:, 0, 1]
    lower, upper = np.quantile(found[1:][np.isfinite(found[1:])], [0.025, 0.975])
    p = nan if weights is not None else float(stats.pearsonr(*values).pvalue)
    return {"estimate": float(found[0]), "lower": float(lower), "upper": float(upper), "p": p}


def constant(values: np.ndarray) -> np.ndarray:
    """Whether the values along the last axis are equal, but for rounding."""
    return np.ptp(values, axis=-1) < 1e-12


def partial_correlation(
    first: np.ndarray, second: np.ndarray, given: np.ndarray, rng: np.random.Generator
) -> dict[str, float]:
    """Rank correlation of two arrays (n,) given others (k, n): estimate, bounds and p.

    The partial correlation is read from the inverse of the matrix of correlations. Blank where one
    of the two never varies or n is less than three times the number of arrays.

    >>> rng = np.random.default_rng(0)
    >>> cause = rng.normal(size=200)
    >>> first, second = (cause + 0.1 * rng.normal(size=200) for _ in range(2))
    >>> found = partial_correlation(first, second, cause[None], rng)
    >>> bool(found["lower"] < 0 < found["upper"])
    True
    """
    given = given[~constant(given)]
    values = np.stack([first, second, *given])
    n = values.shape[1]
    if n < 3 * len(values) or constant(values[:2]).any():
        return dict.fromkeys(["estimate", "lower", "upper", "p"], nan)
    matrices = _correlations(values, _resampled(np.arange(n), None, rng))
    inverse = np.linalg.pinv(np.nan_to_num(matrices), hermitian=True)
    size = np.sqrt(inverse[:, 0, 0] * inverse[:, 1, 1])
    found = -np.divide(inverse[:, 0, 1], size, out=np.full(len(size), nan), where=size > 0)
    lower, upper = np.nanquantile(found[1:], [0.025, 0.975])
    estimate, df = float(found[0]), n - 2 - len(given)
    t = estimate * np.sqrt(df / (1 - estimate**2))
    return {
        "estimate": estimate,
        "lower": float(lower),
        "upper": float(upper),
        "p": float(2 * stats.t.sf(abs(t), df)),
    }


def _resampled(
    unit: np.ndarray, weights: np.ndarray | None, rng: np.random.Generator
) -> np.ndarray:
    """The weights of values (n,) of units, first as they are, then in each resample: (m, n)."""
    count = unit.max() + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES)[:, unit]
    return np.vstack([np.ones(len(unit)), drawn]) * (1.0 if weights is None else weights)


def _correlations(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rank correlations of arrays (k, n) with each other under each of the weights (m, n).

    A value drawn twice has the weight 2, so that nothing is sorted anew: (m, k, k), nan where
    nothing varies.
    """
    scaled = np.empty((len(weights), *values.shape))
    for row, one in enumerate(values):
        order = np.argsort(one, kind="stable")
        ordered = one[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        tied = np.add.reduceat(weights[:, order], starts, axis=1)
        middle = np.cumsum(tied, axis=1) - tied / 2
        ranks = np.empty_like(weights)
        ranks[:, order] = np.repeat(middle, np.diff(np.r_[starts, len(one)]), axis=1)
        mean = (weights * ranks).sum(axis=1) / weights.sum(axis=1)
        scaled[:, row] = np.sqrt(weights) * (ranks - mean[:, None])
    lengths = np.sqrt((scaled**2).sum(axis=2, keepdims=True))
    # Equal ranks differ by rounding from their mean.
    scaled = np.divide(scaled, lengths, out=np.full_like(scaled, nan), where=lengths > 1e-9)
    return scaled @ scaled.transpose(0, 2, 1)


def residuals(values: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Ranks of an array (n,), divided by n, less what the ranks of others (k, n) predict of them.

    >>> residuals(np.array([1.0, 2.0, 3.0]), np.array([[5.0, 6.0, 9.0]])).round(6).tolist()
    [0.0, 0.0, 0.0]
    """
    ranks = stats.rankdata(values) / len(values)
    design = np.column_stack([np.ones(len(values)), stats.rankdata(given, axis=1).T])
    return ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0] + 0.0
