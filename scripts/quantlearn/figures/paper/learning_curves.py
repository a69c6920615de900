"""Learning curves: accuracy against training step."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.figures import style
from quantlearn.figures.experiment import Experiment
from quantlearn.statistics.curves import extended_curves


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Accuracy of each quantifier against training step, on the split that training monitors.

    Each faint line is one trial; the strong line is the median over all trials, where a run that
    ended is counted with its last value. The median is drawn thin and dotted from the step on at
    which fewer than half of the trials still run. The grey dashed line is the threshold of
    convergence. The level dotted lines are what rules reach that know only the size of a scene, or
    in grey only which truth value is commoner (means over trials, in grey over quantifiers too):
    only what lies above them shows that a network has learned the quantifier.
    """
    settings = experiment.settings
    chosen = experiment.shown(experiment.curves)
    # A quantifier that is for testing only has no scenes on the other splits.
    watched = chosen[chosen["split"] == settings["training"]["monitor"]].dropna()
    rules = experiment.baselines
    rules = rules[rules["split"] == settings["training"]["monitor"]]
    looks = style.looks(settings["quantifiers"])
    looks = {name: look for name, look in looks.items() if name in set(watched["quantifier"])}
    figure = style.new_figure(style.PAGE_WIDTH, 3.7)
    axes = figure.add_subplot()
    threshold = settings["convergence"]["threshold"]
    axes.axhline(threshold, color=style.GREY, linestyle="--", linewidth=0.8)
    for quantifier, look in looks.items():
        draw_quantifier(axes, watched[watched["quantifier"] == quantifier], quantifier, look)
    last_steps = watched.groupby("trial")["step"].max()
    axes.set_xlim(0, last_steps.max())
    axes.set_ylim(top=1.005)
    draw_baselines(axes, rules, looks)
    axes.annotate(
        f"threshold {threshold:g}",
        (1.0, threshold),
        xycoords=axes.get_yaxis_transform(),
        xytext=(-2, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8,
        color=style.GREY,
    )
    style.step_axis(axes.xaxis)
    axes.set_xlabel("Training step")
    axes.set_ylabel(f"Accuracy ({settings['training']['monitor']} scenes)")
    axes.set_title(f"{settings['title']} (n = {len(last_steps)} trials)", wrap=True)
    figure.legend(loc="outside lower center", ncols=min(len(looks), 3), handlelength=3)
    return figure


def draw_quantifier(axes: Axes, runs: pd.DataFrame, quantifier: str, look: style.Look) -> None:
    """One quantifier: every trial faint and, above them, the median."""
    for _, run in runs.groupby("trial"):
        axes.plot(
            run["step"],
            run["accuracy"],
            color=look.colour,
            alpha=0.3,
            linewidth=0.5,
            rasterized=True,  # thousands of points each: as vectors they would fill megabytes
        )
    median = extended_curves(runs).median(axis="columns")
    half_run_to = np.floor(runs.groupby("trial")["step"].max().median())
    axes.plot(
        median[median.index <= half_run_to],
        color=look.colour,
        linestyle=look.line,
        linewidth=2,
        label=style.label(quantifier),
        zorder=3,
    )
    axes.plot(
        median[median.index >= half_run_to],
        color=look.colour,
        linestyle=":",
        linewidth=1,
        zorder=3,
    )


def draw_baselines(axes: Axes, rules: pd.DataFrame, looks: dict[str, style.Look]) -> None:
    """A level line, with its name, for each rule that knows little of a scene."""
    reached = rules.groupby(["baseline", "quantifier"])["accuracy"].mean()
    lines = [
        (reached["size", quantifier], "size alone", look.colour)
        for quantifier, look in looks.items()
    ]
    lines.append((reached["majority", "all"], "majority", style.GREY))
    for accuracy, _, colour in lines:
        axes.axhline(accuracy, color=colour, linestyle=style.BASELINE, linewidth=1)
    low, high = axes.get_ylim()
    gap = 0.045 * (high - low)
    *by_size, majority = lines
    heights = [accuracy for accuracy, _, _ in by_size]
    if max(heights) - min(heights) < gap:  # one label for all
        by_size = [(max(heights), "size alone", by_size[0][2] if len(by_size) == 1 else "black")]
    labels = [*by_size, majority]
    heights = style.spread([accuracy for accuracy, _, _ in labels], gap)
    for height, (_, text, colour) in zip(heights, labels, strict=True):
        axes.annotate(
            text,
            (1.0, height),
            xycoords=axes.get_yaxis_transform(),
            xytext=(-2, 1),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=8,
            color=colour,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.8},
        )
