"""Compare networks that start from others with networks from scratch, by number of scenes."""

import pandas as pd

from quantlearn import tables
from quantlearn.analyses.finetuning import finetuning_table
from quantlearn.jobs import run_job


def analyse_finetuning(samples: str, trials: str, *, numbers: str) -> None:
    """Write the table of an experiment whose samples vary in their start and number of scenes."""
    drawn: pd.DataFrame = tables.read_csv(samples, tables.SAMPLES)
    trained = tables.read_csv(trials, tables.TIMELESS_TRIALS)
    tables.write_csv(finetuning_table(drawn, trained), numbers)


if __name__ == "__main__":
    run_job(analyse_finetuning, snakemake)
