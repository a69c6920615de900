"""Accuracy on the scenes of each truth value, by how the training scenes are balanced.

Each point is the mean over trials, with its 95 % interval, of networks that were trained for so
many steps and no further. The grey dashed line is the majority baseline: the accuracy of always
giving the commoner answer. Where scenes are downsampled, the test scenes are balanced too; the
accuracy on the scenes of one truth value can be compared all the same.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.practice.balancing import METHODS
from quantlearn.pipeline.jobs import run_job

LINES = {
    "true": "scenes where it is true",
    "false": "scenes where it is false",
    "all": "all scenes",
}


def plot_balancing(numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str) -> None:
    """Draw the accuracies of the analysis of balancing, of each quantifier and balance."""
    frame = tables.read_csv(numbers, tables.BALANCING)
    methods = [method for method in METHODS if method in set(frame["method"])]
    quantifiers = settings["quantifiers"]
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 1.4 + 2.4 * len(quantifiers))
        grid = figure.subplots(
            len(quantifiers), len(methods), sharex=True, sharey=True, squeeze=False
        )
        for row, quantifier in zip(grid, quantifiers, strict=True):
            for axes, method in zip(row, methods, strict=True):
                of_one = frame["quantifier"].eq(quantifier) & frame["method"].eq(method)
                draw_panel(axes, frame[of_one], labelled=axes is grid[0, 0])
                axes.set_title(METHODS[method].capitalize())
            row[0].set_ylabel(f"Accuracy ({style.label(quantifier)})")
        for axes in grid[-1]:
            axes.set_xlabel("Training steps")
        figure.suptitle(
            f"Accuracy by truth value (n = {frame['n'].max()} trials)",
            x=0.01,
            ha="left",
            fontsize=9,
            wrap=True,
        )
        figure.legend(loc="outside lower center", ncols=2, handlelength=3)
        style.save_figure(figure, svg, pdf, png)


def draw_panel(axes: Axes, rows: pd.DataFrame, *, labelled: bool) -> None:
    """The accuracies of one quantifier under one balance, against the length of training."""
    for quantity, look in style.looks(list(LINES)).items():
        line = rows[rows["quantity"] == quantity]
        axes.errorbar(
            line["steps"],
            line["estimate"],
            [
                line["estimate"] - line["lower"].fillna(line["estimate"]),
                line["upper"].fillna(line["estimate"]) - line["estimate"],
            ],
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            capsize=2,
            label=LINES[quantity] if labelled else None,
        )
    baseline = rows.loc[rows["quantity"] == "majority", "estimate"].mean()
    label = "majority baseline" if labelled else None
    axes.axhline(baseline, color=style.GREY, linestyle="--", linewidth=0.9, label=label)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda steps, _: f"{steps:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.03, 1.03)


if __name__ == "__main__":
    run_job(plot_balancing, snakemake)
