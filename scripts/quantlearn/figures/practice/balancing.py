"""Balancing: does a network learn a truth value that its training scenes hardly ever have?

A network that always gives the common answer is right as often as this answer is: the majority
baseline, the share of the commoner truth value in the test scenes of a trial. Accuracy alone hides
that it has learned nothing. So answers are counted for scenes where the quantifier is true and
where it is false; the mean of the two accuracies, the balanced accuracy, is one half for every
constant answer, however often each truth value comes (Brodersen et al. 2010, "The balanced accuracy
and its posterior distribution").
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from quantlearn import tables as schemas
from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
from quantlearn.statistics.intervals import CONFIDENCE, Interval, mean_interval

READS = ("cells", "trials")

TABLES = {
    "balancing": {
        "method": Column("str", "data.balance.method: none, downsample or upsample"),
        "sample": Column("int64", "Hyperparameter sample"),
        "steps": Column("float64", "Median steps of its trials"),
        "quantifier": Column("str", "Name in config/quantifiers.yaml"),
        "split": Column("str", "test or dev"),
        "quantity": Column(
            "str",
            "true and false (accuracy on the scenes with this truth value), all (accuracy), "
            "balanced (mean of true and false), majority (share of the commoner truth value), "
            "share_true, and not_above (share of trials whose accuracy is not above majority)",
        ),
        "estimate": Column("float64", "Mean over trials"),
        "lower": Column("float64", "Lower end of its 95 % t interval, of not_above of Wilson's"),
        "upper": Column("float64", "Upper end"),
        "n": Column("int64", "Trials"),
    },
}

ROWS = {
    "balancing": (
        "One row for each length of training and quantity, of this experiment and of those "
        "beside it. Test scenes are counted, or dev scenes where there is no test."
    ),
}

METHODS = {"none": "not balanced", "downsample": "downsampled", "upsample": "upsampled"}
LINES = {
    "true": "scenes where it is true",
    "false": "scenes where it is false",
    "all": "all scenes",
}


def tables(experiment: Experiment, beside: Sequence[Experiment], _: int) -> dict[str, pd.DataFrame]:
    """Scores of each experiment, sample and quantifier, with 95 % intervals over trials.

    The quantities are those of `scores_by_truth` (means with t intervals) and ``not_above``: the
    share of trials in which no more scenes are answered rightly than by the common answer alone,
    with Wilson's interval.
    """
    rows = []
    for one in (experiment, *beside):
        method = one.settings["data"]["balance"]["method"]
        steps = one.trials.groupby("sample")["steps"].median()
        held_out, split = schemas.held_out(one.cells, one.path("cells"))
        for quantifier, cells in held_out.groupby("quantifier", sort=False):
            for sample, scores in scores_by_truth(cells).groupby("sample"):
                key = method, sample, steps[sample], quantifier, split
                for quantity, found in estimates(scores).items():
                    rows.append((*key, quantity, *astuple(found), len(scores)))
    table = pd.DataFrame(rows, columns=list(TABLES["balancing"]))
    table["method"] = pd.Categorical(table["method"], list(METHODS))  # in this order
    return {"balancing": table.sort_values(["method", "steps"], kind="stable")}


def scores_by_truth(cells: pd.DataFrame) -> pd.DataFrame:
    """Accuracies and the majority baseline of each (sample, trial), all 0 to 1.

    ``cells`` holds answers counted by cell, of one quantifier and one split. Columns: true, false
    (accuracy on the scenes with this truth value; nan without any), all, balanced, majority,
    share_true.

    >>> scores_by_truth(pd.DataFrame({"sample": 0, "trial": 0, "truth": [True, False],
    ...                               "scenes": [10, 90], "correct": [0, 90]})).iloc[0].to_dict()
    {'true': 0.0, 'false': 1.0, 'all': 0.9, 'balanced': 0.5, 'majority': 0.9, 'share_true': 0.1}
    """
    counts = cells.pivot_table(["scenes", "correct"], ["sample", "trial"], "truth", "sum")
    scenes, correct = (
        counts[column].reindex(columns=[True, False]).fillna(0) for column in ("scenes", "correct")
    )
    total = scenes.sum(axis="columns")
    share = correct / scenes.where(scenes > 0)
    return pd.DataFrame(
        {
            "true": share[True],
            "false": share[False],
            "all": correct.sum(axis="columns") / total,
            "balanced": (share[True] + share[False]) / 2,
            "majority": scenes.max(axis="columns") / total,
            "share_true": scenes[True] / total,
        }
    )


def estimates(scores: pd.DataFrame) -> dict[str, Interval]:
    """Means of scores over trials, and the share of trials that the majority baseline beats."""
    # Only here: drawing estimates nothing.
    from scipy.stats import binomtest  # noqa: PLC0415

    found = {}
    for name in scores:
        mean = mean_interval(scores[name].dropna().to_numpy())
        # A t interval of few trials may reach beyond what an accuracy can be.
        found[name] = Interval(mean.estimate, *np.clip([mean.lower, mean.upper], 0, 1).tolist())
    # A few parts in 10¹⁰ of rounding must not decide between two quotients of whole numbers.
    below = int((scores["all"] <= scores["majority"] + 1e-9).sum())
    bounds = binomtest(below, len(scores)).proportion_ci(CONFIDENCE, method="wilson")
    found["not_above"] = Interval(below / len(scores), float(bounds.low), float(bounds.high))
    return found


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Accuracy on the scenes of each truth value, by how the training scenes are balanced.

    Each point is the mean over trials, with its 95 % interval, of networks that were trained for so
    many steps and no further. The grey dashed line is the majority baseline: the accuracy of always
    giving the commoner answer. Where scenes are downsampled, the test scenes are balanced too; the
    accuracy on the scenes of one truth value can be compared all the same.
    """
    table = tables["balancing"]
    methods, quantifiers = table["method"].unique(), experiment.settings["quantifiers"]
    shape = len(quantifiers), len(methods)
    figure = style.new_figure(style.PAGE_WIDTH, 1.4 + 2.4 * len(quantifiers))
    grid = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False)
    panels = dict(iter(table.groupby(["quantifier", "method"])))
    for row, quantifier in zip(grid, quantifiers, strict=True):
        for axes, method in zip(row, methods, strict=True):
            draw_panel(axes, panels[quantifier, method])
            axes.set_title(METHODS[method].capitalize())
        row[0].set_ylabel(f"Accuracy ({style.label(quantifier)})")
    for axes in grid[-1]:
        axes.set_xlabel("Training steps")
    title = f"Accuracy by truth value (n = {table['n'].max()} trials)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9, wrap=True)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, handlelength=3)
    return figure


