"""What goes with being hard to learn: outcomes of the atlas against what follows from meaning.

The unit is the orbit: quantifiers of one orbit are one learning problem, so values are means over
those that were learned. Each analysis has a row for every estimate:

- ``spearman``: rank correlation of an outcome with one measure, for each architecture, with
  percentile bootstrap intervals over orbits. A run that did not converge ranks behind all steps.
- ``given_degree``, ``degree_given``: the partial rank correlation of the area with a measure given
  the degree of monotonicity (mean of the orbit), and with the degree given the measure.
- ``regression``: the outcome on all measures at once, by least squares for each architecture, all
  variables standardised, with intervals robust to unequal variances (HC3).
- ``per_orbit``: the mean area over architectures, and their difference, on the degree, by least
  squares over orbits (HC3, Student's t). Networks of one orbit count once, so that orbits may
  differ in how much an architecture suits them.
- ``published_model``: area ~ monotonicity · architecture + (1 | quantifier) over networks, fitted
  by restricted maximum likelihood, with Wald intervals. It takes the trials of a quantifier in two
  architectures for independent but for its intercept, and rejects a true 0 of the interaction too
  often. Architectures are coded −½ and ½, here and in per_orbit.
- ``weighted``: the rank correlation of the area with a quantifier's own degree over the drawn
  quantifiers, as in the published study, each weighted by the meanings that it stands for, which
  undoes the even choice over degrees; intervals by bootstrap over orbits, without p.

What is held fixed is an association, and not an effect: measures that follow from the meaning may
be what monotonicity acts through. p values are adjusted by Holm's method within each analysis. What
cannot be estimated (a measure that never varies, too few orbits) is blank, with n stated.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from quantlearn.columns import Column, Schema, types
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.atlas_networks import (
    DEGREE,
    DEGREES,
    MEASURES,
    networks_of,
    of_orbits,
    of_quantifiers,
)
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.figures.texts import estimate
from quantlearn.seeds import random_stream
from quantlearn.statistics.correlation import (
    constant,
    partial_correlation,
    rank_correlation,
)
from quantlearn.statistics.multiple_tests import LEVEL, holm

READS = ("samples", "curves", "convergence", "baseline_cells")

TABLES = {
    "atlas_effects": {
        "analysis": Column(
            "str",
            "spearman, given_degree, degree_given, regression, per_orbit, published_model, "
            "weighted (see `scripts/quantlearn/figures/atlas/atlas_effects.py`)",
        ),
        "outcome": Column("str", "area, accuracy or step, a column of atlas.csv"),
        "architecture": Column("str", 'network.architecture, or several joined by "and"'),
        "measure": Column(
            "str",
            "A column of atlas.csv, imbalance (distance of the truth rate from ½), or a term of "
            "a model of both architectures",
        ),
        "estimate": Column("float64", "Correlation or coefficient"),
        "lower": Column(
            "float64",
            "Lower end of its 95 % interval: bootstrap over orbits, Wald (published_model), "
            "robust (regression, per_orbit)",
        ),
        "upper": Column("float64", "Upper end"),
        "p": Column("float64", "p value"),
        "p_adjusted": Column("float64", "By Holm's method over all rows of the analysis"),
        "n": Column("int64", "Orbits; quantifiers in published_model and weighted"),
        "networks": Column("int64", "Networks"),
    },
}

ROWS = {
    "atlas_effects": "One row for each estimate. What cannot be estimated is blank.",
}

OUTCOMES = ("area", "accuracy", "step")
RELATED = MEASURES | {name: DEGREES[name] for name in ("orbit_max", "mirrored_downward", "placebo")}
KEYS = ["analysis", "outcome", "architecture", "measure"]
ANALYSES = {
    "spearman": "rank correlation",
    "given_degree": "the same given the degree",
    "degree_given": "that of the degree, given",
    "regression": "regression on all",
    "per_orbit": "model of orbits",
    "published_model": "published model",
    "weighted": "as published, weighted",
}
PANELS = {
    "spearman": "Rank correlation",
    "given_degree": "Given the degree",
    "regression": "Standardised coefficient",
}
FEWEST = 10
"""Orbits that robust variances need at least."""


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """All correlations and models of the experiment's networks."""
    return {"atlas_effects": effects(networks_of(experiment), seed)}


