"""Relate the measures of quantifiers to each other."""

from typing import Any

from quantlearn import tables
from quantlearn.figures.atlas.atlas import read_atlas
from quantlearn.figures.atlas.atlas_measures import measures_table
from quantlearn.pipeline.jobs import run_job


def analyse_atlas_measures(
    settings: dict[str, Any],
    samples: str,
    curves: str,
    convergence: str,
    baseline_cells: str,
    seed: int,
    *,
    numbers: str,
) -> None:
    """Write the estimates from the experiment's networks."""
    atlas = read_atlas(settings, samples, curves, convergence, baseline_cells)
    tables.write_csv(measures_table(atlas, seed), numbers)


if __name__ == "__main__":
    run_job(analyse_atlas_measures, snakemake)
