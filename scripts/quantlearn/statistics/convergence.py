"""From learning curves to convergence steps: when is a quantifier learned, and which one sooner?

A quantifier that a trial did not learn before its run ended has no convergence step; among all
trials it is one that had not learned it. A quantifier whose accuracy was never measured in a
trial neither converged nor is censored: what is said of it is blank, and no test counts it.
"""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pandas as pd
from scipy import special

from quantlearn.statistics.intervals import CONFIDENCE, Interval, mean_interval

__all__ = [
    "PAPER_EVALUATIONS",
    "convergence_step",
    "convergence_table",
    "final_accuracy",
    "measured",
    "median_step",
    "proportion",
    "step_leads",
    "steps_learned",
    "summarise_convergence",
]

PAPER_EVALUATIONS = 50
"""The paper's test of accuracies takes so many last evaluations (Steinert-Threlkeld & Szymanik)."""


def convergence_step(
    steps: np.ndarray,
    accuracy: np.ndarray,
    threshold: float = 0.95,
    window: int = 250,
    *,
    whole: bool = False,
) -> int | None:
    """The step at which one quantifier counts as learned in one trial, or None.

    It is the first evaluation at which both the accuracy and its mean over this and the following
    evaluations, ``window`` in all (fewer at the end of the run), are above the threshold
    (Steinert-Threlkeld & Szymanik 2019). With ``whole`` a run must go on for the whole window.

    >>> steps = np.array([1, 51, 101, 151, 201])
    >>> convergence_step(steps, np.array([0.5, 0.96, 0.7, 0.97, 0.99]), window=2)
    151
    >>> convergence_step(steps, np.array([0.5, 0.6, 0.7, 0.8, 0.9])) is None
    True
    >>> convergence_step(steps, np.repeat([0.5, 1.0], [2, 3]), window=4, whole=True) is None
    True
    """
    accuracy = np.asarray(accuracy, dtype=float)
    for start in np.flatnonzero(accuracy > threshold):
        if whole and start + window > len(accuracy):
            return None
        if _mean_exceeds(accuracy[start : start + window], threshold):
            return int(steps[start])
    return None


def _mean_exceeds(accuracy: np.ndarray, threshold: float) -> bool:
    """Whether the mean is above the threshold, exactly: rounding decides nothing."""
    mean = accuracy.mean()
    if not abs(mean - threshold) < 1e-9:
        return bool(mean > threshold)
    return sum(map(proportion, accuracy)) > len(accuracy) * Fraction(str(threshold))


def proportion(accuracy: float) -> Fraction:
    """The fraction that an accuracy of at most 100,000 answers was, also where it was rounded.

    Ten decimals tell any two such fractions apart. Sums and means of fractions are exact, so that
    they may be compared for equality.

    >>> proportion(0.3333333333), proportion(19 / 20)
    (Fraction(1, 3), Fraction(19, 20))
    """
    return Fraction(float(accuracy)).limit_denominator(100_000)


def final_accuracy(accuracy: np.ndarray) -> float:
    """Mean of the last tenth of a run's evaluations, at least one and at most 50.

    accuracy (n,) in the order of the evaluations. A fixed number would reach back to chance in a
    run with few of them.

    >>> final_accuracy(np.repeat([0.5, 0.9, 1.0], [10, 8, 2]))
    1.0
    """
    tenth = max(1, min(PAPER_EVALUATIONS, len(accuracy) // 10))
    return float(np.mean(accuracy[-tenth:]))


def convergence_table(curves: pd.DataFrame, threshold: float, window: int) -> pd.DataFrame:
    """Convergence step and final accuracy for each sample, trial and quantifier.

    ``curves`` has the columns sample, trial, quantifier, step and accuracy, and one split only.
    The result has the columns of `quantlearn.columns.CONVERGENCE`.
    """
    rows = []
    runs = curves.sort_values("step").groupby(["sample", "trial", "quantifier"], sort=True)
    for (sample, trial, quantifier), run in runs:
        steps, accuracy = run["step"].to_numpy(), run["accuracy"].to_numpy()
        step = convergence_step(steps, accuracy, threshold, window)
        known = bool(np.isfinite(accuracy).any())
        rows.append(
            {
                "sample": sample,
                "trial": trial,
                "quantifier": quantifier,
                "step": step,
                "converged": step is not None if known else pd.NA,
                "last_step": int(steps[-1]),
                "final_accuracy": final_accuracy(accuracy),
                "last_50_accuracy": float(np.mean(accuracy[-PAPER_EVALUATIONS:])),
            }
        )
    return pd.DataFrame(rows).astype({"step": "Int64", "converged": "boolean"})


def steps_learned(trials: pd.DataFrame) -> np.ndarray:
    """The convergence steps of some rows of a convergence table, inf where there is none."""
    return trials["step"].astype("Float64").to_numpy(dtype=float, na_value=np.inf)


def median_step(steps: np.ndarray) -> Interval:
    """The step by which half of the trials (n,) have learned; nan where so many never do.

    Trials that never learned count as such (inf), whatever ended them. The interval is that of
    order statistics, which assumes nothing of how steps are distributed (Hahn & Meeker 1991,
    "Statistical Intervals", 5.2); its upper bound may be missing, and for fewer than six trials
    both are.

    >>> median_step(np.array([100.0, 200, 300, 400, 500, np.inf]))
    Interval(estimate=300.0, lower=100.0, upper=nan)
    """
    ordered, n = np.sort(steps), len(steps)
    ordered = np.where(np.isfinite(ordered), ordered, np.nan)
    if not n:
        return Interval(np.nan)
    tail = (1 - CONFIDENCE) / 2
    # How many values at either end may be left out.
    cut = sum(special.bdtr(k, n, 0.5) <= tail for k in range(n // 2))
    estimate = float(ordered[(n - 1) // 2])
    if not cut:
        return Interval(estimate)
    return Interval(estimate, float(ordered[cut - 1]), float(ordered[n - cut]))


def summarise_convergence(convergence: pd.DataFrame, quantifiers: Iterable[str]) -> pd.DataFrame:
    """For each sample and quantifier: n measured, converged, median step and mean final accuracy.

    Columns: sample, quantifier, n, converged, median_step, median_lower, median_upper (nan: not
    reached), final_accuracy, accuracy_lower, accuracy_upper (t interval over trials).
    """
    rows = []
    for (sample, quantifier), every in convergence.groupby(["sample", "quantifier"]):
        trials = measured(every)
        median = median_step(steps_learned(trials))
        accuracy = mean_interval(trials["final_accuracy"].to_numpy())
        rows.append(
            {
                "sample": sample,
                "quantifier": quantifier,
                "n": len(trials),
                "converged": int(trials["converged"].sum()),
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


def measured(convergence: pd.DataFrame) -> pd.DataFrame:
    """The rows of a convergence table of which it is known whether they converged."""
    kept = convergence[convergence["converged"].notna()]
    return kept.assign(converged=kept["converged"].astype(bool))


def step_leads(easy: pd.DataFrame, hard: pd.DataFrame) -> np.ndarray:
    """By how many steps easy converged before hard, for each trial (n,), in the trials' order.

    inf where only easy converged, −inf the other way round, nan where neither did.
    """
    with np.errstate(invalid="ignore"):  # inf − inf: neither converged
        return steps_learned(hard) - steps_learned(easy)
