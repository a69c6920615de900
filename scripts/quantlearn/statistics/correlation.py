"""Rank correlations, also with other quantities held fixed, and their intervals."""

from math import nan

import numpy as np
import pandas as pd
from scipy import stats

__all__ = ["constant", "correlation", "partial_correlation", "residuals"]

FEWEST_FOR_BOOTSTRAP = 5
"""Fewer values have too few distinct resamples (35 for four) for an interval to mean much."""

_RESAMPLES = 2_000


def correlation(
    first: pd.Series, second: pd.Series, kind: str, rng: np.random.Generator
) -> dict[str, float]:
    """Correlation of two columns (n,), ``spearman`` or ``pearson``: estimate, bounds and p.

    >>> x = pd.Series(range(9))
    >>> found = correlation(x, x**2, "spearman", np.random.default_rng(0))
    >>> round(float(found["estimate"]), 6)
    1.0
    """
    blank = dict.fromkeys(["estimate", "lower", "upper", "p"], nan)
    values = np.stack([first.to_numpy(dtype=float), second.to_numpy(dtype=float)])
    if kind == "spearman":
        values = stats.rankdata(values, axis=1)  # an infinite step ranks last
    if values.shape[1] < FEWEST_FOR_BOOTSTRAP or constant(values).any():
        return blank
    drawn = values[:, rng.integers(values.shape[1], size=(_RESAMPLES, values.shape[1]))]
    if kind == "spearman":
        drawn = stats.rankdata(drawn, axis=2)
    drawn = drawn[:, ~constant(drawn).any(axis=0)]
    lower, upper = np.quantile(_pearson(*drawn), [0.025, 0.975])
    result = stats.pearsonr(*values)
    return {"estimate": result.statistic, "lower": lower, "upper": upper, "p": result.pvalue}


def _pearson(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlations along the last axis."""
    first, second = (values - values.mean(axis=-1, keepdims=True) for values in (first, second))
    lengths = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    return (first * second).sum(axis=-1) / lengths


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
    drawn = values[:, rng.integers(n, size=(_RESAMPLES, n))]
    resampled = _partial(stats.rankdata(drawn, axis=2).transpose(1, 0, 2))
    lower, upper = np.nanquantile(resampled, [0.025, 0.975])
    estimate = float(_partial(stats.rankdata(values, axis=1)[None])[0])
    df = n - 2 - len(given)
    t = estimate * np.sqrt(df / (1 - estimate**2))
    return {
        "estimate": estimate,
        "lower": float(lower),
        "upper": float(upper),
        "p": float(2 * stats.t.sf(abs(t), df)),
    }


def _partial(values: np.ndarray) -> np.ndarray:
    """Correlation (m,) of the first two of the arrays (m, k, n) given the others."""
    centred = values - values.mean(axis=2, keepdims=True)
    lengths = np.sqrt((centred**2).sum(axis=2, keepdims=True))
    scaled = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    inverse = np.linalg.pinv(scaled @ scaled.transpose(0, 2, 1), hermitian=True)
    size = np.sqrt(inverse[:, 0, 0] * inverse[:, 1, 1])
    return -np.divide(inverse[:, 0, 1], size, out=np.full(len(size), nan), where=size > 0)


def residuals(values: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Ranks of an array (n,), divided by n, less what the ranks of others (k, n) predict of them.

    >>> residuals(np.array([1.0, 2.0, 3.0]), np.array([[5.0, 6.0, 9.0]])).round(6).tolist()
    [0.0, 0.0, 0.0]
    """
    ranks = stats.rankdata(values) / len(values)
    design = np.column_stack([np.ones(len(values)), stats.rankdata(given, axis=1).T])
    return ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0] + 0.0
