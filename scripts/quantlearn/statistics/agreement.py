"""How well networks agree that learned the same thing."""

import numpy as np
import pandas as pd
from scipy import stats

__all__ = ["agreement", "half_width"]


def agreement(wide: pd.DataFrame) -> dict[str, float]:
    """How far the values of a row (rows, values) agree: estimate, lower, upper, p, n, values.

    The intraclass correlation ICC(1) of a one-way analysis of variance, the share of the variance
    of single values that is between rows, with the interval that its F test gives (Shrout & Fleiss
    1979, "Intraclass correlations", Psychological Bulletin 86:420). Rows that lack a value are left
    out. Blank with fewer than two rows or values, or where no row varies.

    >>> found = agreement(pd.DataFrame([[1, 2], [5, 6], [9, 8]]))
    >>> round(float(found["estimate"]), 3)
    0.96
    """
    wide = wide.dropna()
    n, values = wide.shape
    blank = dict.fromkeys(["estimate", "lower", "upper", "p"], float("nan"))
    if n < 2 or values < 2:
        return {**blank, "n": n, "values": values}
    within = wide.var(axis=1).mean()
    if not within > 0:
        return {**blank, "n": n, "values": values}
    ratio = values * wide.mean(axis=1).var() / within
    df = n - 1, n * (values - 1)
    low = ratio / stats.f.ppf(0.975, *df)
    high = ratio * stats.f.ppf(0.975, *df[::-1])
    estimate, lower, upper = ((f - 1) / (f + values - 1) for f in (ratio, low, high))
    p = float(stats.f.sf(ratio, *df))
    bounds = {"estimate": estimate, "lower": lower, "upper": upper}
    return {**bounds, "p": p, "n": n, "values": values}


def half_width(wide: pd.DataFrame) -> float:
    """Half of the 95 % t interval of the mean of a row (rows, values).

    The variance within rows is taken to be the same for all, so that it is known well where each
    has few values. Rows that lack a value are left out; nan with fewer than two values in a row.

    >>> round(half_width(pd.DataFrame([[1, 2], [5, 6], [9, 8]])), 3)
    1.591
    """
    wide = wide.dropna()
    n, values = wide.shape
    if n < 1 or values < 2:
        return float("nan")
    t = stats.t.ppf(0.975, n * (values - 1))
    return float(t * np.sqrt(wide.var(axis=1).mean() / values))
