"""Estimates with their confidence intervals.

Many small jobs need no more than this; importing scipy.stats would be most of their work.
"""

from dataclasses import dataclass
from math import nan

import numpy as np
from scipy.special import ndtri, stdtrit

__all__ = ["CONFIDENCE", "Interval", "is_constant", "mean_interval", "share_interval"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % confidence interval; bounds are nan where there is none."""

    estimate: float
    lower: float = nan
    upper: float = nan


def mean_interval(values: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Mean with its t interval; none for fewer than two values or without variance.

    >>> mean_interval(np.array([1.0, 2.0, 3.0]))
    Interval(estimate=2.0, lower=-0.484..., upper=4.484...)
    """
    if not len(values):
        return Interval(nan)
    mean = float(np.mean(values))
    if is_constant(values):
        return Interval(mean)
    n = len(values)
    half = float(stdtrit(n - 1, (1 + confidence) / 2) * np.std(values, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half)


def share_interval(count: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % intervals of shares, counts of n, as lower and upper ends (Wilson 1927).

    >>> share_interval(np.array([0, 5]), 10)
    (array([0.   , 0.236...]), array([0.277..., 0.763...]))
    """
    z = ndtri((1 + CONFIDENCE) / 2)
    share = np.asarray(count) / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2) / (1 + z**2 / n)
    return middle - half, middle + half


def is_constant(values: np.ndarray) -> bool:
    """Whether values have no variance beyond rounding; fewer than two have none."""
    return len(values) < 2 or bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
