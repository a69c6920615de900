"""Comparing two quantifiers: is one learned sooner, or better, than the other?

Each trial is an independently seeded draw of data and network, so two quantifiers are compared
within trials. One sign everywhere: a positive estimate means that the first quantifier of the pair
is learned sooner or better, and swapping the pair negates it.

One test decides, on the experiment's endpoint (:mod:`quantlearn.statistics.endpoint`): `verdicts`.
Beside it stand the tests of Steinert-Threlkeld & Szymanik (2019), under their name: `paper_tests`
leaves out the trials in which a quantifier was not learned, as the paper does.

Numbers that the data cannot give (one trial, no variance) are blank (nan), with n stated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from quantlearn.statistics.convergence import measured, step_leads
from quantlearn.statistics.curves import area_to
from quantlearn.statistics.effect_sizes import hedges_g_z, smallest_effect
from quantlearn.statistics.endpoint import pair_outcomes
from quantlearn.statistics.intervals import CONFIDENCE, Interval, is_constant, mean_interval
from quantlearn.statistics.multiple_tests import LEVEL, bonferroni, holm
from quantlearn.statistics.signed_rank import signed_rank_test

__all__ = [
    "Comparison",
    "Paired",
    "area_test",
    "difference_has_interval",
    "paired_comparison",
    "paired_t_test",
    "paper_tests",
    "ratio_has_interval",
    "verdict",
    "verdicts",
    "welch_test",
]


# --- One verdict ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paired:
    """Paired differences in short: their mean with its interval, and what two tests say of them.

    p is that of the exact signed-rank test; ``within`` says whether the mean lies inside a margin
    by two one-sided t-tests at 0.05 each, and is False where there is none.
    """

    n: int
    estimate: float
    lower: float
    upper: float
    ranks: float
    p: float
    within: bool


def paired_comparison(differences: np.ndarray, margin: tuple[float, float] | None = None) -> Paired:
    """Test whether paired differences (n,) are 0, and whether they are no larger than a margin.

    The interval is Student's at 95 %; the mean is inside the margin where its 90 % interval is
    (Schuirmann 1987).

    >>> found = paired_comparison(np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1]), margin=(-1, 1))
    >>> found.p, found.within
    (0.03125, True)
    """
    mean, ranks = mean_interval(differences), signed_rank_test(differences)
    within = False
    if margin is not None and len(differences) > 1:
        spread = mean_interval(differences, confidence=1 - 2 * LEVEL)
        # Differences that are all the same have no interval, and need none.
        low, high = np.nan_to_num([spread.lower, spread.upper], nan=spread.estimate)
        within = bool(margin[0] < low and high < margin[1])
    return Paired(
        n=len(differences),
        estimate=mean.estimate,
        lower=mean.lower,
        upper=mean.upper,
        ranks=ranks.statistic,
        p=ranks.p if len(differences) else nan,
        within=within,
    )


def verdict(ranks: float, p_adjusted: float, within: bool) -> str:
    """Say what paired differences show: sooner, later, no_difference or open.

    The direction is that of the signed ranks. "no_difference" means: none that is larger than the
    margin.

    >>> verdict(15, 0.01, False), verdict(-15, 0.01, True), verdict(3, 0.4, True), verdict(3, 1, 0)
    ('sooner', 'later', 'no_difference', 'open')
    """
    if p_adjusted < LEVEL:
        return "sooner" if ranks > 0 else "later"
    return "no_difference" if within else "open"


FEWEST_LEARNED, FEWEST_LEARNED_OF_MANY = 12, 20
FEWEST_IN_STEPS = 30


def ratio_has_interval(n: int, learned: float) -> bool:
    """Whether a ratio of min(T, τ) over n trials has an interval: enough runs learned by τ.

    learned: how many, two runs a trial. Where few did most differences are 0, and the others skew
    their mean the more the more trials there are. With fewer than asked for here the t interval
    covers less than 0.91 of simulated designs of up to 300 trials (figures/error_rates.py).

    >>> ratio_has_interval(30, 12), ratio_has_interval(31, 19), ratio_has_interval(100, 20)
    (True, False, True)
    """
    return learned >= (FEWEST_LEARNED if n <= FEWEST_IN_STEPS else FEWEST_LEARNED_OF_MANY)


def difference_has_interval(n: int, learned: float) -> bool:
    """Whether a mean difference of min(T, τ) over n trials has an interval.

    Where the two times of a trial go together and differ in their ratio, their differences are as
    skewed as they: with fewer than 30 trials the t interval then covers less than 0.93.

    >>> difference_has_interval(15, learned=30), difference_has_interval(30, learned=60)
    (False, True)
    """
    return n >= FEWEST_IN_STEPS and ratio_has_interval(n, learned)


def verdicts(
    curves: pd.DataFrame,
    networks: pd.DataFrame,
    pairs: Sequence[Sequence[str]],
    *,
    training: Mapping[str, Any],
    endpoint: Mapping[str, Any],
    threshold: float,
    family: Mapping[str, Any],
) -> pd.DataFrame:
    """Compare the pairs of a sample on the endpoint of their experiment, one row for each pair.

    curves, networks, training: as `pair_outcomes` takes them; endpoint: measure, horizon, window
    and margin, where null stands for the default; threshold: the accuracy at which a quantifier
    counts as learned; family: the name and the size of the family of comparisons for which p is
    adjusted, where null is that of the pairs at hand (Holm), and a number is declared beforehand
    (Bonferroni).

    Columns: those of `quantlearn.columns.VERDICTS` from "first" on, but for the two of symmetry.
    """
    rows = [_compared(curves, networks, pair, training, endpoint, threshold) for pair in pairs]
    p = np.array([row["p"] for row in rows], dtype=float)
    declared = family["size"]
    size = declared or int(np.isfinite(p).sum())
    for row, adjusted in zip(rows, bonferroni(p, size) if declared else holm(p), strict=True):
        row["p_adjusted"] = adjusted
        row["family"], row["family_size"] = family["name"], size
        row["verdict"] = verdict(row.pop("ranks"), adjusted, row["within_margin"])
        row["smallest_effect"] = smallest_effect(row["n"], LEVEL / max(size, 1))
    return pd.DataFrame(rows)


def _compared(
    curves: pd.DataFrame,
    networks: pd.DataFrame,
    pair: Sequence[str],
    training: Mapping[str, Any],
    endpoint: Mapping[str, Any],
    threshold: float,
) -> dict[str, Any]:
    """The row of a pair, with "ranks", and without what depends on its family."""
    decided, both = pair_outcomes(
        curves, networks, pair, training=training, endpoint=endpoint, threshold=threshold
    )
    values = [both[f"value_{side}"].to_numpy(dtype=float) for side in ("first", "second")]
    learned = both[["learned_first", "learned_second"]].to_numpy(dtype=bool)
    ended = pd.Series(
        both[["stop_reason_first", "stop_reason_second"]].to_numpy()[~learned], dtype=object
    ).value_counts()
    difference = mean_interval(values[1] - values[0])
    ranks = signed_rank_test(values[1] - values[0])
    with np.errstate(divide="ignore", invalid="ignore"):  # no errors at all have no ratio
        logarithms = np.log(values[1]) - np.log(values[0])
    ratios = paired_comparison(logarithms, tuple(np.log(endpoint["margin"])))
    if not difference_has_interval(len(both), learned.sum()):
        difference = Interval(difference.estimate)
    if not ratio_has_interval(len(both), learned.sum()):
        ratios = replace(ratios, lower=nan, upper=nan, within=False)
    # Where neither was learned the horizon alone makes two trials equal.
    most_learned = 2 * learned.any(axis=1).sum() > len(both)
    return {
        "first": pair[0],
        "second": pair[1],
        "endpoint": decided["measure"],
        "horizon": decided["horizon"],
        "window": decided["window"],
        "margin_low": endpoint["margin"][0],
        "margin_high": endpoint["margin"][1],
        "n": len(both),
        "learned_first": int(learned[:, 0].sum()),
        "learned_second": int(learned[:, 1].sum()),
        "stopped_by_epochs": int(ended.get("epochs", 0)),
        "stopped_by_patience": int(ended.get("patience", 0)),
        "diverged": int(ended.get("diverged", 0)),
        "estimate": difference.estimate,
        "lower": difference.lower,
        "upper": difference.upper,
        "ratio": float(np.exp(ratios.estimate)),
        "ratio_lower": float(np.exp(ratios.lower)),
        "ratio_upper": float(np.exp(ratios.upper)),
        "ranks": ranks.statistic,
        "p": ranks.p if len(both) else nan,
        "within_margin": ratios.within and bool(most_learned),
    }


# --- The tests of 2019, and the tests they are made of ----------------------------------------


@dataclass(frozen=True)
class Comparison:
    """One test of one pair of quantifiers; nan is what the data cannot give."""

    test: str
    unit: str
    n: int
    estimate: float = nan
    lower: float = nan
    upper: float = nan
    statistic: float = nan
    df: float = nan
    p: float = nan
    effect_size: float = nan
    effect_lower: float = nan
    effect_upper: float = nan


def paper_tests(convergence: pd.DataFrame, easy: str, hard: str) -> pd.DataFrame:
    """The two paired t-tests of the paper for one pair of quantifiers in one sample, a row each.

    On the convergence steps and on the mean of the last 50 accuracies, both without the trials in
    which one of the two was not learned (Steinert-Threlkeld & Szymanik 2019).

    ``convergence`` has the columns of `quantlearn.columns.CONVERGENCE`. Columns: those of
    `quantlearn.columns.COMPARISON` but experiment, sample, p_adjusted.
    """
    known = measured(convergence).set_index("trial").sort_index()
    first, second = (known[known["quantifier"] == name] for name in (easy, hard))
    both = first.index.intersection(second.index)
    first, second = first.loc[both], second.loc[both]
    leads = step_leads(first, second)
    learned = np.isfinite(leads)
    accuracy = (first["last_50_accuracy"] - second["last_50_accuracy"]).to_numpy()
    found = [
        paired_t_test(leads[learned], "paired_t_steps", "steps"),
        paired_t_test(accuracy[learned], "paired_t_accuracy", "accuracy"),
    ]
    return pd.DataFrame(found).assign(
        easy=easy,
        hard=hard,
        censored_easy=int((~first["converged"]).sum()),
        censored_hard=int((~second["converged"]).sum()),
    )


def area_test(curves: pd.DataFrame, easy: str, hard: str, horizon: int) -> pd.DataFrame:
    """Compare mean accuracies from the first evaluation to the horizon by a paired t-test.

    The area between the learning curves of a pair, divided by its width; a run that ended before
    goes on with its last value. curves: trial, quantifier, step and accuracy. A row as in
    `paper_tests`, without the counts.
    """
    means = {
        name: {
            trial: area_to(run["step"].to_numpy(), run["accuracy"].to_numpy(), horizon)
            for trial, run in curves[curves["quantifier"] == name].groupby("trial")
        }
        for name in (easy, hard)
    }
    differences = (pd.Series(means[easy]) - pd.Series(means[hard])).dropna().to_numpy()
    found = paired_t_test(differences, "area_between_curves", "accuracy")
    return pd.DataFrame([found]).assign(easy=easy, hard=hard)


def paired_t_test(differences: np.ndarray, test: str, unit: str) -> Comparison:
    """Paired t-test on the differences (n,) of the trials, with Hedges' g_z as effect size."""
    mean = mean_interval(differences)
    found = Comparison(test, unit, len(differences), mean.estimate, mean.lower, mean.upper)
    if is_constant(differences):
        return found
    from scipy import stats  # noqa: PLC0415 (half a second, which who only reads results saves)

    result, effect = stats.ttest_1samp(differences, 0), hedges_g_z(differences)
    return replace(
        found,
        statistic=float(result.statistic),
        df=float(result.df),
        p=float(result.pvalue),
        effect_size=effect.estimate,
        effect_lower=effect.lower,
        effect_upper=effect.upper,
    )


def welch_test(first: np.ndarray, second: np.ndarray) -> Comparison:
    """Difference of two independent means, first minus second, with Welch's t-test and interval."""
    found = Comparison("welch_t", "", len(first) + len(second))
    if not len(first) or not len(second):
        return found
    found = replace(found, estimate=float(np.mean(first) - np.mean(second)))
    if is_constant(first) or is_constant(second):
        return found
    from scipy import stats  # noqa: PLC0415 (half a second, which who only reads results saves)

    result = stats.ttest_ind(first, second, equal_var=False)
    bounds = result.confidence_interval(CONFIDENCE)
    return replace(
        found,
        lower=float(bounds.low),
        upper=float(bounds.high),
        statistic=float(result.statistic),
        df=float(result.df),
        p=float(result.pvalue),
    )
