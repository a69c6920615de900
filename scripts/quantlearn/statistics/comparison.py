"""Comparing two quantifiers: is one learned sooner, or better, than the other?

Each trial is one network that learns all quantifiers of its experiment at the same time, so two
quantifiers are compared within trials. One sign everywhere: a positive estimate means that the
first quantifier of the pair ("easy", the one that satisfies the universal) is learned faster or
better, and swapping the pair negates it.

A quantifier that a trial did not learn before its run ended has no convergence step: it is
right-censored at the end of the run. Both quantifiers of a trial share that end, so the one that
converged came before the one that did not.

Numbers that the data cannot give (one trial, no variance, nothing converged) are blank (nan), with
n stated; they are never guessed. Bootstrap intervals are percentile intervals with a fixed seed:
they exist for saturated statistics too, where BCa has none.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from math import nan

import numpy as np
import pandas as pd
from scipy import stats

from quantlearn.seeds import random_stream
from quantlearn.statistics.convergence import measured, step_leads
from quantlearn.statistics.curves import area_between_curves
from quantlearn.statistics.intervals import CONFIDENCE, Interval, is_constant, mean_interval

__all__ = [
    "FEW_TRIALS",
    "LEVEL",
    "Comparison",
    "KaplanMeier",
    "area_test",
    "cohens_d_z",
    "compare_pair",
    "holm",
    "kaplan_meier",
    "logrank_test",
    "paired_t_test",
    "smallest_p",
    "summarise_convergence",
    "verdict",
    "welch_test",
    "wilcoxon_steps_test",
]

BOOTSTRAP_RESAMPLES = 9999
BOOTSTRAP_SEED = 2019
FEWEST_FOR_BOOTSTRAP = 5
"""Fewer values have too few distinct resamples (35 for four) for a 95 % interval to mean much."""


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
    horizon: float = nan


@dataclass(frozen=True)
class KaplanMeier:
    """Share of trials that have not converged, from each step on, with pointwise 95 % intervals.

    All arrays have shape (k,): the distinct steps at which trials converged or were censored, and
    before them step 0. ``at_risk`` counts the trials still learning just before each step.
    """

    steps: np.ndarray
    share: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    at_risk: np.ndarray

    def median(self) -> Interval:
        """The first step at which at most half of the trials still learn; nan if never.

        The interval is Brookmeyer and Crowley's (1982): from the first step at which the lower
        pointwise bound is at most one half to the first at which the upper bound is.
        """
        return Interval(*(self._first_below_half(x) for x in (self.share, self.lower, self.upper)))

    def _first_below_half(self, share: np.ndarray) -> float:
        below = np.flatnonzero(share <= 0.5)
        return float(self.steps[below[0]]) if below.size else nan


# --- Censored convergence steps ---------------------------------------------------------------


def kaplan_meier(times: np.ndarray, converged: np.ndarray) -> KaplanMeier:
    """The Kaplan–Meier estimate of the share of trials that have not converged yet.

    ``times`` (n,) are convergence steps, or the end of the run where ``converged`` is false. The
    pointwise 95 % intervals are of the log-log kind, which stays within 0 and 1; they are nan
    where the share is 1 or 0. Diverged runs are censored where they ended, like all others.

    >>> kaplan_meier(np.array([100, 200, 300, 300]), np.array([True, True, True, False])).share
    array([1.  , 0.75, 0.5 , 0.25])
    """
    if not len(times):
        blank = np.array([nan])
        return KaplanMeier(np.zeros(1), np.ones(1), blank, blank, np.zeros(1, dtype=int))
    times, converged = np.asarray(times, dtype=float), np.asarray(converged, dtype=bool)
    curve = stats.ecdf(_censored(times, converged)).sf
    with warnings.catch_warnings():  # the nan of a log-log interval at 0 and 1 is what we want
        warnings.filterwarnings("ignore", "The confidence interval is undefined")
        interval = curve.confidence_interval(CONFIDENCE, method="log-log")
    at_risk = (times >= curve.quantiles[:, None]).sum(axis=1)
    return KaplanMeier(
        steps=np.append(0.0, curve.quantiles),
        share=np.append(1.0, curve.probabilities),
        lower=np.append(nan, interval.low.probabilities),
        upper=np.append(nan, interval.high.probabilities),
        at_risk=np.append(times.size, at_risk),
    )


def summarise_convergence(convergence: pd.DataFrame, quantifiers: Iterable[str]) -> pd.DataFrame:
    """For each sample and quantifier: n measured, converged, median step and mean final accuracy.

    Columns: sample, quantifier, n, converged, median_step, median_lower, median_upper (nan: not
    reached), final_accuracy, accuracy_lower, accuracy_upper (t interval over trials).
    """
    rows = []
    for (sample, quantifier), every in convergence.groupby(["sample", "quantifier"]):
        trials = measured(every)
        converged = trials["converged"].to_numpy()
        median = kaplan_meier(_times(trials), converged).median()
        accuracy = mean_interval(trials["final_accuracy"].to_numpy())
        rows.append(
            {
                "sample": sample,
                "quantifier": quantifier,
                "n": len(trials),
                "converged": int(converged.sum()),
                "median_step": median.estimate,
                "median_lower": median.lower,
                "median_upper": median.upper,
                "final_accuracy": accuracy.estimate,
                "accuracy_lower": accuracy.lower,
                "accuracy_upper": accuracy.upper,
            }
        )
    order = {name: position for position, name in enumerate(quantifiers)}
    return pd.DataFrame(rows).sort_values(
        ["sample", "quantifier"],
        key=lambda column: column.map(order) if column.name == "quantifier" else column,
        ignore_index=True,
    )


# --- Estimates --------------------------------------------------------------------------------


def cohens_d_z(differences: np.ndarray) -> Interval:
    """Cohen's d_z: mean of the paired differences over their standard deviation.

    The interval is a bootstrap over trials; there is none for fewer than five.

    >>> cohens_d_z(np.array([1.0, 2.0, 3.0])).estimate
    2.0
    """
    if is_constant(differences):
        return Interval(nan)
    return _bootstrap(differences, _d_z)


def paired_t_test(differences: np.ndarray, test: str, unit: str) -> Comparison:
    """Paired t-test on the differences (n,) of the trials, with d_z as effect size."""
    mean = mean_interval(differences)
    found = Comparison(test, unit, len(differences), mean.estimate, mean.lower, mean.upper)
    if is_constant(differences):
        return found
    result, effect = stats.ttest_1samp(differences, 0), cohens_d_z(differences)
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


def wilcoxon_steps_test(leads: np.ndarray) -> Comparison:
    """Wilcoxon's signed-rank test on the leads of `step_leads`, censored trials included.

    An infinite lead (one quantifier of the pair never converged) ranks above every finite one, and
    all infinite ones tie; a trial that gives no order (nan: neither converged) or a tie (0) is left
    out and not counted in n. The estimate is the matched-pairs rank-biserial correlation
    (W⁺ − W⁻)/(W⁺ + W⁻), from −1 to 1, with a bootstrap interval over trials.
    """
    leads = leads[~np.isnan(leads) & (leads != 0)]
    found = Comparison("wilcoxon_steps", "rank-biserial correlation", len(leads))
    if not len(leads):
        return found
    signed_ranks = np.sign(leads) * stats.rankdata(np.abs(leads))
    correlation = _bootstrap(signed_ranks, _rank_biserial)
    found = replace(
        found, estimate=correlation.estimate, lower=correlation.lower, upper=correlation.upper
    )
    if len(leads) < 2:
        return found
    result = stats.wilcoxon(signed_ranks)
    return replace(found, statistic=float(result.statistic), p=float(result.pvalue))


def logrank_test(easy: pd.DataFrame, hard: pd.DataFrame) -> Comparison:
    """Log-rank test on the two quantifiers' censored convergence steps.

    It is unpaired: it ignores that the two stem from the same trials. ``statistic`` is z. The
    estimate is the difference of restricted means, hard minus easy: of the steps spent learning up
    to the horizon, which is the earliest censoring (or the last convergence when there is none), so
    that every trial is known up to there; its interval is Welch's, unpaired too. All blank when
    nothing converged.
    """
    found = Comparison("logrank", "steps (restricted mean)", len(easy))
    both = pd.concat([easy, hard])
    times, converged = _times(both), both["converged"].to_numpy(dtype=bool)
    if not converged.any():
        return found
    horizon = times.max() if converged.all() else times[~converged].min()
    restricted = welch_test(np.minimum(_times(hard), horizon), np.minimum(_times(easy), horizon))
    found = replace(
        found,
        estimate=restricted.estimate,
        lower=restricted.lower,
        upper=restricted.upper,
        horizon=horizon,
    )
    if len(easy) < 2 or not _ordered_events(times, converged):
        return found
    with np.errstate(invalid="ignore"):  # blank where its variance is 0
        result = stats.logrank(
            *(_censored(_times(x), x["converged"].to_numpy()) for x in (easy, hard))
        )
    return replace(found, statistic=float(result.statistic), p=float(result.pvalue))


def area_test(easy: pd.DataFrame, hard: pd.DataFrame) -> Comparison:
    """Mean area between the curves with a bootstrap interval over trials, and a paired t-test."""
    if easy.empty:
        return Comparison("area_between_curves", "steps × accuracy", 0)
    areas = area_between_curves(easy, hard).to_numpy()
    found = paired_t_test(areas, "area_between_curves", "steps × accuracy")
    mean = _bootstrap(areas, np.mean) if len(areas) else Interval(nan)
    return replace(
        found,
        lower=mean.lower,
        upper=mean.upper,
        horizon=float(max(easy["step"].max(), hard["step"].max())),
    )


# --- A pair of quantifiers --------------------------------------------------------------------


def compare_pair(
    convergence: pd.DataFrame, curves: pd.DataFrame, easy: str, hard: str
) -> pd.DataFrame:
    """All tests of one pair of quantifiers in one sample, one row per test.

    ``convergence`` has the columns of `quantlearn.columns.CONVERGENCE`; ``curves`` has trial,
    quantifier, step and accuracy on one split. First the paper's own paired t-tests (on the steps
    of the trials in which both converged, and on the last 50 accuracies), then tests that use
    censored trials too. A trial in which one of the two was not measured is in no test, and not in
    n. Columns: those of `quantlearn.columns.COMPARISON` but experiment, sample, p_adjusted.
    """
    known = measured(convergence).set_index("trial").sort_index()
    first, second = (known[known["quantifier"] == name] for name in (easy, hard))
    both = first.index.intersection(second.index)
    first, second = first.loc[both], second.loc[both]
    curves = curves[curves["trial"].isin(both)]
    leads = step_leads(first, second)
    accuracy = (first["last_50_accuracy"] - second["last_50_accuracy"]).to_numpy()
    found = [
        paired_t_test(leads[np.isfinite(leads)], "paired_t_steps", "steps"),
        paired_t_test(accuracy, "paired_t_accuracy", "accuracy"),
        wilcoxon_steps_test(leads),
        logrank_test(first, second),
        area_test(curves[curves["quantifier"] == easy], curves[curves["quantifier"] == hard]),
    ]
    return pd.DataFrame([asdict(comparison) for comparison in found]).assign(
        easy=easy,
        hard=hard,
        censored_easy=int((~first["converged"]).sum()),
        censored_hard=int((~second["converged"]).sum()),
    )


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment (1979) of a family of p values; nan stays nan, uncounted.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03]))
    array([0.03, 0.06,  nan, 0.06])
    """
    # Half a second, which jobs that adjust nothing save.
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    p = np.asarray(p, dtype=float)
    adjusted = np.full(p.shape, nan)
    given = ~np.isnan(p)
    if given.any():
        adjusted[given] = multipletests(p[given], method="holm")[1]
    return adjusted


