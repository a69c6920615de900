"""Time to convergence: the share of trials that have learned a quantifier."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.figures import style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.statistics.convergence import measured, steps_learned
from quantlearn.statistics.intervals import share_interval


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Share of trials that have learned each quantifier by each training step.

    The share is of all trials, with pointwise 95 % intervals (Wilson): a trial that never learns a
    quantifier stays below the line, whatever ended its run, and a tick marks where that was. The
    numbers below the axis count the trials that have not learned each of them at each step.
    """
    chosen = experiment.shown(measured(experiment.convergence))
    chosen = chosen.assign(time=steps_learned(chosen))
    looks = style.looks(experiment.settings["quantifiers"])
    figure = style.new_figure(style.PAGE_WIDTH, 3.4 + 0.2 * len(looks))
    axes = figure.add_subplot()
    end = chosen["last_step"].max()
    for quantifier, look in looks.items():
        draw_curve(axes, chosen[chosen["quantifier"] == quantifier], quantifier, look, end)
    axes.set_xlim(0, 1.02 * end)
    axes.set_ylim(-0.01, 1.02)
    style.step_axis(axes.xaxis)
    axes.set_xlabel("Training step")
    axes.set_ylabel("Share of trials that have learned it")
    trials = chosen["trial"].nunique()
    axes.set_title(f"{experiment.settings['title']} (n = {trials} trials)", wrap=True)
    write_at_risk(axes, chosen, looks, end)
    if len(looks) > style.MANY:
        axes.legend(loc="best")
        return figure
    learned = np.isfinite(chosen["time"]).groupby(chosen["quantifier"]).mean()
    style.label_ends(
        axes,
        [(style.label(name), look.colour, [(end, learned[name])]) for name, look in looks.items()],
    )
    return figure


def draw_curve(
    axes: Axes, rows: pd.DataFrame, quantifier: str, look: style.Look, end: float
) -> None:
    """One quantifier's rising curve with its band and its ticks."""
    times = rows["time"].to_numpy()
    steps = np.concatenate([[0.0], np.unique(times[np.isfinite(times)]), [end]])
    learned = (times <= steps[:, None]).sum(axis=1)
    axes.step(
        steps,
        learned / len(times),
        where="post",
        color=look.colour,
        linestyle=look.line,
        label=style.label(quantifier),
    )
    titles = [
        f"{style.label(quantifier)}: learned in {n} of {len(times)} trials by step {step:,.0f}"
        for step, n in zip(steps[1:-1], learned[1:-1], strict=True)
    ]
    svg_titles.tell_along(axes, steps[1:-1], learned[1:-1] / len(times), titles, most=len(times))
    low, high = share_interval(learned, len(times))
    axes.fill_between(steps, low, high, step="post", color=look.colour, alpha=0.15, linewidth=0)
    ends = np.unique(rows.loc[np.isinf(times), "last_step"])
    at_ends = (times <= ends[:, None]).mean(axis=1)
    axes.plot(ends, at_ends, "|", color=look.colour, markersize=9, markeredgewidth=1.5)


def write_at_risk(axes: Axes, rows: pd.DataFrame, looks: dict[str, style.Look], end: float) -> None:
    """A table below the axis: trials that have not learned it, one line for each quantifier."""
    ticks = [tick for tick in axes.get_xticks() if 0 <= tick <= end]
    below = axes.get_xaxis_transform()
    axes.annotate(
        "Trials that have not learned it",
        (0, 0),
        xycoords=below,
        xytext=(0, -42),
        textcoords="offset points",
        fontsize=style.LABEL,
        ha="left",
    )
    for line, (quantifier, look) in enumerate(looks.items()):
        axes.annotate(
            style.label(quantifier),
            (1, 0),
            xycoords=axes.transAxes,
            xytext=(10, -54 - 12 * line),
            textcoords="offset points",
            fontsize=style.LABEL,
            color=style.ink(look.colour),
        )
        times = rows.loc[rows["quantifier"] == quantifier, "time"]
        for tick in ticks:
            axes.annotate(
                f"{(times > tick).sum()}",
                (tick, 0),
                xycoords=below,
                xytext=(0, -54 - 12 * line),
                textcoords="offset points",
                fontsize=style.LABEL,
                ha="center",
                color=style.ink(look.colour),
            )
