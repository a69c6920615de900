"""Test each pair of quantifiers of an experiment: which one is learned sooner?"""

import logging

import pandas as pd

from quantlearn import columns, tables
from quantlearn.pipeline.jobs import run_job

log = logging.getLogger("quantlearn")


def compare(
    curves: str,
    convergence: str,
    experiment: str,
    comparisons: list[list[str]],
    monitor: str,
    *,
    comparison: str,
) -> None:
    """Write one row for each sample, pair of ``comparisons`` and test, on the split ``monitor``.

    p is adjusted over the pairs for each sample and test: what is reported is the chosen sample.

    A positive estimate means that the first quantifier of the pair is learned faster or better.
    """
    if not comparisons:
        tables.write_csv(pd.DataFrame(columns=list(columns.COMPARISON)), comparison)
        return
    # Half a second, which experiments without pairs save.
    from quantlearn.statistics.comparison import compare_pair, holm  # noqa: PLC0415

    by_sample = dict(iter(tables.read_csv(convergence, columns.CONVERGENCE).groupby("sample")))
    accuracy = tables.read_parquet(curves, columns.CURVES)
    watched = accuracy[accuracy["split"] == monitor]
    found = [
        compare_pair(by_sample[sample], curve, easy, hard).assign(sample=sample)
        for sample, curve in watched.groupby("sample")
        for easy, hard in comparisons
    ]
    rows = pd.concat(found, ignore_index=True).assign(experiment=experiment)
    rows["p_adjusted"] = rows.groupby(["sample", "test"])["p"].transform(holm)
    tables.write_csv(rows[list(columns.COMPARISON)], comparison)
    log.info("%d pairs compared", len(found))


if __name__ == "__main__":
    run_job(compare, snakemake)
