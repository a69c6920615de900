"""Accuracy by size: how trained networks do on short and long scenes."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
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
    labels, by_size_alone = [], []
    for place, (quantifier, look) in enumerate(looks.items()):
        shift = 0.16 * (place - (len(looks) - 1) / 2)
        rows = scored[scored["quantifier"] == quantifier]
        end = draw_quantifier(axes, rows, style.label(quantifier), look, shift)
        labels.append((style.label(quantifier), look.colour, [end]))
        own = by_size[by_size["quantifier"] == quantifier]
        by_size_alone.append(draw_baseline(axes, own, style.label(quantifier), look.colour))
    axes.set_xlim(scored["size"].min() - 0.7, scored["size"].max() + 0.7)
    axes.set_ylim(max(axes.get_ylim()[0], -0.01), 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    axes.set_xlabel("Objects in the scene")
    axes.set_ylabel(f"Accuracy ({split} scenes)")
    trials = scored["trial"].nunique()
    axes.set_title(f"{experiment.settings['title']} (n = {trials} trials)", wrap=True)
    if len(looks) > style.MANY:
        axes.legend(loc="best", handlelength=3)
        labels = []
    style.label_ends(axes, [*labels, ("size alone", style.GREY, by_size_alone)])
    return figure


def draw_quantifier(
    axes: Axes, rows: pd.DataFrame, label: str, look: style.Look, shift: float
) -> tuple[float, float]:
    """One quantifier: mean by size with its interval; returns the last point."""
    summed = rows.groupby(["size", "trial"])[["correct", "scenes"]].sum()
    accuracy = summed["correct"] / summed["scenes"]
    means = [mean_interval(values.to_numpy()) for _, values in accuracy.groupby("size")]
    mean = np.array([interval.estimate for interval in means])
    # A t interval of few trials near 0 or 1 may reach beyond what an accuracy can be.
    bounds = np.array([[interval.lower, interval.upper] for interval in means]).T.clip(0, 1)
    sizes = accuracy.index.levels[0].to_numpy()
    bars = axes.errorbar(
        sizes + shift,
        mean,
        yerr=np.nan_to_num(np.abs(bounds - mean)),
        color=look.colour,
        linestyle=look.line,
        marker=look.marker,
        elinewidth=1,
        label=label,
    )
    titles = [
        f"{label}, {formats.counted(size, 'object')}: {estimate(asdict(one), 'percent')}"
        for size, one in zip(sizes, means, strict=True)
    ]
    svg_titles.tell(bars.lines[0], titles)
    return sizes[-1] + shift, mean[-1]


def draw_baseline(axes: Axes, rows: pd.DataFrame, label: str, colour: str) -> tuple[float, float]:
    """What the size alone gives for one quantifier, over the scenes of all trials; its end."""
    summed = rows.groupby("size")[["correct", "scenes"]].sum()
    accuracy = summed["correct"] / summed["scenes"]
    (points,) = axes.plot(
        accuracy,
        linestyle=style.BASELINE,
        marker=".",
        markersize=3,
        color=colour,
        linewidth=1,
    )
    titles = [
        f"{label}, {formats.counted(size, 'object')}: {formats.percent(value)} by size alone"
        for size, value in accuracy.items()
    ]
    svg_titles.tell(points, titles)
    return accuracy.index[-1], accuracy.iloc[-1]
