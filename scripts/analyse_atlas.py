"""Put how hard each quantifier was to learn beside what follows from its meaning alone."""

from typing import Any

from quantlearn import tables
from quantlearn.figures.atlas.atlas import read_atlas
from quantlearn.pipeline.jobs import run_job


def analyse_atlas(
    settings: dict[str, Any],
    samples: str,
    curves: str,
    convergence: str,
    baseline_cells: str,
    *,
    numbers: str,
) -> None:
    """Write one row for each network of the experiment."""
    atlas = read_atlas(settings, samples, curves, convergence, baseline_cells)
    tables.write_csv(atlas, numbers)


if __name__ == "__main__":
    run_job(analyse_atlas, snakemake)
