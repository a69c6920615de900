"""Accuracy on test scenes of the kind that was trained, and on scenes of a new kind.

Points are means over trials with 95 % t intervals: filled for what was trained, open for what is
new (larger scenes, other zone counts or other quantifiers). Dotted lines and dashes are what rules
reach that know only the size of a scene, or only its zone counts, and learned from the same
training scenes.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.protocol import novelty

TICKS = {"zone_counts": ("any\ncounts", "new\ncounts"), "size": ("any\nsizes", "new\nsizes")}
DASH = 0.3
"""Half the width of a baseline's dash, where neighbouring points are 1 apart."""


def plot_generalisation(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the table of the analysis."""
    rows = tables.read_csv(numbers, tables.GENERALISATION)
    by_size = rows["size"].notna().any()
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.6)
        axes = figure.add_subplot()
        if by_size:
            draw_by_size(axes, rows.dropna(subset="size"), settings)
        else:
            draw_groups(axes, rows[rows["quantifier"] != "all"], novelty(settings))
        axes.set_ylim(max(axes.get_ylim()[0], -0.01), 1.02)
        axes.set_ylabel("Accuracy (test scenes)")
        axes.set_title(f"{settings['title']} (n = {rows['trials'].max()} trials)", wrap=True)
        figure.legend(loc="outside lower center", ncols=4, handlelength=3)
        style.save_figure(figure, svg, pdf, png)


def draw_by_size(axes: Axes, rows: pd.DataFrame, settings: dict[str, Any]) -> None:
    """A line for each quantifier over the sizes, broken in look where training ended."""
    looks = style.looks(settings["quantifiers"])
    for place, (quantifier, own) in enumerate(rows.groupby("quantifier", sort=False)):
        look = looks[quantifier]
        shift = 0.12 * (place - (rows["quantifier"].nunique() - 1) / 2)
        axes.plot(own["size"] + shift, own["accuracy"], color=look.colour, linestyle=look.line)
        draw_points(axes, own["size"] + shift, own, look, style.label(quantifier))
        axes.plot(own["size"], own["size_alone"], color=look.colour, linestyle=style.BASELINE, lw=1)
    axes.plot([], [], color=style.GREY, linestyle=style.BASELINE, lw=1, label="size alone")
    border = settings["data"]["split"]["only_test"]["sizes_above"] + 0.5
    axes.axvline(border, color=style.GREY, linewidth=0.8)
    for text, side, offset in (("trained", "right", -4), ("new", "left", 4)):
        axes.annotate(
            text,
            (border, 0.02),
            xycoords=axes.get_xaxis_transform(),
            xytext=(offset, 0),
            textcoords="offset points",
            ha=side,
            fontsize=8,
            color=style.GREY,
        )
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.set_xlabel("Objects in the scene")


def draw_groups(axes: Axes, rows: pd.DataFrame, kind: str) -> None:
    """A place for each row, with dashes for the baselines."""
    places = np.arange(len(rows))
    network, other = style.Look(style.OKABE_ITO[0], "-", "o"), style.OKABE_ITO[1]
    draw_points(axes, places, rows, network, "network, trained")
    axes.plot([], [], "o", color=network.colour, markerfacecolor="white", label="network, new")
    for column, colour, line, text in (
        # The same number where a rule falls back on the size: both must show.
        ("zone_counts", other, "-", "zone counts alone"),
        ("size_alone", "black", (0, (1, 1.5)), "size alone"),
    ):
        axes.hlines(
            rows[column], places - DASH, places + DASH, color=colour, linestyle=line, label=text
        )
    labels = [style.label(name).replace(" ", "\n", 1) for name in rows["quantifier"]]
    if kind in TICKS:
        known, new = TICKS[kind]
        labels = [
            f"{style.label(row.quantifier)}:\n{known if row.trained else new}"
            for row in rows.itertuples()
        ]
    axes.set_xticks(places, labels)
    axes.set_xlim(-0.6, len(rows) - 0.4)


def draw_points(
    axes: Axes, x: pd.Series | np.ndarray, rows: pd.DataFrame, look: style.Look, label: str
) -> None:
    """Means with their intervals, open where the kind of scene is new."""
    bounds = np.abs(rows[["lower", "upper"]].to_numpy().T - rows["accuracy"].to_numpy())
    axes.errorbar(
        x,
        rows["accuracy"],
        yerr=np.nan_to_num(bounds),
        fmt="none",
        ecolor=look.colour,
        elinewidth=1,
    )
    for trained, face in ((True, look.colour), (False, "white")):
        part = (rows["trained"] == trained).to_numpy()
        axes.plot(
            np.asarray(x)[part],
            rows["accuracy"].to_numpy()[part],
            look.marker,
            color=look.colour,
            markerfacecolor=face,
            label=label if trained else None,
        )


if __name__ == "__main__":
    run_job(plot_generalisation, snakemake)
