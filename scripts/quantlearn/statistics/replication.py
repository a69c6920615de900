"""A study and its replication: two independent samples of runs, and what one says of the other."""

from math import nan, sqrt

import numpy as np
from scipy import stats
from scipy.special import stdtrit

from quantlearn.statistics.comparison import Comparison
from quantlearn.statistics.intervals import CONFIDENCE, Interval, is_constant

__all__ = ["HELD", "NOT_HELD", "OPEN", "mann_whitney_test", "prediction_interval", "replicated"]

HELD, NOT_HELD, OPEN = "held", "not_held", "cannot_tell"
"""What a replication may say of a published effect."""


def prediction_interval(values: np.ndarray, n: int) -> Interval:
    """Mean of the ``values`` (n₁,), and where the mean of ``n`` new ones will lie in 95 %.

    Mean ± t · s · √(1/n₁ + 1/n), with the quantile .975 of t with n₁ − 1 degrees of freedom: exact
    for the mean of normal values whose variance is that of the first ones (Hahn 1969, Factors for
    calculating two-sided prediction intervals, JASA 64). It is what Patil, Peng & Leek (2016, What
    should researchers expect when they replicate studies?, Perspectives on Psychological Science
    11) take for the effect of a replication, here of means with an unknown variance. None for fewer
    than two values or without variance.

    >>> prediction_interval(np.array([1.0, 2.0, 3.0]), n=3)
    Interval(estimate=2.0, lower=-1.513..., upper=5.513...)
    """
    if not len(values):
        return Interval(nan)
    mean = float(np.mean(values))
    if is_constant(values) or n < 1:
        return Interval(mean)
    quantile = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    half = quantile * float(np.std(values, ddof=1)) * sqrt(1 / len(values) + 1 / n)
    return Interval(mean, mean - half, mean + half)


def replicated(prediction: Interval, found: float) -> str:
    """Whether a published effect was found again, by its `prediction_interval`.

    ``held``: ``found`` lies inside the interval, which is narrower than the published effect is
    large, so that both have the same sign. ``not_held``: it lies outside. ``cannot_tell``: it lies
    inside an interval that is as wide as the effect or wider, or there is none.

    >>> published = Interval(100.0, 60.0, 140.0)
    >>> replicated(published, 70), replicated(published, 20), replicated(Interval(9.0, -1, 19), 5)
    ('held', 'not_held', 'cannot_tell')
    """
    if np.isnan([prediction.lower, prediction.upper, found]).any():
        return OPEN
    if not prediction.lower <= found <= prediction.upper:
        return NOT_HELD
    narrow = prediction.upper - prediction.lower < abs(prediction.estimate)
    return HELD if narrow else OPEN


def mann_whitney_test(first: np.ndarray, second: np.ndarray) -> Comparison:
    """Mann–Whitney's test of two independent samples (n₁,) and (n₂,); inf is above every number.

    The estimate is the share of pairs, one of each sample, in which the first is larger, ties
    halved; ``statistic`` is U of the first. Blank for an empty sample, without p where all values
    are the same.

    >>> found = mann_whitney_test(np.array([5.0, np.inf]), np.array([1.0, 5.0]))
    >>> found.estimate, found.statistic
    (0.875, 3.5)
    """
    found = Comparison("mann_whitney", "share of pairs", len(first) + len(second))
    if not len(first) or not len(second):
        return found
    result = stats.mannwhitneyu(first, second) if len({*first, *second}) > 1 else None
    above = (first[:, None] > second).sum() + (first[:, None] == second).sum() / 2
    return Comparison(
        test=found.test,
        unit=found.unit,
        n=found.n,
        estimate=float(above) / (len(first) * len(second)),
        statistic=float(above),
        p=nan if result is None else float(result.pvalue),
    )
