"""Estimates with their confidence intervals.

Many small jobs need no more than this; importing scipy.stats would be most of their work.
"""

from dataclasses import dataclass
from math import nan

import numpy as np
from scipy.special import stdtrit

__all__ = ["CONFIDENCE", "Interval", "is_constant", "mean_interval"]

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


def is_constant(values: np.ndarray) -> bool:
    """Whether values have no variance beyond rounding; fewer than two have none."""
    return len(values) < 2 or bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
