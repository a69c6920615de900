"""Scenes of growing size: how well each architecture verifies them, trained and longer sizes apart.

The samples of the experiment are architectures, and ``data.split.only_test.sizes_above`` says which
sizes no network was trained on.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from quantlearn.columns import MEAN, Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.scores import best

READS = ("samples", "cells")

TABLES = {
    "sequence_lengths": {
        "architecture": Column("str", "network.architecture"),
        "quantifier": Column("str", "Name in config/quantifiers.yaml"),
        "size": Column(
            "Int64", "Objects in the scene; blank over all sizes with this value of `trained`"
        ),
        "trained": Column("bool", "Whether training had scenes of the size"),
        **MEAN,
        "n": Column("int64", "Trials"),
    },
}

ROWS = {
    "sequence_lengths": (
        "Accuracy on test scenes, in an experiment whose samples are architectures."
    ),
}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Accuracy on test scenes by size, and over all sizes that were trained or not (size blank).

    Means over trials with 95 % t intervals, cut at 0 and 1.
    """
    border = experiment.settings["data"]["split"]["only_test"]["sizes_above"]
    architectures = {sample: experiment.architecture(sample) for sample in experiment.samples}
    tested = experiment.cells[experiment.cells["split"] == "test"]
    tested = tested.assign(
        architecture=tested["sample"].map(architectures), trained=tested["size"] <= border
    )
    rows = []
    for columns in (["trained"], ["trained", "size"]):
        keys = ["architecture", "quantifier", *columns]
        counts = tested.groupby([*keys, "trial"], sort=False)[["correct", "scenes"]].sum()
        accuracy = counts["correct"] / counts["scenes"]
        for key, values in accuracy.groupby(keys, sort=False):
            mean = vars(mean_interval(values.to_numpy()))
            rows.append(dict(zip(keys, key, strict=True)) | mean | {"n": len(values)})
    table = pd.DataFrame(rows, columns=list(TABLES["sequence_lengths"])).astype({"size": "Int64"})
    table[["lower", "upper"]] = table[["lower", "upper"]].clip(0, 1)
    table = table.sort_values(
        ["quantifier", "architecture", "trained", "size"],
        ascending=[True, True, False, True],
        na_position="first",
    )
    return {"sequence_lengths": table}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """How well recurrent networks verify scenes of growing size.

    To the right of the grey line are sizes that no network was trained on. Lines are means over
    trials, bands their 95 % intervals; half of the answers are right by guessing.
    """
    settings = experiment.settings
    frame = tables["sequence_lengths"].dropna(subset="size")
    looks = style.looks(sorted(frame["architecture"].unique()))
    border = settings["data"]["split"]["only_test"]["sizes_above"] + 0.5
    figure = style.new_figure(style.PAGE_WIDTH, 3.0)
    panels = figure.subplots(1, len(settings["quantifiers"]), sharey=True, squeeze=False)[0]
    for axes, quantifier in zip(panels, settings["quantifiers"], strict=True):
        for name, look in looks.items():
            rows = frame[(frame["quantifier"] == quantifier) & (frame["architecture"] == name)]
            draw_line(axes, rows.sort_values("size"), "size", look, ARCHITECTURES[name])
        axes.axvline(border, color=style.GREY, linewidth=0.8)
        axes.axhline(0.5, color=style.GREY, linestyle=style.BASELINE, linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.set_ylim(0.45, 1.02)
        axes.set_title(textwrap.fill(style.label(quantifier), 60 // len(panels)))
    figure.supxlabel("Objects in the scene", fontsize=9)
    panels[0].set_ylabel("Accuracy")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


def draw_line(axes: Axes, rows: pd.DataFrame, along: str, look: style.Look, label: str) -> None:
    """Means along a column, and the band of their intervals."""
    x = rows[along].to_numpy(dtype=float)
    axes.plot(x, rows["estimate"], color=look.colour, linestyle=look.line, label=label)
    titles = [
        f"{label}, {along} {at:g}: {formats.number(value)}"
        for at, value in zip(x, rows["estimate"], strict=True)
    ]
    svg_titles.tell_along(axes, x, rows["estimate"], titles)
    axes.fill_between(x, rows["lower"], rows["upper"], color=look.colour, alpha=0.2, linewidth=0)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Who verifies longer scenes best, and a row for each architecture and quantifier."""
    frame = tables["sequence_lengths"]
    whole = frame[frame["size"].isna()].assign(network=frame["architecture"].map(ARCHITECTURES))
    longer = whole[~whole["trained"]]
    firsts = [row for _, own in longer.groupby("quantifier") for row in best(own["estimate"])]
    rows = [
        {
            "Quantifier": style.label(row.quantifier),
            "Network": row.network,
            "Test scenes": "trained sizes" if row.trained else "longer",
            "Trials": str(row.n),
            "Right": formats.percent(row.estimate),
            "95 % interval": formats.interval(
                formats.percent(row.lower), formats.percent(row.upper)
            ),
        }
        for row in whole.itertuples()
    ]
    border = settings["data"]["split"]["only_test"]["sizes_above"]
    return {"border": border, "best": longer.loc[firsts].to_dict("records"), "rows": rows}
