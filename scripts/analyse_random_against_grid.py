"""Compare a random search with a grid over the same settings, by budget."""

from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures.practice.random_against_grid import efficiency
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import random_stream


def analyse_random_against_grid(
    trials: str,
    beside_trials: list[str],
    settings: dict[str, Any],
    beside_settings: list[dict[str, Any]],
    seed: int,
    *,
    numbers: str,
) -> None:
    """Write the efficiency curves of this search and of those beside it."""
    parts = []
    for path, experiment in zip(
        [trials, *beside_trials], [settings, *beside_settings], strict=True
    ):
        name = experiment["name"]
        table = tables.read_csv(path, columns.TIMELESS_TRIALS)
        curve = efficiency(table, random_stream(seed, name, "efficiency"))
        parts.append(curve.assign(experiment=name, sampler=experiment["search"]["sampler"]))
    tables.write_csv(pd.concat(parts)[list(tables.RANDOM_AGAINST_GRID)], numbers)


if __name__ == "__main__":
    run_job(analyse_random_against_grid, snakemake)
