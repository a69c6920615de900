"""Join the samples of an experiment and find when each trial learned each quantifier."""

import logging
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.statistics.convergence import convergence_table
from quantlearn.tables import TableError

log = logging.getLogger("quantlearn")


def aggregate(
    samples: str,
    training_curves: list[str],
    training_cells: list[str],
    training_trials: list[str],
    experiment: str,
    quantifiers: list[str],
    untaught: list[str],
    monitor: str,
    criterion: dict[str, Any],
    *,
    curves: str,
    cells: str,
    trials: str,
    convergence: str,
    chosen_trials: Sequence[str] = (),
    chosen_cells: Sequence[str] = (),
) -> None:
    """Write the tables that statistics, figures and notebooks read.

    ``samples`` is samples.csv; the ``training_`` lists hold one path for each training job, in
    their order. The ``chosen_`` lists hold the test results of the chosen sample where they are
    apart, as in a search. The other paths are written: the results of all jobs as one table, and
    the convergence table, taken from the split ``monitor``, of the quantifiers that are not
    ``untaught``. ``criterion`` is the experiment's convergence: when one counts as learned.
    """
    numbers = tables.read_csv(samples, columns.SAMPLES)["sample"].to_list()
    all_curves = _join(training_curves, columns.CURVES, numbers)
    tables.write_parquet(all_curves, curves)
    all_cells = _join(training_cells, columns.CELLS, numbers)
    # Timings differ from run to run; without them equal runs give equal bytes.
    all_trials = _join(training_trials, columns.TRIALS, numbers).drop(columns="seconds")
    for path_of_trials, path_of_cells in zip(chosen_trials, chosen_cells, strict=True):
        tested = tables.read_csv(path_of_trials, columns.CHOSEN_TRIALS)
        answers = tables.read_parquet(path_of_cells, columns.CELLS)
        all_trials = _with_test(all_trials, tested)
        all_cells = pd.concat([all_cells, answers]).sort_values("sample", kind="stable")
    tables.write_parquet(all_cells, cells)
    tables.write_csv(all_trials, trials)

    learned = [name for name in quantifiers if name not in untaught]
    watched = monitored(all_curves, monitor, learned, experiment, curves)
    table = convergence_table(watched, criterion["threshold"], criterion["window"])
    tables.write_csv(table, convergence)
    log.info("%d of %d quantifier runs converged", table["converged"].sum(), len(table))


def monitored(
    curves: pd.DataFrame, split: str, learned: Collection[str], experiment: str, path: str
) -> pd.DataFrame:
    """The curves of the ``learned`` quantifiers on the split that training monitors.

    Raises `TableError`, with the ``path`` of the curves, where there is none of a quantifier.
    """
    watched = curves[(curves["split"] == split) & curves["quantifier"].isin(learned)]
    missing = set(learned) - set(watched["quantifier"])
    if missing:
        raise TableError(
            f"{path}: no curve of {', '.join(sorted(missing))} on the split {split!r}; "
            f"add {split} to training.evaluate_splits of {experiment} and train again"
        )
    return watched


def _with_test(trials: pd.DataFrame, tested: pd.DataFrame) -> pd.DataFrame:
    """The trials with the test scores of those that were tested afterwards."""
    keys = ["sample", "trial", "quantifier"]
    filled = trials.set_index(keys)
    filled.update(tested.set_index(keys))
    return filled.astype({"test_scenes": "int64"}).reset_index()[trials.columns]


def _join(paths: list[str], schema: columns.Schema, samples: list[int]) -> pd.DataFrame:
    return pd.concat(tables.read_jobs(paths, schema, samples), ignore_index=True)


if __name__ == "__main__":
    run_job(aggregate, snakemake)
