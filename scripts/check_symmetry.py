"""Check that mirrored networks learn alike, and find what quantifiers and experiments it is of."""

from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.columns import types
from quantlearn.pipeline.jobs import run_job
from quantlearn.report_columns import COMPARISON_SYMMETRIES, EXPERIMENT_SYMMETRIES
from quantlearn.semantics.measures import orbits_table
from quantlearn.semantics.symmetry import group_of, labels
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
    groups = [(one["name"], group_of(one)) for one in settings]
    states = [(name, own.state, len(own.symmetries), own.reason) for name, own in groups]
    labelled = [
        (one["name"], first, second, *labels((first, second), one))
        for one in settings
        for first, second in one["comparisons"]
    ]
    tables.write_csv(check_pairs(seed), check)
    tables.write_csv(orbits_table(quantifiers), orbits)
    tables.write_csv(pd.DataFrame(states, columns=list(EXPERIMENT_SYMMETRIES)), experiments)
    pairs = pd.DataFrame(labelled, columns=list(COMPARISON_SYMMETRIES))
    tables.write_csv(pairs.astype(types(COMPARISON_SYMMETRIES)), comparisons)


if __name__ == "__main__":
    run_job(check_symmetry, snakemake)
