"""What makes quantifiers hard to learn: outcomes of the atlas against what follows from meaning.

Four analyses, each a row for every estimate:

- ``spearman`` and ``pearson``: correlation of an outcome with one measure over quantifiers, each
  the mean of its trials, for each architecture. Intervals are percentile bootstrap intervals over
  quantifiers. A run that did not converge ranks behind all convergence steps, so these have rank
  correlations only.
- ``mixed``: outcome ~ monotonicity · architecture + (1 | quantifier) over networks, fitted by
  restricted maximum likelihood, with Wald intervals. Architectures are coded −½ and ½, so the row
  of the measure is the mean effect over both, and that of the interaction their difference.
- ``regression``: the outcome on all measures at once, by least squares over quantifiers for each
  architecture, all variables standardised, with intervals robust to unequal variances (HC3).

p values are adjusted by Holm's method within each analysis. What cannot be estimated (a measure
that is the same for all quantifiers, too few of them) is blank, with n stated.
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
from quantlearn.figures import formats, style
from quantlearn.figures.atlas_networks import MEASURES, networks_of, of_quantifiers
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.seeds import random_stream
from quantlearn.statistics.correlation import constant, correlation
from quantlearn.statistics.multiple_tests import LEVEL, holm

READS = ("samples", "curves", "convergence", "baseline_cells")

TABLES = {
    "atlas_effects": {
        "analysis": Column(
            "str",
            "spearman, pearson, mixed (outcome ~ monotonicity · architecture + (1 | "
            "quantifier)) or regression (on all measures at once, standardised)",
        ),
        "outcome": Column("str", "area, accuracy or step, a column of atlas.csv"),
        "architecture": Column("str", 'network.architecture, or several joined by "and"'),
        "measure": Column(
            "str",
            "A column of atlas.csv, imbalance (distance of the truth rate from ½), or a term of "
            "the mixed model",
        ),
        "estimate": Column("float64", "Correlation or coefficient"),
        "lower": Column(
            "float64",
            "Lower end of its 95 % interval: bootstrap over quantifiers, Wald (mixed), robust "
            "(regression)",
        ),
        "upper": Column("float64", "Upper end"),
        "p": Column("float64", "p value"),
        "p_adjusted": Column("float64", "By Holm's method over all rows of the analysis"),
        "n": Column("int64", "Quantifiers"),
        "networks": Column("int64", "Networks"),
    },
}

ROWS = {
    "atlas_effects": "One row for each estimate. What cannot be estimated is blank.",
}

CORRELATED = {"spearman": ("area", "accuracy", "step"), "pearson": ("area", "accuracy")}
KEYS = ["analysis", "outcome", "architecture", "measure"]
ANALYSES = {"spearman": "rank correlation", "mixed": "mixed model", "regression": "regression"}
PANELS = {"spearman": "Rank correlation", "regression": "Standardised coefficient"}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """All correlations and models of the experiment's networks."""
    return {"atlas_effects": effects(networks_of(experiment), seed)}


def effects(networks: pd.DataFrame, seed: int) -> pd.DataFrame:
    """All estimates from the networks of the atlas: the columns of `tables.ATLAS_EFFECTS`."""
    points = of_quantifiers(networks)
    rows = [*correlations(points, seed), *mixed_model(networks), *regressions(points)]
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


def correlations(points: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    """Each outcome with each measure, one at a time."""
    for kind, outcomes in CORRELATED.items():
        for outcome in outcomes:
            for architecture, own in points.groupby("architecture", sort=False):
                for measure in MEASURES:
                    rng = random_stream(seed, "atlas_effects", kind, outcome, measure)
                    found = correlation(own[measure], own[outcome], kind, rng)
                    yield place(kind, outcome, architecture, measure) | found | {"n": len(own)}


def mixed_model(networks: pd.DataFrame) -> Iterator[dict[str, Any]]:
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
        row = place("mixed", "area", " and ".join(kinds), term)
        yield row | estimate_of(found, term, unit) | {"n": n}


def regressions(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each outcome on all measures at once."""
    for outcome in ("area", "accuracy"):
        for architecture, own in points.groupby("architecture", sort=False):
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
    """What goes with a small area under the loss curve, each measure alone and all of them at once.

    Left of zero, more of the measure goes with faster learning. On the left rank correlations with
    95 % bootstrap intervals over quantifiers; on the right standardised coefficients of one
    regression on all measures, with robust 95 % intervals. Filled markers: p < 0.05 after Holm's
    adjustment within the panel's analysis. Measures that are the same for all quantifiers have no
    mark; with too few quantifiers for the regression, the right panel is left out.
    """
    frame = tables["atlas_effects"]
    area = frame[frame["outcome"] == "area"]
    kinds = area.loc[area["analysis"] == "spearman", "architecture"].unique()
    estimated = area.dropna(subset="estimate")["analysis"].unique()
    drawn = [analysis for analysis in PANELS if analysis in estimated] or list(PANELS)[:1]
    figure = style.new_figure(style.PAGE_WIDTH, 1.2 + 0.35 * len(MEASURES))
    panels = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
    for axes, analysis in zip(panels, drawn, strict=True):
        rows = area[area["analysis"] == analysis]
        draw_estimates(axes, rows, "measure", list(MEASURES), kinds)
        axes.set_xlabel(PANELS[analysis])
        axes.xaxis.set_major_locator(MaxNLocator(5))
    panels[0].set_yticks(range(len(MEASURES)), list(MEASURES.values()))
    panels[0].set_ylim(len(MEASURES) - 0.5, -0.5)
    title = f"{experiment.settings['title']} (n = {int(area['n'].max())} quantifiers)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
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
            row = own.loc[name]
            y = height + shift
            axes.hlines(y, row["lower"], row["upper"], color=look.colour, linewidth=1.2)
            face = look.colour if row["p_adjusted"] < LEVEL else "white"
            axes.plot(row["estimate"], y, look.marker, color=look.colour, markerfacecolor=face)
    axes.axvline(0, color=style.GREY, linestyle="--", linewidth=0.8)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What monotonicity does in each architecture, alone and beside the other measures."""
    frame = tables["atlas_effects"]
    area = frame[(frame["outcome"] == "area") & frame["analysis"].isin(ANALYSES)]
    of_degree = area[(area["measure"] == "monotonicity") & (area["analysis"] != "mixed")]
    kinds = {
        ARCHITECTURES[kind]: own.set_index("analysis").to_dict("index")
        for kind, own in of_degree.dropna(subset="estimate").groupby("architecture", sort=False)
    }
    rows = for_readers(area.rename(columns={"measure": "name"}), ANALYSES, MEASURES)
    return {"kinds": kinds, "level": LEVEL, "n": int(area["n"].max()), "rows": rows}


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
