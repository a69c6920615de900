"""The atlas: how hard each quantifier was to learn, against how monotone it is.

A point is a quantifier, the mean of its trials; the height is its mean loss on held-out scenes
during training (the area under the loss curve, over its width), so the lower, the sooner it was
learned. Monotonicity is the largest degree of the four directions. Diamonds are quantifiers of
natural language, by name; bars are means over ten equal ranges of the degree, and of degree 1. In
the SVG file, and on the page, a point tells its name and expression under the pointer.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.data.selection import STRATA
from quantlearn.figures import formats, style
from quantlearn.figures.atlas.atlas import of_quantifiers
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.protocol import named_and_generated

NAMED, GENERATED = style.OKABE_ITO[1], style.OKABE_ITO[0]


def plot_atlas(numbers: str, settings: dict[str, Any], *, svg: str, pdf: str, png: str) -> None:
    """Draw a panel for each architecture."""
    points = of_quantifiers(tables.read_csv(numbers, tables.ATLAS))
    named, _ = named_and_generated(settings)
    kinds = points["architecture"].unique()
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH, 3.6)
        panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
        titles: dict[str, str] = {}
        for axes, architecture in zip(panels, kinds, strict=True):
            own = points[points["architecture"] == architecture]
            titles |= draw_points(axes, own[~own["quantifier"].isin(named)], "o", GENERATED)
            titles |= draw_points(axes, own[own["quantifier"].isin(named)], "D", NAMED)
            draw_means(axes, own)
            # Panels share their heights, so the highest point of all says how far names reach.
            name_points(axes, own[own["quantifier"].isin(named)], 0.05 * points["area"].max())
            axes.set_title(
                f"{formats.capital(ARCHITECTURES[architecture])} (n = {len(own)} quantifiers)"
            )
            axes.set_xlabel("Degree of monotonicity")
            axes.set_xlim(-0.05, 1.08)
        panels[0].set_ylabel("Mean loss during training")
        panels[0].set_ylim(bottom=0)
        style.save_figure(figure, svg, pdf, png, titles)


def draw_points(axes: Axes, points: pd.DataFrame, marker: str, colour: str) -> dict[str, str]:
    """Points, each an element of its own in the SVG; returns id → what it tells."""
    told = {}
    for point in points.itertuples():
        own = f"{point.architecture}-{point.quantifier}"
        axes.plot(
            *(point.monotonicity, point.area, marker),
            **{"color": colour, "alpha": 0.6, "markeredgewidth": 0, "gid": own},
        )
        told[own] = (
            f"{style.label(point.quantifier)}: {point.expression}\n"
            f"monotonicity {point.monotonicity:.2f}, mean loss {point.area:.3f}, "
            f"final accuracy {point.accuracy:.3f}"
        )
    return told


def draw_means(axes: Axes, points: pd.DataFrame) -> None:
    """The mean of each stratum of the degree, over its width."""
    strata = np.floor(points["monotonicity"] * STRATA)
    for stratum, mean in points.groupby(strata)["area"].mean().items():
        right = min((stratum + 1) / STRATA, 1.03)
        axes.hlines(mean, stratum / STRATA, right, color="black", linewidth=1.6, zorder=3)


def name_points(axes: Axes, points: pd.DataFrame, gap: float) -> None:
    """The names of some points, on the side with room, moved up to be ``gap`` apart.

    A name is about a quarter of a panel wide: those in other thirds do not overlap.
    """
    for _, near in points.groupby((3 * points["monotonicity"]).round()):
        on_left = near["monotonicity"].mean() > 0.5
        heights = style.spread(near["area"].to_list(), gap)
        for point, height in zip(near.itertuples(), heights, strict=True):
            axes.annotate(
                style.label(point.quantifier),
                (point.monotonicity, height),
                xytext=(-6 if on_left else 6, 0),
                textcoords="offset points",
                ha="right" if on_left else "left",
                va="center",
                fontsize=8,
                color=NAMED,
                bbox={"color": "white", "alpha": 0.7, "pad": 0.5},
            )


if __name__ == "__main__":
    run_job(plot_atlas, snakemake)
