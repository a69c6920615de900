"""Accuracy by size: how trained networks do on short and long scenes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from quantlearn.figures import style
from quantlearn.figures.experiment import Experiment
from quantlearn.statistics.intervals import mean_interval


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Accuracy of the trained networks by the number of objects in the scene.

    Points are means over trials with 95 % t intervals. The thin dotted line is what a rule reaches
    that knows the size alone and answers with the commoner truth value among the training scenes of
    that size: only what lies above it shows that a network has learned the quantifier.
    """
    scored, split = experiment.held_out
    rules = experiment.baseline_cells
    by_size = rules[(rules["baseline"] == "size") & (rules["split"] == split)]
    looks = style.looks(experiment.settings["quantifiers"])
    figure = style.new_figure(style.PAGE_WIDTH, 3.4)
    axes = figure.add_subplot()
    for place, (quantifier, look) in enumerate(looks.items()):
        shift = 0.16 * (place - (len(looks) - 1) / 2)
        rows = scored[scored["quantifier"] == quantifier]
        draw_quantifier(axes, rows, style.label(quantifier), look, shift)
        draw_baseline(axes, by_size[by_size["quantifier"] == quantifier], look.colour)
    draw_baseline(axes, by_size[:0], style.GREY, label="knowing the size alone")
    axes.set_xlim(scored["size"].min() - 0.7, scored["size"].max() + 0.7)
    axes.set_ylim(max(axes.get_ylim()[0], -0.01), 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    axes.set_xlabel("Objects in the scene")
    axes.set_ylabel(f"Accuracy ({split} scenes)")
    trials = scored["trial"].nunique()
    axes.set_title(f"{experiment.settings['title']} (n = {trials} trials)", wrap=True)
    axes.legend(loc="best", handlelength=3)
    return figure


def draw_quantifier(
    axes: Axes, rows: pd.DataFrame, label: str, look: style.Look, shift: float
) -> None:
    """One quantifier: mean by size with its interval."""
    summed = rows.groupby(["size", "trial"])[["correct", "scenes"]].sum()
    accuracy = summed["correct"] / summed["scenes"]
    means = [mean_interval(values.to_numpy()) for _, values in accuracy.groupby("size")]
    mean = np.array([interval.estimate for interval in means])
    # A t interval of few trials near 0 or 1 may reach beyond what an accuracy can be.
    bounds = np.array([[interval.lower, interval.upper] for interval in means]).T.clip(0, 1)
    sizes = accuracy.index.levels[0].to_numpy()
    axes.errorbar(
        sizes + shift,
        mean,
        yerr=np.nan_to_num(np.abs(bounds - mean)),
        color=look.colour,
        linestyle=look.line,
        marker=look.marker,
        elinewidth=1,
        label=label,
    )


def draw_baseline(axes: Axes, rows: pd.DataFrame, colour: str, label: str | None = None) -> None:
    """What the size alone gives for one quantifier, over the scenes of all trials."""
    summed = rows.groupby("size")[["correct", "scenes"]].sum()
    axes.plot(
        summed["correct"] / summed["scenes"],
        linestyle=style.BASELINE,
        marker=".",
        markersize=3,
        color=colour,
        linewidth=1,
        label=label,
    )
