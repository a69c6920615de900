"""Do intervals cover what they should, and do tests err as rarely? On times whose truth is known.

Nothing is trained: pairs of lognormal times stand for the convergence steps of the trials, and a
horizon cuts off a share of them. The functions that make verdicts are asked about each ensemble.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import Column, types
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.error_rates import QUANTITIES, SPREAD, Design, simulated_rates
from quantlearn.figures.experiment import Experiment
from quantlearn.seeds import random_stream
from quantlearn.statistics.comparison import difference_has_interval, ratio_has_interval

READS = ("samples",)

TABLES = {
    "simulated_coverage": {
        "n": Column("int64", "Trials of an ensemble"),
        "correlation": Column("float64", "Within trials, of the logarithms of the two times"),
        "not_learned": Column("float64", "Share of the times that the horizon cuts off"),
        "ratio": Column("float64", "True ratio of the medians, second over first"),
        "quantity": Column(
            "str",
            "difference_covered and ratio_covered: the 95 % t interval of the mean difference of "
            "min(T, horizon), or of its logarithm, holds the true one; no_interval: all "
            "differences are equal, which counts as not covered; false_direction and "
            "true_direction: the exact signed-rank test is below 0.05 in this direction",
        ),
        "rate": Column("float64", "Share of the repetitions"),
        "error": Column("float64", "Its standard error by the number of repetitions"),
        "repetitions": Column("int64", "Simulated ensembles"),
    },
}

ROWS = {"simulated_coverage": "One row for each design and quantity."}

SIZES = (10, 15, 30)
CORRELATIONS = (-0.5, 0.0, 0.5, 0.9)
NOT_LEARNED = (0.0, 0.3, 0.7)
RATIOS = (1.0, 1.5)
REPETITIONS = 10_000

LEAST_COVERED = {0.0: 0.93, 0.3: 0.91, 0.7: 0.91}
"""What an interval must cover to be used, by the share that is not learned."""

MOST_COVERED = 0.97  # where all is learned
MOST_FALSE = 0.06

NAMES = {
    "difference_covered": "Interval of the\ndifference covers",
    "ratio_covered": "Interval of the\nratio covers",
    "false_direction": "False directions",
}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The rates of each design; the experiment only lends them a page."""
    designs = itertools.product(SIZES, CORRELATIONS, NOT_LEARNED, RATIOS)
    found = [
        rates(Design(*values), REPETITIONS, random_stream(seed, "simulated_coverage", place))
        for place, values in enumerate(designs)
    ]
    frame = pd.concat(found, ignore_index=True)
    return {"simulated_coverage": frame.astype(types(TABLES["simulated_coverage"]))}


def rates(design: Design, repetitions: int, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of a design."""
    found = simulated_rates(design, repetitions, rng)
    share = np.array([found[name] for name in QUANTITIES])
    return pd.DataFrame(
        {
            "n": design.n,
            "correlation": design.correlation,
            "not_learned": design.not_learned,
            "ratio": design.ratio,
            "quantity": QUANTITIES,
            "rate": share,
            "error": np.sqrt(share * (1 - share) / repetitions),
            "repetitions": repetitions,
        }
    )


def missed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that miss what is asked of them, by however little, of intervals that are given."""
    covered = np.array([is_interval(row) for row in table.itertuples()])
    little = covered & (table["rate"] < table["not_learned"].map(LEAST_COVERED))
    much = covered & (table["not_learned"] == 0) & (table["rate"] > MOST_COVERED)
    false = (table["quantity"] == "false_direction") & (table["rate"] > MOST_FALSE)
    return table[little | much | false]


def is_interval(row: Any) -> bool:
    """Whether a row is about an interval that verdicts are given in such designs."""
    learned = 2 * row.n * (1 - row.not_learned)
    given = {
        "difference_covered": difference_has_interval(row.n, learned),
        "ratio_covered": ratio_has_interval(row.n, learned),
    }
    return given.get(row.quantity, False)


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """How often 95 % intervals hold the true value, and tests at 0.05 find a false direction.

    Simulated pairs of lognormal times, of which a horizon cuts off none, 30 or 70 %. Filled: both
    are equally long; hollow: the second is 1.5 times as long, a median. Grey: what is asked of
    intervals and tests that are used. Bars of two standard errors of the simulation.
    """
    frame = tables["simulated_coverage"]
    figure = style.new_figure(style.PAGE_WIDTH, 5.2)
    panels = figure.subplots(len(NAMES), len(NOT_LEARNED), sharex=True, sharey="row")
    for row, (quantity, name) in zip(panels, NAMES.items(), strict=True):
        for axes, share in zip(row, NOT_LEARNED, strict=True):
            own = frame[(frame["quantity"] == quantity) & (frame["not_learned"] == share)]
            draw_rates(axes, own, asked(quantity, share))
        row[0].set_ylabel(name)
        style.percent_axis(row[0].yaxis)
    for axes, share in zip(panels[0], NOT_LEARNED, strict=True):
        not_learned = f"{formats.number(100 * share)} % not learned"
        axes.set_title(not_learned if share else "all learned")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(CORRELATIONS))
    figure.supxlabel("Trials of an ensemble", fontsize=9)
    return figure


