"""Convergence steps: when each trial learned each quantifier."""

import textwrap
from collections.abc import Mapping
from math import ceil

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.figures import style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.statistics.convergence import measured

SPREAD = 0.12
"""Points of neighbouring trials stand side by side within this distance of the box's middle."""


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """The step at which each trial learned each quantifier.

    Each point is one trial, and a thin line joins the points of one trial; boxes show the quartiles
    of the trials that converged. Hollow triangles are trials that did not learn the quantifier,
    drawn at the end of their run: the true step lies above, if there is one. The axis says by how
    many trials each quantifier was learned.
    """
    chosen = experiment.shown(measured(experiment.convergence))
    quantifiers = experiment.settings["quantifiers"]
    looks = style.looks(quantifiers)
    trials = sorted(chosen["trial"].unique())
    shift = dict(zip(trials, np.linspace(-SPREAD, SPREAD, len(trials) + 2)[1:-1], strict=True))
    points = chosen.assign(
        time=chosen["step"].fillna(chosen["last_step"]).astype(float),
        x=chosen["quantifier"].map(quantifiers.index) + chosen["trial"].map(shift),
    )
    figure = style.new_figure(max(style.COLUMN_WIDTH, 1.3 * len(quantifiers)), 3.6)
    axes = figure.add_subplot()
    for _, trial in points.sort_values("x").groupby("trial"):
        axes.plot(trial["x"], trial["time"], color="0.75", linewidth=0.6, zorder=1)
    for place, quantifier in enumerate(quantifiers):
        rows = points[points["quantifier"] == quantifier]
        draw_quantifier(axes, rows, place, looks[quantifier])
    converged = points.groupby("quantifier")["converged"].sum()
    labels = [
        # Lines short enough to stand under a box.
        f"{textwrap.fill(style.label(name), 16)}\nin {converged[name]} of {len(trials)} trials"
        for name in quantifiers
    ]
    axes.set_xticks(range(len(quantifiers)), labels)
    axes.set_xlim(-0.5, len(quantifiers) - 0.5)
    axes.set_ylim(0, points["time"].max() * 1.06)
    style.step_axis(axes.yaxis)
    axes.set_ylabel("Step at which it was learned")
    title = experiment.settings["title"]
    lines = ceil(len(title) / (12.5 * figure.get_figwidth()))  # about as long as one another
    axes.set_title(textwrap.fill(title, len(title) // lines + 8))
    if not points["converged"].all():
        axes.plot(
            [], [], "^", color="black", markerfacecolor="white", label="not learned by the end"
        )
        axes.legend(loc="best", handletextpad=0.2)
    return figure


def draw_quantifier(axes: Axes, rows: pd.DataFrame, place: int, look: style.Look) -> None:
    """One quantifier: box of the converged trials and all points."""
    learned, censored = rows[rows["converged"]], rows[~rows["converged"]]
    if len(learned):
        colour = {"color": look.colour}
        axes.boxplot(
            learned["time"], positions=[place], widths=0.5, showfliers=False, manage_ticks=False,
            boxprops=colour, whiskerprops=colour, capprops=colour,
            medianprops=colour | {"linewidth": 2},
        )  # fmt: skip
    (points,) = axes.plot(
        learned["x"], learned["time"], look.marker, color=look.colour, alpha=0.75, markeredgewidth=0
    )
    svg_titles.tell(points, titles(learned, "learned at"))
    (points,) = axes.plot(
        censored["x"], censored["time"], "^", color=look.colour, markerfacecolor="white",
        markersize=6, zorder=3,
    )  # fmt: skip
    svg_titles.tell(points, titles(censored, "not learned by"))


def titles(rows: pd.DataFrame, when: str) -> list[str]:
    """What the points of trials tell."""
    return [
        f"{style.label(row.quantifier)}, trial {row.trial}: {when} step {row.time:,.0f}"
        for row in rows.itertuples()
    ]