# --- Helpers ----------------------------------------------------------------------------------


def _times(trials: pd.DataFrame) -> np.ndarray:
    """Convergence steps, or the end of the run where there is none."""
    return trials["step"].fillna(trials["last_step"]).to_numpy(dtype=float)


def _censored(times: np.ndarray, converged: np.ndarray) -> stats.CensoredData:
    return stats.CensoredData.right_censored(times, ~converged)


def _ordered_events(times: np.ndarray, converged: np.ndarray) -> bool:
    """Whether some convergence left another trial at risk; else log-rank has no variance."""
    return any(
        np.sum(times >= time) > np.sum((times == time) & converged) for time in times[converged]
    )


def _d_z(values: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.mean(values, axis=axis) / np.std(values, axis=axis, ddof=1)


def _rank_biserial(signed_ranks: np.ndarray, axis: int = -1) -> np.ndarray:
    return signed_ranks.sum(axis=axis) / np.abs(signed_ranks).sum(axis=axis)


def _bootstrap(values: np.ndarray, statistic: Callable[..., np.ndarray]) -> Interval:
    """A statistic with its percentile bootstrap interval; bounds are nan where it has no width."""
    estimate = float(statistic(values))
    if len(values) < FEWEST_FOR_BOOTSTRAP or is_constant(values):
        return Interval(estimate)
    with np.errstate(divide="ignore", invalid="ignore"):  # d_z of a resample that is constant
        result = stats.bootstrap(
            (values,),
            statistic,
            n_resamples=BOOTSTRAP_RESAMPLES,
            confidence_level=CONFIDENCE,
            method="percentile",
            vectorized=True,
            rng=random_stream(BOOTSTRAP_SEED, "bootstrap"),
        )
    bounds = float(result.confidence_interval.low), float(result.confidence_interval.high)
    if not np.isfinite(bounds).all() or bounds[0] == bounds[1]:
        return Interval(estimate)
    return Interval(estimate, *bounds)


LEVEL = 0.05
"""Adjusted p values below this count as evidence of a difference."""


FEW_TRIALS = 10


def smallest_p(trials: int) -> float:
    """The smallest two-sided p that Wilcoxon's signed-rank test can reach with so many trials.

    >>> smallest_p(5), smallest_p(6)
    (0.0625, 0.03125)
    """
    return min(1.0, 2.0 ** (1 - trials))


def verdict(lead: float, lead_p: float, ranks: float, ranks_p: float) -> str:
    """What two tests of one difference say together, by their estimates and adjusted p values.

    "sooner" and "later" if both tests show the same direction, "one test" if only one shows a
    difference, "contradiction" if they show opposite ones, "not shown" otherwise.

    >>> verdict(800, 0.01, 0.9, 0.02), verdict(800, 0.01, 0.9, 0.06), verdict(800, 0.2, 0.1, 0.9)
    ('sooner', 'one test', 'not shown')
    """
    directions = [
        "sooner" if estimate > 0 else "later"
        for estimate, p in ((lead, lead_p), (ranks, ranks_p))
        if p < LEVEL
    ]
    if len(directions) < 2:
        return "one test" if directions else "not shown"
    return directions[0] if directions[0] == directions[1] else "contradiction"
