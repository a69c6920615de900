"""The atlas: how hard each quantifier was to learn, beside what follows from its meaning alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.data.selection import STRATA
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.atlas_networks import ATLAS, networks_of, of_quantifiers
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.settings.protocol import named_and_generated
from quantlearn.statistics.agreement import agreement, half_width
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.multiple_tests import holm

READS = ("samples", "curves", "convergence", "baseline_cells")

TABLES = {"atlas": ATLAS}

ROWS = {
    "atlas": (
        "One row for each network. Degrees and `truth_rate` are exact on all scenes of at most "
        "8 objects."
    ),
}

NAMED = style.OKABE_ITO[1]
GENERATED = style.OKABE_ITO[0]
EXTREMES = 3


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """One row for each network."""
    return {"atlas": networks_of(experiment)}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """The atlas: how hard each quantifier was to learn, against how monotone it is.

    A point is a quantifier, the mean of its trials; the height is its mean loss on held-out scenes
    during training (the area under the loss curve, over its width), so the lower, the sooner it was
    learned. Monotonicity is the largest degree of the four directions. Diamonds are quantifiers of
    natural language, by name; bars are means over ten equal ranges of the degree, and of degree 1.
    In the SVG file, and on the page, a point tells its name and expression under the pointer.
    """
    points = of_quantifiers(tables["atlas"])
    is_named = points["quantifier"].isin(named_and_generated(experiment.settings)[0])
    kinds = points["architecture"].unique()
    figure = style.new_figure(style.PAGE_WIDTH, 3.6)
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        own = points["architecture"] == kind
        draw_points(axes, points[own & ~is_named], "o", GENERATED)
        draw_points(axes, points[own & is_named], "D", NAMED)
        draw_means(axes, points[own])
        # Panels share their heights, so the highest point of all says how far names reach.
        name_points(axes, points[own & is_named], 0.05 * points["area"].max())
        axes.set_title(f"{formats.capital(ARCHITECTURES[kind])} (n = {own.sum()} quantifiers)")
        axes.set_xlabel("Degree of monotonicity")
        axes.set_xlim(-0.05, 1.08)
    panels[0].set_ylabel("Mean loss during training")
    panels[0].set_ylim(bottom=0)
    return figure


def draw_points(axes: Axes, points: pd.DataFrame, marker: str, colour: str) -> None:
    """Points that tell what they are."""
    titles = [
        f"{style.label(point.quantifier)}: {point.expression}\n"
        f"monotonicity {point.monotonicity:.2f}, mean loss {point.area:.3f}, "
        f"final accuracy {point.accuracy:.3f}"
        for point in points.itertuples()
    ]
    (marks,) = axes.plot(
        points["monotonicity"], points["area"], marker, color=colour, alpha=0.6, markeredgewidth=0
    )
    svg_titles.tell(marks, titles)


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
                fontsize=style.LABEL,
                color=style.ink(NAMED),
                bbox={"color": "white", "pad": 0.5},
            )


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """How many networks converged, how far trials agree, and which quantifiers are extremes."""
    named, generated = named_and_generated(settings)
    kinds, extremes = [], []
    for kind, own in tables["atlas"].groupby("architecture"):
        areas = own.pivot_table(index="quantifier", columns="trial", values="area")
        # Networks of one orbit are alike, so that orbits, and not networks, are independent.
        shares = own.groupby("orbit")["converged"].mean().dropna().astype(float)
        converged = mean_interval(shares.to_numpy())
        first = own.drop_duplicates("orbit")["quantifier"]
        kinds.append(
            {
                "network": ARCHITECTURES[kind],
                "networks": len(own),
                "orbits": len(shares),
                "converged": {
                    "estimate": converged.estimate,
                    "lower": max(converged.lower, 0.0),
                    "upper": min(converged.upper, 1.0),
                },
                "diverged": int(own["area"].isna().sum()),
                "between": agreement(areas.reindex(first)),
            }
        )
        means = of_quantifiers(own).sort_values("area")
        half = half_width(areas)
        for row in pd.concat([means.head(EXTREMES), means.tail(EXTREMES)]).itertuples():
            bounds = (formats.number(max(row.area - half, 0)), formats.number(row.area + half))
            extremes.append(
                {
                    "Quantifier": style.label(row.quantifier),
                    "Network": ARCHITECTURES[kind],
                    "Meaning": row.expression,
                    "Area": formats.number(row.area),
                    "95 % interval": formats.interval(*bounds),
                }
            )
    adjusted = holm(np.array([one["between"]["p"] for one in kinds]))
    for one, p in zip(kinds, adjusted, strict=True):
        one["between"]["p_adjusted"] = p
    counts = {"named": len(named), "generated": len(generated), "negations": settings["negations"]}
    return {**counts, "kinds": kinds, "extremes": extremes}
