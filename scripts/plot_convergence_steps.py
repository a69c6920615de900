"""The step at which each trial learned each quantifier.

Each point is one trial, and a thin line joins the points of one trial; boxes show the quartiles of
the trials that converged. Hollow triangles are trials that did not learn the quantifier, drawn at
the end of their run: the true step lies above, if there is one. The axis
says by how many trials each quantifier was learned.
"""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from quantlearn import columns, tables
from quantlearn.figures import style
from quantlearn.pipeline.jobs import run_job

SPREAD = 0.12
"""Points of neighbouring trials stand side by side within this distance of the box's middle."""


def plot_convergence_steps(
    convergence: str,
    settings: dict[str, Any],
    *,
    svg: str,
    pdf: str,
    png: str,
    leaderboard: str | None = None,
) -> None:
    """Draw the convergence steps of the chosen sample."""
    frame = tables.read_csv(convergence, columns.CONVERGENCE)
    chosen = tables.of_chosen(frame, leaderboard)
    quantifiers = settings["quantifiers"]
    looks = style.looks(quantifiers)
    trials = sorted(chosen["trial"].unique())
    shift = dict(zip(trials, np.linspace(-SPREAD, SPREAD, len(trials) + 2)[1:-1], strict=True))
    points = chosen.assign(
        time=chosen["step"].fillna(chosen["last_step"]).astype(float),
        x=chosen["quantifier"].map(quantifiers.index) + chosen["trial"].map(shift),
    )
    with style.figure_style():
        figure = style.new_figure(max(style.COLUMN_WIDTH, 1.3 * len(quantifiers)), 3.6)
        axes = figure.add_subplot()
        for _, trial in points.sort_values("x").groupby("trial"):
            axes.plot(trial["x"], trial["time"], color="0.75", linewidth=0.6, zorder=1)
        for place, quantifier in enumerate(quantifiers):
            rows = points[points["quantifier"] == quantifier]
            draw_quantifier(axes, rows, place, looks[quantifier])
        labels = [
            f"{wrapped(style.label(name))}\nin {converged} of {len(trials)} trials"
            for name, converged in zip(
                quantifiers, converged_counts(points, quantifiers), strict=True
            )
        ]
        axes.set_xticks(range(len(quantifiers)), labels)
        axes.set_xlim(-0.5, len(quantifiers) - 0.5)
        axes.set_ylim(0, points["time"].max() * 1.06)
        style.step_axis(axes.yaxis)
        axes.set_ylabel("Step at which it was learned")
        axes.set_title(settings["title"], wrap=True)
        if not points["converged"].all():
            axes.plot(
                [], [], "^", color="black", markerfacecolor="white", label="not learned by the end"
            )
            axes.legend(loc="best", handletextpad=0.2)
        style.save_figure(figure, svg, pdf, png)


def draw_quantifier(axes: Axes, rows: pd.DataFrame, place: int, look: style.Look) -> None:
    """One quantifier: box of the converged trials and all points."""
    learned, censored = rows[rows["converged"]], rows[~rows["converged"]]
    if len(learned):
        axes.boxplot(
            learned["time"],
            positions=[place],
            widths=0.5,
            showfliers=False,
            manage_ticks=False,
            boxprops={"color": look.colour},
            whiskerprops={"color": look.colour},
            capprops={"color": look.colour},
            medianprops={"color": look.colour, "linewidth": 2},
        )
    axes.plot(
        learned["x"], learned["time"], look.marker, color=look.colour, alpha=0.75, markeredgewidth=0
    )
    axes.plot(
        censored["x"],
        censored["time"],
        "^",
        color=look.colour,
        markerfacecolor="white",
        markersize=6,
        zorder=3,
    )


def converged_counts(points: pd.DataFrame, quantifiers: list[str]) -> list[int]:
    """How many trials converged, for each quantifier in order."""
    return [
        int(points.loc[points["quantifier"] == name, "converged"].sum()) for name in quantifiers
    ]


def wrapped(text: str) -> str:
    """A label in lines short enough to stand under its box."""
    return textwrap.fill(text, 16)


if __name__ == "__main__":
    run_job(plot_convergence_steps, snakemake)
