"""Compare each pair of quantifiers of an experiment: which one is learned sooner?"""

import logging
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import columns, tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.semantics.symmetry import Labels, labels
from quantlearn.settings.samples import read_sample

log = logging.getLogger("quantlearn")


def compare(
    curves: str,
    convergence: str,
    trials: str,
    samples: str,
    settings: dict[str, Any],
    *,
    verdicts: str,
    comparison: str,
) -> None:
    """Write the verdict on each pair of each sample, and beside it the tests of 2019 and the area.

    settings: the experiment's, but for words. p is adjusted over the pairs of each sample: what is
    reported is the chosen sample.

    A positive estimate means that the first quantifier of the pair is learned faster or better.
    """
    if not settings["comparisons"]:
        tables.write_csv(pd.DataFrame(columns=list(columns.VERDICTS)), verdicts)
        tables.write_csv(pd.DataFrame(columns=list(columns.COMPARISON)), comparison)
        return
    accuracy = tables.read_parquet(curves, columns.CURVES)
    watched = accuracy[accuracy["split"] == settings["training"]["monitor"]]
    networks = tables.read_csv(trials, columns.TIMELESS_TRIALS)
    converged = tables.read_csv(convergence, columns.CONVERGENCE)
    decided, tested = [], []
    for sample, own in watched.groupby("sample"):
        rows = decide(
            own,
            networks[networks["sample"] == sample],
            settings,
            read_sample(samples, sample)["training"],
        )
        decided.append(rows.assign(sample=sample))
        of_sample = converged[converged["sample"] == sample]
        tested.append(test(own, of_sample, rows).assign(sample=sample))
    known = {key: settings[key] for key in ("chapter", "universal")}
    found = pd.concat(decided).assign(experiment=settings["name"], **known)
    labelled = {tuple(pair): labels(pair, settings) for pair in settings["comparisons"]}
    pairs = list(zip(found["first"], found["second"], strict=True))
    for name in Labels._fields:
        found[name] = pd.array([getattr(labelled[pair], name) for pair in pairs], dtype="boolean")
    tables.write_csv(found[list(columns.VERDICTS)], verdicts)
    beside = pd.concat(tested).assign(experiment=settings["name"])
    tables.write_csv(beside[list(columns.COMPARISON)], comparison)
    log.info("%d pairs compared", len(found))


def decide(
    curves: pd.DataFrame, networks: pd.DataFrame, settings: dict[str, Any], training: dict[str, Any]
) -> pd.DataFrame:
    """The verdicts on the pairs of a sample."""
    # Half a second, which experiments without pairs save.
    from quantlearn.statistics.comparison import verdicts  # noqa: PLC0415

    return verdicts(
        curves,
        networks,
        settings["comparisons"],
        training=training,
        endpoint=settings["endpoint"],
        threshold=settings["convergence"]["threshold"],
        family=settings["family"] or {"name": settings["name"], "size": None},
    )


def test(curves: pd.DataFrame, convergence: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The tests of 2019 and the area between the curves for the pairs of a sample."""
    from quantlearn.statistics.comparison import area_test, paper_tests  # noqa: PLC0415
    from quantlearn.statistics.multiple_tests import holm  # noqa: PLC0415

    found = []
    for row in rows.itertuples():
        paper = paper_tests(convergence, row.first, row.second)
        area = area_test(curves, row.first, row.second, row.horizon)
        counts = paper[["censored_easy", "censored_hard"]].iloc[[0]]
        found += [paper, area.assign(**counts.to_dict("records")[0])]
    every = pd.concat(found, ignore_index=True)
    every["p_adjusted"] = every.groupby("test")["p"].transform(lambda p: holm(np.asarray(p)))
    return every


if __name__ == "__main__":
    run_job(compare, snakemake)
