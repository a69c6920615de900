"""Specification curves: estimates in their order, and below each what it was made with.

After Simonsohn, Simmons & Nelson (2020), "Specification curve analysis", Nature Human Behaviour
4:1208.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from quantlearn.figures import style, svg_titles
from quantlearn.figures.texts import estimate
from quantlearn.statistics.multiple_tests import LEVEL

__all__ = ["Level", "specification_curves"]

ACROSS = 3  # curves side by side
TALL = 1.9  # inches, of a curve
MARK = 0.16  # inches, of a row of marks

Level = tuple[str, Any, str]
"""A factor's column, one of its levels, and what that is called."""


def specification_curves(curves: Mapping[str, pd.DataFrame], levels: Sequence[Level]) -> Figure:
    """Draw a curve of ratios for each title, and a row of marks for each level.

    The rows of a curve are its specifications, with the columns of the factors and estimate, lower,
    upper, p and reference.
    """
    across = min(len(curves), ACROSS)
    down = -(-len(curves) // across)
    below = MARK * len(levels)
    figure = style.new_figure(style.PAGE_WIDTH + 2, down * (TALL + 0.5 + below))
    panels = figure.subplots(
        2 * down, across, squeeze=False, sharex="col", height_ratios=[TALL, below] * down
    )
    for axes in panels.flat:
        axes.set_visible(False)
    for place, (title, rows) in enumerate(curves.items()):
        row, column = divmod(place, across)
        ordered = rows.sort_values("estimate", ignore_index=True)
        curve, marks = panels[2 * row : 2 * row + 2, column]
        _draw_curve(curve, ordered)
        _draw_marks(marks, ordered, levels, named=column == 0)
        curve.set_title(title)
    return figure


def _draw_curve(axes: Axes, rows: pd.DataFrame) -> None:
    """The ratios of specifications, in their order."""
    axes.set_visible(True)
    colours = np.where(rows["p"] < LEVEL, style.OKABE_ITO[0], "#999999")
    axes.vlines(rows.index, rows["lower"], rows["upper"], colors=colours, linewidth=0.6, alpha=0.5)
    points = axes.scatter(rows.index, rows["estimate"], c=colours, s=4, linewidths=0, zorder=3)
    svg_titles.tell(points, [estimate(row, "ratio") for row in rows.to_dict("records")])
    own = rows[rows["reference"]]
    axes.scatter(own.index, own["estimate"], c=style.OKABE_ITO[1], s=30, zorder=4)
    axes.axhline(1, color=style.GREY, linestyle="--", linewidth=0.8)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_locator(LogLocator(base=2, numticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:.2g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", length=0, labelbottom=False)


def _draw_marks(axes: Axes, rows: pd.DataFrame, levels: Sequence[Level], *, named: bool) -> None:
    """Which level of each factor a specification has."""
    axes.set_visible(True)
    for y, (factor, level, _) in enumerate(levels):
        x = rows.index[rows[factor] == level]
        axes.plot(x, np.full(len(x), y), "|", color="0.15", markersize=3, markeredgewidth=0.6)
    axes.set_ylim(len(levels) - 0.5, -0.5)
    axes.set_yticks(range(len(levels)), [name if named else "" for *_, name in levels])
    axes.tick_params(length=0, labelbottom=False)
