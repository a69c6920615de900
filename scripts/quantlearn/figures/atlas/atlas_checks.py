"""Does the effect of monotonicity stand? Three ways in which it might be an effect of other things.

- ``alone`` and ``given_truth_set``: the rank correlation of an outcome with each variant of the
  degree of monotonicity, first alone, then with statistics of the truth set held fixed: the truth
  rate, its distance from ½, and what rules reach that know the size or the zone counts alone. That
  is the partial correlation of the ranks, with percentile bootstrap intervals over quantifiers, and
  p from Student's t with so many degrees of freedom less.
- ``without_family``: the coefficient of monotonicity in the regression on all measures (as in
  atlas_effects, in units of the standard deviations of all quantifiers) when one family of
  quantifiers is left out, and with none left out. Families with fewer than five quantifiers are
  left out together.
- ``more_monotone`` and ``truer``: a quantifier and its negation have the same truth set but for
  the name of the truth values. By how much is the outcome of the more monotone one larger, or of
  the one that is true in more scenes (paired t-tests over pairs that differ in that)? ``pairs``:
  how far the two agree, by the intraclass correlation. ``degrees_of_pairs``: by how much each
  variant of the degree differs between them at most.

The points of the figure stand in the same table: ``residuals`` are the ranks of monotonicity (x)
and area (y) less what the truth-set statistics predict, ``negation`` the areas of the more monotone
one of a pair (x) and of the other (y).

p values are adjusted by Holm's method within each analysis. What cannot be estimated is blank.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.figures import formats, style
from quantlearn.figures.atlas.atlas_effects import (
    completed,
    draw_estimates,
    estimate_of,
    for_readers,
    regression,
)
from quantlearn.figures.atlas_networks import DEGREES, TRUTH_SET, networks_of, of_quantifiers
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.seeds import random_stream
from quantlearn.semantics.universals import VARIANTS
from quantlearn.statistics.agreement import agreement
from quantlearn.statistics.comparison import paired_t_test
from quantlearn.statistics.correlation import correlation, partial_correlation, residuals
from quantlearn.statistics.multiple_tests import LEVEL

READS = ("samples", "curves", "convergence", "baseline_cells")

TABLES = {
    "atlas_checks": {
        "analysis": Column(
            "str",
            "alone, given_truth_set, without_family, pairs, more_monotone, truer, "
            "degrees_of_pairs (see `scripts/quantlearn/figures/atlas/atlas_checks.py`); "
            "residuals and negation are points",
        ),
        "outcome": Column(
            "str", "area or accuracy, a column of atlas.csv; degree, in degrees_of_pairs"
        ),
        "architecture": Column("str", "network.architecture, or all"),
        "name": Column(
            "str",
            "A degree, the family that is left out (none: no family), a quantifier, or all pairs",
        ),
        "x": Column(
            "float64",
            "Place of a point: the rank of monotonicity that is left over, or the area of the "
            "more monotone of a pair",
        ),
        "y": Column("float64", "The same of the area, or the area of the other of the pair"),
        "estimate": Column(
            "float64",
            "Rank correlation, standardised coefficient, intraclass correlation (pairs), mean "
            "difference, or largest difference (degrees_of_pairs)",
        ),
        "lower": Column(
            "float64",
            "Lower end of its 95 % interval: bootstrap over quantifiers, robust "
            "(without_family), F (pairs), Student's (differences)",
        ),
        "upper": Column("float64", "Upper end"),
        "p": Column("float64", "p value"),
        "p_adjusted": Column("float64", "By Holm's method over all rows of the analysis"),
        "n": Column("int64", "Quantifiers, or pairs of them"),
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
    "pairs": "agreement with the negation",
    "more_monotone": "more monotone less other of a pair",
    "truer": "truer less other of a pair",
}
"""The analyses with estimates, in words."""


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """All estimates and points from the experiment's networks."""
    return {"atlas_checks": checks(networks_of(experiment), seed)}


