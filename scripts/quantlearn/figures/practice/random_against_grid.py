"""Random search against a grid: the best of n samples, by budget n.

After Bergstra & Bengio (2012, section 2.2 and figure 5), whose random experiment efficiency curves
show how good the best of n random samples is. A sample is chosen by the mean dev accuracy of one
half of its trials and scored by the mean of the other half, whose networks and scenes are its own,
so that the best of many does not look better for having been chosen among many.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn.figures import formats
from quantlearn.statistics.ranking import trial_scores

__all__ = ["best_of", "efficiency", "halves", "remark", "shown"]

RESAMPLINGS = 2000
CLOSE = 0.01
"""A budget counts as enough when the mean of its best is this close to that of all samples."""


def halves(trials: pd.DataFrame) -> np.ndarray:
    """Mean dev accuracy of each sample, by the even and by the odd trials: shape (samples, 2).

    ``trials`` is tables/trials.csv. Raises `ValueError` where there is only one trial.
    """
    scores = trial_scores(trials, "dev").pivot_table(
        index="sample", columns="trial", values="accuracy"
    )
    if scores.shape[1] < 2:
        raise ValueError("choosing and scoring by different trials needs two of them")
    ordered = scores.sort_index().to_numpy()
    return np.stack([ordered[:, 0::2].mean(axis=1), ordered[:, 1::2].mean(axis=1)], axis=1)


def best_of(scores: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The score of the best of the first n samples of an order, for n = 1, 2, …: shape (samples,).

    Chosen by one column of ``scores`` (samples, 2) and scored by the other, the mean of both ways.

    >>> best_of(np.array([[0.5, 0.6], [0.7, 0.9], [0.8, 0.7]]), np.array([0, 1, 2])).round(9)
    array([0.55, 0.8 , 0.7 ])
    """
    curves = []
    for choosing, scoring in ((0, 1), (1, 0)):
        seen = scores[order, choosing]
        leader = np.maximum.accumulate(seen)
        # The place of the leader: where the maximum was last reached for the first time.
        place = np.maximum.accumulate(np.where(_is_new(leader), np.arange(len(seen)), 0))
        curves.append(scores[order, scoring][place])
    return np.mean(curves, axis=0)


def efficiency(trials: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Mean and middle 95 % of the best of n, over random orders of the samples.

    Returns the columns budget, mean, lower, upper and resamplings.
    """
    scores = halves(trials)
    curves = np.stack(
        [best_of(scores, rng.permutation(len(scores))) for _ in range(RESAMPLINGS)], axis=0
    )
    lower, upper = np.quantile(curves, [0.025, 0.975], axis=0)
    return pd.DataFrame(
        {
            "budget": np.arange(1, len(scores) + 1),
            "mean": curves.mean(axis=0),
            "lower": lower,
            "upper": upper,
            "resamplings": RESAMPLINGS,
        }
    )


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """How the two compare at the same budget, and how few samples are enough."""
    by_sampler = {name: rows.set_index("budget") for name, rows in numbers.groupby("sampler")}
    same = min(len(rows) for rows in by_sampler.values())
    half = max(same // 4, 1)
    sentences = []
    for budget in (half, same):
        found = {name: rows.loc[budget] for name, rows in by_sampler.items()}
        values = [
            f"{formats.percent(row['mean'])} ({formats.percent(row['lower'])} to "
            f"{formats.percent(row['upper'])}) when drawn {name_of(name)}"
            for name, row in sorted(found.items(), reverse=True)
        ]
        sentences.append(
            f"The best of {formats.counted(budget, 'sample')} reaches {formats.listed(values)}"
        )
    enough = [
        f"{_enough(rows)} of {len(rows)} samples {name_of(name)}"
        for name, rows in sorted(by_sampler.items(), reverse=True)
    ]
    return (
        f"{'. '.join(sentences)} (mean dev accuracy, and the middle 95 % of random choices of so "
        f"many samples). {formats.listed(enough).capitalize()} are enough to come within "
        f"{100 * CLOSE:g} percentage point of what all of that search's samples give."
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """The best of 1, 2, 4, 8 … samples."""
    budgets = [2**power for power in range(12)]
    rows = numbers[numbers["budget"].isin(budgets)].sort_values(["budget", "sampler"])
    return pd.DataFrame(
        {
            "Samples": [str(budget) for budget in rows["budget"]],
            "Drawn": [name_of(sampler) for sampler in rows["sampler"]],
            "Accuracy of the best": [formats.percent(value) for value in rows["mean"]],
            "Middle 95 %": [
                formats.interval(formats.percent(low), formats.percent(high))
                for low, high in zip(rows["lower"], rows["upper"], strict=True)
            ],
        }
    )


def name_of(sampler: str) -> str:
    """How a sampler draws, in words.

    >>> name_of("random"), name_of("grid")
    ('at random', 'on a grid')
    """
    return {"random": "at random", "grid": "on a grid", "sobol": "evenly (Sobol)"}[sampler]


def _is_new(leader: np.ndarray) -> np.ndarray:
    return np.concatenate([[True], leader[1:] > leader[:-1]])


def _enough(rows: pd.DataFrame) -> int:
    """The smallest budget whose best is close to that of all samples."""
    means = rows["mean"].sort_index()
    return int(means.index[means >= means.iloc[-1] - CLOSE][0])
