"""A leaderboard in the manner of GLUE: architectures by tasks, a score for each, and their mean.

(Wang et al. 2018, "GLUE: a multi-task benchmark and analysis platform for natural language
understanding".) A score is the accuracy on test scenes; where a scene is described, the share of
sentences that are right word for word. Of the samples of an architecture, which differ in what was
searched over, the one that is best on the dev scenes counts.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.errors import QuantlearnError
from quantlearn.figures import formats, style
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.settings.protocol import PAIRS, whole_task
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.ranking import rank_samples

READS = ("samples", "trials", "cells")

TABLES = {
    "scoreboard": {
        "architecture": Column(
            "str", "network.architecture; where scenes are described, network.reader"
        ),
        "task": Column(
            "str",
            "monotonicity, quantity or conservativity (test scenes of trained sizes and the two "
            "quantifiers of the universal), search, longer_scenes, unseen_counts (zone counts "
            "that were not trained), description, transfer, or mean",
        ),
        "experiment": Column("str", "Where the task is; blank for the mean"),
        "sample": Column(
            "Int64",
            "The architecture's sample that is best on the dev scenes of the experiment; blank "
            "for the mean",
        ),
        "estimate": Column(
            "float64",
            "Accuracy on test scenes, or the share of descriptions that are right word for "
            "word; mean over trials",
        ),
        "lower": Column("float64", "Lower end of its 95 % t interval"),
        "upper": Column("float64", "Upper end"),
        "n": Column("int64", "Trials"),
    },
}

ROWS = {
    "scoreboard": (
        "One row for each architecture and task of this experiment and of those beside it, and "
        "for the mean over tasks. Architectures stand in the order of their mean. Which task an "
        "experiment is follows from its settings: `description` describes, `transfer` starts "
        "from another experiment, `search` has a sampler other than grid, `unseen_counts` is "
        "split by zone counts, and one with `only_test.sizes_above` sets four tasks, "
        "`longer_scenes` and the three universals."
    ),
}

TASKS = {
    **{universal: universal for universal in PAIRS},
    "search": "search",
    "longer_scenes": "longer scenes",
    "unseen_counts": "unseen zone counts",
    "description": "sequence to sequence",
    "transfer": "transfer",
    "mean": "mean",
}
"""The tasks by name, in words."""

WIDTH = 0.64


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Scores and their means over tasks, with 95 % t intervals over trials.

    The samples of each experiment are architectures. A mean has no one experiment and sample; a
    trial's mean is over its scores in all tasks. Architectures are sorted by their mean, the best
    first.
    """
    scores: dict[str, dict[str, pd.Series]] = {}
    rows = []
    for contest in (experiment, *beside):
        for name, sample in best_samples(contest).items():
            for task, answers in tasks_of(contest, sample):
                counts = answers.groupby("trial")[["correct", "scenes"]].sum()
                score = counts["correct"] / counts["scenes"]
                scores.setdefault(name, {})[task] = score
                key = {"architecture": name, "task": task, "experiment": contest.name}
                rows.append(key | {"sample": sample} | mean_of(score))
    every_task = dict.fromkeys(itertools.chain(*scores.values()))
    for name, by_task in scores.items():
        if lacking := [task for task in every_task if task not in by_task]:
            raise QuantlearnError(
                f"scoreboard: no sample of the task {TASKS[lacking[0]]} has the architecture "
                f"{name}: give its search more samples"
            )
        score = pd.DataFrame(by_task).mean(axis=1, skipna=False)
        rows.append({"architecture": name, "task": "mean", "experiment": ""} | mean_of(score))
    table = pd.DataFrame(rows, columns=list(TABLES["scoreboard"])).astype({"sample": "Int64"})
    means = table[table["task"] == "mean"].sort_values("estimate", ascending=False, kind="stable")
    place = {name: rank for rank, name in enumerate(means["architecture"])}
    table = table.sort_values("architecture", key=lambda names: names.map(place), kind="stable")
    return {"scoreboard": table}