def effects(networks: pd.DataFrame, seed: int) -> pd.DataFrame:
    """All estimates from the networks of the atlas: the columns of `TABLES`."""
    points = of_quantifiers(networks)
    units = of_orbits(points)
    rows = [
        *correlations(units, seed),
        *regressions(units),
        *per_orbit(units),
        *published_model(networks),
        *weighted(points, seed),
    ]
    return completed(rows, points, TABLES["atlas_effects"])


def completed(
    rows: Sequence[Mapping[str, Any]], points: pd.DataFrame, schema: Schema
) -> pd.DataFrame:
    """Estimates with the numbers of networks, where not given, and p adjusted in each analysis."""
    table = pd.DataFrame(rows, columns=list(schema))
    counts = points.groupby("architecture")["networks"].sum()
    of_all = table["architecture"].map(counts).fillna(counts.sum())
    table["networks"] = table["networks"].astype("float64").fillna(of_all)
    table["p_adjusted"] = table.groupby("analysis")["p"].transform(
        lambda p: holm(p.to_numpy(dtype=float))
    )
    return table.astype(types(schema))


def place(*keys: str) -> dict[str, str]:
    """What an estimate is of, by the names in `KEYS`."""
    return dict(zip(KEYS, keys, strict=True))


def correlations(units: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    """Outcomes with each measure, and the area with a measure and the degree given each other."""
    for architecture, own in units.groupby("architecture", sort=False):
        for measure in RELATED:
            for outcome in OUTCOMES:
                rng = random_stream(seed, "atlas_effects", "spearman", outcome, measure)
                found = rank_correlation(own[measure], own[outcome], rng)
                yield place("spearman", outcome, architecture, measure) | found | {"n": len(own)}
            if measure in DEGREES:
                continue
            area, degree, other = own[["area", DEGREE, measure]].to_numpy(dtype=float).T
            pairs = {"given_degree": (other, degree), "degree_given": (degree, other)}
            for analysis, (first, given) in pairs.items():
                rng = random_stream(seed, "atlas_effects", analysis, measure)
                found = partial_correlation(first, area, given[None], rng)
                yield place(analysis, "area", architecture, measure) | found | {"n": len(own)}


def weighted(points: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    """The area with the own degree over the drawn quantifiers, as if drawn from all meanings."""
    for architecture, every in points.groupby("architecture", sort=False):
        own = every.dropna(subset="weight")
        degree, area, weights = own[["monotonicity", "area", "weight"]].to_numpy(dtype=float).T
        rng = random_stream(seed, "atlas_effects", "weighted")
        found = rank_correlation(degree, area, rng, weights=weights, units=own["orbit"].to_numpy())
        counts = {"n": len(own), "networks": own["networks"].sum()}
        yield place("weighted", "area", architecture, "monotonicity") | found | counts


def per_orbit(units: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The mean area over architectures, and the difference of two, on the degree, over orbits."""
    wide = units.pivot_table("area", "orbit", "architecture").dropna()
    degree = units.drop_duplicates("orbit").set_index("orbit")[DEGREE].reindex(wide.index)
    kinds = sorted(wide.columns)
    fits = {DEGREE: (on_degree(degree, wide.mean(axis=1)), DEGREE)}
    if len(kinds) == 2:
        difference = f"{ARCHITECTURES[kinds[1]]} less {ARCHITECTURES[kinds[0]]}"
        found = on_degree(degree, wide[kinds[1]] - wide[kinds[0]])
        fits |= {difference: (found, "const"), f"{DEGREE} × ({difference})": (found, DEGREE)}
    for term, (found, coefficient) in fits.items():
        row = place("per_orbit", "area", " and ".join(kinds), term)
        yield row | estimate_of(found, coefficient) | {"n": len(wide)}


def on_degree(degree: pd.Series, values: pd.Series) -> Any:
    """A value of each orbit on its centred degree, by least squares; None for too few orbits."""
    if len(degree) < FEWEST or constant(np.stack([degree, values])).any():
        return None
    design = pd.DataFrame({"const": 1.0, DEGREE: degree - degree.mean()})
    return fitted(lambda sm: sm.OLS(values, design).fit(cov_type="HC3", use_t=True))


def published_model(networks: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The model area ~ monotonicity · architecture + (1 | quantifier) over networks.

    With one architecture only the effect of the measure is left. Yields blanks where the fit did
    not converge or there are too few networks for it.
    """
    networks = networks.dropna(subset="area")
    kinds = sorted(networks["architecture"].unique())
    centred = networks["monotonicity"] - networks["monotonicity"].mean()
    design = pd.DataFrame({"const": 1.0, "monotonicity": centred})
    if len(kinds) == 2:
        side = np.where(networks["architecture"] == kinds[1], 0.5, -0.5)
        difference = f"{ARCHITECTURES[kinds[1]]} less {ARCHITECTURES[kinds[0]]}"
        design[difference] = side
        design[f"monotonicity × ({difference})"] = centred * side
    # Whether a variance counts as zero must not depend on the outcome's unit.
    unit = networks["area"].std()
    n = networks["quantifier"].nunique()
    enough = n > 2 * design.shape[1] < len(networks) / 2 and len(networks) > n
    found = None
    if enough and not constant(centred.to_numpy()):
        found = fitted(
            lambda sm: sm.MixedLM(
                networks["area"] / unit, design, groups=networks["quantifier"]
            ).fit()
        )
    for term in design.columns[1:]:
        row = place("published_model", "area", " and ".join(kinds), term)
        yield row | estimate_of(found, term, unit) | {"n": n}


def regressions(units: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each outcome on all measures at once."""
    for outcome in ("area", "accuracy"):
        for architecture, own in units.groupby("architecture", sort=False):
            found = regression(own, outcome)
            for measure in MEASURES:
                row = place("regression", outcome, architecture, measure)
                yield row | estimate_of(found, measure) | {"n": len(own)}


def regression(points: pd.DataFrame, outcome: str) -> Any:
    """The outcome on all measures that vary, standardised, by least squares; None for too few."""
    if len(points) <= 3 * len(MEASURES) or constant(points[outcome].to_numpy()):
        return None
    columns = points[list(MEASURES)]
    columns = columns.loc[:, ~constant(columns.to_numpy(dtype=float).T)]
    values = pd.concat([columns, points[outcome]], axis=1)
    standardised = (values - values.mean()) / values.std()
    design = standardised[columns.columns]
    return fitted(
        lambda sm: sm.OLS(standardised[outcome], sm.add_constant(design)).fit(cov_type="HC3")
    )


def fitted(fit: Callable[[Any], Any]) -> Any:
    """What ``fit`` returns, given statsmodels; None where it does not converge."""
    # Only here: statsmodels takes a second to load, and drawing does without it.
    import statsmodels.api as sm  # noqa: PLC0415
    from statsmodels.tools.sm_exceptions import ConvergenceWarning  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return fit(sm)
        except (ConvergenceWarning, np.linalg.LinAlgError):
            return None


def estimate_of(found: Any, term: str, unit: float = 1.0) -> dict[str, float]:
    """The coefficient of a term of a model, in some unit; blank where there is none."""
    if found is None or term not in found.params:
        return dict.fromkeys(["estimate", "lower", "upper", "p"], nan)
    lower, upper = unit * found.conf_int().loc[term]
    estimate = unit * found.params[term]
    return {"estimate": estimate, "lower": lower, "upper": upper, "p": found.pvalues[term]}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """What goes with a small area under the loss curve: measures alone, given the degree, together.

    Left of zero, more of the measure goes with faster learning. First rank correlations, then those
    given the mean degree of the orbit, both with 95 % bootstrap intervals over orbits; last
    standardised coefficients of one regression on all measures, with robust 95 % intervals. Filled
    markers: p < 0.05 after Holm's adjustment within the panel's analysis. The placebo, what of its
    own degree is not the orbit's mean, can have no effect: it shows how the quantifiers were drawn.
    A panel or a mark for which there are too few orbits is left out.
    """
    frame = tables["atlas_effects"]
    area = frame[frame["outcome"] == "area"]
    kinds = area.loc[area["analysis"] == "spearman", "architecture"].unique()
    estimated = area.dropna(subset="estimate")["analysis"].unique()
    drawn = [analysis for analysis in PANELS if analysis in estimated] or list(PANELS)[:1]
    figure = style.new_figure(style.PAGE_WIDTH, 1.2 + 0.35 * len(RELATED))
    panels = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for axes, analysis in zip(panels, drawn, strict=True):
        rows = area[area["analysis"] == analysis]
        draw_estimates(axes, rows, "measure", list(RELATED), kinds)
        axes.set_xlabel(PANELS[analysis], fontsize=style.LABEL)
        axes.xaxis.set_major_locator(MaxNLocator(5))
    panels[0].set_yticks(range(len(RELATED)), list(RELATED.values()))
    panels[0].set_ylim(len(RELATED) - 0.5, -0.5)
    n = int(area.loc[area["analysis"] == "spearman", "n"].max())
    figure.suptitle(
        f"{experiment.settings['title']} (n = {n} orbits)", x=0.01, ha="left", fontsize=9
    )
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(kinds))
    return figure


def draw_estimates(
    axes: Axes, rows: pd.DataFrame, of: str, names: Sequence[str], kinds: Sequence[str]
) -> None:
    """Estimates of each architecture, by the column ``of`` from top to bottom, filled if shown."""
    for place, (kind, look) in enumerate(style.looks(kinds).items()):
        shift = 0.24 * (place - (len(kinds) - 1) / 2)
        axes.plot([], [], look.marker, color=look.colour, label=ARCHITECTURES[kind])
        own = rows[rows["architecture"] == kind].set_index(of)
        for height, name in enumerate(names):
            if name not in own.index:
                continue
            row = own.loc[name]
            y = height + shift
            axes.hlines(y, row["lower"], row["upper"], color=look.colour, linewidth=1.2)
            face = look.colour if row["p_adjusted"] < LEVEL else "white"
            (point,) = axes.plot(
                row["estimate"], y, look.marker, color=look.colour, markerfacecolor=face
            )
            if pd.notna(row["estimate"]):
                svg_titles.tell(point, [f"{ARCHITECTURES[kind]}: {estimate(row, 'correlation')}"])
    axes.axvline(0, color=style.GREY, linestyle="--", linewidth=0.8)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What goes with the area in each architecture: the degree, sensitivity, and the placebo."""
    frame = tables["atlas_effects"]
    area = frame[frame["outcome"] == "area"]
    kinds = {}
    for kind, own in area.dropna(subset="estimate").groupby("architecture", sort=False):
        found = own.set_index(["analysis", "measure"]).to_dict("index")
        if ("spearman", DEGREE) in found:
            kinds[ARCHITECTURES[kind]] = found
    rows = for_readers(area.rename(columns={"measure": "name"}), ANALYSES, RELATED | DEGREES)
    n = int(area.loc[area["analysis"] == "spearman", "n"].max())
    return {"kinds": kinds, "level": LEVEL, "n": n, "rows": rows, "degree": DEGREE}


def for_readers(
    estimates: pd.DataFrame, analyses: Mapping[str, str], names: Mapping[str, str]
) -> list[dict[str, str]]:
    """Estimates as rows of a table, with analyses and what they are of in words."""
    rows = []
    for row in estimates.to_dict("records"):
        form = formats.number if "less" in analyses[row["analysis"]] else formats.correlation
        rows.append(
            {
                "Analysis": analyses[row["analysis"]],
                "Network": " and ".join(map(ARCHITECTURES.get, row["architecture"].split(" and "))),
                "Of": names.get(row["name"], row["name"]),
                "Estimate": form(row["estimate"]),
                "95 % interval": formats.interval(form(row["lower"]), form(row["upper"])),
                "p, adjusted": formats.p_value(row["p_adjusted"]),
                "n": f"{row['n']}",
                "Networks": f"{row['networks']}",
            }
        )
    return rows
