"""A leaderboard in the manner of GLUE: architectures by tasks, a score for each, and their mean.

(Wang et al. 2018, "GLUE: a multi-task benchmark and analysis platform for natural language
understanding".) A score is the accuracy on test scenes; where a scene is described, the share of
sentences that are right word for word. Of the samples of an architecture, which differ in what was
searched over, the one that is best on the dev scenes counts.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.errors import QuantlearnError
from quantlearn.figures import formats
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.settings.protocol import PAIRS, whole_task
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.ranking import rank_samples

__all__ = ["MEAN", "TASKS", "Contest", "remark", "scoreboard_table", "shown"]

MEAN = "mean"
TASKS = {
    **{universal: universal for universal in PAIRS},
    "search": "search",
    "longer_scenes": "longer scenes",
    "unseen_counts": "unseen zone counts",
    "description": "sequence to sequence",
    "transfer": "transfer",
    MEAN: "mean",
}
"""The tasks by name, in words."""


@dataclass(frozen=True)
class Contest:
    """An experiment whose samples are architectures: settings and tables, as they are on disk."""

    settings: Mapping[str, Any]
    samples: pd.DataFrame
    trials: pd.DataFrame
    cells: pd.DataFrame

    def chosen(self) -> dict[str, int]:
        """The sample of each architecture that is best on the dev scenes."""
        architectures = _readers(self.samples)
        return {
            name: rank_samples(
                self.trials[self.trials["sample"].map(architectures) == name], "dev"
            )[0]
            for name in dict.fromkeys(architectures.values())
        }

    def tasks(self, sample: int) -> Iterator[tuple[str, pd.DataFrame]]:
        """The tasks that the experiment sets, each with a sample's answers that count for it."""
        answers = self.cells[(self.cells["sample"] == sample) & (self.cells["split"] == "test")]
        if set_task := whole_task(self.settings):
            yield set_task, answers
            return
        longest = self.settings["data"]["split"]["only_test"]["sizes_above"]
        usual = answers[answers["size"] <= longest]
        for universal, pair in PAIRS.items():
            yield universal, usual[usual["quantifier"].isin(pair)]
        yield "longer_scenes", answers[answers["size"] > longest]


def _readers(samples: pd.DataFrame) -> dict[int, str]:
    """The architecture of each sample; where networks write, that of the one that reads scenes."""
    if "network.reader" in samples:
        return dict(zip(samples["sample"], samples["network.reader"], strict=True))
    return architecture_of(samples)


def scoreboard_table(contests: Sequence[Contest]) -> pd.DataFrame:
    """Scores and their means over tasks, with 95 % t intervals over trials.

    The columns are those of `tables.SCOREBOARD`; a mean has no one experiment and sample. A trial's
    mean is over its scores in all tasks. Architectures are sorted by their mean, the best first.
    """
    scores: dict[str, dict[str, pd.Series]] = {}
    rows = []
    for contest in contests:
        for name, sample in contest.chosen().items():
            for task, answers in contest.tasks(sample):
                counts = answers.groupby("trial")[["correct", "scenes"]].sum()
                score = counts["correct"] / counts["scenes"]
                scores.setdefault(name, {})[task] = score
                rows.append(_row(name, task, contest.settings["name"], sample, score))
    every_task = dict.fromkeys(itertools.chain(*scores.values()))
    for name, by_task in scores.items():
        if lacking := [task for task in every_task if task not in by_task]:
            raise QuantlearnError(
                f"scoreboard: no sample of the task {_task(lacking[0])} has the architecture "
                f"{name}: give its search more samples"
            )
        rows.append(_row(name, MEAN, "", pd.NA, pd.DataFrame(by_task).mean(axis=1, skipna=False)))
    table = pd.DataFrame(rows, columns=list(tables.SCOREBOARD)).astype({"sample": "Int64"})
    means = table[table["task"] == MEAN].set_index("architecture")["estimate"]
    order = means.sort_values(ascending=False, kind="stable").index
    place = {name: rank for rank, name in enumerate(order)}
    return table.sort_values("architecture", key=lambda names: names.map(place), kind="stable")


def _row(name: str, task: str, experiment: str, sample: Any, score: pd.Series) -> dict[str, Any]:
    values = score.dropna().to_numpy()
    mean = mean_interval(values)
    lower, upper = np.clip([mean.lower, mean.upper], 0, 1)
    return {
        "architecture": name,
        "task": task,
        "experiment": experiment,
        "sample": sample,
        "estimate": mean.estimate,
        "lower": lower,
        "upper": upper,
        "n": len(values),
    }


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """Who leads, overall and in each task."""
    means = numbers[numbers["task"] == MEAN].sort_values("estimate", ascending=False)
    first, second = means.iloc[0], means.iloc[1]
    apart = (
        "their intervals do not overlap"
        if first["lower"] > second["upper"]
        else "their intervals overlap"
    )
    leaders = formats.listed(
        f"{_task(task)} ({_name(rows.loc[rows['estimate'].idxmax(), 'architecture'])}, "
        f"{formats.percent(rows['estimate'].max())})"
        for task, rows in numbers[numbers["task"] != MEAN].groupby("task", sort=False)
    )
    return (
        f"The {_name(first['architecture'])} has the best mean, {_share(first)}, before the "
        f"{_name(second['architecture'])}, {_share(second)}: {apart} "
        f"({formats.counted(int(first['n']), 'trial')}). The best in each task: {leaders}."
    )


def _share(row: pd.Series) -> str:
    bounds = formats.interval(*(formats.percent(row[side]) for side in ("lower", "upper")))
    return f"{formats.percent(row['estimate'])} (95 % interval {bounds})"


def _name(architecture: str) -> str:
    return ARCHITECTURES[architecture]


def _task(task: str) -> str:
    return TASKS[task]


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """A column for each architecture, the best one first: its score in each task, and the mean."""
    columns = {}
    tasks = [task for task in numbers["task"].unique() if task != MEAN]
    for name, scores in numbers.groupby("architecture", sort=False):
        by_task = scores.set_index("task")
        mean = by_task.loc[MEAN]
        columns[formats.capital(_name(name))] = [
            *(formats.percent(by_task.loc[task, "estimate"]) for task in tasks),
            formats.percent(mean["estimate"]),
            formats.interval(*(formats.percent(mean[side]) for side in ("lower", "upper"))),
        ]
    heads = [*(formats.capital(_task(task)) for task in tasks), "Mean", "95 % interval of the mean"]
    return pd.DataFrame({"Task": heads, **columns})
