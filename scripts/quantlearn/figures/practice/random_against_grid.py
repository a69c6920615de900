"""Random search against a grid: the best of n samples, by budget n.

After Bergstra & Bengio (2012, section 2.2 and figure 5), whose random experiment efficiency curves
show how good the best of n random samples is. A sample is chosen by the mean dev accuracy of one
half of its trials and scored by the mean of the other half, whose networks and scenes are its own,
so that the best of many does not look better for having been chosen among many.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.figures import formats, style
from quantlearn.figures.experiment import Experiment
from quantlearn.seeds import random_stream
from quantlearn.statistics.ranking import trial_scores

READS = ("trials",)

TABLES = {
    "random_against_grid": {
        "experiment": Column("str", "Search"),
        "sampler": Column("str", "search.sampler"),
        "budget": Column("int64", "Number of samples of which the best is taken"),
        "mean": Column(
            "float64",
            "Dev accuracy of the best of so many samples, chosen by one half of the trials and "
            "scored by the other: mean over random choices of samples",
        ),
        "lower": Column("float64", "Lower end of the middle 95 % of these choices"),
        "upper": Column("float64", "Upper end"),
        "resamplings": Column("int64", "Random choices of samples"),
    },
}

ROWS = {
    "random_against_grid": (
        "One row for each number of samples, of this search and of those beside it."
    ),
}

RESAMPLINGS = 2000
CLOSE = 0.01  # a budget is enough when the mean of its best is this close to that of all samples

DRAWN = {"random": "at random", "grid": "on a grid", "sobol": "evenly (Sobol)"}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The efficiency curves of this search and of those beside it."""
    parts = []
    for one in (experiment, *beside):
        curve = efficiency(one.trials, random_stream(seed, one.name, "efficiency"))
        parts.append(curve.assign(experiment=one.name, sampler=one.settings["search"]["sampler"]))
    table = pd.concat(parts, ignore_index=True)
    return {"random_against_grid": table[list(TABLES["random_against_grid"])]}


def halves(trials: pd.DataFrame) -> np.ndarray:
    """Mean dev accuracy of each sample, by the even and by the odd trials: shape (samples, 2)."""
    scores = trial_scores(trials, "dev").pivot_table("accuracy", "sample", "trial").to_numpy()
    return np.stack([scores[:, half::2].mean(axis=1) for half in (0, 1)], axis=1)


def best_of(scores: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The score of the best of the first n samples of an order, for n = 1, 2, …: shape (samples,).

    Chosen by one column of ``scores`` (samples, 2) and scored by the other, the mean of both ways.

    >>> best_of(np.array([[0.5, 0.6], [0.7, 0.9], [0.8, 0.7]]), np.array([0, 1, 2])).round(9)
    array([0.55, 0.8 , 0.7 ])
    """
    curves = []
    for choosing, scoring in ((0, 1), (1, 0)):
        seen = scores[order, choosing]
        leads = seen > np.maximum.accumulate(np.concatenate([[-np.inf], seen[:-1]]))
        leader = np.maximum.accumulate(np.where(leads, np.arange(len(seen)), 0))
        curves.append(scores[order, scoring][leader])
    return np.mean(curves, axis=0)


def efficiency(trials: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Mean and middle 95 % of the best of n, over random orders of the samples, by budget."""
    scores = halves(trials)
    curves = [best_of(scores, rng.permutation(len(scores))) for _ in range(RESAMPLINGS)]
    lower, upper = np.quantile(curves, [0.025, 0.975], axis=0)
    table = pd.DataFrame({"mean": np.mean(curves, axis=0), "lower": lower, "upper": upper})
    return table.assign(budget=np.arange(1, len(scores) + 1), resamplings=RESAMPLINGS)


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Accuracy of the best of n samples against n, for random samples and for those of a grid.

    Lines are means over random choices of n of the samples of each search, bands the middle 95 % of
    them (Bergstra & Bengio 2012). A sample is chosen by the dev accuracy of one half of its trials,
    and the accuracy drawn is that of the other half, so that it is not better for having been
    chosen.
    """
    table = tables["random_against_grid"]
    figure = style.new_figure(style.PAGE_WIDTH, 3.4)
    axes = figure.add_subplot()
    for sampler, look in style.looks(table["sampler"].unique()).items():
        rows = table[table["sampler"] == sampler].set_index("budget")
        axes.fill_between(
            rows.index, rows["lower"], rows["upper"], color=look.colour, alpha=0.15, linewidth=0
        )
        label = f"{sampler} ({len(rows)} samples)"
        axes.plot(rows["mean"], color=look.colour, linestyle=look.line, label=label)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(1, table["budget"].max())
    axes.set_xlabel("Samples tried")
    axes.set_ylabel("Dev accuracy of the best (other trials)")
    axes.set_title(experiment.settings["title"], wrap=True)
    axes.legend(loc="lower right", handlelength=3)
    return figure


def facts(tables: Mapping[str, pd.DataFrame], _: Mapping[str, Any]) -> dict[str, Any]:
    """How the searches compare at the same budget, and how few samples are enough."""
    table = tables["random_against_grid"].sort_values("sampler", ascending=False, kind="stable")
    table["drawn"] = table["sampler"].map(DRAWN)
    all_of = table.groupby("sampler", sort=False)["budget"].transform("max")
    best = table.groupby("sampler", sort=False)["mean"].transform("last")
    enough = table[table["mean"] >= best - CLOSE].assign(all=all_of).drop_duplicates("sampler")
    same = all_of.min()
    powers = table[table["budget"].isin(2 ** np.arange(12))].sort_values(["budget", "sampler"])
    percents = powers[["mean", "lower", "upper"]].map(formats.percent)
    return {
        "budgets": {
            budget: table[table["budget"] == budget].to_dict("records")
            for budget in (max(same // 4, 1), same)
        },
        "enough": enough.to_dict("records"),
        "rows": pd.DataFrame(
            {
                "Samples": powers["budget"].astype(str),
                "Drawn": powers["drawn"],
                "Accuracy of the best": percents["mean"],
                "Middle 95 %": percents["lower"] + " to " + percents["upper"],
            }
        ),
    }
