"""What a grid and random samples try of two settings, and what that shows of the one that matters.

Below, each point is a sample by two of its settings: across, the one that matters most for the dev
accuracy, and upwards, the one that matters least, by the importance that a random forest gives them
(with fewer than 32 samples in all there is none, and these are the first and the last). Above, the
same samples by the first setting alone, with their mean dev accuracy. The ticks at the foot are the
values tried: a grid tries only a few of them however many samples it has.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.practice.knobs import words
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.distributions import kind_of


def plot_projections(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the samples of each search on two axes, and their accuracy on the first."""
    table = tables.read_csv(numbers, tables.PROJECTIONS)
    searches = list(table.groupby("sampler", sort=False))
    x, y = table["x"].iloc[0], table["y"].iloc[0]
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 4.6)
        panels = figure.subplots(2, len(searches), squeeze=False, sharex=True, sharey="row")
        for column, (sampler, rows) in enumerate(searches):
            above, below = panels[:, column]
            colour = style.OKABE_ITO[column]
            above.plot(rows["x_value"], rows["dev_accuracy"], "o", color=colour, markersize=3.5)
            below.plot(rows["x_value"], rows["y_value"], "o", color=colour, markersize=3.5)
            for axes in (above, below):
                draw_ticks(axes, rows["x_value"], colour)
            below.set_xscale(scale(settings, x))
            below.set_yscale(scale(settings, y))
            below.set_xlabel(words(x).capitalize())
            above.set_title(f"{sampler.capitalize()} ({len(rows)} samples)")
        panels[0, 0].set_ylabel("Mean dev accuracy")
        panels[1, 0].set_ylabel(words(y).capitalize())
        style.save_figure(figure, svg, pdf, png)


def draw_ticks(axes: Axes, values: pd.Series, colour: str) -> None:
    """A tick at the foot of a panel for each value."""
    axes.plot(
        values.unique(),
        [0.0] * values.nunique(),
        "|",
        color=colour,
        markersize=10,
        transform=axes.get_xaxis_transform(),
        clip_on=False,
    )


def scale(settings: dict[str, Any], knob: str) -> str:
    """The scale of a setting's axis: as it is drawn.

    >>> scale({"network": {"hidden": {"integer": [4, 9]}}}, "network.hidden")
    'linear'
    """
    section, name = knob.split(".", 1)
    return "log" if kind_of(settings[section][name]) == "log_uniform" else "linear"


if __name__ == "__main__":
    run_job(plot_projections, snakemake)
