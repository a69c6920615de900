"""Random search against a grid: the best of n samples at random, beside grids of a stated size.

After Bergstra & Bengio (2012, section 2.2 and figure 5), whose random experiment efficiency curves
show how good the best of n random samples is. Searches of n samples are drawn from those tried with
replacement (bootstrap); drawn without, all searches of the whole budget would be the same. None is
better than the best sample tried, so that their spread is near that of new searches only for
budgets far below the number tried. Some samples of a grid are no grid, so of a search that is not
at random there is one number, at its own size. A sample is chosen by the mean dev accuracy of one
half of its trials and scored by the mean of the other half, whose networks and scenes are its own,
so that the best of many does not look better for having been chosen among many.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.seeds import random_stream
from quantlearn.statistics.ranking import trial_scores
from quantlearn.statistics.scores import equalled

READS = ("trials",)

TABLES = {
    "random_against_grid": {
        "experiment": Column("str", "Search"),
        "sampler": Column("str", "search.sampler"),
        "budget": Column("int64", "Number of samples of which the best is taken"),
        "mean": Column(
            "float64",
            "Dev accuracy of the best of so many samples, chosen by one half of the trials and "
            "scored by the other; at random the mean over searches drawn with replacement",
        ),
        "lower": Column("float64", "Lower end of the middle 95 % of these; blank for a grid"),
        "upper": Column("float64", "Upper end"),
        "resamplings": Column("int64", "Searches drawn; 1 for a grid"),
    },
}

ROWS = {
    "random_against_grid": (
        "One row for each number of samples at random, and one for each search that is not, of "
        "this search and of those beside it."
    ),
}

RESAMPLINGS = 2000

DRAWN = {"random": "at random", "grid": "on a grid", "sobol": "evenly (Sobol)"}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The efficiency curves of random searches, and what the others give, of this and beside."""
    parts = []
    for one in (experiment, *beside):
        sampler, scores = one.settings["search"]["sampler"], halves(one.trials)
        if sampler == "random":
            found = efficiency(scores, random_stream(seed, one.name, "efficiency"))
        else:
            found = pd.DataFrame({"mean": best_of(scores, np.arange(len(scores)))[-1:]})
            found = found.assign(budget=len(scores), resamplings=1)
        parts.append(found.assign(experiment=one.name, sampler=sampler))
    table = pd.concat(parts, ignore_index=True)
    return {"random_against_grid": table.reindex(columns=list(TABLES["random_against_grid"]))}


def halves(trials: pd.DataFrame) -> np.ndarray:
    """Mean dev accuracy of each sample, by the even and by the odd trials: shape (samples, 2)."""
    scores = trial_scores(trials, "dev").pivot_table("accuracy", "sample", "trial").to_numpy()
    return equalled(np.stack([scores[:, half::2].mean(axis=1) for half in (0, 1)], axis=1))


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


def efficiency(scores: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Mean and middle 95 % of the best of n over random searches, by budget n.

    scores: those of the samples that were tried, (samples, 2), from which searches are drawn with
    replacement.
    """
    drawn = rng.integers(len(scores), size=(RESAMPLINGS, len(scores)))
    curves = [best_of(scores, search) for search in drawn]
    lower, upper = np.quantile(curves, [0.025, 0.975], axis=0)
    table = pd.DataFrame({"mean": np.mean(curves, axis=0), "lower": lower, "upper": upper})
    return table.assign(budget=np.arange(1, len(scores) + 1), resamplings=RESAMPLINGS)


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Accuracy of the best of n samples at random against n, and of the best of a grid.

    The line is the mean over random searches of n samples, the band the middle 95 % of them
    (Bergstra & Bengio 2012), drawn with replacement from the samples that were tried; a mark is a
    grid of that size. A sample is chosen by the dev accuracy of one half of its trials, and the
    accuracy drawn is that of the other half, so that it is not better for having been chosen.
    """
    table = tables["random_against_grid"]
    figure = style.new_figure(style.PAGE_WIDTH, 3.4)
    axes = figure.add_subplot()
    looks = style.looks(table["sampler"].unique())
    labels = []
    for (_, sampler), found in table.groupby(["experiment", "sampler"], sort=False):
        look, rows = looks[sampler], found.set_index("budget")
        axes.fill_between(
            rows.index, rows["lower"], rows["upper"], color=look.colour, alpha=0.15, linewidth=0
        )
        label = f"{sampler} ({rows.index.max()} samples)"
        marker = look.marker if len(rows) == 1 else None
        axes.plot(rows["mean"], color=look.colour, linestyle=look.line, marker=marker)
        titles = [
            f"best of {budget}, {sampler}: {formats.percent(mean)}"
            for budget, mean in rows["mean"].items()
        ]
        svg_titles.tell_along(axes, rows.index, rows["mean"], titles)
        end = (rows.index[-1], rows["mean"].iloc[-1])
        labels.append((label, look.colour, [end]))
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(1, 1.1 * table["budget"].max())
    axes.set_xlabel("Samples tried")
    axes.set_ylabel("Dev accuracy of the best (other trials)")
    axes.set_title(experiment.settings["title"], wrap=True)
    style.label_ends(axes, labels)
    return figure


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What random searches of some sizes give, and how each grid lies among those of its size."""
    table = tables["random_against_grid"]
    table = table.assign(drawn=table["sampler"].map(DRAWN))
    at_random, grids = (table[(table["sampler"] == "random") == chosen] for chosen in (True, False))
    shown = table[table["budget"].isin([*2 ** np.arange(12), *grids["budget"]])]
    percents = shown[["mean", "lower", "upper"]].map(formats.percent)
    return {
        "grids": [
            row | {"same": at_random[at_random["budget"] == row["budget"]].to_dict("records")}
            for row in grids.to_dict("records")
        ],
        "tried": max(at_random["budget"], default=0),
        "rows": pd.DataFrame(
            {
                "Samples": shown["budget"].astype(str),
                "Drawn": shown["drawn"],
                "Accuracy of the best": percents["mean"],
                "Middle 95 %": list(map(formats.interval, percents["lower"], percents["upper"])),
            }
        ),
    }
