"""What a network gains for one quantifier (columns) by having learned another one before (rows).

Numbers are percentage points of accuracy on held-out scenes, in the mean over training and over
trials, against networks of the same trials that start from none: blue helps, orange hurts. A star
marks a paired t-test with p < 0.05, adjusted over all pairs, or all means of a kind. Framed cells
are the control: a network that goes on with its own quantifier on new scenes. The last column and
the last row are means over all other targets and all other sources.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from quantlearn import tables
from quantlearn.figures import formats, style
from quantlearn.figures.course.transfer import MEAN
from quantlearn.pipeline.jobs import run_job
from quantlearn.statistics.comparison import LEVEL

CELLS = ("pair", "same", "source", "target")
GAP = 0.25  # between the matrix and its means, in cells

HURTS, HELPS = style.OKABE_ITO[1], style.OKABE_ITO[0]
COLOURS = LinearSegmentedColormap.from_list("gains", [HURTS, "white", HELPS])


def plot_transfer(numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str) -> None:
    """Draw the matrix of gains."""
    frame = tables.read_csv(numbers, tables.TRANSFER)
    cells = frame[frame["kind"].isin(CELLS)]
    sources = places(cells.loc[cells["kind"] != "target", "source"])
    targets = places(cells.loc[cells["kind"] != "source", "target"])
    largest = cells.loc[cells["kind"] == "pair", "estimate"].abs().max()
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 1.35 + 0.34 * len(sources))
        axes = figure.subplots()
        for row in cells.to_dict("records"):
            draw(axes, row, targets[row["target"]], sources[row["source"]], largest)
        label(axes, sources, targets)
        n = int(cells["n"].max())
        figure.suptitle(f"{settings['title']} (n = {n} trials)", x=0.01, ha="left", fontsize=9)
        style.save_figure(figure, svg, pdf, png)


def places(names: pd.Series) -> dict[str, float]:
    """Where each quantifier stands in the matrix, and behind all of them their mean."""
    own = [name for name in dict.fromkeys(names) if name != MEAN]
    return {**{name: float(place) for place, name in enumerate(own)}, MEAN: len(own) + GAP}


def draw(axes: Axes, row: dict[str, Any], x: float, y: float, largest: float) -> None:
    """One cell, coloured by its gain, with the number in it."""
    gain = row["estimate"]
    control = row["kind"] == "same"
    colour = "white" if control or not largest > 0 else COLOURS(place(gain / largest))
    axes.add_patch(
        Rectangle(
            (x - 0.5, y - 0.5),
            *(1, 1),
            facecolor=colour,
            edgecolor=style.GREY if control else "white",
            linewidth=0.8,
            zorder=2 if control else 1,
        )
    )
    star = "*" if row["p_adjusted"] < LEVEL and not control else ""
    axes.text(
        *(x, y, f"{formats.accuracy_points(gain)}{star}"),
        **{"ha": "center", "va": "center", "fontsize": 8, "zorder": 3},
        color="black",
    )


def place(share: float) -> float:
    """The place of a gain among the colours, from its share of the largest one; ½ for none.

    The square root keeps small gains apart where a few are large, and the ends are left out, on
    which black numbers could not be read.

    >>> place(0.0), place(1.0), round(place(-1.0), 3)
    (0.5, 0.9, 0.1)
    """
    if np.isnan(share):
        return 0.5
    return float(0.5 + 0.4 * np.sign(share) * np.sqrt(min(abs(share), 1)))


def label(axes: Axes, sources: dict[str, float], targets: dict[str, float]) -> None:
    """The names of the quantifiers, sources on the left and targets on top."""
    axes.set_xticks(
        list(targets.values()),
        list(map(style.label, targets)),
        rotation=40,
        ha="left",
        rotation_mode="anchor",
    )
    axes.set_yticks(list(sources.values()), list(map(style.label, sources)))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("then learned (target)")
    axes.set_ylabel("learned before (source)")
    axes.set_xlim(-0.55, targets[MEAN] + 0.55)
    axes.set_ylim(sources[MEAN] + 0.55, -0.55)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


if __name__ == "__main__":
    run_job(plot_transfer, snakemake)
