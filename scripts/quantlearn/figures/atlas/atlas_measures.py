"""Which measures of a quantifier go together: rank correlations of all with each other.

Over the quantifiers of the atlas, whatever was learned of them: degrees of universals, complexity,
statistics of the truth set. What goes together cannot be told apart by any analysis of outcomes.
Intervals are percentile bootstrap intervals over quantifiers, p values adjusted by Holm's method
over all pairs. Measures that never vary have blanks.
"""

import itertools
from collections.abc import Mapping
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.atlas.atlas import of_quantifiers
from quantlearn.figures.atlas.atlas_checks import TRUTH_SET
from quantlearn.figures.atlas.atlas_effects import DEGREES, MEASURES
from quantlearn.figures.formats import p_phrase
from quantlearn.seeds import random_stream
from quantlearn.statistics.comparison import holm
from quantlearn.statistics.correlation import correlation

__all__ = ["NAMES", "measures_table", "remark", "shown"]

NAMES = DEGREES | MEASURES | TRUTH_SET | {"imbalance": "imbalance of truth"}
"""The measures, in words."""


def measures_table(atlas: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row for each two measures: the columns of `tables.ATLAS_MEASURES`."""
    points = of_quantifiers(atlas).drop_duplicates("quantifier")
    points["imbalance"] = (points["truth_rate"] - 0.5).abs()
    rows = [
        {
            **{"first": first, "second": second, "n": len(points)},
            **correlation(
                *(points[first], points[second], "spearman"),
                random_stream(seed, "atlas_measures", first, second),
            ),
        }
        for first, second in itertools.combinations(NAMES, 2)
    ]
    table = pd.DataFrame(rows, columns=list(tables.ATLAS_MEASURES))
    table["p_adjusted"] = holm(table["p"].to_numpy(dtype=float))
    return table.astype(columns.types(tables.ATLAS_MEASURES))


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """What goes most with monotonicity, and least."""
    n = formats.counted(int(numbers["n"].max()), "quantifier")
    own = numbers[(numbers["first"] == "monotonicity") & ~numbers["second"].isin(DEGREES)]
    own = own.dropna(subset="estimate")
    if own.empty:
        return f"{n} are too few to relate measures."
    ordered = own.iloc[own["estimate"].abs().argsort()]
    ends = [
        f"{which} with {NAMES[row['second']]} ({_numbers(row)})"
        for which, (_, row) in zip(("most", "least"), ordered.iloc[[-1, 0]].iterrows(), strict=True)
    ]
    return (
        f"Apart from its own variants, the degree of monotonicity goes {formats.listed(ends)}; "
        f"rank correlations over n = {n} with intervals of 95 %, p adjusted by Holm's method over "
        "all pairs of measures."
    )


def _numbers(row: pd.Series) -> str:
    estimate, lower, upper = (
        formats.correlation(row[name]) for name in ("estimate", "lower", "upper")
    )
    return f"{estimate}, {formats.interval(lower, upper)}, {p_phrase(row['p_adjusted'])}"


def shown(_: pd.DataFrame) -> None:
    """The figure has all numbers in it."""
