"""Test accuracy by the number of labelled training scenes, from scratch and after pretraining.

On the left means over trials with 95 % t intervals; the number of scenes is on a logarithmic scale.
On the right the difference within trials: above the line, pretraining helps.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.course.finetuning import STARTS
from quantlearn.pipeline.jobs import run_job


def plot_finetuning(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw both curves of the analysis and their difference."""
    table = tables.read_csv(numbers, tables.FINETUNING)
    looks = style.looks(list(STARTS))
    labels = {"scratch": "from scratch", "pretrained": f"pretrained: {settings['start_from']}"}
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.2)
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        accuracy = table[table["kind"] == "accuracy"]
        for start in STARTS:
            own = accuracy[accuracy["start"] == start]
            draw(left, own, looks[start], style.label(labels[start]))
        difference = table[table["kind"] == "difference"]
        points = difference.assign(
            **{column: 100 * difference[column] for column in ("estimate", "lower", "upper")}
        )
        draw(right, points, style.Look("black", "-", "D"), None)
        right.axhline(0, color=style.GREY, linestyle="--", linewidth=0.8)
        scenes = sorted(accuracy["scenes"].unique())
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_xticks(scenes, [str(n) for n in scenes])
            axes.minorticks_off()
            axes.set_xlabel("Labelled training scenes")
        left.set_ylabel("Accuracy (test scenes)")
        right.set_ylabel("Pretrained less scratch, points")
        figure.legend(loc="outside lower center", ncols=2)
        n = int(accuracy["n"].max())
        figure.suptitle(
            f"{settings['title']} (n = {n} trials)", x=0.01, ha="left", fontsize=9, wrap=True
        )
        style.save_figure(figure, svg, pdf, png)


def draw(axes: Axes, rows: pd.DataFrame, look: style.Look, label: str | None) -> None:
    """A line through the means, with their intervals."""
    scenes = rows["scenes"].astype(float)
    axes.vlines(scenes, rows["lower"], rows["upper"], color=look.colour, linewidth=1.2)
    axes.plot(
        scenes, rows["estimate"], look.marker, linestyle=look.line, color=look.colour, label=label
    )


if __name__ == "__main__":
    run_job(plot_finetuning, snakemake)
