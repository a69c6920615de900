"""Compare networks that start from those of another quantifier with those that start from none."""

from typing import Any

from quantlearn import columns, tables
from quantlearn.figures.course.transfer import classes, outcomes, transfer_table
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.samples import read_sample


def analyse_transfer(
    settings: dict[str, Any], samples: str, curves: str, seed: int, *, numbers: str
) -> None:
    """Write the gains of every source for every target, and their means."""
    drawn = tables.read_csv(samples, columns.SAMPLES)["sample"]
    starts = {sample: read_sample(samples, sample)["training"]["start"] for sample in drawn}
    found = outcomes(starts, tables.read_parquet(curves, columns.CURVES), settings)
    table = transfer_table(found, classes(settings["expressions"]), seed)
    tables.write_csv(table, numbers)


if __name__ == "__main__":
    run_job(analyse_transfer, snakemake)