def best_samples(contest: Experiment) -> dict[str, int]:
    """The sample of each architecture that is best on the dev scenes.

    Where networks write, the architecture is that of the part that reads scenes.
    """
    networks = {sample: contest.sample(sample)["network"] for sample in contest.samples}
    named = {sample: own.get("reader", own["architecture"]) for sample, own in networks.items()}
    own = contest.trials["sample"].map(named)
    return {
        name: rank_samples(contest.trials[own == name], "dev")[0]
        for name in dict.fromkeys(named.values())
    }


def tasks_of(contest: Experiment, sample: int) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tasks that an experiment sets, each with a sample's answers that count for it."""
    cells = contest.cells
    answers = cells[(cells["sample"] == sample) & (cells["split"] == "test")]
    if task := whole_task(contest.settings):
        yield task, answers
        return
    longest = contest.settings["data"]["split"]["only_test"]["sizes_above"]
    usual = answers[answers["size"] <= longest]
    for universal, pair in PAIRS.items():
        yield universal, usual[usual["quantifier"].isin(pair)]
    yield "longer_scenes", answers[answers["size"] > longest]


def mean_of(score: pd.Series) -> dict[str, Any]:
    """The mean over trials, with an interval that stays within what a score can be."""
    values = score.dropna().to_numpy()
    mean = mean_interval(values)
    lower, upper = np.clip([mean.lower, mean.upper], 0, 1)
    return {"estimate": mean.estimate, "lower": lower, "upper": upper, "n": len(values)}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Scores of the architectures in each task, and their mean.

    Accuracy on test scenes, of which half are right by guessing; in the task sequence to sequence,
    the share of sentences that are right word for word. Means over trials with 95 % intervals.
    Architectures stand in the order of their mean, the best one first.
    """
    frame = tables["scoreboard"]
    tasks = [task for task in TASKS if task in set(frame["task"])]
    names = frame["architecture"].unique()
    looks = style.looks(list(ARCHITECTURES))
    places = np.arange(len(tasks))
    figure = style.new_figure(style.PAGE_WIDTH, 3.2)
    axes = figure.add_subplot()
    for name, shift in zip(names, np.linspace(-WIDTH / 2, WIDTH / 2, len(names)), strict=True):
        rows = frame[frame["architecture"] == name].set_index("task").loc[tasks]
        bars = np.abs(rows[["lower", "upper"]].to_numpy().T - rows["estimate"].to_numpy())
        axes.errorbar(
            places + shift,
            rows["estimate"],
            yerr=np.nan_to_num(bars),
            fmt=looks[name].marker,
            color=looks[name].colour,
            elinewidth=1,
            label=ARCHITECTURES[name],
        )
    axes.axvline(tasks.index("mean") - 0.5, color=style.GREY, linewidth=0.8)
    axes.set_xticks(places, [TASKS[task] for task in tasks], rotation=25, ha="right")
    axes.tick_params(axis="x", pad=0)
    axes.set_ylabel("Accuracy")
    axes.set_title(formats.capital(experiment.settings["title"]))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Who leads, overall and in each task; a row of scores for each task."""
    frame = tables["scoreboard"]
    frame = frame.assign(network=frame["architecture"].map(ARCHITECTURES))
    best = frame.loc[frame.groupby("task", sort=False)["estimate"].idxmax()].to_dict("records")
    means = frame[frame["task"] == "mean"].to_dict("records")
    rows = []
    for task, own in frame.groupby("task", sort=False):
        shares = own["estimate"].map(formats.percent)
        scores = dict(zip(own["network"].map(formats.capital), shares, strict=True))
        rows.append({"Task": formats.capital(TASKS[task])} | scores)
    bounds = {"Task": "95 % interval of the mean"}
    for row in means:
        lower, upper = formats.percent(row["lower"]), formats.percent(row["upper"])
        bounds[formats.capital(row["network"])] = formats.interval(lower, upper)
    return {"means": means, "best": best, "tasks": TASKS, "rows": [*rows, bounds]}
