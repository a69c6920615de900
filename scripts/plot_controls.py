"""Do the effects of 2019 survive? The lead of the first quantifier of each pair, by condition.

A lead of 2 means that the second quantifier takes twice as many steps until it is learned: the
geometric mean over the trials in which both are, with its 95 % interval. The numbers on the right
count these trials, and behind a plus those in which only the first quantifier was learned, behind a
minus only the second. Filled markers: p < 0.05 in Wilcoxon's test of all trials in which one was
learned, adjusted by Holm's method over all rows.
"""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.pipeline.jobs import run_job
from quantlearn.statistics.comparison import LEVEL

LONGEST = 32  # intervals go on outside the panel
ACROSS = 3  # panels side by side


def plot_controls(numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str) -> None:
    """Draw a panel for each pair."""
    frame = tables.read_csv(numbers, tables.CONTROLS)
    pairs = list(dict.fromkeys(zip(frame["easy"], frame["hard"], strict=True)))
    conditions = list(dict.fromkeys(frame["condition"]))
    with style.figure_style():
        across = min(len(pairs), ACROSS)
        down = math.ceil(len(pairs) / across)
        height = 0.3 + down * (1 + 0.28 * len(conditions))
        figure = style.new_figure(style.PAGE_WIDTH + 1, height)
        panels = figure.subplots(down, across, sharey=True, squeeze=False)
        for axes in panels.flat[len(pairs) :]:
            axes.set_visible(False)
        for axes, (easy, hard), colour in zip(
            panels.flat, pairs, itertools.cycle(style.OKABE_ITO), strict=False
        ):
            rows = frame[(frame["easy"] == easy) & (frame["hard"] == hard)]
            draw_panel(axes, rows, conditions, colour)
            axes.set_title(f"{style.label(easy)} –\n{style.label(hard)}")
        panels[0, 0].set_yticks(range(len(conditions)), conditions)
        panels[0, 0].set_ylim(len(conditions) - 0.5, -0.5)
        figure.supxlabel("Lead of the first: ratio of convergence steps", fontsize=9)
        style.save_figure(figure, svg, pdf, png)


def draw_panel(axes: Axes, rows: pd.DataFrame, conditions: list[str], colour: str) -> None:
    """The leads of one pair."""
    for row in rows.itertuples():
        y = conditions.index(row.condition)
        axes.hlines(y, row.lower, row.upper, color=colour, linewidth=1.2)
        filled = colour if row.p_adjusted < LEVEL else "white"
        axes.plot(row.ratio, y, "o", color=colour, markerfacecolor=filled)
        more = f" +{row.only_easy}" * bool(row.only_easy) + f" −{row.only_hard}" * bool(
            row.only_hard
        )
        axes.annotate(
            f"{row.both}{more}",
            (1, y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(2, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=style.GREY,
        )
    axes.axvline(1, color=style.GREY, linestyle="--", linewidth=0.8)
    axes.set_xscale("log", base=2)
    ends = np.nan_to_num([rows["lower"].min() / 1.2, rows["upper"].max() * 1.2], nan=1)
    axes.set_xlim(np.clip(ends[0], 1 / LONGEST, 0.8), np.clip(ends[1], 1.25, LONGEST))
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(base=2 if high > 4 * low else 2**0.5, numticks=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:.2g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", length=0)


if __name__ == "__main__":
    run_job(plot_controls, snakemake)
