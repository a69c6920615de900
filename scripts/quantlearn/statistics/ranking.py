"""Ranking samples: those of a search by the dev split, which chooses the best of them.

A trial's score is taken over all its dev scenes; where each quantifier has a network of its own,
that is the mean over the networks, weighted by their scenes. A trial that diverged counts with the
weights that it left, since leaving it out would reward settings that often fail.
"""

import math
from typing import Any

import pandas as pd

from quantlearn.errors import QuantlearnError
from quantlearn.statistics.convergence import proportion
from quantlearn.statistics.intervals import mean_interval

__all__ = ["have_one_loss", "rank_samples", "trial_scores"]


def have_one_loss(samples: pd.DataFrame) -> bool:
    """Whether all samples were trained with the same loss, so that their losses compare.

    >>> have_one_loss(pd.DataFrame({"training.loss": ["cross_entropy", "squared_error"]}))
    False
    """
    return bool((samples["training.loss"] == samples["training.loss"].iloc[0]).all())


def trial_scores(trials: pd.DataFrame, split: str) -> pd.DataFrame:
    """Accuracy and loss of each trial on a split, by (sample, trial); nan where there are none.

    trials: the columns sample and trial, and the split's _accuracy, _loss and _scenes, one row for
    each network.

    >>> trial_scores(pd.DataFrame({"sample": 0, "trial": 0, "dev_accuracy": [1.0, 0.5],
    ...                            "dev_loss": [0.0, 1.0], "dev_scenes": [30, 10]}), "dev")
                  accuracy  loss
    sample trial
    0      0         0.875  0.25
    """
    scenes = trials[f"{split}_scenes"]
    scores = {}
    for metric in ("accuracy", "loss"):
        weighted = (trials[f"{split}_{metric}"] * scenes).where(scenes > 0, 0.0)
        summed = trials.assign(score=weighted).groupby(["sample", "trial"])["score"]
        scores[metric] = summed.sum(min_count=1, skipna=False)
    total = scenes.groupby([trials["sample"], trials["trial"]]).sum()
    return pd.DataFrame(scores).div(total.where(total > 0), axis="index")


def rank_samples(
    trials: pd.DataFrame, split: str = "dev", losses_compare: bool = True
) -> list[int]:
    """The samples from the best to the worst: by mean accuracy, then loss, then number.

    Mean accuracies are compared as fractions: trials in another order, or with other accuracies of
    the same sum, are a tie. The loss decides nothing where the samples' losses do not compare
    (`have_one_loss`). A single sample needs no scenes in ``split``. Raises `QuantlearnError` when
    there are several and one of them has none.
    """
    samples = sorted(trials["sample"].unique().tolist())
    if len(samples) == 1:
        return samples
    scored = trial_scores(trials, split)
    unscored = [sample for sample in samples if scored.loc[sample, "accuracy"].isna().any()]
    if unscored:
        raise QuantlearnError(
            f"sample {unscored[0]} has no {split} accuracy to be ranked by; give "
            f"data.split.{split} a fraction and train again"
        )
    weights = trials[f"{split}_scenes"].astype(object)
    exact = trials[f"{split}_accuracy"].fillna(0).map(proportion) * weights
    keys = ["sample", "trial"]
    sums = trials.assign(exact=exact, weight=weights).groupby(keys)[["exact", "weight"]].agg(sum)

    def place(sample: int) -> tuple[Any, ...]:
        own = sums.loc[sample]
        accuracy = sum(own["exact"] / own["weight"]) / len(own)
        losses = scored.loc[sample, "loss"]
        # fsum: the same losses in another order have the same mean.
        loss = math.fsum(losses) / len(losses) if losses_compare else 0.0
        return -accuracy, math.isnan(loss), loss, sample

    return sorted(samples, key=place)


def summary(trials: pd.DataFrame) -> dict[str, Any]:
    """What the leaderboard says of one sample, from the rows of its networks."""
    diverged = trials.loc[trials["stop_reason"] == "diverged", "trial"]
    found: dict[str, Any] = {
        "trials": trials["trial"].nunique(),
        "diverged": diverged.nunique(),
    }
    for split in ("dev", "test"):
        for metric, values in trial_scores(trials, split).items():
            interval = mean_interval(values.to_numpy())
            highest = 1.0 if metric == "accuracy" else None
            # A t interval of few trials may reach beyond what an accuracy or a loss can be.
            bounds = pd.Series([interval.lower, interval.upper]).clip(0, highest)
            found[f"{split}_{metric}"] = interval.estimate
            found[f"{split}_{metric}_lower"], found[f"{split}_{metric}_upper"] = bounds
    return found


def _varying(settings: pd.DataFrame) -> pd.DataFrame:
    """The number of each sample, and those of its settings that are not the same in all samples."""
    varying = [name for name in settings.columns[1:] if len(set(settings[name])) > 1]
    return settings[["sample", *varying]].astype({"sample": "int64"})
