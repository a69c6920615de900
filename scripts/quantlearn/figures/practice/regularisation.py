"""Regularisation: how much each means against over-fitting closes the gap to unseen scenes.

The gap of a trial is by how much its network does better on its training scenes than on test
scenes: training accuracy − test accuracy, or test loss − training loss. The trials of all
conditions have the same data, so each condition is compared with the one without any means within
trials. Means: L2 (``training.weight_decay``), dropout and batch normalisation (``network``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import MEAN, Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
from quantlearn.settings.protocol import REGULARISATION
from quantlearn.statistics.comparison import paired_t_test
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.multiple_tests import LEVEL, holm
from quantlearn.statistics.ranking import trial_scores
from quantlearn.statistics.scores import best

READS = ("samples", "trials")

TABLES = {
    "regularisation": {
        "sample": Column("int64", "Hyperparameter sample that is the condition"),
        "condition": Column("str", "none, or which of L2, dropout and batch norm"),
        "metric": Column("str", "accuracy or loss"),
        "quantity": Column(
            "str",
            "train, test, gap (training less test accuracy, test less training loss), and for "
            "the conditions but none: test less none, gap less none (differences within trials)",
        ),
        **MEAN,
        "p_adjusted": Column(
            "float64",
            "Of differences: two-sided p of the paired t-test, by Holm's method over the "
            "conditions",
        ),
        "n": Column("int64", "Trials"),
    },
}

ROWS = {
    "regularisation": "One row for each condition, metric and quantity.",
}

NONE = "none"
CHANGES = {"gap less none": "gap", "test less none": "test accuracy"}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Scores, gaps and their changes against no regularisation, with 95 % t intervals over trials.

    One row for each condition, metric and quantity; p values of the paired t-tests of the changes
    are adjusted by Holm's method over the conditions.
    """
    conditions = {number: condition(experiment.sample(number)) for number in experiment.samples}
    (none,) = (number for number, name in conditions.items() if name == NONE)
    found = scores_and_gaps(experiment.trials)
    measured = {}
    for number in conditions:
        for metric in ("accuracy", "loss"):
            for quantity, scores in found.items():
                values = scores.loc[number, metric]
                measured[number, metric, quantity] = values, None
                if number != none and quantity != "train":
                    change = values - scores.loc[none, metric]
                    p = paired_t_test(change.to_numpy(), "paired_t", metric).p
                    measured[number, metric, f"{quantity} less none"] = change, p
    rows = [
        (
            number,
            conditions[number],
            metric,
            quantity,
            *astuple(mean_interval(values.to_numpy())),
            p,
            len(values),
        )
        for (number, metric, quantity), (values, p) in measured.items()
    ]
    table = pd.DataFrame(rows, columns=list(TABLES["regularisation"]))
    families = table.groupby(["metric", "quantity"])["p_adjusted"]
    table["p_adjusted"] = families.transform(lambda p: holm(p.to_numpy(dtype=float)))
    return {"regularisation": table}


def condition(sample: Mapping[str, Mapping[str, Any]]) -> str:
    """The means against over-fitting that a sample uses, in words.

    >>> condition({"network": {"dropout": 0.5}, "training": {"weight_decay": 0.01}})
    'L2 + dropout'
    """
    used = []
    for setting, word in REGULARISATION.items():
        section, name = setting.split(".")
        if sample[section].get(name):
            used.append(word)
    return " + ".join(used) or NONE


