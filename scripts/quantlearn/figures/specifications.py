"""Specifications: many defensible ways to ask one thing of the same trials, looked at together.

They cannot be counted as so many tests. What is told instead is what each choice changes
(`changes`), between specifications that differ in it alone, and the curve as a whole
(`sign_flip_test`), after Simonsohn, Simmons & Nelson (2020, "Specification curve analysis", Nature
Human Behaviour 4:1208).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from quantlearn.statistics.comparison import welch_test
from quantlearn.statistics.intervals import Interval, mean_interval
from quantlearn.statistics.multiple_tests import LEVEL
from quantlearn.statistics.signed_rank import signed_rank_test

__all__ = ["FLIPS", "SignFlips", "changes", "sign_flip_test"]

FLIPS = 4000

_TRIAL = ["experiment", "trial"]


# --- What one factor changes ------------------------------------------------------------------


def changes(
    outcomes: pd.DataFrame,
    factors: Sequence[str],
    reference: Mapping[str, Any],
    between: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """What each level of each factor adds to the outcome of a trial, a row each.

    outcomes: experiment, trial, the factors and value, a row for each trial and specification;
    reference: the level of each factor there; between: those factors whose levels are in
    experiments of their own, with other trials.

    The scope "reference" compares where all other factors are as in the reference, "design" all
    specifications that have a counterpart with the factor's level in the reference and nothing else
    changed. A trial is one value, the mean over its own. The interval is Student's, of differences
    in the same trials, or Welch's. Keys: factor, level, reference, scope, n, estimate, lower,
    upper.

    >>> rows = pd.DataFrame({"experiment": "a", "trial": [0, 0, 1, 1], "rate": [1, 2, 1, 2]})
    >>> rows["value"] = [0.0, 1.0, 0.0, 2.0]
    >>> [row["estimate"] for row in changes(rows, ["rate"], {"rate": 1})]
    [1.5, 1.5]
    """
    for factor in factors:
        others = [name for name in factors if name != factor]
        as_there = np.ones(len(outcomes), dtype=bool)
        for name in others:
            as_there &= (outcomes[name] == reference[name]).to_numpy()
        for level in sorted(set(outcomes[factor]) - {reference[factor]}):
            for scope, rows in (("reference", outcomes[as_there]), ("design", outcomes)):
                kept, changed = (rows[rows[factor] == one] for one in (reference[factor], level))
                compare = _between if factor in between else _within
                n, found = compare(kept, changed, others)
                yield {
                    "factor": factor,
                    "level": level,
                    "reference": reference[factor],
                    "scope": scope,
                    "n": n,
                    "estimate": found.estimate,
                    "lower": found.lower,
                    "upper": found.upper,
                }


def _within(kept: pd.DataFrame, changed: pd.DataFrame, others: list[str]) -> tuple[int, Interval]:
    """The difference between specifications of the same trials."""
    both = changed.merge(kept, on=[*others, *_TRIAL], suffixes=("", "_kept"))
    both["difference"] = both["value"] - both["value_kept"]
    differences = both.groupby(_TRIAL)["difference"].mean().to_numpy()
    return len(differences), mean_interval(differences)


def _between(kept: pd.DataFrame, changed: pd.DataFrame, others: list[str]) -> tuple[int, Interval]:
    """The difference between specifications of different trials, where both have counterparts."""
    shared = changed[others].drop_duplicates().merge(kept[others].drop_duplicates())
    sides = [
        side.merge(shared).groupby(_TRIAL)["value"].mean().to_numpy() for side in (changed, kept)
    ]
    found = welch_test(*sides)
    return found.n, Interval(found.estimate, found.lower, found.upper)


# --- All at once ------------------------------------------------------------------------------


@dataclass(frozen=True)
class SignFlips:
    """A curve of specifications as a whole, and how probable so much is without a difference.

    median: of the specifications' means, p_median two-sided; sooner and later: shares of them whose
    signed-rank test has p below 0.05, above 0 and below; p_sooner: of so large a share above 0.
    """

    median: float
    p_median: float
    sooner: float
    later: float
    p_sooner: float


def sign_flip_test(
    differences: np.ndarray, rng: np.random.Generator, flips: int = FLIPS
) -> SignFlips:
    """Test whether differences (specifications, units) are symmetric about 0, all at once.

    Which quantifier of a unit is the first is flipped for all specifications together: where the
    two do not differ, that changes nothing but chance. A unit is what is independent: a trial of
    one experiment; nan stands where it does not belong to a specification. p counts the data as one
    flip more, so that no p is 0.

    >>> ten = np.linspace(0.5, 1.5, 10)
    >>> found = sign_flip_test(np.stack([ten, ten[::-1]]), np.random.default_rng(0))
    >>> round(found.median, 3), found.sooner, found.p_median < 0.01
    (1.0, 1.0, True)
    """
    signs = rng.choice([-1.0, 1.0], size=(flips + 1, differences.shape[1]))
    signs[0] = 1
    known = np.isfinite(differences)
    means = signs @ np.where(known, differences, 0).T / known.sum(axis=1)
    medians = np.median(means, axis=1)
    found = np.stack(
        [_directions(row[own], signs[:, own]) for row, own in zip(differences, known, strict=True)]
    )
    sooner, later = (found > 0).mean(axis=0), (found < 0).mean(axis=0)
    return SignFlips(
        median=float(medians[0]),
        p_median=_share_as_large(np.abs(medians)),
        sooner=float(sooner[0]),
        later=float(later[0]),
        p_sooner=_share_as_large(sooner),
    )


def _share_as_large(statistics: np.ndarray) -> float:
    """The share of statistics that are as large as the first, which is one of them."""
    return float((statistics >= statistics[0] - 1e-12).mean())


def _directions(differences: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """What the signed-rank test says of differences (n,) under each of the signs (flips, n).

    1 or −1 where p is below 0.05, by direction, else 0. p falls as the statistic grows, so that
    few need to be computed.
    """
    statistics = signs @ (np.sign(differences) * stats.rankdata(np.abs(differences)))
    sizes, places = np.unique(np.abs(statistics), return_index=True)
    smallest = np.inf
    for size, place in zip(sizes[::-1], places[::-1], strict=True):
        if signed_rank_test(signs[place] * differences).p >= LEVEL:
            break
        smallest = size
    return np.sign(statistics) * (np.abs(statistics) >= smallest)