def checks(networks: pd.DataFrame, seed: int) -> pd.DataFrame:
    """All estimates and points from the networks of the atlas: columns of `tables.ATLAS_CHECKS`."""
    everything = of_quantifiers(networks)
    rows = list(degrees_of_pairs(everything))
    for kind, points in everything.groupby("architecture", sort=False):
        found = (*given_truth_set(points, seed), *without_family(points), *negations(points))
        rows += [{"architecture": kind} | row for row in found]
    return completed(rows, everything, TABLES["atlas_checks"])


def given_truth_set(points: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    """Correlations alone and with the truth set held fixed, and what is left of the ranks."""
    given = points[list(TRUTH_SET)].to_numpy(dtype=float).T
    for outcome in OUTCOMES:
        for degree in DEGREES:
            rng = random_stream(seed, "atlas_checks", outcome, degree)
            place = {"outcome": outcome, "name": degree, "n": len(points)}
            alone = correlation(points[degree], points[outcome], "spearman", rng)
            yield {"analysis": "alone"} | place | alone
            x, y = points[degree].to_numpy(dtype=float), points[outcome].to_numpy(dtype=float)
            yield {"analysis": "given_truth_set"} | place | partial_correlation(x, y, given, rng)
    if len(points) < 3 * (2 + len(TRUTH_SET)):
        return
    left = (residuals(points[name].to_numpy(float), given) for name in ("monotonicity", "area"))
    for name, x, y in zip(points["quantifier"], *left, strict=True):
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
        yield place | estimate_of(found, "monotonicity", unit) | counts


def scale(points: pd.DataFrame) -> float:
    """What turns a slope of the area on monotonicity into a standardised coefficient."""
    return points["monotonicity"].std() / points["area"].std()


def pairs(points: pd.DataFrame) -> list[tuple[str, str]]:
    """Names of each quantifier and its negation, where both are there; each pair once."""
    there = set(points["quantifier"])
    found = zip(points["quantifier"], points["negation"], strict=True)
    return list({frozenset(pair): pair for pair in found if set(pair) <= there}.values())


def negations(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """How far a quantifier and its negation agree, and which of the two is harder."""
    found = pairs(points)
    by_name = points.set_index("quantifier")
    ordered_by = {
        "more_monotone": ordered(found, by_name["monotonicity"]),
        "truer": ordered(found, by_name["truth_rate"]),
    }
    for outcome in OUTCOMES:
        values = by_name[outcome]
        same = agreement(pd.DataFrame([[values[name] for name in pair] for pair in found]))
        del same["values"]
        place = {"outcome": outcome, "name": "all"}
        yield {"analysis": "pairs"} | place | same | networks_in(found, by_name)
        for analysis, differing in ordered_by.items():
            differences = np.array([values[more] - values[less] for more, less in differing])
            test = paired_t_test(differences, analysis, outcome)
            row = {name: getattr(test, name) for name in ("estimate", "lower", "upper", "p", "n")}
            yield {"analysis": analysis} | place | row | networks_in(differing, by_name)
    for more, less in ordered_by["more_monotone"]:
        x, y = by_name.loc[[more, less], "area"]
        place = {"analysis": "negation", "outcome": "area", "name": more, "n": len(found)}
        yield place | {"x": x, "y": y}


def networks_in(found: Sequence[tuple[str, str]], by_name: pd.DataFrame) -> dict[str, int]:
    """The number of networks of the quantifiers of pairs."""
    return {"networks": by_name.loc[[name for pair in found for name in pair], "networks"].sum()}


def ordered(found: Sequence[tuple[str, str]], measure: pd.Series) -> list[tuple[str, str]]:
    """Pairs that differ in a measure, the one that has more of it first."""
    differing = [pair for pair in found if abs(measure[pair[0]] - measure[pair[1]]) > 1e-12]
    return [pair if measure[pair[0]] > measure[pair[1]] else pair[::-1] for pair in differing]


def degrees_of_pairs(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """By how much each variant of the degree differs at most within pairs."""
    once = points.drop_duplicates("quantifier")
    found = pairs(once)
    degrees = once.set_index("quantifier")
    place = {"analysis": "degrees_of_pairs", "outcome": "degree", "architecture": "all"}
    for name in DEGREES:
        apart = [abs(degrees[name][first] - degrees[name][other]) for first, other in found]
        yield place | {"name": name, "n": len(found), "estimate": max(apart, default=nan)}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Does the effect of monotonicity stand when other things are held fixed?

    Top: what is left of the ranks (divided by n) of monotonicity and of the area under the loss
    curve when the truth rate, its distance from ½ and what rules by size or zone counts alone reach
    are held fixed; the line is the least-squares fit. Middle: the areas of a quantifier and its
    negation, the more monotone one across; above the diagonal the less monotone one is harder.
    Bottom: the standardised coefficient of monotonicity beside the other measures when one family
    of quantifiers is left out, with 95 % intervals; filled markers have p < 0.05 after Holm's
    adjustment. A panel with too few quantifiers is empty. On the page a point tells its name under
    the pointer.
    """
    frame = tables["atlas_checks"]
    kinds = [kind for kind in frame["architecture"].unique() if kind in ARCHITECTURES]
    of_families = frame[frame["analysis"] == "without_family"]
    counts = of_families.groupby("name", sort=False)["n"].max()
    figure = style.new_figure(style.PAGE_WIDTH, 5.6 + 0.24 * len(counts))
    top, bottom = figure.subfigures(2, 1, height_ratios=(4.6, 1.0 + 0.24 * len(counts)))
    panels = top.subplots(2, len(kinds), squeeze=False, sharey="row")
    for (upper, lower), (kind, look) in zip(panels.T, style.looks(kinds).items(), strict=True):
        own = frame[frame["architecture"] == kind]
        left, pair = (own[own["analysis"] == name] for name in ("residuals", "negation"))
        draw_points(upper, left, look.colour)
        draw_fit(upper, left)
        name = formats.capital(ARCHITECTURES[kind])
        upper.set_title(f"{name} (n = {len(left)} quantifiers)")
        upper.set_xlabel("Monotonicity, rank left over")
        draw_points(lower, pair, look.colour)
        draw_diagonal(lower, pair)
        lower.set_title(f"{name} (n = {len(pair)} pairs)")
        lower.set_xlabel("Area of the more monotone one")
    panels[0, 0].set_ylabel("Area, rank left over")
    panels[1, 0].set_ylabel("Area of its negation")
    axes = bottom.subplots()
    draw_estimates(axes, of_families, "name", list(counts.index), kinds)
    labels = [
        "all quantifiers" if name == NO_FAMILY else f"without {name}" for name in counts.index
    ]
    ticks = [f"{label} (n = {n})" for label, n in zip(labels, counts, strict=True)]
    axes.set_yticks(range(len(counts)), ticks)
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.set_xlabel("Standardised coefficient of monotonicity")
    bottom.legend(loc="outside lower center", ncols=len(kinds))
    return figure


def draw_points(axes: Axes, points: pd.DataFrame, colour: str) -> None:
    """Points that tell what they are."""
    titles = {
        f"{point.analysis}-{point.architecture}-{point.name}": (
            f"{style.label(point.name)}\n{point.x:.3f}, {point.y:.3f}"
        )
        for point in points.itertuples()
    }
    style.telling_points(axes, points["x"], points["y"], titles, "o", colour)


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


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of monotonicity, what moves its coefficient, and what negation changes."""
    frame = tables["atlas_checks"]
    area = frame[(frame["outcome"] == "area") & frame["analysis"].isin(ANALYSES)]
    kinds = {}
    for kind, own in area.groupby("architecture", sort=False):
        tested = own[own["name"] != NO_FAMILY].dropna(subset="p_adjusted").sort_values("estimate")
        kinds[ARCHITECTURES[kind]] = {
            analysis: tested[tested["analysis"] == analysis].set_index("name").to_dict("index")
            for analysis in ANALYSES
        }
    apart = frame[frame["analysis"] == "degrees_of_pairs"].set_index("name")
    variants = {"max_direction" if name == "monotonicity" else name: name for name in DEGREES}
    alike = [name for variant, name in variants.items() if VARIANTS[variant].same_for_negation]
    return {
        "kinds": kinds,
        "level": LEVEL,
        "truth_set": TRUTH_SET.values(),
        "degrees": DEGREES,
        "alike": alike,
        "apart": apart["estimate"].drop(index=alike).to_dict(),
        "pairs": int(apart["n"].max()),
        "rows": for_readers(area, ANALYSES, DEGREES),
    }