def asked(quantity: str, not_learned: float) -> tuple[float, float]:
    """Between which rates a quantity should lie."""
    if quantity == "false_direction":
        return 0.0, MOST_FALSE
    return LEAST_COVERED[not_learned], 1.0 if not_learned else MOST_COVERED


def draw_rates(axes: Axes, rows: pd.DataFrame, between: tuple[float, float]) -> None:
    """One quantity at one share, a colour for each correlation."""
    axes.axhspan(*between, color=style.GREY, alpha=0.2, linewidth=0)
    sizes, correlations = sorted(rows["n"].unique()), sorted(rows["correlation"].unique())
    for place, correlation in enumerate(correlations):
        colour, marker = style.OKABE_ITO[place], style.MARKERS[place]
        for (ratio, own), side in zip(
            rows[rows["correlation"] == correlation].groupby("ratio"), (-0.04, 0.04), strict=False
        ):
            at = [sizes.index(n) + 0.2 * (place - 1.5) + side for n in own["n"]]
            drawn = axes.errorbar(
                at,
                own["rate"],
                yerr=2 * own["error"],
                linestyle="",
                marker=marker,
                markersize=3.5,
                elinewidth=0.8,
                color=colour,
                markerfacecolor=colour if ratio == 1 else "white",
                label=f"correlation {formats.number(correlation)}" if ratio == 1 else None,
            )
            titles = [
                f"{n} trials, correlation {formats.number(correlation)}, ratio "
                f"{formats.number(ratio)}: {formats.percent(rate)}"
                for n, rate in zip(own["n"], own["rate"], strict=True)
            ]
            svg_titles.tell(drawn.lines[0], titles)
    axes.set_xticks(range(len(sizes)), [str(n) for n in sizes])


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The ranges of the rates, by the share not learned and the trials, and what misses."""
    frame = tables["simulated_coverage"]
    by_quantity = dict(iter(frame.groupby("quantity")))
    cells = []
    for (share, n), own in frame.groupby(["not_learned", "n"]):
        of = {quantity: rows["rate"] for quantity, rows in own.groupby("quantity")}
        cells.append(
            {
                "Not learned": formats.percent(share),
                "Trials": str(n),
                "Difference covered": _range(of["difference_covered"]),
                "Ratio covered": _range(of["ratio_covered"]),
                "No interval": _range(of["no_interval"]),
                "False directions": _range(of["false_direction"]),
            }
        )
    misses = missed(frame).sort_values("rate")
    whole = frame["not_learned"] == 0
    names = {name: text.replace("\n", " ") for name, text in NAMES.items()}
    return {
        "names": names,
        "designs": len(frame) // len(QUANTITIES),
        "repetitions": int(frame["repetitions"].min()),
        "error": float(np.sqrt(0.95 * 0.05 / frame["repetitions"].min())),
        "spread": SPREAD,
        "lowest": {
            name: (rows.loc[whole, "rate"].min(), rows.loc[~whole, "rate"].min())
            for name, rows in by_quantity.items()
        },
        "highest_false": by_quantity["false_direction"]["rate"].max(),
        "misses": misses.to_dict("records"),
        "least": LEAST_COVERED,
        "most": MOST_COVERED,
        "most_false": MOST_FALSE,
        "rows": cells,
    }


def _range(rates: pd.Series) -> str:
    low, high = formats.percent(rates.min()), formats.percent(rates.max())
    return low if low == high else f"{low} to {high}"
