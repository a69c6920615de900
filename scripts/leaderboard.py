"""Rank the samples of an experiment, and show the test scores of the best or of all conditions."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.search import chooses_sample
from quantlearn.statistics.ranking import (
    _varying,
    have_one_loss,
    rank_samples,
    summary,
)
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
    trained = tables.read_csv(trials, columns.TIMELESS_TRIALS)
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
    board = pd.DataFrame(rows, columns=list(columns.LEADERBOARD))
    tables.write_csv(board.merge(_varying(settings), on="sample", how="left"), leaderboard)


if __name__ == "__main__":
    run_job(leaderboard, snakemake)
