"""Score architectures on the tasks of some experiments."""

from typing import Any

from quantlearn import columns, tables
from quantlearn.figures.course.scoreboard import Contest, scoreboard_table
from quantlearn.pipeline.jobs import run_job


def analyse_scoreboard(
    settings: dict[str, Any],
    samples: str,
    trials: str,
    cells: str,
    beside_settings: list[dict[str, Any]],
    beside_samples: list[str],
    beside_trials: list[str],
    beside_cells: list[str],
    *,
    numbers: str,
) -> None:
    """Write the scores in the tasks of this experiment and of those beside it."""
    contests = [
        Contest(
            own,
            tables.read_csv(own_samples, columns.SAMPLES),
            tables.read_csv(own_trials, columns.TIMELESS_TRIALS),
            tables.read_parquet(own_cells, columns.CELLS),
        )
        for own, own_samples, own_trials, own_cells in zip(
            [settings, *beside_settings],
            [samples, *beside_samples],
            [trials, *beside_trials],
            [cells, *beside_cells],
            strict=True,
        )
    ]
    tables.write_csv(scoreboard_table(contests), numbers)


if __name__ == "__main__":
    run_job(analyse_scoreboard, snakemake)
