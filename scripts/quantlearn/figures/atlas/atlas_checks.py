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

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.atlas.atlas import of_quantifiers
from quantlearn.figures.atlas.atlas_effects import DEGREES, estimate_of, in_numbers, regression
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.seeds import random_stream
from quantlearn.semantics.universals import VARIANTS
from quantlearn.statistics.agreement import agreement
from quantlearn.statistics.comparison import LEVEL, holm, paired_t_test
from quantlearn.statistics.correlation import correlation, partial_correlation, residuals
from quantlearn.statistics.intervals import mean_interval

__all__ = ["NO_FAMILY", "TRUTH_SET", "checks_table", "families", "pairs", "remark", "shown"]

TRUTH_SET = {
    "truth_rate": "truth rate",
    "imbalance": "its distance from ½",
    "size_alone": "accuracy by size alone",
    "counts_alone": "accuracy by zone counts alone",
}
"""Statistics of the truth set that an effect of monotonicity might be an effect of, in words."""

NO_FAMILY = "none"

_OUTCOMES = ("area", "accuracy")
_FEWEST_IN_FAMILY = 5
_RESAMPLES = 2_000
_POINTS = ("residuals", "negation")


def checks_table(atlas: pd.DataFrame, seed: int) -> pd.DataFrame:
    """All estimates and points from the networks of the atlas: columns of `tables.ATLAS_CHECKS`."""
    everything = of_quantifiers(atlas)
    everything["imbalance"] = (everything["truth_rate"] - 0.5).abs()
    place = ["architecture", "quantifier"]
    count = atlas.dropna(subset="area").groupby(place).size().rename("networks")
    everything = everything.join(count, on=place)
    networks = everything.groupby("architecture")["networks"].sum()
    rows = list(_degrees_of_pairs(everything))
    for architecture, points in everything.groupby("architecture", sort=False):
        for row in (*_given_truth_set(points, seed), *_without_family(points), *_pairs(points)):
            rows.append({"architecture": architecture, **row})
    table = pd.DataFrame(rows, columns=list(tables.ATLAS_CHECKS))
    of_all = table["architecture"].map(networks).fillna(networks.sum())
    table["networks"] = table["networks"].astype("float64").fillna(of_all)
    table["p_adjusted"] = table.groupby("analysis")["p"].transform(
        lambda p: holm(p.to_numpy(dtype=float))
    )
    return table.astype(columns.types(tables.ATLAS_CHECKS))


# --- With the truth set held fixed ----------------------------------------------------------------


