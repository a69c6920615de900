"""p values of a family of tests, adjusted for their number."""

import numpy as np

__all__ = ["LEVEL", "bonferroni", "holm"]

LEVEL = 0.05
"""Adjusted p values below this count as evidence of a difference."""


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment (1979) of a family of p values; nan stays nan, uncounted.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03]))
    array([0.03, 0.06,  nan, 0.06])
    """
    # Half a second, which jobs that adjust nothing save.
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    given = ~np.isnan(p)
    if given.any():
        adjusted[given] = multipletests(p[given], method="holm")[1]
    return adjusted


def bonferroni(p: np.ndarray, size: int) -> np.ndarray:
    """p values adjusted for a family of so many tests, of which others may be elsewhere.

    >>> bonferroni(np.array([0.01, 0.3]), 4)
    array([0.04, 1.  ])
    """
    return np.minimum(np.asarray(p, dtype=float) * size, 1.0)
