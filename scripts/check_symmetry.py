"""Check that mirrored networks learn alike, and find what quantifiers and experiments it is of."""

from typing import Any

from quantlearn import tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.report.symmetry_page import comparisons_table, experiments_table, orbits_table
from quantlearn.training.mirrored import check as check_pairs


def check_symmetry(
    quantifiers: dict[str, str],
    settings: list[dict[str, Any]],
    seed: int,
    *,
    check: str,
    orbits: str,
    experiments: str,
    comparisons: str,
) -> None:
    """Write the check, the orbits of ``quantifiers`` (name: expression), and what it is about.

    settings: the resolved settings of each experiment.
    """
    tables.write_csv(check_pairs(seed), check)
    tables.write_csv(orbits_table(quantifiers), orbits)
    tables.write_csv(experiments_table(settings), experiments)
    tables.write_csv(comparisons_table(settings), comparisons)


if __name__ == "__main__":
    run_job(check_symmetry, snakemake)
