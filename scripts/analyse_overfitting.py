"""Find where held-out loss parts from training loss, and what early stopping saves."""

from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures.practice.overfitting import overfitting_table
from quantlearn.pipeline.jobs import run_job


def analyse_overfitting(
    curves: str,
    beside_curves: list[str],
    beside_trials: list[str],
    beside_settings: list[dict[str, Any]],
    *,
    numbers: str,
) -> None:
    """Write the table of the runs in ``curves``, which had no early stopping.

    Of the experiments beside, the first one with ``training.patience`` shows runs that had it.
    """
    stopped = next(
        (
            (_totals(curve), tables.read_csv(trials, columns.TIMELESS_TRIALS), patience)
            for curve, trials, settings in zip(
                beside_curves, beside_trials, beside_settings, strict=True
            )
            if (patience := settings["training"]["patience"]) is not None
        ),
        None,
    )
    tables.write_csv(overfitting_table(_totals(curves), stopped), numbers)


def _totals(path: str) -> pd.DataFrame:
    """The curves over all quantifiers; networks that learn one quantifier each have none."""
    curves = tables.read_parquet(path, columns.CURVES)
    return curves[curves["quantifier"] == "all"]


if __name__ == "__main__":
    run_job(analyse_overfitting, snakemake)
