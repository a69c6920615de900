"""Scores of the architectures in each task, and their mean.

Accuracy on test scenes, of which half are right by guessing; in the task sequence to sequence, the
share of sentences that are right word for word. Means over trials with 95 % intervals.
Architectures stand in the order of their mean, the best one first.
"""

from typing import Any

import numpy as np

from quantlearn import tables
from quantlearn.figures import formats, style
from quantlearn.figures.course.scoreboard import MEAN, TASKS
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.pipeline.jobs import run_job

WIDTH = 0.64


def plot_scoreboard(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the scores of the analysis of the same name."""
    frame = tables.read_csv(numbers, tables.SCOREBOARD)
    tasks = sorted(frame["task"].unique(), key=list(TASKS).index)
    names = frame["architecture"].unique()
    looks = style.looks(list(ARCHITECTURES))
    places = np.arange(len(tasks))
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.2)
        axes = figure.add_subplot()
        for name, shift in zip(names, np.linspace(-WIDTH / 2, WIDTH / 2, len(names)), strict=True):
            rows = frame[frame["architecture"] == name].set_index("task").loc[tasks]
            bars = np.abs(rows[["lower", "upper"]].to_numpy().T - rows["estimate"].to_numpy())
            axes.errorbar(
                places + shift,
                rows["estimate"],
                yerr=np.nan_to_num(bars),
                fmt=looks[name].marker,
                color=looks[name].colour,
                elinewidth=1,
                label=ARCHITECTURES[name],
            )
        axes.axvline(tasks.index(MEAN) - 0.5, color=style.GREY, linewidth=0.8)
        axes.set_xticks(places, [TASKS[task] for task in tasks], rotation=25, ha="right")
        axes.tick_params(axis="x", pad=0)
        axes.set_ylabel("Accuracy")
        axes.set_title(formats.capital(settings["title"]))
        figure.legend(loc="outside lower center", ncols=3)
        style.save_figure(figure, svg, pdf, png)


if __name__ == "__main__":
    run_job(plot_scoreboard, snakemake)
