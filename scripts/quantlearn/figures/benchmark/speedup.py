"""How many times faster than a loop over networks: what is measured of training and evaluation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from quantlearn import report_columns
from quantlearn.figures import formats, style
from quantlearn.figures.benchmark.cores import CORES, reference

TABLES = {"benchmark": report_columns.BENCHMARK}

MEASURES = ("training", "evaluation", "evaluation with plan", "run", "run without evaluation")
FILL = {"eager": "white"}


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """How many times faster than a loop over torch.nn.LSTM, in the same run on the same machine.

    Filled circles: the compiled core; hollow squares: the eager ensemble; medians with quartiles of
    the ratios within each round of timings, on one thread. For training, updates of one trial in a
    second; for evaluation, scenes of mixed sizes in a second, without and with the plan that the
    compiled core makes once for scenes that are evaluated again and again; a run is the whole
    training loop with an evaluation every 50 steps. The numbers on the right are the medians. Named
    are the number of trials and of units in each of the layers; what is not named is as in exp1a.
    """
    frame = measured(tables["benchmark"])
    cases = listed(frame[frame["core"] != "loop"], reference(frame)["size"].iloc[0])
    figure = style.new_figure(style.PAGE_WIDTH, 0.9 + 0.17 * cases["place"].nunique())
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.axvline(1, color=style.GREY, linewidth=0.8)
    for place, core in enumerate(("eager", "compiled")):
        draw_core(axes, cases[cases["core"] == core], core)
        write_numbers(axes, cases[cases["core"] == core], place)
    names = cases.drop_duplicates("place")
    axes.set_yticks(names["place"], names["name"])
    axes.set_ylim(cases["place"].max() + 0.8, cases["place"].min() - 0.8)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set_xlabel("Times as fast as a loop over torch.nn.LSTM")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def measured(benchmark: pd.DataFrame) -> pd.DataFrame:
    """The rates, with their measures as a category, in the order in which they are shown."""
    rows = benchmark[benchmark["measure"].isin(MEASURES)]
    return rows.assign(measure=pd.Categorical(rows["measure"], MEASURES))


def listed(rows: pd.DataFrame, size: int) -> pd.DataFrame:
    """Rows with the name of their case and its place from above, a gap between the measures.

    Scenes have up to ``size`` objects where the name does not say otherwise.
    """
    name = [
        row.measure
        + ("" if pd.isna(row.scenes) else f", {row.scenes:,} scenes")
        + f": {row.trials} × {row.hidden} units"
        + ("" if row.size == size else f", {row.size} objects")
        for row in rows.itertuples()
    ]
    order = ["measure", "scenes", "other", "size", "hidden", "trials", "core"]
    rows = rows.assign(name=name, other=rows["size"] != size).sort_values(order)
    kinds = (rows["measure"] != rows["measure"].shift()).cumsum()
    new = (rows["name"] != rows["name"].shift()).cumsum()
    return rows.assign(place=new + 0.6 * kinds)


def draw_core(axes: Axes, rows: pd.DataFrame, core: str) -> None:
    """One core's ratios."""
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


def write_numbers(axes: Axes, rows: pd.DataFrame, place: int) -> None:
    """One core's ratios as a column beyond the right edge, where no mark can be under them."""
    for row in rows.itertuples():
        axes.annotate(
            formats.times(row.ratio_to_loop),
            (1, row.place),
            xycoords=axes.get_yaxis_transform(),
            xytext=(26 * (place + 1), 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=style.ink(CORES[row.core].colour),
            fontsize=style.LABEL,
        )


def facts(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The rates of the reference shape by core, the machine's peak, and what threads are worth."""
    frame = tables["benchmark"]
    cases = reference(measured(frame)).groupby(["measure", "scenes"], observed=True, dropna=False)
    threads = frame[frame["measure"] == "training on threads"].sort_values("threads")
    alone = threads["ratio_to_loop"].head(1).to_list()
    return {
        "shape": reference(frame).iloc[0].to_dict(),
        "peak": frame[frame["measure"] == "matrix product"].iloc[0].to_dict(),
        "cases": [
            {"measure": measure, "scenes": 0 if pd.isna(scenes) else scenes}
            | rows.set_index("core").to_dict("index")
            for (measure, scenes), rows in cases
        ],
        "threads": [
            {"faster": row["ratio_to_loop"] / alone[0], **row} for row in threads.to_dict("records")
        ],
    }
