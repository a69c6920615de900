"""Which measures of a quantifier go together: rank correlations of all with each other.

Over the orbits of the atlas, means of their quantifiers, whatever was learned of them: degrees of
monotonicity, complexity, statistics of the truth set. What goes together cannot be told apart by
any analysis of outcomes. Intervals are percentile bootstrap intervals over orbits, p values
adjusted by Holm's method over all pairs. Measures that never vary have blanks.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure
from seaborn import heatmap

from quantlearn.columns import Column, types
from quantlearn.figures import formats, style, svg_titles
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
    shown = frame.dropna(subset="estimate").set_index(["second", "first"])
    matrix = shown.pivot_table("estimate", "second", "first").reindex(names[1:], columns=names[:-1])
    figure = style.new_figure(style.PAGE_WIDTH + 1, 6.6)
    axes = figure.subplots()
    heatmap(
        matrix.rename(index=NAMES, columns=NAMES),
        cmap=COLOURS,
        vmin=-1,
        vmax=1,
        cbar=False,
        annot=True,
        annot_kws={"fontsize": 7},
        ax=axes,
    )
    # Numbers stand in the order of the cells, row by row.
    cells = [
        pair for pair in itertools.product(matrix.index, matrix.columns) if pair in shown.index
    ]
    for number, pair in zip(axes.texts, cells, strict=True):
        value, p = shown.loc[pair, ["estimate", "p_adjusted"]]
        number.set(
            text=formats.correlation(value).replace("0.", ".").replace("1.00", "1"),
            weight="bold" if p < LEVEL else "normal",
            color=style.readable_on(COLOURS((value + 1) / 2)[:3]),
        )
        told = f"{formats.correlation(value)} ({formats.p_phrase(p)})"
        svg_titles.tell(number, f"{NAMES[pair[1]]}, {NAMES[pair[0]]}: {told}")
    axes.set(xlabel="", ylabel="")
    axes.tick_params(length=0)
    axes.set_xticks(
        axes.get_xticks(),
        [text.get_text() for text in axes.get_xticklabels()],
        rotation=40,
        ha="right",
        rotation_mode="anchor",
    )
    axes.set_title(f"Rank correlation (n = {int(frame['n'].max())} orbits)")
    return figure


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What goes most with the degree, and least, apart from its own variants."""
    frame = tables["atlas_measures"]
    own = frame[(frame["first"] == DEGREE) & ~frame["second"].isin(DEGREES)]
    own = own.dropna(subset="estimate").sort_values("estimate", key=abs, kind="stable")
    rows = [row | {"name": NAMES[row["second"]]} for row in own.to_dict("records")]
    return {"rows": rows, "n": int(frame["n"].max())}
