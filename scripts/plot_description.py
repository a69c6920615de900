"""How often networks write exactly the most informative true sentence about a test scene.

On the left are means over trials with 95 % t intervals, for scenes with counts that were trained,
with new counts, and with new counts whose sentence was never trained. On the right are the new
counts one by one: the share of right sentences where a scene has so many objects in A∩B and A∖B, in
the trials in which no such scene was trained; blank where that never happened.
"""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.course.description import ATTENTION, KINDS
from quantlearn.pipeline.jobs import run_job

TICKS = ("trained\ncounts", "new\ncounts", "new\nsentence")


def plot_description(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw the shares and the triangles of the analysis."""
    table = tables.read_csv(numbers, tables.DESCRIPTION)
    networks = [name for name in ATTENTION if name in set(table["attention"])]
    looks = style.looks(networks)
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.2)
        left, *triangles = figure.subplots(
            1, 1 + len(networks), width_ratios=(1.3, *[1] * len(networks))
        )
        exact = table[table["kind"] == "exact"].set_index(["attention", "counts"])
        for place, name in enumerate(networks):
            shift = 0.14 * (place - (len(networks) - 1) / 2)
            draw_shares(left, exact.loc[name], shift, looks[name], ATTENTION[name])
        left.set_xticks(range(len(KINDS)), TICKS)
        left.set_xlim(-0.5, len(KINDS) - 0.5)
        left.set_ylim(-0.02, 1.02)
        left.set_ylabel("Exact match (test scenes)")
        by_counts = table[table["kind"] == "counts"]
        for axes, name in zip(triangles, networks, strict=True):
            mesh = draw_triangle(axes, by_counts[by_counts["attention"] == name])
            axes.set_title(ATTENTION[name].capitalize(), fontsize=8)
            axes.set_xlabel("Objects in A∩B")
        triangles[0].set_ylabel("Objects in A∖B")
        figure.colorbar(mesh, ax=triangles, label="Exact match, new counts", aspect=30)
        n = int(exact["n"].max())
        figure.suptitle(
            f"{settings['title']} (n = {n} trials)", x=0.01, ha="left", fontsize=9, wrap=True
        )
        figure.legend(loc="outside lower left", ncols=len(networks))
        style.save_figure(figure, svg, pdf, png)


def draw_shares(axes: Axes, rows: pd.DataFrame, shift: float, look: style.Look, label: str) -> None:
    """A point with its interval for each kind of test scene."""
    rows = rows.reindex(list(KINDS))
    places = np.arange(len(KINDS)) + shift
    axes.vlines(places, rows["lower"], rows["upper"], color=look.colour, linewidth=1.2)
    axes.plot(places, rows["estimate"], look.marker, color=look.colour, label=label)


def draw_triangle(axes: Axes, rows: pd.DataFrame) -> mpl.collections.QuadMesh:
    """The share of right sentences for each pair of counts."""
    size = int((rows["both"] + rows["a_only"]).max()) + 1
    shares = np.full((size, size), np.nan)
    shares[rows["a_only"].astype(int), rows["both"].astype(int)] = rows["estimate"]
    mesh = axes.pcolormesh(shares, cmap="viridis", vmin=0, vmax=1)
    ticks = np.arange(0, size, 2)
    axes.set_xticks(ticks + 0.5, ticks)
    axes.set_yticks(ticks + 0.5, ticks)
    axes.set_aspect("equal")
    return mesh


if __name__ == "__main__":
    run_job(plot_description, snakemake)