def draw_panel(axes: Axes, rows: pd.DataFrame) -> None:
    """The accuracies of one quantifier under one balance, against the length of training."""
    for quantity, look in style.looks(list(LINES)).items():
        line = rows[rows["quantity"] == quantity]
        bars = np.abs(line[["lower", "upper"]].to_numpy().T - line["estimate"].to_numpy())
        drawn = axes.errorbar(
            line["steps"],
            line["estimate"],
            yerr=np.nan_to_num(bars),
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            capsize=2,
            label=LINES[quantity],
        )
        titles = [
            f"{LINES[quantity]}, step {row['steps']:,}: {estimate(row, 'percent')}"
            for row in line.to_dict("records")
        ]
        svg_titles.tell(drawn.lines[0], titles)
    baseline = rows.loc[rows["quantity"] == "majority", "estimate"].mean()
    look = {"color": style.GREY, "linestyle": "--", "linewidth": 0.9}
    axes.axhline(baseline, label="majority baseline", **look)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda steps, _: f"{steps:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.03, 1.03)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Whether networks are stuck at the common answer, and what balancing changes."""
    table = tables["balancing"]
    rows, first, best = [], {}, {}
    for quantifier, own in table[table["quantity"] == "balanced"].groupby("quantifier"):
        lengths = own.sort_values("steps").groupby("method", observed=True)
        if len(lengths) > 1:
            best[quantifier] = {
                "shortest": ranked(lengths.head(1)),
                "longest": ranked(lengths.tail(1)),
            }
    for (quantifier, method, steps), part in table.groupby(
        ["quantifier", "method", "steps"], sort=False
    ):
        found = part.set_index("quantity")
        first.setdefault(quantifier, {"method": method, "lengths": []})
        if first[quantifier]["method"] == method:
            first[quantifier]["lengths"].append(found.to_dict("index"))
        n = found["n"].iloc[0]
        rows.append(
            {
                "Balance": METHODS[method],
                "Quantifier": style.label(quantifier),
                "Steps": formats.steps(steps),
                "Right where true": estimate(found.loc["true"], "percent"),
                "Right where false": estimate(found.loc["false"], "percent"),
                "Balanced accuracy": estimate(found.loc["balanced"], "percent"),
                "Accuracy": formats.percent(found.loc["all", "estimate"]),
                "Majority baseline": formats.percent(found.loc["majority", "estimate"]),
                "Not above it": f"{round(found.loc['not_above', 'estimate'] * n)} of {n}",
            }
        )
    return {"first": first, "best": best, "methods": METHODS, "rows": rows}


def ranked(scores: pd.DataFrame) -> dict[str, Any]:
    """Rows of several methods, best first, and whether the best one's interval is above all others.

    >>> rows = {"method": ["a", "b"], "estimate": [0.6, 0.9], "lower": 0.5, "upper": [0.7, 0.95]}
    >>> ranked(pd.DataFrame(rows))["clear"]
    False
    """
    rows = scores.sort_values("estimate", ascending=False, kind="stable").to_dict("records")
    return {"rows": rows, "clear": all(rows[0]["lower"] > row["upper"] for row in rows[1:])}
