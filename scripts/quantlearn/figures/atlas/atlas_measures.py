"""Which measures of a quantifier go together: rank correlations of all with each other.

Over the orbits of the atlas, means of their quantifiers, whatever was learned of them: degrees of
monotonicity, complexity, statistics of the truth set. What goes together cannot be told apart by
any analysis of outcomes. Intervals are percentile bootstrap intervals over orbits, p values
adjusted by Holm's method over all pairs. Measures that never vary have blanks.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure

from quantlearn.columns import Column, types
from quantlearn.figures import formats, style
from quantlearn.figures.atlas_networks import (
    DEGREE,
    DEGREES,
    MEASURES,
    TRUTH_SET,
    networks_of,
    of_orbits,
    of_quantifiers,
)
from quantlearn.figures.experiment import Experiment
from quantlearn.seeds import random_stream
from quantlearn.statistics.correlation import rank_correlation
from quantlearn.statistics.multiple_tests import LEVEL, holm

READS = ("samples", "curves", "convergence", "baseline_cells")

TABLES = {
    "atlas_measures": {
        "first": Column(
            "str", "A column of atlas.csv, or imbalance (distance of the truth rate from ½)"
        ),
        "second": Column("str", "Another one"),
        "estimate": Column("float64", "Their rank correlation over orbits"),
        "lower": Column("float64", "Lower end of its 95 % bootstrap interval"),
        "upper": Column("float64", "Upper end"),
        "p": Column("float64", "p value"),
        "p_adjusted": Column("float64", "By Holm's method over all rows"),
        "n": Column("int64", "Orbits"),
    },
}

ROWS = {
    "atlas_measures": "One row for each two measures, over its orbits.",
}

NAMES = DEGREES | TRUTH_SET | MEASURES
"""The measures, in words."""


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The correlations over the quantifiers of the experiment."""
    return {"atlas_measures": measures(networks_of(experiment), seed)}


def measures(networks: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row for each two measures: the columns of `TABLES`."""
    points = of_orbits(of_quantifiers(networks)).drop_duplicates("orbit")
    rows = []
    for first, second in itertools.combinations(NAMES, 2):
        rng = random_stream(seed, "atlas_measures", first, second)
        found = rank_correlation(points[first], points[second], rng)
        rows.append({"first": first, "second": second, "n": len(points)} | found)
    table = pd.DataFrame(rows, columns=list(TABLES["atlas_measures"]))
    table["p_adjusted"] = holm(table["p"].to_numpy(dtype=float))
    return table.astype(types(TABLES["atlas_measures"]))


COLOURS = colormaps["RdBu"]


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Which measures of a quantifier go together: rank correlations over all orbits.

    Blue goes with more, red with less; bold numbers have p < 0.05 after Holm's adjustment over all
    pairs. Measures that never vary are left out.
    """
    frame = tables["atlas_measures"]
    varying = set(frame.dropna(subset="estimate")[["first", "second"]].to_numpy().ravel())
    names = [name for name in NAMES if name in varying] or list(NAMES)
    matrix = np.full((len(names), len(names)), np.nan)
    figure = style.new_figure(style.PAGE_WIDTH + 1, 6.6)
    axes = figure.subplots()
    for row in frame.dropna(subset="estimate").itertuples():
        x, y = names.index(row.first), names.index(row.second)
        matrix[y, x] = row.estimate
        number = axes.text(
            x,
            y,
            formats.correlation(row.estimate).replace("0.", ".").replace("1.00", "1"),
            ha="center",
            va="center",
            fontsize=7,
            weight="bold" if row.p_adjusted < LEVEL else "normal",
            color=style.readable_on(COLOURS((row.estimate + 1) / 2)[:3]),
        )
        p = formats.p_phrase(row.p_adjusted)
        between = f"{NAMES[row.first]}, {NAMES[row.second]}"
        style.tell(number, f"{between}: {formats.correlation(row.estimate)} ({p})")
    picture = axes.imshow(matrix[1:, :-1], cmap=COLOURS, vmin=-1, vmax=1, aspect="auto")
    picture.set_extent((-0.5, len(names) - 1.5, len(names) - 0.5, 0.5))
    labels = [NAMES[name] for name in names]
    axes.set_xticks(
        range(len(names) - 1), labels[:-1], rotation=40, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(range(1, len(names)), labels[1:])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"Rank correlation (n = {int(frame['n'].max())} orbits)")
    return figure


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What goes most with the degree, and least, apart from its own variants."""
    frame = tables["atlas_measures"]
    own = frame[(frame["first"] == DEGREE) & ~frame["second"].isin(DEGREES)]
    own = own.dropna(subset="estimate").sort_values("estimate", key=abs, kind="stable")
    rows = [row | {"name": NAMES[row["second"]]} for row in own.to_dict("records")]
    return {"rows": rows, "n": int(frame["n"].max())}
