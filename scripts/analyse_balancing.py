"""Count the answers for each truth value in experiments that balance their scenes differently."""

from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures.practice.balancing import Part, balancing_table
from quantlearn.pipeline.jobs import run_job


def analyse_balancing(
    cells: str,
    trials: str,
    settings: dict[str, Any],
    beside_cells: list[str],
    beside_trials: list[str],
    beside_settings: list[dict[str, Any]],
    *,
    numbers: str,
) -> None:
    """Write the table of this experiment and of those beside it, all samples of each."""
    parts = [
        Part(
            one["data"]["balance"]["method"],
            tables.read_parquet(answers, columns.CELLS),
            _trials(runs),
        )
        for one, answers, runs in zip(
            [settings, *beside_settings],
            [cells, *beside_cells],
            [trials, *beside_trials],
            strict=True,
        )
    ]
    tables.write_csv(balancing_table(parts), numbers)


def _trials(path: str) -> pd.DataFrame:
    return tables.read_csv(path, columns.TIMELESS_TRIALS)


if __name__ == "__main__":
    run_job(analyse_balancing, snakemake)
