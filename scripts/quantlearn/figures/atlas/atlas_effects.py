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
from collections.abc import Callable, Iterator, Mapping
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.atlas.atlas import of_quantifiers
from quantlearn.figures.formats import p_phrase
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.seeds import random_stream
from quantlearn.statistics.comparison import LEVEL, holm
from quantlearn.statistics.correlation import constant, correlation

__all__ = [
    "DEGREES",
    "MEASURES",
    "effects_table",
    "estimate_of",
    "headline",
    "in_numbers",
    "mixed_model",
    "regression",
    "remark",
    "shown",
]

DEGREES = {
    "monotonicity": "monotonicity",
    "max_with_negation": "monotonicity, negation too",
    "mean_of_arguments": "monotonicity, mean of A and B",
    "two_sided_mean": "monotonicity, two-sided",
    "violation_rate": "monotonicity, by violations",
}
"""The degree of monotonicity in all variants of universals.py, in words."""

MEASURES = {
    "monotonicity": "monotonicity",
    "quantity": "quantity",
    "conservativity": "conservativity",
    "extensionality": "extensionality",
    "lempel_ziv": "Lempel–Ziv complexity",
    "imbalance": "imbalance of truth",
    "size_alone": "accuracy by size alone",
}
"""What an outcome may depend on, in words. Imbalance is the distance of the truth rate from ½."""

OUTCOMES = {"area": "area under the loss curve", "accuracy": "final accuracy", "step": "steps"}

_RESAMPLES = 2_000
_KEYS = ["analysis", "outcome", "architecture", "measure"]


def effects_table(atlas: pd.DataFrame, seed: int) -> pd.DataFrame:
    """All estimates from the networks of the atlas: the columns of `tables.ATLAS_EFFECTS`."""
    points = of_quantifiers(atlas)
    points["imbalance"] = (points["truth_rate"] - 0.5).abs()
    rows = [*_correlations(points, seed), *mixed_model(atlas), *_regressions(points)]
    table = pd.DataFrame(rows, columns=list(tables.ATLAS_EFFECTS))
    networks = atlas.dropna(subset="area").groupby("architecture").size()
    table["networks"] = table["architecture"].map(networks).fillna(networks.sum())
    table["p_adjusted"] = table.groupby("analysis")["p"].transform(
        lambda p: holm(p.to_numpy(dtype=float))
    )
    return table.astype(columns.types(tables.ATLAS_EFFECTS))


# --- Correlations ---------------------------------------------------------------------------------


