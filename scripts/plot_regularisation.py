"""The gap between training and test accuracy with no, one and several means of regularisation.

On the left each line joins the mean accuracy on the training scenes (hollow) and on the test scenes
(filled); on the right is the change of the gap against no regularisation, within trials. All bars
are 95 % intervals over trials. Conditions stand in the order of their gap, the smallest at the top.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.practice.regularisation import NONE
from quantlearn.pipeline.jobs import run_job

BOUNDS = ["estimate", "lower", "upper"]
TRAIN, TEST = style.OKABE_ITO[:2]


def plot_regularisation(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the accuracies of the analysis of regularisation."""
    frame = tables.read_csv(numbers, tables.REGULARISATION)
    accuracy = frame[frame["metric"] == "accuracy"].set_index(["quantity", "condition"])
    order = accuracy.loc["gap", "estimate"].sort_values(ascending=False, kind="stable").index
    places = {condition: place for place, condition in enumerate(order)}
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 1.5 + 0.3 * len(order))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for condition, place in places.items():
            ends = [accuracy.loc[(side, condition), "estimate"] for side in ("train", "test")]
            left.plot(ends, [place, place], color="0.75", linewidth=3, zorder=1)
        draw(left, accuracy.loc["test"], places, "s", TEST, "test scenes")
        draw(left, accuracy.loc["train"], places, "o", TRAIN, "training scenes", hollow=True)
        draw(right, 100 * accuracy.loc["gap less none", BOUNDS], places, "D", "black")
        right.plot(0, places[NONE], "D", color="black", markerfacecolor="white")
        right.axvline(0, color=style.GREY, linestyle="--", linewidth=0.8)
        left.set_yticks(range(len(order)), order)
        left.set_ylim(-0.6, len(order) - 0.4)
        left.set_xlabel("Accuracy")
        right.set_xlabel("Change of the gap, points")
        n = int(accuracy["n"].max())
        figure.suptitle(
            f"{settings['title']} (n = {n} trials)", x=0.01, ha="left", fontsize=9, wrap=True
        )
        figure.legend(loc="outside lower center", ncols=2)
        style.save_figure(figure, svg, pdf, png)


def draw(
    axes: Axes,
    rows: pd.DataFrame,
    places: dict[str, int],
    marker: str,
    colour: str,
    label: str | None = None,
    *,
    hollow: bool = False,
) -> None:
    """Estimates with their intervals, each at the place of its condition."""
    heights = rows.index.map(places)
    axes.hlines(heights, rows["lower"], rows["upper"], color=colour, linewidth=1.2, zorder=2)
    axes.plot(
        rows["estimate"],
        heights,
        marker,
        color=colour,
        markerfacecolor="white" if hollow else colour,
        label=label,
        zorder=3,
    )


if __name__ == "__main__":
    run_job(plot_regularisation, snakemake)
