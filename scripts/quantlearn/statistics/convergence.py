"""From learning curves to convergence steps: when is a quantifier learned, and which one sooner?

A quantifier that a trial did not learn before its run ended has no convergence step: it is
right-censored at the end of the run. Both quantifiers of a trial share that end, so the one that
converged came before the one that did not. A quantifier whose accuracy was never measured in a
trial neither converged nor is censored: what is said of it is blank, and no test counts it.
"""

from fractions import Fraction

import numpy as np
import pandas as pd

__all__ = [
    "PAPER_EVALUATIONS",
    "convergence_step",
    "convergence_table",
    "final_accuracy",
    "measured",
    "proportion",
    "step_leads",
]

PAPER_EVALUATIONS = 50
"""The paper's test of accuracies takes so many last evaluations (Steinert-Threlkeld & Szymanik)."""


def convergence_step(
    steps: np.ndarray, accuracy: np.ndarray, threshold: float = 0.95, window: int = 250
) -> int | None:
    """The step at which one quantifier counts as learned in one trial, or None.

    It is the first evaluation at which both the accuracy and its mean over this and the following
    evaluations, ``window`` in all (fewer at the end of the run), are above the threshold
    (Steinert-Threlkeld & Szymanik 2019).

    >>> steps = np.array([1, 51, 101, 151, 201])
    >>> convergence_step(steps, np.array([0.5, 0.96, 0.7, 0.97, 0.99]), window=2)
    151
    >>> convergence_step(steps, np.array([0.5, 0.6, 0.7, 0.8, 0.9])) is None
    True
    """
    accuracy = np.asarray(accuracy, dtype=float)
    for start in np.flatnonzero(accuracy > threshold):
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


def measured(convergence: pd.DataFrame) -> pd.DataFrame:
    """The rows of a convergence table of which it is known whether they converged."""
    kept = convergence[convergence["converged"].notna()]
    return kept.assign(converged=kept["converged"].astype(bool))


def step_leads(easy: pd.DataFrame, hard: pd.DataFrame) -> np.ndarray:
    """By how many steps easy converged before hard, for each trial (n,), in the trials' order.

    inf where only easy converged and hard was watched longer than that, so that it came later by an
    unknown amount; −inf the other way round; nan where nothing is known: neither converged, or a
    network of its own stopped before the other one converged.
    """
    (easy_step, easy_end), (hard_step, hard_end) = (
        (
            x["step"].astype("Float64").to_numpy(dtype=float, na_value=np.inf),
            x["last_step"].to_numpy(dtype=float),
        )
        for x in (easy, hard)
    )
    with np.errstate(invalid="ignore"):  # inf − inf: neither converged
        leads = hard_step - easy_step
    unknown = (np.isposinf(leads) & (hard_end < easy_step)) | (
        np.isneginf(leads) & (easy_end < hard_step)
    )
    return np.where(unknown, np.nan, leads)
