"""How many times faster than a loop over torch.nn.LSTM, in the same run on the same machine.

Filled circles: the compiled core; hollow squares: the eager ensemble; medians with quartiles of the
ratios within each round of timings, on one thread. For training, updates of one trial in a second;
for evaluation, scenes of mixed sizes in a second, without and with the plan that the compiled core
makes once for scenes that are evaluated again and again; a run is the whole training loop with an
evaluation every 50 steps. Named are the number of trials and of units in each of the layers; what
is not named is as in exp1a.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from quantlearn import tables
from quantlearn.figures import formats, style
from quantlearn.figures.benchmark.cores import CORES, reference_shape
from quantlearn.pipeline.jobs import run_job

MEASURES = ("training", "evaluation", "evaluation with plan", "run", "run without evaluation")
FILL = {"eager": "white"}


def draw_speedup(benchmark: str, *, svg: str, pdf: str, png: str) -> None:
    """Draw the ratios to the loop from the table benchmark.csv."""
    frame = tables.read_csv(benchmark, tables.BENCHMARK)
    size = reference_shape(frame)["size"]
    cases = listed(frame[frame["measure"].isin(MEASURES) & (frame["core"] != "loop")], size)
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 0.9 + 0.17 * cases["place"].nunique())
        axes = figure.add_subplot()
        axes.set_xscale("log")
        axes.axvline(1, color=style.GREY, linewidth=0.8)
        for core in ("eager", "compiled"):
            draw_core(axes, cases[cases["core"] == core], core)
        names = cases.drop_duplicates("place")
        axes.set_yticks(names["place"], names["name"])
        axes.set_ylim(cases["place"].max() + 0.8, cases["place"].min() - 0.8)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.set_xlabel("Times as fast as a loop over torch.nn.LSTM")
        figure.legend(loc="outside upper right", ncols=2)
        style.save_figure(figure, svg, pdf, png)


def listed(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """Rows with the name of their case and its place from above, a gap between the measures.

    Scenes have up to ``size`` objects where the name does not say otherwise.
    """
    name = [
        f"{row.measure}{scenes_in_words(row.scenes)}: {row.trials} × {row.hidden} units"
        + ("" if row.size == size else f", {row.size} objects")
        for row in rows.itertuples()
    ]
    rank = rows["measure"].map(MEASURES.index)
    rows = rows.assign(name=name, rank=rank, other=rows["size"] != size).sort_values(
        ["rank", "scenes", "other", "size", "hidden", "trials", "core"]
    )
    kinds = (rows["rank"] != rows["rank"].shift()).cumsum()
    new = (rows["name"] != rows["name"].shift()).cumsum()
    return rows.assign(place=new + 0.6 * kinds)


def scenes_in_words(scenes: int) -> str:
    """How many scenes are evaluated, where any are.

    >>> scenes_in_words(24000)
    ', 24,000 scenes'
    """
    return "" if pd.isna(scenes) else f", {scenes:,} scenes"


def draw_core(axes: Axes, rows: pd.DataFrame, core: str) -> None:
    """One core's ratios, each with its number."""
    look, ratio = CORES[core], rows["ratio_to_loop"]
    axes.errorbar(
        ratio,
        rows["place"],
        xerr=np.abs([rows["ratio_lower"] - ratio, rows["ratio_upper"] - ratio]),
        linestyle="",
        marker=look.marker,
        color=look.colour,
        markerfacecolor=FILL.get(core, look.colour),
        elinewidth=1,
        label=core,
    )
    for x, upper, y in zip(ratio, rows["ratio_upper"], rows["place"], strict=True):
        axes.annotate(
            formats.times(x),
            (max(x, upper), y),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=look.colour,
            fontsize=8,
        )


if __name__ == "__main__":
    run_job(draw_speedup, snakemake)
