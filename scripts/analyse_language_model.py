"""Compare language models with models that do not look at the scene, and judge what they write."""

from typing import Any

from quantlearn import columns, tables
from quantlearn.figures.course.language_model import language_model_table
from quantlearn.pipeline.jobs import run_job


def analyse_language_model(
    trials: str,
    texts: str,
    leaderboard: str,
    settings: dict[str, Any],
    seed: int,
    *,
    numbers: str,
) -> None:
    """Write the table of the chosen sample of an experiment whose networks are language models."""
    trained = tables.of_chosen(tables.read_csv(trials, columns.TIMELESS_TRIALS), leaderboard)
    written = tables.of_chosen(tables.read_parquet(texts, columns.TEXTS), leaderboard)
    tables.write_csv(language_model_table(trained, written, settings, seed), numbers)


if __name__ == "__main__":
    run_job(analyse_language_model, snakemake)
