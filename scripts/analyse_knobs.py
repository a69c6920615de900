"""Say how much the dev accuracy of a search depends on each of its settings."""

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures.practice.knobs import importances, knob_values
from quantlearn.pipeline.jobs import run_job


def analyse_knobs(samples: str, leaderboard: str, seed: int, *, numbers: str) -> None:
    """Write the importance of each setting that varies."""
    drawn = pd.read_csv(samples, dtype=str, keep_default_na=False)
    board = tables.read_csv(leaderboard, columns.LEADERBOARD)
    tables.write_csv(importances(knob_values(drawn, board), seed), numbers)


if __name__ == "__main__":
    run_job(analyse_knobs, snakemake)
