"""What training costs: how the time grows with trials, objects and units, and memory."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from quantlearn import report_columns
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.benchmark.cores import CORES, SHAPE, reference
from quantlearn.networks.settings import ARCHITECTURES

TABLES = {"benchmark": report_columns.BENCHMARK, "machine": report_columns.MACHINE}

LABELS = {"trials": "Trials", "size": "Objects in the largest scene", "hidden": "Units in a layer"}


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """How the cost of training grows with the number of trials, of objects and of units.

    Time of one update (forward, backward, Adam) of all trials, for a loop over torch.nn.LSTM, the
    eager ensemble and the compiled core, on one thread: medians with quartiles, both axes
    logarithmic. What is not varied in a panel is as in exp1a. The loop trains one network after the
    other, so its time for many trials is that of one, times their number.
    """
    figure = style.new_figure(style.PAGE_WIDTH + 0.6, 3.0)
    panels = figure.subplots(1, len(SHAPE), sharey=True)
    for axes, column in zip(panels, SHAPE, strict=True):
        draw_panel(axes, updates(tables["benchmark"], column), column)
    panels[0].set_ylabel("Time of one update (ms)")
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,g}"))
    panels[0].yaxis.set_minor_formatter(NullFormatter())
    last = list(SHAPE)[-1]
    rows = updates(tables["benchmark"], last)
    ends = rows.groupby("core")[[last, "cost"]].last()
    style.label_ends(
        panels[-1], [(core, look.colour, [tuple(ends.loc[core])]) for core, look in CORES.items()]
    )
    return figure


def updates(benchmark: pd.DataFrame, varied: str) -> pd.DataFrame:
    """What an update of all trials takes in ms, ``cost`` with quartiles, along one column."""
    rows = reference(benchmark, varied)
    rows = rows[rows["measure"] == "training"].sort_values(varied)
    work = 1000 * rows["trials"].astype(float)
    return rows.assign(
        cost=work / rows["median"], least=work / rows["upper"], most=work / rows["lower"]
    )


def draw_panel(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    """Cost against one column, a line for each core."""
    axes.set(xscale="log", yscale="log", xlabel=LABELS[column])
    for core, look in CORES.items():
        some = rows[rows["core"] == core]
        drawn = axes.errorbar(
            some[column].astype(float),
            some["cost"],
            yerr=np.abs([some["least"] - some["cost"], some["most"] - some["cost"]]),
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            elinewidth=1,
        )
        shapes = zip(some[column], some["cost"], strict=True)
        titles = [f"{core}, {value:,}: {formats.number(cost)} ms" for value, cost in shapes]
        svg_titles.tell(drawn.lines[0], titles)
    values = sorted(rows[column].unique())
    axes.set_xticks(values, [str(value) for value in values])
    axes.xaxis.set_minor_locator(NullLocator())


def facts(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """How many times as long an update takes when the shape grows, memory, and all rates."""
    frame = tables["benchmark"]
    growth = []
    for column in SHAPE:
        rows = updates(frame, column)
        low, high = rows[column].iloc[[0, -1]]
        costs = {core: rows.loc[rows["core"] == core, "cost"] for core in CORES}
        factors = {core: cost.iloc[-1] / cost.iloc[0] for core, cost in costs.items()}
        if low < high:
            growth.append({"column": column, "low": low, "high": high, **factors})
    first_use = frame[frame["measure"].isin(["memory", "compile", "load"])]
    return {
        "growth": growth,
        "first_use": first_use.set_index(["measure", "core"])["median"].to_dict(),
        "training": rates(frame, "training"),
        "evaluation": rates(frame, "evaluation"),
        "architectures": architectures(frame),
        "machine": tables["machine"].rename(columns={"property": "What", "value": "Here"}),
    }


def architectures(benchmark: pd.DataFrame) -> pd.DataFrame:
    """One line for each architecture: rates of each core, and ratios to eager and to the loop."""
    rows = benchmark[benchmark["measure"] == "training by architecture"]
    wide = rows.pivot_table(index="architecture", columns="core", values="median", sort=False)
    compiled = rows[rows["core"] == "compiled"].set_index("architecture")
    return pd.DataFrame(
        {
            "Architecture": [ARCHITECTURES[name].name for name in wide.index],
            **{core.capitalize(): said(wide[core], formats.steps) for core in wide.columns},
            "Compiled to eager": said(compiled["ratio_to_eager"], formats.times),
            "Compiled to loop": said(compiled["ratio_to_loop"], formats.times),
        }
    )


def said(numbers: pd.Series, how: Callable[[float], str]) -> pd.Series:
    """Numbers in words, blank where there are none."""
    return numbers.map(how, na_action="ignore").fillna("")


def rates(benchmark: pd.DataFrame, measure: str) -> pd.DataFrame:
    """One line for each shape of a measure: rates, ratio to the loop, shares of peak and bound."""
    rows = benchmark[benchmark["measure"] == measure]
    heads = {"trials": "Trials", "hidden": "Units", "size": "Objects", "scenes": "Scenes"}
    keys = [column for column in heads if rows[column].notna().all()]
    numbers = ["median", "ratio_to_loop", "gflops", "fraction_of_peak", "fraction_of_bound"]
    wide = rows.pivot_table(index=keys, columns="core", values=numbers)
    said = {
        "Loop": wide["median", "loop"].map(formats.steps),
        "Eager": wide["median", "eager"].map(formats.steps),
        "Compiled": wide["median", "compiled"].map(formats.steps),
        "Eager to loop": wide["ratio_to_loop", "eager"].map(formats.times),
        "Compiled to loop": wide["ratio_to_loop", "compiled"].map(formats.times),
        "GFLOP/s": wide["gflops", "compiled"].map(formats.times),
        "Of the peak": (100 * wide["fraction_of_peak", "compiled"]).map(formats.times) + " %",
        "Of the bound": (100 * wide["fraction_of_bound", "compiled"]).map(formats.times) + " %",
    }
    shapes = wide.index.to_frame().map("{:,}".format).rename(columns=heads)
    return shapes.join(pd.DataFrame(said))
