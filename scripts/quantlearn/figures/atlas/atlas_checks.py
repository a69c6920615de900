"""Does it stand that monotonicity goes with difficulty, and is the procedure sound?

The unit is the orbit, the mean over those of its quantifiers that were learned.

- ``alone`` and ``given_truth_set``: the rank correlation of an outcome with each variant of the
  degree of monotonicity, first alone, then with statistics of the truth set held fixed: the partial
  correlation of the ranks, with percentile bootstrap intervals over orbits, and p from Student's t
  with so many degrees of freedom less. Only the mean and the largest degree of the orbit can
  explain difficulty; the placebo, what of its own degree is not the mean, can have no effect.
- ``without_family``: the coefficient of monotonicity in the regression on all measures (as in
  atlas_effects, in units of the standard deviations of all orbits) when one family of quantifiers
  is left out, and with none left out. Families of fewer than five orbits are left out together.
- ``same_orbit``: an A/A check of the whole procedure. Two quantifiers of one orbit, such as one and
  its negation, are equally hard by construction, so that a difference is chance or a fault. One
  pair an orbit, its first two; the ratio of their areas, second over first ("listed"), less over
  more monotone ("monotone"), and more rarely over more often true ("true"), by the exact
  signed-rank test and by two one-sided tests within the margin of the experiment's endpoint.

The points of the figure stand in the same table: ``residuals`` are the ranks of the degree (x) and
of the area (y) less what the truth-set statistics predict, ``pair`` the areas of the two of an
orbit.

p values are adjusted by Holm's method within each analysis. What is held fixed is an association,
and not an effect. What cannot be estimated is blank.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.atlas.atlas_effects import (
    completed,
    draw_estimates,
    estimate_of,
    for_readers,
    regression,
)
from quantlearn.figures.atlas_networks import (
    DEGREE,
    DEGREES,
    TRUTH_SET,
    networks_of,
    of_orbits,
    of_quantifiers,
)
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.seeds import random_stream
from quantlearn.statistics.comparison import paired_comparison, verdict
from quantlearn.statistics.correlation import partial_correlation, rank_correlation, residuals
from quantlearn.statistics.multiple_tests import LEVEL

READS = ("samples", "curves", "convergence", "baseline_cells")

TABLES = {
    "atlas_checks": {
        "analysis": Column(
            "str",
            "alone, given_truth_set, without_family, same_orbit "
            "(see `scripts/quantlearn/figures/atlas/atlas_checks.py`); residuals and pair are "
            "points",
        ),
        "outcome": Column("str", "area or accuracy, a column of atlas.csv"),
        "architecture": Column("str", "network.architecture"),
        "name": Column(
            "str",
            "A degree, the family that is left out (none: no family), an orbit, or how the pairs "
            "are ordered",
        ),
        "x": Column(
            "float64",
            "Place of a point: the rank of the degree that is left over, or the area of the first "
            "of a pair",
        ),
        "y": Column("float64", "The same of the area, or the area of the second of the pair"),
        "estimate": Column(
            "float64",
            "Rank correlation, standardised coefficient, or ratio of areas (same_orbit)",
        ),
        "lower": Column(
            "float64",
            "Lower end of its 95 % interval: bootstrap over orbits, robust (without_family), "
            "Student's on logarithms (same_orbit)",
        ),
        "upper": Column("float64", "Upper end"),
        "p": Column("float64", "p value"),
        "p_adjusted": Column("float64", "By Holm's method over all rows of the analysis"),
        "verdict": Column(
            "str",
            "Of same_orbit: differ, no_difference larger than the margin, or open; else blank",
        ),
        "n": Column("int64", "Orbits, or pairs, one an orbit"),
        "networks": Column("int64", "Their networks"),
    },
}

ROWS = {
    "atlas_checks": (
        "One row for each estimate, and one for each point of the figure. What cannot be "
        "estimated is blank."
    ),
}

NO_FAMILY = "none"
OUTCOMES = ("area", "accuracy")
FEWEST_IN_FAMILY = 5
ANALYSES = {
    "alone": "rank correlation",
    "given_truth_set": "the same, truth set held fixed",
    "without_family": "coefficient of monotonicity without",
    "same_orbit": "ratio within orbits",
}
"""The analyses with estimates, in words."""

ORDERS = {
    "listed": "second over first",
    "monotone": "less over more monotone",
    "true": "rarely over often true",
}
"""The orders of the two of an orbit, in words."""


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """All estimates and points from the experiment's networks."""
    margin = experiment.settings["endpoint"]["margin"]
    return {"atlas_checks": checks(networks_of(experiment), seed, margin)}


