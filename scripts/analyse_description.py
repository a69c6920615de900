"""Compare what networks write about trained and about new counts, with and without attention."""

from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures.course.description import description_table
from quantlearn.pipeline.jobs import run_job


def analyse_description(
    samples: str, texts: str, settings: dict[str, Any], seed: int, *, numbers: str
) -> None:
    """Write the table of an experiment whose networks describe scenes."""
    drawn: pd.DataFrame = tables.read_csv(samples, columns.SAMPLES)
    written = tables.read_parquet(texts, columns.TEXTS)
    tables.write_csv(description_table(drawn, written, seed, settings["name"]), numbers)


if __name__ == "__main__":
    run_job(analyse_description, snakemake)
