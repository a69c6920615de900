"""Learning curves: accuracy against training step."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.figures import style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.formats import percent
from quantlearn.statistics.curves import extended_curves

POINTS = 8000
"""Evaluations that are drawn of all trials together; more would fill megabytes."""


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
    last_steps = watched.groupby("trial")["step"].max()
    end, lines = last_steps.max(), len(looks) * len(last_steps)
    labels = []
    for quantifier, look in looks.items():
        runs = watched[watched["quantifier"] == quantifier]
        last = draw_quantifier(axes, runs, quantifier, look, POINTS // lines)
        labels.append((style.label(quantifier), look.colour, [(end, last)]))
    axes.set_xlim(0, end)
    axes.set_ylim(top=1.005)
    style.step_axis(axes.xaxis)
    axes.set_xlabel("Training step")
    axes.set_ylabel(f"Accuracy ({settings['training']['monitor']} scenes)")
    axes.set_title(f"{settings['title']} (n = {len(last_steps)} trials)", wrap=True)
    if len(looks) > style.MANY:
        figure.legend(loc="outside lower center", ncols=3, handlelength=3)
        labels = []
    labels.append((f"threshold {threshold:g}", style.GREY, [(end, threshold)]))
    labels += draw_baselines(axes, rules, looks, end)
    style.label_ends(axes, labels)
    return figure


def draw_quantifier(
    axes: Axes, runs: pd.DataFrame, quantifier: str, look: style.Look, most: int
) -> float:
    """One quantifier: every trial faint and, above them, the median, whose last value is returned.

    Of a trial at most about so many evaluations are drawn, and the last.
    """
    for _, run in runs.groupby("trial"):
        every = -(-len(run) // max(most, 20))
        drawn = run[(np.arange(len(run)) % every == 0) | (run["step"] == run["step"].max())]
        axes.plot(drawn["step"], drawn["accuracy"], color=look.colour, alpha=0.3, linewidth=0.5)
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
    name = style.label(quantifier)
    titles = [f"{name}, step {step:,}: {percent(value)}" for step, value in median.items()]
    svg_titles.tell_along(axes, median.index, median, titles)
    return median.iloc[-1]


def draw_baselines(
    axes: Axes, rules: pd.DataFrame, looks: Mapping[str, style.Look], end: float
) -> list[style.End]:
    """A level line for each rule that knows little of a scene; returns what names them."""
    reached = rules.groupby(["baseline", "quantifier"])["accuracy"].mean()
    by_size = {name: reached["size", name] for name in looks}
    majority = reached["majority", "all"]
    for name, accuracy in by_size.items():
        line = axes.axhline(
            accuracy, color=looks[name].colour, linestyle=style.BASELINE, linewidth=1
        )
        svg_titles.tell(line, f"{style.label(name)}, by size alone: {percent(accuracy)}")
    line = axes.axhline(majority, color=style.GREY, linestyle=style.BASELINE, linewidth=1)
    svg_titles.tell(line, f"majority: {percent(majority)}")
    return [
        ("size alone", style.GREY, [(end, accuracy) for accuracy in by_size.values()]),
        ("majority", style.GREY, [(end, majority)]),
    ]
