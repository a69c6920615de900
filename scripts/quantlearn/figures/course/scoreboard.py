"""A leaderboard in the manner of GLUE: architectures by tasks, a score for each, and their ranks.

(Wang et al. 2018, "GLUE: a multi-task benchmark and analysis platform for natural language
understanding".) A score is the accuracy on test scenes; where a scene is described, the share of
sentences that are right word for word. Of the samples of an architecture, which differ in what was
searched over, the one that is best on the dev scenes counts.

Scores of different tasks have different spreads, and one task could decide their mean; so places
are given by the mean rank over tasks (Demšar 2006, "Statistical comparisons of classifiers over
multiple data sets", JMLR 7). Two architectures are compared within trials, which share their data.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.errors import QuantlearnError
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.figures.texts import estimate
from quantlearn.settings.protocol import PAIRS, whole_task
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.ranking import rank_samples
from quantlearn.statistics.scores import DIFFERENCE, best, compared, equalled

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
        "rank": Column(
            "float64",
            "Place in the task, 1 the best; equal scores share the mean of theirs; of the mean, "
            "the mean over tasks",
        ),
    },
    "scoreboard_differences": {
        "task": Column("str", "As in scoreboard.csv, but for the mean"),
        "first": Column("str", "Architecture"),
        "second": Column("str", "One whose mean score in the task is not higher"),
        **DIFFERENCE,
    },
}

ROWS = {
    "scoreboard": (
        "One row for each architecture and task of this experiment and of those beside it, and "
        "for the mean over tasks. Architectures stand in the order of their mean rank. Which task "
        "an experiment is follows from its settings: `description` describes, `transfer` starts "
        "from another experiment, `search` has a sampler other than grid, `unseen_counts` is "
        "split by zone counts, and one with `only_test.sizes_above` sets four tasks, "
        "`longer_scenes` and the three universals."
    ),
    "scoreboard_differences": (
        "The score of one architecture less that of another in the same trial. The rows of a task "
        "are one family."
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
    """Scores, their means and ranks over tasks, and differences within trials.

    The samples of each experiment are architectures. A mean has no one experiment and sample; a
    trial's mean is over its scores in all tasks. Architectures are sorted by their mean rank, the
    best first.
    """
    scores: dict[str, dict[str, pd.Series]] = {}
    made_by = {}
    for contest in (experiment, *beside):
        for name, sample in best_samples(contest).items():
            for task, answers in tasks_of(contest, sample):
                counts = answers.groupby("trial")[["correct", "scenes"]].sum()
                scores.setdefault(task, {})[name] = counts["correct"] / counts["scenes"]
                made_by[task, name] = {"experiment": contest.name, "sample": sample}
    names = dict.fromkeys(itertools.chain(*scores.values()))
    for task, by_name in scores.items():
        if lacking := [name for name in names if name not in by_name]:
            raise QuantlearnError(
                f"scoreboard: no sample of the task {TASKS[task]} has the architecture "
                f"{lacking[0]}: give its search more samples"
            )
    return ranked({task: pd.DataFrame(by_name) for task, by_name in scores.items()}, made_by)


def ranked(
    boards: Mapping[str, pd.DataFrame], made_by: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, pd.DataFrame]:
    """The tables, from the scores (trials, architectures) of each task and where each is from."""
    ranks = pd.DataFrame({task: equalled(board.mean()) for task, board in boards.items()})
    ranks = ranks.rank(ascending=False).assign(mean=lambda places: places.mean(axis=1))
    ranks = ranks.sort_values("mean", kind="stable")
    with_mean = {**boards, "mean": sum(boards.values()) / len(boards)}
    rows = [
        {"architecture": name, "task": task, "rank": places[task], "experiment": ""}
        | made_by.get((task, name), {})
        | mean_of(board[name])
        for name, places in ranks.iterrows()
        for task, board in with_mean.items()
    ]
    families = []
    for task, board in boards.items():
        pairs = itertools.combinations(ranks[task].sort_values(kind="stable").index, 2)
        apart = {(task, *pair): (board[pair[0]] - board[pair[1]]).dropna() for pair in pairs}
        families.append(compared(apart, ["task", "first", "second"]))
    table = pd.DataFrame(rows, columns=list(TABLES["scoreboard"])).astype({"sample": "Int64"})
    return {"scoreboard": table, "scoreboard_differences": pd.concat(families)}


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
    Architectures stand in the order of their mean rank over tasks, the best one first.
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
        drawn = axes.errorbar(
            places + shift,
            rows["estimate"],
            yerr=np.nan_to_num(bars),
            fmt=looks[name].marker,
            color=looks[name].colour,
            elinewidth=1,
            label=ARCHITECTURES[name],
        )
        titles = [
            f"{ARCHITECTURES[name]}, {TASKS[task]}: {estimate(row, 'percent')}"
            for task, row in rows[["estimate", "lower", "upper"]].to_dict("index").items()
        ]
        svg_titles.tell(drawn.lines[0], titles)
    axes.axvline(tasks.index("mean") - 0.5, color=style.GREY, linewidth=0.8)
    axes.set_xticks(places, [TASKS[task] for task in tasks], rotation=25, ha="right")
    axes.tick_params(axis="x", pad=0)
    axes.set_ylabel("Accuracy")
    axes.set_title(formats.capital(experiment.settings["title"]))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Who stands where over all tasks, and who is shown to be ahead of all others in one."""
    frame, differences = tables["scoreboard"], tables["scoreboard_differences"]
    frame = frame.assign(network=frame["architecture"].map(ARCHITECTURES))
    ranks = frame.pivot_table("rank", "network", "task", sort=False)
    tasks, first = ranks.columns.drop("mean"), best(-ranks["mean"])
    shares = frame.pivot_table("estimate", "task", "network", sort=False).map(formats.percent)
    shares.loc["mean rank"] = ranks["mean"].map(formats.times)
    words = {"index": lambda task: formats.capital(TASKS.get(task, task))}
    return {
        "ranks": ranks["mean"].to_dict(),
        "first": first,
        "hangs_on": [
            TASKS[task] for task in tasks if best(-ranks[tasks.drop(task)].mean(axis=1)) != first
        ],
        "ahead": {
            TASKS[task]: ARCHITECTURES[own["first"].iloc[0]]
            for task, own in differences.groupby("task", sort=False)
            if (own["verdict"][own["first"] == own["first"].iloc[0]] == "higher").all()
        },
        "tasks": len(tasks),
        "rows": shares.rename(columns=formats.capital, **words).rename_axis("Task").reset_index(),
    }
