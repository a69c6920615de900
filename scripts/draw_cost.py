"""How the cost of training grows with the number of trials, of objects and of units.

Time of one update (forward, backward, Adam) of all trials, for a loop over torch.nn.LSTM, the eager
ensemble and the compiled core, on one thread: medians with quartiles, both axes logarithmic. What
is not varied in a panel is as in exp1a. The loop trains one network after the other, so its time
for many trials is that of one, times their number.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.benchmark.cores import CORES, reference_shape
from quantlearn.pipeline.jobs import run_job

PANELS = {"trials": "Trials", "size": "Objects in the largest scene", "hidden": "Units in a layer"}


def draw_cost(benchmark: str, *, svg: str, pdf: str, png: str) -> None:
    """Draw milliseconds per update from the table benchmark.csv."""
    frame = tables.read_csv(benchmark, tables.BENCHMARK)
    reference = reference_shape(frame)
    training = frame[frame["measure"] == "training"]
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH + 0.6, 3.0)
        for axes, (column, label) in zip(
            figure.subplots(1, len(PANELS), sharey=True), PANELS.items(), strict=True
        ):
            others = [other for other in PANELS if other != column]
            rows = training[(training[others] == [reference[name] for name in others]).all(axis=1)]
            rows = rows.sort_values(column)
            draw_panel(axes, rows, column, label)
            if column == "trials":  # where the lines end far apart
                write_names(axes, rows)
        figure.axes[0].set_ylabel("Time of one update (ms)")
        figure.axes[0].yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        style.save_figure(figure, svg, pdf, png)


def write_names(axes: Axes, rows: pd.DataFrame) -> None:
    """The name of each core at the end of its line."""
    for core, look in CORES.items():
        last = rows[rows["core"] == core].iloc[-1]
        axes.annotate(
            core,
            (last["trials"], 1000 * last["trials"] / last["median"]),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=look.colour,
            fontsize=8.5,
        )


def draw_panel(axes: Axes, rows: pd.DataFrame, column: str, label: str) -> None:
    """Cost against one column, a line for each core."""
    axes.set(xscale="log", yscale="log", xlabel=label)
    for core, look in CORES.items():
        some = rows[rows["core"] == core]
        x, work = some[column].astype(float), 1000 * some["trials"].astype(float)
        cost = work / some["median"]
        bars = np.abs([work / some["upper"] - cost, work / some["lower"] - cost])
        axes.errorbar(
            x,
            cost,
            yerr=bars,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            elinewidth=1,
        )
    values = sorted(rows[column].unique())
    axes.set_xticks(values, [str(value) for value in values])
    axes.xaxis.set_minor_locator(NullLocator())


if __name__ == "__main__":
    run_job(draw_cost, snakemake)
