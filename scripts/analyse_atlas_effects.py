"""Relate how hard quantifiers were to learn to what follows from their meaning."""

from typing import Any

from quantlearn import tables
from quantlearn.figures.atlas.atlas import read_atlas
from quantlearn.figures.atlas.atlas_effects import effects_table
from quantlearn.pipeline.jobs import run_job


def analyse_atlas_effects(
    settings: dict[str, Any],
    samples: str,
    curves: str,
    convergence: str,
    baseline_cells: str,
    seed: int,
    *,
    numbers: str,
) -> None:
    """Write the correlations and models of the experiment's networks."""
    atlas = read_atlas(settings, samples, curves, convergence, baseline_cells)
    tables.write_csv(effects_table(atlas, seed), numbers)


if __name__ == "__main__":
    run_job(analyse_atlas_effects, snakemake)
