"""p values of a family of tests, adjusted for their number."""

import numpy as np

__all__ = ["LEVEL", "bonferroni", "holm", "smallest_p", "trials_needed"]

LEVEL = 0.05
"""Adjusted p values below this count as evidence of a difference."""


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment (1979) of a family of p values; nan stays nan, uncounted.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03]))
    array([0.03, 0.06,  nan, 0.06])
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, axis=None)[: np.count_nonzero(~np.isnan(p))]  # nan is sorted last
    adjusted = np.full(p.shape, np.nan)
    times = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(times * p[order]), 1)
    return adjusted


def bonferroni(p: np.ndarray, size: int) -> np.ndarray:
    """p values adjusted for a family of so many tests, of which others may be elsewhere.

    >>> bonferroni(np.array([0.01, 0.3]), 4)
    array([0.04, 1.  ])
    """
    return np.minimum(np.asarray(p, dtype=float) * size, 1.0)


def smallest_p(nonzero: int) -> float:
    """The smallest two-sided p of a signed-rank test of so many differences, none of which is 0.

    >>> smallest_p(5), smallest_p(6)
    (0.0625, 0.03125)
    """
    return min(1.0, 2.0 ** (1 - nonzero))


def trials_needed(tests: int) -> int:
    """The fewest trials with which one of so many tests can be significant after adjustment.

    >>> trials_needed(1), trials_needed(6)
    (6, 8)
    """
    trials = 2
    while tests * smallest_p(trials) >= LEVEL:
        trials += 1
    return trials
