"""Paired differences in their own standard deviations, and the smallest that can be shown."""

from functools import cache
from math import nan

import numpy as np
from scipy import special

from quantlearn.statistics.intervals import CONFIDENCE, Interval, is_constant

__all__ = ["hedges_g_z", "smallest_effect"]


def hedges_g_z(differences: np.ndarray) -> Interval:
    """Estimate the mean of paired differences (n,) in their standard deviations, with an interval.

    Cohen's d_z times Hedges' correction for few trials (Hedges 1981, "Distribution theory for
    Glass's estimator of effect size", J. Educational Statistics 6:107). The interval is that of
    the noncentral t distribution (Cumming & Finch 2001), exact for normal differences. Blank for
    fewer than three differences, or where they do not vary.

    >>> hedges_g_z(np.array([1.0, 2.0, 3.0]))
    Interval(estimate=1.128..., lower=-0.141..., upper=4.105...)
    """
    n = len(differences)
    if n < 3 or is_constant(differences):
        return Interval(nan)
    d_z = np.mean(differences) / np.std(differences, ddof=1)
    df, t = n - 1, d_z * np.sqrt(n)
    correction = np.exp(
        special.gammaln(df / 2) - np.log(df / 2) / 2 - special.gammaln((df - 1) / 2)
    )
    tail = (1 - CONFIDENCE) / 2
    lower, upper = (_noncentrality(t, df, share) / np.sqrt(n) for share in (1 - tail, tail))
    return Interval(float(correction * d_z), float(lower), float(upper))


@cache
def _spread(df: int) -> np.ndarray:
    """How large a standard deviation may come out, relative to the true one, in like shares."""
    return np.sqrt(2 * special.gammaincinv(df / 2, (np.arange(2000) + 0.5) / 2000) / df)


def _noncentrality(t: float, df: int, share: float) -> float:
    """The noncentrality under which a t statistic is at most ``t`` with probability ``share``.

    The distribution is the mean of Φ(t · spread − noncentrality); closed forms fail for large t.
    """
    scaled = t * _spread(df)
    from scipy import optimize  # noqa: PLC0415 (a quarter of a second, which most uses save)

    return optimize.brentq(
        lambda nc: special.ndtr(scaled - nc).mean() - share, scaled.min() - 10, scaled.max() + 10
    )


def smallest_effect(n: int, level: float, power: float = 0.8) -> float:
    """Find the smallest d_z that a two-sided paired t-test of n trials shows with this power.

    level: that of the single test, adjusted for its family. nan for fewer than two trials.

    >>> round(smallest_effect(10, 0.05), 2), round(smallest_effect(30, 0.05), 2)
    (1.0, 0.53)
    """
    if n < 2:
        return nan
    critical = special.stdtrit(n - 1, 1 - level / 2)
    # The chance of significance in the other direction is nothing at such a power.
    return float(_noncentrality(critical, n - 1, 1 - power) / np.sqrt(n))
