"""Make the tables of all experiments side by side."""

from pathlib import Path
from typing import Any

from quantlearn import tables
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.overview import tables as tables_of
from quantlearn.pipeline.jobs import run_job


def overview(
    settings: list[dict[str, Any]], samples: list[str], *, overview: str, as_run: str
) -> None:
    """Write overview.csv, a row for each pair, and as_run.csv, documented minus as run.

    settings: those of the experiments on the page, and samples their samples.csv, in whose folders
    their other results are.
    """
    experiments = [
        Experiment(one, Path(path).parent) for one, path in zip(settings, samples, strict=True)
    ]
    found = tables_of(experiments)
    tables.write_csv(found["overview"], overview)
    tables.write_csv(found["as_run"], as_run)


if __name__ == "__main__":
    run_job(overview, snakemake)
