"""Compare the gap between training and test scores under each means against over-fitting."""

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures.practice.regularisation import regularisation_table
from quantlearn.pipeline.jobs import run_job


def analyse_regularisation(samples: str, trials: str, *, numbers: str) -> None:
    """Write the table of an experiment whose samples are combinations of the means."""
    settings = tables.read_csv(samples, columns.SAMPLES)
    trained: pd.DataFrame = tables.read_csv(trials, columns.TIMELESS_TRIALS)
    tables.write_csv(regularisation_table(settings, trained), numbers)


if __name__ == "__main__":
    run_job(analyse_regularisation, snakemake)
