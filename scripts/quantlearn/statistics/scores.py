"""Comparing scores between 0 and 1, such as accuracies: which are the best, what differences show.

One way to say what paired differences show, for every score: higher, lower, no larger than a
margin, or open.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn.columns import Column, Schema
from quantlearn.statistics.comparison import paired_comparison, verdict
from quantlearn.statistics.multiple_tests import holm

__all__ = ["DIFFERENCE", "MARGIN", "best", "compared", "equalled"]

MARGIN = 0.02
"""Differences of scores that are no larger are no difference that matters."""

DIFFERENCE: Schema = {
    "estimate": Column("float64", "Mean over trials of the difference"),
    "lower": Column("float64", "Lower end of its 95 % t interval"),
    "upper": Column("float64", "Upper end"),
    "n": Column("int64", "Trials"),
    "p_adjusted": Column(
        "float64", "Two-sided p of the exact signed-rank test, by Holm's method over its family"
    ),
    "verdict": Column(
        "str",
        "higher, lower, no_difference (none larger than 0.02, by two one-sided t-tests at 0.05) "
        "or open",
    ),
}
"""What `compared` says of a difference, among the columns of other tables."""

_WORDS = {"sooner": "higher", "later": "lower"}


def compared(differences: Mapping[tuple, np.ndarray], keys: list[str]) -> pd.DataFrame:
    """Test a family of paired differences of scores, (n,) each, one row for each.

    Columns: the ``keys`` that name a difference, and those of `DIFFERENCE`.

    >>> differences = {("a",): np.full(8, 0.1), ("b",): np.array([0.01, -0.01] * 4)}
    >>> compared(differences, ["what"])[["what", "estimate", "p_adjusted", "verdict"]]
      what  estimate  p_adjusted        verdict
    0    a       0.1    0.015625         higher
    1    b       0.0    1.000000  no_difference
    """
    found = [
        paired_comparison(np.asarray(values), (-MARGIN, MARGIN)) for values in differences.values()
    ]
    adjusted = holm(np.array([one.p for one in found]))
    rows: list[dict[str, Any]] = []
    for key, one, p in zip(differences, found, adjusted, strict=True):
        shown = verdict(one.ranks, p, one.within)
        row = {name: getattr(one, name) for name in ("estimate", "lower", "upper", "n")}
        row |= {"p_adjusted": p, "verdict": _WORDS.get(shown, shown)}
        rows.append(dict(zip(keys, key, strict=True)) | row)
    return pd.DataFrame(rows, columns=[*keys, *DIFFERENCE])


def equalled(means: pd.Series | np.ndarray) -> pd.Series | np.ndarray:
    """Round means so that those of the same scores, summed in another order, are equal.

    >>> a, b = equalled(np.array([(0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3]))
    >>> bool(a == b)
    True
    """
    return means.round(9)


def best(means: pd.Series) -> list:
    """Give the labels of the highest of some means, all of them where several are equal.

    >>> best(pd.Series({"a": (0.1 + 0.2 + 0.3) / 3, "b": 0.1, "c": (0.3 + 0.2 + 0.1) / 3}))
    ['a', 'c']
    """
    rounded = equalled(means)
    return rounded.index[rounded == rounded.max()].tolist()