def checks(networks: pd.DataFrame, seed: int, margin: Sequence[float]) -> pd.DataFrame:
    """All estimates and points from the networks of the atlas: the columns of `TABLES`.

    margin: the ratios of areas, from and to, between which a difference is too small to matter.
    """
    everything = of_quantifiers(networks)
    rows = []
    for kind, points in everything.groupby("architecture", sort=False):
        units = of_orbits(points)
        found = (
            *given_truth_set(units, seed),
            *without_family(units),
            *same_orbit(points, margin),
        )
        rows += [{"architecture": kind, "verdict": ""} | row for row in found]
    found = completed(rows, everything, TABLES["atlas_checks"])
    differ = (found["analysis"] == "same_orbit") & (found["p_adjusted"] < LEVEL)
    found.loc[differ, "verdict"] = "differ"
    return found


def given_truth_set(points: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    """Correlations alone and with the truth set held fixed, and what is left of the ranks."""
    given = points[list(TRUTH_SET)].to_numpy(dtype=float).T
    for outcome in OUTCOMES:
        for degree in DEGREES:
            rng = random_stream(seed, "atlas_checks", outcome, degree)
            place = {"outcome": outcome, "name": degree, "n": len(points)}
            alone = rank_correlation(points[degree], points[outcome], rng)
            yield {"analysis": "alone"} | place | alone
            x, y = points[degree].to_numpy(dtype=float), points[outcome].to_numpy(dtype=float)
            yield {"analysis": "given_truth_set"} | place | partial_correlation(x, y, given, rng)
    if len(points) < 3 * (2 + len(TRUTH_SET)):
        return
    left = (residuals(points[name].to_numpy(float), given) for name in (DEGREE, "area"))
    for name, x, y in zip(points["orbit"], *left, strict=True):
        place = {"analysis": "residuals", "outcome": "area", "name": name, "n": len(points)}
        yield place | {"x": x, "y": y}


def families(points: pd.DataFrame) -> pd.Series:
    """The family of each quantifier, small ones joined as "other"."""
    sizes = points["family"].map(points["family"].value_counts())
    return points["family"].where(sizes >= FEWEST_IN_FAMILY, "other")


def without_family(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The coefficient of monotonicity with all families, and without each."""
    grouped = families(points)
    for left_out in [NO_FAMILY, *grouped.value_counts(sort=True).index]:
        kept = points[grouped != left_out]
        found = regression(kept, "area") if len(kept) else None
        unit = nan if found is None else scale(points) / scale(kept)
        place = {"analysis": "without_family", "outcome": "area", "name": left_out}
        counts = {"n": len(kept), "networks": kept["networks"].sum()}
        yield place | estimate_of(found, DEGREE, unit) | counts


def scale(points: pd.DataFrame) -> float:
    """What turns a slope of the area on the degree into a standardised coefficient."""
    return points[DEGREE].std() / points["area"].std()


def same_orbit(points: pd.DataFrame, margin: Sequence[float]) -> Iterator[dict[str, Any]]:
    """How the areas of the first two of each orbit differ, in three orders."""
    orbits = points.groupby("orbit", sort=False)
    pairs = [own.head(2) for _, own in orbits if len(own) > 1]
    for name, column in {"listed": None, "monotone": "monotonicity", "true": "truth_rate"}.items():
        ordered = [pair if column is None else pair.nlargest(2, column) for pair in pairs]
        if column is not None:
            ordered = [pair for pair in ordered if np.ptp(pair[column]) > 1e-12]
        areas = np.array([pair["area"] for pair in ordered], dtype=float).reshape(-1, 2)
        found = paired_comparison(np.log(areas[:, 1] / areas[:, 0]), tuple(np.log(margin)))
        yield {
            "analysis": "same_orbit",
            "outcome": "area",
            "name": name,
            "estimate": float(np.exp(found.estimate)),
            "lower": float(np.exp(found.lower)),
            "upper": float(np.exp(found.upper)),
            "p": found.p,
            "verdict": verdict(0, nan, found.within),
            "n": found.n,
            "networks": sum(pair["networks"].sum() for pair in ordered),
        }
    for pair in pairs:
        place = {"analysis": "pair", "outcome": "area", "name": pair["orbit"].iloc[0]}
        x, y = pair["area"]
        yield place | {"x": x, "y": y, "n": len(pairs)}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Does it stand that monotonicity goes with difficulty, and is the procedure sound?

    A point is an orbit. Top: what is left of the ranks (divided by n) of the degree of monotonicity
    and of the area under the loss curve when statistics of the truth set are held fixed; the line
    is the least-squares fit. Middle: the areas of two quantifiers of one orbit, which are equally
    hard by construction, so that points off the diagonal are chance. Bottom: the standardised
    coefficient of monotonicity beside the other measures when one family of quantifiers is left
    out, with 95 % intervals; filled markers have p < 0.05 after Holm's adjustment. A panel with too
    few orbits is left out. On the page a point tells its name under the pointer.
    """
    frame = tables["atlas_checks"]
    kinds = [kind for kind in frame["architecture"].unique() if kind in ARCHITECTURES]
    points = {
        (analysis, kind): frame[(frame["analysis"] == analysis) & (frame["architecture"] == kind)]
        for analysis in PANELS
        for kind in kinds
    }
    shown = [name for name in PANELS if any(len(points[name, kind]) for kind in kinds)]
    of_families = frame[frame["analysis"] == "without_family"]
    counts = of_families.groupby("name", sort=False)["n"].max()
    estimated = of_families["estimate"].notna().any()
    heights = [*[2.3] * len(shown), *([1.0 + 0.24 * len(counts)] if estimated else [])]
    figure = style.new_figure(style.PAGE_WIDTH, sum(heights) or 1)
    if not heights:
        figure.text(0.5, 0.5, "too few orbits", ha="center")
        return figure
    parts = list(figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
    for analysis, part in zip(shown, parts, strict=False):
        draw_row(part, analysis, {kind: points[analysis, kind] for kind in kinds})
    if estimated:
        axes = parts[-1].subplots()
        draw_estimates(axes, of_families, "name", list(counts.index), kinds)
        labels = ["all orbits" if one == NO_FAMILY else f"without {one}" for one in counts.index]
        ticks = [f"{label} (n = {n})" for label, n in zip(labels, counts, strict=True)]
        axes.set_yticks(range(len(counts)), ticks)
        axes.set_ylim(len(counts) - 0.5, -0.5)
        axes.set_xlabel("Standardised coefficient of monotonicity")
        parts[-1].legend(loc="outside lower center", ncols=len(kinds))
    return figure


def draw_row(part: SubFigure, analysis: str, points: Mapping[str, pd.DataFrame]) -> None:
    """A panel for each architecture that has points (architecture → rows)."""
    unit, across, up, draw_line = PANELS[analysis]
    panels = part.subplots(1, len(points), squeeze=False, sharey=True)[0]
    for axes, (kind, own), look in zip(
        panels, points.items(), style.looks(list(points)).values(), strict=True
    ):
        if own.empty:
            axes.remove()
            continue
        draw_points(axes, own, look.colour)
        draw_line(axes, own)
        axes.set_title(f"{formats.capital(ARCHITECTURES[kind])} (n = {len(own)} {unit})")
        axes.set_xlabel(across)
    panels[0].set_ylabel(up)


def draw_points(axes: Axes, points: pd.DataFrame, colour: str) -> None:
    """Points that tell what they are."""
    titles = [
        f"{style.label(point.name)}\n{point.x:.3f}, {point.y:.3f}".replace("-", "−")
        for point in points.itertuples()
    ]
    (marks,) = axes.plot(points["x"], points["y"], "o", color=colour, alpha=0.6, markeredgewidth=0)
    svg_titles.tell(marks, titles)


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


PANELS = {
    "residuals": ("orbits", "Monotonicity, rank left over", "Area, rank left over", draw_fit),
    "pair": ("pairs", "Area of the first of an orbit", "Area of the second", draw_diagonal),
}
"""What a row of panels shows of an analysis: of what, against what, and its line."""


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the degree, what moves its coefficient, and whether orbits agree."""
    frame = tables["atlas_checks"]
    area = frame[(frame["outcome"] == "area") & frame["analysis"].isin(ANALYSES)]
    kinds = {}
    for kind, own in area.groupby("architecture", sort=False):
        tested = own[own["name"] != NO_FAMILY].dropna(subset="estimate").sort_values("estimate")
        kinds[ARCHITECTURES[kind]] = {
            analysis: tested[tested["analysis"] == analysis].set_index("name").to_dict("index")
            for analysis in ANALYSES
        }
    rows = for_readers(area, ANALYSES, DEGREES | ORDERS)
    fixed = {"truth_set": TRUTH_SET.values(), "margin": settings["endpoint"]["margin"]}
    return {"kinds": kinds, "level": LEVEL, "degree": DEGREE, "rows": rows, **fixed}