def _correlations(points: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    kinds = {"spearman": tuple(OUTCOMES), "pearson": ("area", "accuracy")}
    for kind, outcomes in kinds.items():
        for outcome in outcomes:
            for architecture, of_one in points.groupby("architecture", sort=False):
                for measure in MEASURES:
                    rng = random_stream(seed, "atlas_effects", kind, outcome, measure)
                    found = correlation(of_one[measure], of_one[outcome], kind, rng)
                    place = dict(zip(_KEYS, (kind, outcome, architecture, measure), strict=True))
                    yield {**place, **found, "n": len(of_one)}


# --- Models ---------------------------------------------------------------------------------------


def mixed_model(atlas: pd.DataFrame, outcome: str = "area") -> Iterator[dict[str, Any]]:
    """Rows of the model outcome ~ monotonicity · architecture + (1 | quantifier) over networks.

    With one architecture only the effect of the measure is left. Yields blanks where the fit did
    not converge or there are too few networks for it.
    """
    networks = atlas.dropna(subset=outcome)
    kinds = sorted(networks["architecture"].unique())
    centred = networks["monotonicity"] - networks["monotonicity"].mean()
    design = pd.DataFrame({"const": 1.0, "monotonicity": centred})
    if len(kinds) == 2:
        side = np.where(networks["architecture"] == kinds[1], 0.5, -0.5)
        difference = f"{ARCHITECTURES[kinds[1]]} less {ARCHITECTURES[kinds[0]]}"
        design[difference] = side
        design[f"monotonicity × ({difference})"] = centred * side
    # Whether a variance counts as zero must not depend on the outcome's unit.
    unit = networks[outcome].std()
    found = _fitted(
        lambda: sm.MixedLM(networks[outcome] / unit, design, groups=networks["quantifier"]).fit(),
        enough=networks["quantifier"].nunique() > 2 * design.shape[1] < len(networks) / 2
        and networks["quantifier"].duplicated().any()
        and not constant(centred.to_numpy()),
    )
    for term in design.columns[1:]:
        place = dict(zip(_KEYS, ("mixed", outcome, " and ".join(kinds), term), strict=True))
        n = networks["quantifier"].nunique()
        yield {**place, **estimate_of(found, term, unit), "n": n}


def _regressions(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for outcome in ("area", "accuracy"):
        for architecture, of_one in points.groupby("architecture", sort=False):
            found = regression(of_one, outcome)
            for measure in MEASURES:
                place = ("regression", outcome, architecture, measure)
                row = dict(zip(_KEYS, place, strict=True))
                yield {**row, **estimate_of(found, measure), "n": len(of_one)}


def regression(points: pd.DataFrame, outcome: str) -> Any:
    """The outcome on all measures that vary, standardised, by least squares; None for too few."""
    columns = points[list(MEASURES)]
    columns = columns.loc[:, ~constant(columns.to_numpy(dtype=float).T)]
    values = pd.concat([columns, points[outcome]], axis=1)
    standardised = (values - values.mean()) / values.std()
    return _fitted(
        lambda: sm.OLS(standardised[outcome], sm.add_constant(standardised[columns.columns])).fit(
            cov_type="HC3"
        ),
        enough=len(points) > 3 * len(MEASURES) and not constant(points[outcome].to_numpy()),
    )


def _fitted(fit: Callable[[], Any], enough: bool) -> Any:
    """What ``fit`` returns, or None where there is not enough for it or it does not converge."""
    if not enough:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return fit()
        except (ConvergenceWarning, np.linalg.LinAlgError):
            return None


def estimate_of(found: Any, term: str, unit: float = 1.0) -> dict[str, float]:
    if found is None or term not in found.params:
        return dict.fromkeys(["estimate", "lower", "upper", "p"], nan)
    lower, upper = found.conf_int().loc[term]
    return {
        "estimate": unit * found.params[term],
        "lower": unit * lower,
        "upper": unit * upper,
        "p": found.pvalues[term],
    }


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """What monotonicity does alone, in both architectures, and beside the other measures."""
    lines = [
        "Intervals are of 95 %; p values are adjusted by Holm's method within each analysis.",
        "",
    ]
    lines += [f"- {sentences}" for sentences in _by_architecture(numbers)]
    for row in numbers[numbers["analysis"] == "mixed"].to_dict("records"):
        lines.append(f"- Mixed model of the area, {row['measure']}: {in_numbers(row)}.")
    return "\n".join(lines)


def headline(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """What monotonicity does in each architecture."""
    return " ".join(_by_architecture(numbers))


def _by_architecture(numbers: pd.DataFrame) -> list[str]:
    """What monotonicity does alone and beside the other measures, for each architecture."""
    by_place = numbers.set_index(_KEYS).sort_index()
    sentences = []
    for architecture in numbers.loc[numbers["analysis"] == "spearman", "architecture"].unique():
        alone, beside = (
            by_place.loc[(analysis, "area", architecture, "monotonicity")]
            for analysis in ("spearman", "regression")
        )
        name = formats.capital(ARCHITECTURES[architecture])
        sentences.append(f"{name}: {_alone(alone)}. {_beside(beside)}.")
    return sentences


def _alone(row: pd.Series) -> str:
    if not row["p_adjusted"] < LEVEL:
        found = "the area under the loss curve is not shown to depend on monotonicity"
    else:
        size = "smaller" if row["estimate"] < 0 else "larger"
        found = f"the more monotone a quantifier, the {size} the area under its loss curve"
    return f"{found} (rank correlation {in_numbers(row)})"


def _beside(row: pd.Series) -> str:
    if np.isnan(row["estimate"]):
        n = formats.counted(int(row["n"]), "quantifier")
        return f"{formats.capital(n)} are too few to hold the other measures fixed"
    found = "no effect of monotonicity is shown"
    if row["p_adjusted"] < LEVEL:
        size = "smaller" if row["estimate"] < 0 else "larger"
        found = f"more monotone quantifiers have a {size} one"
    return f"With the other measures held fixed, {found} (standardised {in_numbers(row)})"


def in_numbers(row: Mapping[str, Any], digits: int = 2, noun: str = "quantifier") -> str:
    """An estimate with its interval, adjusted p, and n.

    >>> in_numbers({"estimate": -0.5, "lower": -0.6, "upper": -0.4, "p_adjusted": 0.01,
    ...           "n": 9, "networks": 18})
    '−0.50, −0.60 to −0.40, p = 0.010, n = 9 quantifiers, 18 networks'
    """
    if np.isnan(row["estimate"]):
        return f"not to be estimated, n = {formats.counted(int(row['n']), noun)}"
    estimate, lower, upper = (
        formats.correlation(row[name], digits) for name in ("estimate", "lower", "upper")
    )
    return (
        f"{estimate}, {formats.interval(lower, upper)}, {p_phrase(row['p_adjusted'])}, "
        f"n = {formats.counted(int(row['n']), noun)}, "
        f"{formats.counted(int(row['networks']), 'network')}"
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """The rank correlations and regressions of the area, one line for each measure."""
    rows = []
    kept = numbers[(numbers["outcome"] == "area") & (numbers["analysis"] != "pearson")]
    for row in kept.to_dict("records"):
        rows.append(
            {
                "Analysis": {"spearman": "rank correlation"}.get(row["analysis"], row["analysis"]),
                "Network": " and ".join(map(ARCHITECTURES.get, row["architecture"].split(" and "))),
                "Measure": MEASURES.get(row["measure"], row["measure"]),
                "Estimate": formats.correlation(row["estimate"]),
                "95 % interval": formats.interval(
                    *(formats.correlation(row[bound]) for bound in ("lower", "upper"))
                ),
                "p, adjusted": formats.p_value(row["p_adjusted"]),
                "Quantifiers": f"{row['n']}",
                "Networks": f"{row['networks']}",
            }
        )
    return pd.DataFrame(rows)
