"""What linear probes read from the states of trained networks, and what needs no training.

R² of a count on scenes that the probe was not fitted to: 1 is a perfect reading, 0 as good as
always saying the mean. Filled marks: the cell state and the hidden state after training; hollow
ones: the same networks before training; dashes: the number of objects read so far and nothing else.
Means over trials with 95 % intervals, which are often narrower than the marks.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.course.probes import PARTS, TARGETS
from quantlearn.pipeline.jobs import run_job

LOOKS = {"c": (style.OKABE_ITO[0], "o"), "h": (style.OKABE_ITO[1], "s")}
DASH = 0.3
APART = 0.16


def plot_probes(numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str) -> None:
    """Draw R² of the analysis of the same name, one panel for each quantifier."""
    frame = tables.read_csv(numbers, tables.PROBES)
    frame = frame[frame["metric"] == "r_squared"]
    targets = list(dict.fromkeys(frame["target"]))
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 2.9)
        panels = figure.subplots(1, len(settings["quantifiers"]), sharey=True, squeeze=False)[0]
        for axes, quantifier in zip(panels, settings["quantifiers"], strict=True):
            draw_readings(axes, frame[frame["quantifier"] == quantifier], targets)
            axes.set_title(f"networks for {style.label(quantifier)}")
        panels[0].set_ylabel("R² on other scenes")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        style.save_figure(figure, svg, pdf, png)


def draw_readings(axes: Axes, rows: pd.DataFrame, targets: list[str]) -> None:
    """A place for each target, with trained and untrained states and the size beside each other."""
    places = np.arange(len(targets))
    size = rows[rows["network"] == "size"].set_index("target").loc[targets, "estimate"]
    axes.hlines(
        size, places - DASH, places + DASH, color="black", linestyle=(0, (2, 1.5)),
        label="number of objects alone",
    )  # fmt: skip
    for shift, (part, (colour, marker)) in zip((-APART, APART), LOOKS.items(), strict=True):
        for network, face in (("trained", colour), ("untrained", "white")):
            some = rows[(rows["network"] == network) & (rows["part"] == part)]
            some = some.set_index("target").reindex(targets)
            if some["estimate"].isna().all():
                continue
            bars = np.abs(some[["lower", "upper"]].to_numpy().T - some["estimate"].to_numpy())
            axes.errorbar(
                places + shift,
                some["estimate"],
                yerr=np.nan_to_num(bars),
                fmt=marker,
                color=colour,
                markerfacecolor=face,
                elinewidth=1,
                label=f"{PARTS[part]}, {network}",
            )
    axes.axhline(0, color=style.GREY, linewidth=0.6)
    axes.set_xticks(places, [TARGETS[target] for target in targets])
    axes.set_xlim(-0.6, len(targets) - 0.4)
    axes.set_ylim(top=1.04)


if __name__ == "__main__":
    run_job(plot_probes, snakemake)
