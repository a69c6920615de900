"""Compare the answers to test scenes of a trained kind with those to scenes of a new kind."""

from typing import Any

from quantlearn import columns, tables
from quantlearn.figures.practice.generalisation import Answers, generalisation
from quantlearn.pipeline.jobs import run_job


def analyse_generalisation(
    settings: dict[str, Any],
    cells: str,
    leaderboard: str,
    baseline_cells: str,
    beside_settings: list[dict[str, Any]],
    beside_cells: list[str],
    beside_leaderboard: list[str],
    beside_baseline_cells: list[str],
    *,
    numbers: str,
) -> None:
    """Write the accuracy of the chosen sample on what was trained and on what is new."""
    tested, *beside = (
        read_answers(*inputs)
        for inputs in zip(
            [settings, *beside_settings],
            [cells, *beside_cells],
            [leaderboard, *beside_leaderboard],
            [baseline_cells, *beside_baseline_cells],
            strict=True,
        )
    )
    tables.write_csv(generalisation(tested, beside), numbers)


def read_answers(
    settings: dict[str, Any], cells: str, leaderboard: str, baseline_cells: str
) -> Answers:
    """The test answers of an experiment's chosen sample, and those of the baselines."""
    answers = tables.read_parquet(cells, columns.CELLS)
    answers = tables.of_chosen(answers, leaderboard)
    baselines = tables.read_parquet(baseline_cells, columns.BASELINE_CELLS)
    return Answers(settings, *(part[part["split"] == "test"] for part in (answers, baselines)))


if __name__ == "__main__":
    run_job(analyse_generalisation, snakemake)
