"""Lay the samples of several searches over the same settings on the axis that matters."""

from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures.practice.knobs import knob_values
from quantlearn.figures.practice.projections import important_axes, projections
from quantlearn.pipeline.jobs import run_job


def analyse_projections(
    samples: str,
    leaderboard: str,
    settings: dict[str, Any],
    beside_samples: list[str],
    beside_leaderboard: list[str],
    beside_settings: list[dict[str, Any]],
    seed: int,
    *,
    numbers: str,
) -> None:
    """Write the samples of this search and of those beside it, on axes chosen by all of them."""
    experiments = [settings, *beside_settings]
    values = [
        knob_values(
            pd.read_csv(drawn, dtype=str, keep_default_na=False),
            tables.read_csv(board, columns.LEADERBOARD),
        )
        for drawn, board in zip(
            [samples, *beside_samples], [leaderboard, *beside_leaderboard], strict=True
        )
    ]
    axes = important_axes(pd.concat(values, ignore_index=True), seed)
    parts = [
        projections(table, axes, one["name"], one["search"]["sampler"])
        for table, one in zip(values, experiments, strict=True)
    ]
    tables.write_csv(pd.concat(parts), numbers)


if __name__ == "__main__":
    run_job(analyse_projections, snakemake)