def _given_truth_set(points: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    given = points[list(TRUTH_SET)].to_numpy(dtype=float).T
    for outcome in _OUTCOMES:
        for degree in DEGREES:
            rng = random_stream(seed, "atlas_checks", outcome, degree)
            values = points[degree].to_numpy(float), points[outcome].to_numpy(float)
            place = {"outcome": outcome, "name": degree, "n": len(points)}
            alone = correlation(points[degree], points[outcome], "spearman", rng)
            yield {"analysis": "alone", **place, **alone}
            fixed = partial_correlation(*values, given, rng)
            yield {"analysis": "given_truth_set", **place, **fixed}
    if len(points) < 3 * (2 + len(TRUTH_SET)):
        return
    left = (residuals(points[name].to_numpy(float), given) for name in ("monotonicity", "area"))
    for name, x, y in zip(points["quantifier"], *left, strict=True):
        place = {"analysis": "residuals", "outcome": "area", "name": name, "n": len(points)}
        yield {**place, "x": x, "y": y}


# --- Without a family -----------------------------------------------------------------------------


def families(points: pd.DataFrame) -> pd.Series:
    """The family of each quantifier, small ones joined as "other"."""
    sizes = points["family"].map(points["family"].value_counts())
    return points["family"].where(sizes >= _FEWEST_IN_FAMILY, "other")


def _without_family(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    grouped = families(points)
    for left_out in [NO_FAMILY, *grouped.value_counts(sort=True).index]:
        kept = points[grouped != left_out]
        found = regression(kept, "area") if len(kept) else None
        unit = nan if found is None else _scale(points) / _scale(kept)
        yield {
            **{"analysis": "without_family", "outcome": "area", "name": left_out},
            **estimate_of(found, "monotonicity", unit),
            **{"n": len(kept), "networks": kept["networks"].sum()},
        }


def _scale(points: pd.DataFrame) -> float:
    """What turns a slope of the area on monotonicity into a standardised coefficient."""
    return points["monotonicity"].std() / points["area"].std()


# --- A quantifier and its negation ----------------------------------------------------------------


def pairs(points: pd.DataFrame) -> list[tuple[str, str]]:
    """Names of each quantifier and its negation, where both are there; each pair once."""
    there = set(points["quantifier"])
    found = zip(points["quantifier"], points["negation"], strict=True)
    return list({frozenset(pair): pair for pair in found if set(pair) <= there}.values())


def _pairs(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    found = pairs(points)
    by_name = points.set_index("quantifier")
    for outcome in _OUTCOMES:
        values = by_name[outcome]
        wide = pd.DataFrame([[values[name] for name in pair] for pair in found])
        same = agreement(wide)
        kept = {name: same[name] for name in ("estimate", "lower", "upper", "p", "n")}
        size = by_name.loc[[name for pair in found for name in pair], "networks"].sum()
        place = {"outcome": outcome, "name": "all", "networks": size}
        yield {"analysis": "pairs", **place, **kept}
        for analysis, measure in (("more_monotone", "monotonicity"), ("truer", "truth_rate")):
            ordered = _ordered(found, by_name[measure])
            differences = np.array([values[more] - values[less] for more, less in ordered])
            test = paired_t_test(differences, analysis, outcome)
            mean = mean_interval(differences)
            size = by_name.loc[[name for pair in ordered for name in pair], "networks"].sum()
            yield {
                **{"analysis": analysis, "outcome": outcome, "name": "all", "networks": size},
                **{"estimate": mean.estimate, "lower": mean.lower, "upper": mean.upper},
                **{"p": test.p, "n": len(ordered)},
            }
    for more, less in _ordered(found, by_name["monotonicity"]):
        x, y = by_name.loc[[more, less], "area"]
        place = {"analysis": "negation", "outcome": "area", "name": more, "n": len(found)}
        yield {**place, "x": x, "y": y}


def _ordered(found: Sequence[tuple[str, str]], measure: pd.Series) -> list[tuple[str, str]]:
    """Pairs that differ in a measure, the one that has more of it first."""
    differing = [pair for pair in found if abs(measure[pair[0]] - measure[pair[1]]) > 1e-12]
    return [pair if measure[pair[0]] > measure[pair[1]] else pair[::-1] for pair in differing]


def _degrees_of_pairs(points: pd.DataFrame) -> Iterator[dict[str, Any]]:
    once = points.drop_duplicates("quantifier")
    found = pairs(once)
    degrees = once.set_index("quantifier")[list(DEGREES)]
    for degree in DEGREES:
        apart = [abs(degrees[degree][first] - degrees[degree][other]) for first, other in found]
        largest = max(apart, default=nan)
        yield {
            **{"analysis": "degrees_of_pairs", "outcome": "degree", "architecture": "all"},
            **{"name": degree, "n": len(found), "estimate": largest},
        }


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """What is left of monotonicity, what moves its coefficient, and what negation changes."""
    rows = numbers[~numbers["analysis"].isin(_POINTS)]
    kinds = [kind for kind in rows["architecture"].unique() if kind in ARCHITECTURES]
    lines = [
        "Intervals are of 95 %; p values are adjusted by Holm's method within each analysis. The "
        f"truth set is held fixed by {formats.listed(TRUTH_SET.values())}.",
        "",
    ]
    for architecture in kinds:
        own = rows[(rows["architecture"] == architecture) & (rows["outcome"] == "area")]
        by_name = own.set_index(["analysis", "name"]).sort_index()
        lines += [
            f"- {formats.capital(ARCHITECTURES[architecture])}: {sentence}"
            for sentence in (
                _left(by_name),
                *_of_variants(by_name),
                _moved(by_name),
                *_negated(by_name),
            )
        ]
    return "\n".join([*lines, "", _treated_alike(rows)])


def _left(own: pd.DataFrame) -> str:
    alone, fixed = (
        own.loc[(analysis, "monotonicity")] for analysis in ("alone", "given_truth_set")
    )
    if np.isnan(fixed["estimate"]):
        n = formats.counted(int(fixed["n"]), "quantifier")
        return f"{n} are too few to hold the truth set fixed."
    verdict = (
        "monotonicity still goes with the area under the loss curve"
        if fixed["p_adjusted"] < LEVEL
        else "no rank correlation of the area with monotonicity is shown"
    )
    return (
        f"with the truth set held fixed, {verdict} ({in_numbers(fixed)}; alone "
        f"{in_numbers(alone)})."
    )


def _of_variants(own: pd.DataFrame) -> Iterator[str]:
    """Which variant of the degree goes most with the area, and which least."""
    found = own.loc["given_truth_set"].dropna(subset="estimate")
    if len(found) < 2:
        return
    most, least = found["estimate"].idxmin(), found["estimate"].idxmax()
    yield (
        f"of the variants of the degree, *{DEGREES[most]}* goes most with small areas, the truth "
        f"set held fixed ({in_numbers(found.loc[most])}), and *{DEGREES[least]}* least "
        f"({in_numbers(found.loc[least])})."
    )


def _moved(own: pd.DataFrame) -> str:
    found = own.loc["without_family"].dropna(subset="estimate")
    if NO_FAMILY not in found.index or len(found) == 1:
        n = int(own.loc[("without_family", NO_FAMILY), "n"])
        return f"{formats.counted(n, 'quantifier')} are too few to leave a family out."
    whole, parts = found.loc[NO_FAMILY], found.drop(index=NO_FAMILY)
    shown = int((parts["p_adjusted"] < LEVEL).sum())
    ends = [
        f"without *{name}* it is {in_numbers(parts.loc[name])}"
        for name in dict.fromkeys([parts["estimate"].idxmin(), parts["estimate"].idxmax()])
    ]
    return (
        f"the standardised coefficient of monotonicity beside the other measures is "
        f"{in_numbers(whole)}; of the fits without one family each, "
        f"{formats.listed(ends)}. It is shown to differ from 0 in {shown} of {len(parts)} of these."
    )


def _negated(own: pd.DataFrame) -> Iterator[str]:
    same = own.loc[("pairs", "all")]
    if np.isnan(same["estimate"]):
        pairs_found = formats.counted(int(same["n"]), "pair")
        yield f"{pairs_found} of a quantifier and its negation: too few."
        return
    yield (
        "of the variance of areas in pairs of a quantifier and its negation, the share between "
        f"pairs is {in_numbers(same, noun='pair')}."
    )
    for analysis, which in (("more_monotone", "more monotone"), ("truer", "truer")):
        row = own.loc[(analysis, "all")]
        if np.isnan(row["p_adjusted"]):
            yield f"{formats.counted(int(row['n']), 'pair')} differ in which is {which}: too few."
            continue
        size = "smaller" if row["estimate"] < 0 else "larger"
        verdict = f"has a {size} area" if row["p_adjusted"] < LEVEL else "is not shown to differ"
        yield (
            f"the {which} one of such a pair {verdict} (difference {in_numbers(row, 3, 'pair')})."
        )


def _treated_alike(rows: pd.DataFrame) -> str:
    found = rows[rows["analysis"] == "degrees_of_pairs"].set_index("name")
    n = int(found["n"].max())
    if n == 0:
        return ""
    named = {"monotonicity": "max_direction"}
    alike = [name for name in DEGREES if VARIANTS[named.get(name, name)].same_for_negation]
    others = [name for name in DEGREES if name not in alike]
    apart = formats.listed(
        f"*{DEGREES[name]}* (by {formats.correlation(found['estimate'][name])} at most)"
        for name in others
    )
    return (
        "A quantifier and its negation have the same degree by definition in the variants "
        f"{formats.listed(f'*{DEGREES[name]}*' for name in alike)}. They differ in {apart}, over "
        f"{formats.counted(n, 'pair')}; degrees are computed, not estimated, so that there is no "
        "interval."
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """All estimates of the area, one line each."""
    words = {
        "alone": "rank correlation",
        "given_truth_set": "the same, truth set held fixed",
        "without_family": "coefficient of monotonicity without",
        "pairs": "agreement with the negation",
        "more_monotone": "more monotone less other of a pair",
        "truer": "truer less other of a pair",
    }
    kept = numbers[(numbers["outcome"] == "area") & numbers["analysis"].isin(words)]
    rows = []
    for row in kept.to_dict("records"):
        numbers_of = formats.correlation if "pair" not in words[row["analysis"]] else formats.number
        rows.append(
            {
                "Analysis": words[row["analysis"]],
                "Network": ARCHITECTURES[row["architecture"]],
                "Of": DEGREES.get(row["name"], row["name"]),
                "Estimate": numbers_of(row["estimate"]),
                "95 % interval": formats.interval(
                    *(numbers_of(row[bound]) for bound in ("lower", "upper"))
                ),
                "p, adjusted": formats.p_value(row["p_adjusted"]),
                "n": f"{row['n']}",
            }
        )
    return pd.DataFrame(rows)
