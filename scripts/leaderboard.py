"""Rank the samples of an experiment, and show the test scores of the best or of all conditions."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.search import chooses_sample
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.ranking import have_one_loss, rank_samples, trial_scores
from quantlearn.tables import TableError


def leaderboard(
    samples: str,
    trials: str,
    search: Mapping[str, Any] | None = None,
    *,
    leaderboard: str,
) -> None:
    """Write one row for each sample, best first: means over its trials with 95 % t intervals.

    ``samples`` is samples.csv, whose settings that vary become columns; ``trials`` is the joined
    table. Test scores are those of the first sample alone, blank for all others. A ``search`` that
    chooses no sample compares conditions: all have test scores, and without a dev split they are
    ranked by these.

    Raises `TableError` when another sample has test scores: the test split was opened too soon.
    """
    trained = tables.read_csv(trials, tables.TIMELESS_TRIALS)
    choose = chooses_sample({"search": search})
    split = "dev" if choose or trained["dev_scenes"].any() else "test"
    settings = pd.read_csv(samples, dtype=str, keep_default_na=False)
    ranking = rank_samples(trained, split, have_one_loss(settings))
    tested = trained.loc[trained["test_accuracy"].notna(), "sample"].unique()
    if choose and set(tested) - {ranking[0]}:
        raise TableError(
            f"{trials}: samples {', '.join(map(str, tested))} have test scores, where only sample "
            f"{ranking[0]} is chosen; delete the table and run again"
        )
    rows = [
        {
            "rank": place + 1,
            "sample": sample,
            "chosen": choose and place == 0,
            **summary(trained[trained["sample"] == sample]),
        }
        for place, sample in enumerate(ranking)
    ]
    board = pd.DataFrame(rows, columns=list(tables.LEADERBOARD))
    tables.write_csv(board.merge(_varying(settings), on="sample", how="left"), leaderboard)


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


if __name__ == "__main__":
    run_job(leaderboard, snakemake)
