"""Does the effect of monotonicity stand when other things are held fixed?

Top: what is left of the ranks (divided by n) of monotonicity and of the area under the loss curve
when the truth rate, its distance from ½ and what rules by size or zone counts alone reach are held
fixed; the line is the least-squares fit. Middle: the areas of a quantifier and its negation, the
more monotone one across; above the diagonal the less monotone one is harder. Bottom: the
standardised coefficient of monotonicity beside the other measures when one family of quantifiers is
left out, with 95 % intervals; filled markers have p < 0.05 after Holm's adjustment. A panel with
too few quantifiers is empty. On the page a point tells its name under the pointer.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import formats, style
from quantlearn.figures.atlas.atlas_checks import NO_FAMILY
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.pipeline.jobs import run_job
from quantlearn.statistics.comparison import LEVEL


def plot_atlas_checks(
    numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str
) -> None:
    """Draw a column for each architecture, and the families below."""
    frame = tables.read_csv(numbers, tables.ATLAS_CHECKS)
    kinds = [kind for kind in frame["architecture"].unique() if kind in ARCHITECTURES]
    families = frame[frame["analysis"] == "without_family"]
    names = families["name"].unique()
    titles: dict[str, str] = {}
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 5.6 + 0.24 * len(names))
        top, bottom = figure.subfigures(2, 1, height_ratios=(4.6, 1.0 + 0.24 * len(names)))
        panels = top.subplots(2, len(kinds), squeeze=False, sharey="row")
        for column, kind in zip(panels.T, kinds, strict=True):
            own = frame[frame["architecture"] == kind]
            colour = style.looks(kinds)[kind].colour
            residuals, pairs = (own[own["analysis"] == name] for name in ("residuals", "negation"))
            titles |= draw_points(column[0], residuals, colour)
            draw_fit(column[0], residuals)
            column[0].set_title(f"{_name(kind)} (n = {len(residuals)} quantifiers)")
            column[0].set_xlabel("Monotonicity, rank left over")
            titles |= draw_points(column[1], pairs, colour)
            draw_diagonal(column[1], pairs)
            column[1].set_title(f"{_name(kind)} (n = {len(pairs)} pairs)")
            column[1].set_xlabel("Area of the more monotone one")
        panels[0, 0].set_ylabel("Area, rank left over")
        panels[1, 0].set_ylabel("Area of its negation")
        draw_families(bottom.subplots(), families, kinds)
        bottom.legend(loc="outside lower center", ncols=len(kinds))
        style.save_figure(figure, svg, pdf, png, titles)


def _name(kind: str) -> str:
    return formats.capital(ARCHITECTURES[kind])


def draw_points(axes: Axes, points: pd.DataFrame, colour: str) -> dict[str, str]:
    """Points, each an element of its own in the SVG; returns id → what it tells."""
    told = {}
    for point in points.itertuples():
        own = f"{point.analysis}-{point.architecture}-{point.name}"
        axes.plot(
            *(point.x, point.y, "o"),
            **{"color": colour, "alpha": 0.6, "markeredgewidth": 0, "gid": own},
        )
        told[own] = f"{style.label(point.name)}\n{point.x:.3f}, {point.y:.3f}"
    return told


def draw_fit(axes: Axes, points: pd.DataFrame) -> None:
    """The least-squares line through the points."""
    if len(points) < 2 or np.ptp(points["x"]) == 0:
        return
    slope, height = np.polyfit(points["x"], points["y"], 1)
    ends = points["x"].agg(["min", "max"])
    axes.plot(ends, height + slope * ends, color="black", linewidth=1.4)


def draw_diagonal(axes: Axes, points: pd.DataFrame) -> None:
    """Where both of a pair are equally hard."""
    if len(points):
        ends = [points[["x", "y"]].min().min(), points[["x", "y"]].max().max()]
        axes.plot(ends, ends, color=style.GREY, linestyle="--", linewidth=0.8)


def draw_families(axes: Axes, rows: pd.DataFrame, kinds: list[str]) -> None:
    """The coefficient of monotonicity without each family, first with none left out."""
    names = list(rows["name"].unique())
    counts = rows.groupby("name")["n"].max()
    for place, (kind, look) in enumerate(style.looks(kinds).items()):
        shift = 0.24 * (place - (len(kinds) - 1) / 2)
        axes.plot([], [], look.marker, color=look.colour, label=ARCHITECTURES[kind])
        for row in rows[rows["architecture"] == kind].itertuples():
            y = names.index(row.name) + shift
            axes.hlines(y, row.lower, row.upper, color=look.colour, linewidth=1.2)
            axes.plot(
                *(row.estimate, y, look.marker),
                color=look.colour,
                markerfacecolor=look.colour if row.p_adjusted < LEVEL else "white",
            )
    axes.axvline(0, color=style.GREY, linestyle="--", linewidth=0.8)
    labels = ["all quantifiers" if name == NO_FAMILY else f"without {name}" for name in names]
    axes.set_yticks(
        range(len(names)),
        [f"{label} (n = {counts[name]})" for label, name in zip(labels, names, strict=True)],
    )
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("Standardised coefficient of monotonicity")


if __name__ == "__main__":
    run_job(plot_atlas_checks, snakemake)
