"""Mean dev accuracy of each sample against each setting that varies, most important setting first.

A point is a sample; the bar in grey is the mean of each value, or of each quarter of a range. The
number above a panel is the setting's importance: by how much a random forest explains less of the
dev accuracy (R²) of samples it has not seen when the setting is shuffled among them, with the
middle 95 % of ten repetitions; with fewer than 32 samples there is none. "none" stands for samples
to which the setting does not apply.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from quantlearn import columns, tables
from quantlearn.figures import style
from quantlearn.figures.practice.knobs import FEWEST_SAMPLES, knob_values, words
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.distributions import kind_of

COLUMNS = 3


def plot_knobs(
    numbers: str,
    leaderboard: str,
    settings: dict[str, Any],
    *,
    svg: str,
    pdf: str,
    png: str,
) -> None:
    """Draw a panel for each setting."""
    ranking = tables.read_csv(numbers, tables.KNOBS)
    board = tables.read_csv(leaderboard, columns.LEADERBOARD)
    knobs = [name for name in board if name in set(ranking["knob"])]
    drawn = pd.read_csv(leaderboard, dtype=str, keep_default_na=False)[["sample", *knobs]]
    values = knob_values(drawn, board)
    rows = -(-len(ranking) // COLUMNS)
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 2.1 * rows + 0.3)
        panels = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True)
        for axes, knob in zip(panels.ravel(), ranking.itertuples(), strict=False):
            section, name = knob.knob.split(".", 1)
            log = kind_of(settings[section][name]) == "log_uniform"
            title = words(knob.knob)
            if knob.samples >= FEWEST_SAMPLES:
                title += f": {knob.importance:.2f} [{knob.lower:.2f}; {knob.upper:.2f}]"
            draw_knob(axes, values[knob.knob], values["dev_accuracy"], log)
            axes.set_title(title)
        for axes in panels.ravel()[len(ranking) :]:
            axes.remove()
        figure.supylabel("Mean dev accuracy", fontsize=9)
        style.save_figure(figure, svg, pdf, png)


def draw_knob(axes: Axes, values: pd.Series, accuracy: pd.Series, log: bool) -> None:
    """One setting: its samples, and their mean by value or by quarter."""
    numbers = pd.api.types.is_numeric_dtype(values)
    if numbers and values.nunique() > 4:
        places = values.to_numpy(float)
        groups = pd.qcut(values, 4, duplicates="drop")
        axes.set_xscale("log" if log else "linear")
    else:
        names = sorted(values.unique(), key=lambda name: (name == "none", name))
        # Side by side around the middle, in the order of the samples: no point hides another.
        within = values.groupby(values).cumcount()
        shift = 0.5 * (within + 0.5) / values.map(values.value_counts()) - 0.25
        places = (values.map(names.index) + shift).to_numpy(float)
        groups = values
        axes.set_xticks(
            range(len(names)), [f"{name:g}" if numbers else style.label(name) for name in names]
        )
        axes.set_xlim(-0.5, len(names) - 0.5)
        if len(names) > 3:
            axes.tick_params(axis="x", rotation=30)
    axes.plot(places, accuracy, "o", color=style.OKABE_ITO[0], markersize=3, alpha=0.7)
    for _, members in accuracy.groupby(groups, observed=True):
        at = places[accuracy.index.get_indexer(members.index)]
        axes.plot(
            [at.min(), at.max()],
            [members.mean()] * 2,
            color=style.GREY,
            linewidth=3,
            alpha=0.6,
            solid_capstyle="butt",
        )


if __name__ == "__main__":
    run_job(plot_knobs, snakemake)
