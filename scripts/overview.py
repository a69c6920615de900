"""All experiments side by side: what each pair shows, and documented against as run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from quantlearn import columns, tables
from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.search import chooses_sample
from quantlearn.statistics.comparison import holm, summarise_convergence, welch_test
from quantlearn.statistics.convergence import step_leads


def overview(
    comparisons: list[str],
    convergences: list[str],
    settings: list[dict[str, Any]],
    baselines: list[str],
    *,
    overview: str,
    as_run: str,
    leaderboards: Sequence[str | None] | None = None,
) -> None:
    """Write overview.csv (one row for each pair) and as_run.csv (documented minus as run).

    The lists run in the same order, one entry for each experiment, of which the chosen sample is
    shown; one that compares conditions chooses none and has no rows. p values are adjusted by
    Holm's method over all pairs of the report, for each test.
    """
    boards = leaderboards or [None] * len(settings)
    convergence = {
        experiment["name"]: tables.of_chosen(tables.read_csv(path, columns.CONVERGENCE), board)
        for experiment, path, board in zip(settings, convergences, boards, strict=True)
        if chooses_sample(experiment)
    }
    rows = [
        row
        for experiment, path, board, found in zip(
            settings, comparisons, boards, baselines, strict=True
        )
        if chooses_sample(experiment)
        for row in pair_rows(
            experiment,
            tables.of_chosen(tables.read_csv(path, columns.COMPARISON), board),
            convergence[experiment["name"]],
            size_alone(
                tables.read_csv(found, columns.BASELINES), experiment["training"]["monitor"]
            ),
        )
    ]
    # Experiments that are about no universal come last.
    rows.sort(key=lambda row: row["universal"] == "none")
    pairs = pd.DataFrame(rows, columns=list(tables.OVERVIEW))
    for test in columns.TESTS:
        pairs[f"{test}_p_adjusted"] = holm(pairs[f"{test}_p"].to_numpy(dtype=float))
    tables.write_csv(pairs, overview)

    twins = pd.DataFrame(
        [row for experiment in settings for row in twin_rows(experiment, settings, convergence)],
        columns=list(tables.AS_RUN),
    )
    for p in ("p", "mann_whitney_p"):
        by_measure = twins.groupby("measure")[p]
        twins[f"{p}_adjusted"] = by_measure.transform(lambda x: holm(x.to_numpy(dtype=float)))
    tables.write_csv(twins, as_run)


def size_alone(baselines: pd.DataFrame, split: str) -> pd.Series:
    """What the size of a scene alone gives on a split, by quantifier: mean over trials."""
    rows = baselines[(baselines["baseline"] == "size") & (baselines["split"] == split)]
    return rows.groupby("quantifier")["accuracy"].mean()


def pair_rows(
    experiment: dict[str, Any],
    comparison: pd.DataFrame,
    convergence: pd.DataFrame,
    by_size: pd.Series,
) -> list[dict[str, Any]]:
    """One row of overview.csv for each sample and pair of an experiment."""
    summary = summarise_convergence(convergence, experiment["quantifiers"]).set_index(
        ["sample", "quantifier"]
    )
    rows = []
    for (sample, easy, hard), tests in comparison.groupby(["sample", "easy", "hard"], sort=False):
        row = {
            "experiment": experiment["name"],
            "title": experiment["title"],
            "universal": experiment["universal"],
            "version": "as run" if experiment.get("documented") else "documented",
            "twin": experiment.get("documented") or "",
            "sample": sample,
            "easy": easy,
            "hard": hard,
            "n": summary.loc[(sample, easy), "n"],
        }
        for side, quantifier in (("easy", easy), ("hard", hard)):
            of_one = summary.loc[(sample, quantifier)]
            row[f"censored_{side}"] = of_one["n"] - of_one["converged"]
            for column in ("median_step", "median_lower", "median_upper", "final_accuracy"):
                row[f"{column}_{side}"] = of_one[column]
            row[f"size_alone_{side}"] = by_size[quantifier]
        by_test = tests.set_index("test")
        for test in columns.TESTS:
            for column in ("estimate", "lower", "upper", "p", "n"):
                row[f"{test}_{column}"] = by_test.loc[test, column]
        for column in ("effect_size", "effect_lower", "effect_upper"):
            row[column] = by_test.loc["paired_t_steps", column]
        rows.append(row)
    return rows


def twin_rows(
    as_run: dict[str, Any], settings: list[dict[str, Any]], convergence: dict[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """Rows of as_run.csv for an experiment as run whose documented twin is in the report.

    The paired effects of the two are independent samples of trials: Welch's t-test and interval on
    their means, and Mann–Whitney's test on their ranks, where a trial in which only one quantifier
    converged ranks beyond all steps. Positive: the effect is larger as documented.
    """
    name = as_run["name"]
    documented = {experiment["name"]: experiment for experiment in settings}.get(
        as_run.get("documented")
    )
    if documented is None:
        return []
    twin = documented["name"]
    if len(documented["comparisons"]) != len(as_run["comparisons"]):
        raise QuantlearnError(
            f"config/experiments/{name}.yaml: comparisons: must be as many as in {twin}, its "
            "documented twin, since the pairs are compared one by one"
        )
    rows = []
    # A quantifier may have another name as run, so pairs belong together by their place.
    for pair, (easy, hard) in zip(documented["comparisons"], as_run["comparisons"], strict=True):
        effects = [
            paired_effects(convergence[twin], *pair),
            paired_effects(convergence[name], easy, hard),
        ]
        for measure, unit in (("step", "steps"), ("final_accuracy", "accuracy")):
            first, second = (effect[measure] for effect in effects)
            rows.append(
                {
                    "documented": twin,
                    "as_run": name,
                    "sample": convergence[name]["sample"].iloc[0],
                    "easy": easy,
                    "hard": hard,
                    "measure": measure,
                    "unit": unit,
                    **difference(first, second),
                }
            )
    return rows


def paired_effects(convergence: pd.DataFrame, easy: str, hard: str) -> dict[str, np.ndarray]:
    """By how much easy is learned sooner, and better, in each trial of one sample."""
    by_trial = convergence.set_index("trial").sort_index()
    first, second = (by_trial[by_trial["quantifier"] == name] for name in (easy, hard))
    return {
        "step": step_leads(first, second),
        "final_accuracy": (first["final_accuracy"] - second["final_accuracy"]).to_numpy(),
    }


def difference(first: np.ndarray, second: np.ndarray) -> dict[str, float | int]:
    """Two independent sets of paired effects compared, first minus second."""
    finite = [effects[np.isfinite(effects)] for effects in (first, second)]
    ranked = [effects[~np.isnan(effects)] for effects in (first, second)]
    welch = welch_test(*finite)
    row = {
        "documented_mean": finite[0].mean() if finite[0].size else np.nan,
        "as_run_mean": finite[1].mean() if finite[1].size else np.nan,
        "difference": welch.estimate,
        "lower": welch.lower,
        "upper": welch.upper,
        "statistic": welch.statistic,
        "df": welch.df,
        "p": welch.p,
        "n_documented": finite[0].size,
        "n_as_run": finite[1].size,
        "mann_whitney_u": np.nan,
        "mann_whitney_p": np.nan,
        "mann_whitney_n_documented": ranked[0].size,
        "mann_whitney_n_as_run": ranked[1].size,
    }
    if min(ranked[0].size, ranked[1].size) >= 2 and np.unique(np.concatenate(ranked)).size > 1:
        result = stats.mannwhitneyu(*ranked)
        row |= {"mann_whitney_u": result.statistic, "mann_whitney_p": result.pvalue}
    return row


if __name__ == "__main__":
    run_job(overview, snakemake)