def scores_and_gaps(trials: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Training and test scores and their gap, each accuracy and loss by (sample, trial).

    The gap is positive where training scenes are answered better.
    """
    train, test = (trial_scores(trials, split) for split in ("train", "test"))
    gap = (train - test).assign(loss=test["loss"] - train["loss"])
    return {"train": train, "test": test, "gap": gap}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """The gap between training and test accuracy with no, one and several means of regularisation.

    On the left each line joins the mean accuracy on the training scenes (hollow) and on the test
    scenes (filled); on the right is the change of the gap against no regularisation, within trials.
    All bars are 95 % intervals over trials. Conditions stand in the order of their gap, the
    smallest at the top.
    """
    table = tables["regularisation"]
    accuracy = table[table["metric"] == "accuracy"].set_index(["quantity", "condition"])
    order = accuracy.loc["gap", "estimate"].sort_values(ascending=False, kind="stable").index
    places = {name: place for place, name in enumerate(order)}
    train, test = accuracy.loc["train"], accuracy.loc["test"]
    figure = style.new_figure(style.PAGE_WIDTH, 1.5 + 0.3 * len(order))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for name, place in places.items():
        ends = [train.loc[name, "estimate"], test.loc[name, "estimate"]]
        left.plot(ends, [place, place], color="0.75", linewidth=3, zorder=1)
    first, second = style.OKABE_ITO[:2]
    draw_bars(left, test, places, "percent", marker="s", color=second, label="test scenes")
    looks = {"marker": "o", "color": first, "markerfacecolor": "white"}
    draw_bars(left, train, places, "percent", label="training scenes", **looks)
    change = accuracy.loc["gap less none", ["estimate", "lower", "upper"]]
    draw_bars(right, change, places, "accuracy_points", marker="D", color="black")
    right.plot(0, places[NONE], "D", color="black", markerfacecolor="white")
    right.axvline(0, color=style.GREY, linestyle="--", linewidth=0.8)
    left.set_yticks(range(len(order)), order)
    left.set_ylim(-0.6, len(order) - 0.4)
    left.set_xlabel("Accuracy")
    right.xaxis.set_major_formatter(lambda share, _: formats.number(100 * share))
    right.set_xlabel("Change of the gap, points")
    title = f"{experiment.settings['title']} (n = {accuracy['n'].max()} trials)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9, wrap=True)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def draw_bars(
    axes: Axes, rows: pd.DataFrame, places: Mapping[str, int], form: str, **look: Any
) -> None:
    """Estimates with their intervals, each at the place of its condition."""
    heights = rows.index.map(places)
    axes.hlines(heights, rows["lower"], rows["upper"], color=look["color"], linewidth=1.2, zorder=2)
    (points,) = axes.plot(rows["estimate"], heights, linestyle="none", zorder=3, **look)
    titles = [f"{name}: {estimate(row, form)}" for name, row in rows.to_dict("index").items()]
    svg_titles.tell(points, titles)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """How large the gap is without any means, and what each of them changes."""
    table = tables["regularisation"]
    of_accuracy, of_loss = (
        table[table["metric"] == metric].set_index(["condition", "quantity"])
        for metric in ("accuracy", "loss")
    )
    rows = []
    for name in table["condition"].unique():
        accuracy, loss = of_accuracy.loc[name], of_loss.loc[name]
        row = {
            "Regularisation": name,
            "Training accuracy": formats.percent(accuracy.loc["train", "estimate"]),
            "Test accuracy": formats.percent(accuracy.loc["test", "estimate"]),
            "Gap, points": estimate(accuracy.loc["gap"], "accuracy_points"),
        }
        for quantity, heading in CHANGES.items():
            change = name != NONE and estimate(accuracy.loc[quantity], "accuracy_points")
            row[f"{heading} less that of none, points".capitalize()] = change or formats.MISSING
        row["Training loss"] = formats.correlation(loss.loc["train", "estimate"], 3)
        row["Test loss"] = formats.correlation(loss.loc["test", "estimate"], 3)
        rows.append(row)
    changes = table[(table["metric"] == "accuracy") & table["quantity"].isin(CHANGES)]
    changes = changes.assign(verdict=changes.apply(verdict, axis="columns"))
    means = of_accuracy["estimate"]
    smallest, highest = best(-means[:, "gap"]), best(means[:, "test"])
    return {
        "without": of_accuracy.loc[NONE].to_dict("index"),
        "smallest_gap": (smallest, means[smallest[0], "gap"]),
        "highest_test": (highest, means[highest[0], "test"]),
        "changes": changes.groupby(["quantity", "verdict"])["condition"].agg(list),
        "names": CHANGES,
        "rows": rows,
    }


def verdict(change: pd.Series) -> str:
    """Whether a quantity is shown to change, and which way."""
    if not change["p_adjusted"] < LEVEL:
        return "is not shown to change"
    return "falls" if change["estimate"] < 0 else "grows"
