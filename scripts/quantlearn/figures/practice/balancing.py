"""Balancing: does a network learn a truth value that its training scenes hardly ever have?

A network that always gives the common answer is right as often as this answer is: the majority
baseline, the share of the commoner truth value in the test scenes of a trial. Accuracy alone hides
that it has learned nothing. So answers are counted for scenes where the quantifier is true and
where it is false; the mean of the two accuracies, the balanced accuracy, is one half for every
constant answer, however often each truth value comes (Brodersen et al. 2010, "The balanced accuracy
and its posterior distribution").
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.statistics.intervals import CONFIDENCE, Interval, mean_interval

__all__ = ["Part", "balancing_table", "remark", "scores_by_truth", "shown"]

METHODS = {
    "none": "not balanced",
    "downsample": "downsampled",
    "upsample": "upsampled",
}


SIDES = ("true", "false")


class Part(NamedTuple):
    """An experiment: how it balances, its answers by cell and its trials, of all samples."""

    method: str
    cells: pd.DataFrame
    trials: pd.DataFrame


def scores_by_truth(cells: pd.DataFrame) -> pd.DataFrame:
    """Accuracies and the majority baseline of each (sample, trial), all 0 to 1.

    ``cells`` holds answers counted by cell, of one quantifier and one split. Columns: true, false
    (accuracy on the scenes with this truth value; nan without any), all, balanced, majority,
    share_true.

    >>> scores_by_truth(pd.DataFrame({"sample": 0, "trial": 0, "truth": [True, False],
    ...                               "scenes": [10, 90], "correct": [0, 90]})).iloc[0].to_dict()
    {'true': 0.0, 'false': 1.0, 'all': 0.9, 'balanced': 0.5, 'majority': 0.9, 'share_true': 0.1}
    """
    counts = cells.pivot_table(
        index=["sample", "trial"], columns="truth", values=["scenes", "correct"], aggfunc="sum"
    )
    scenes, correct = (
        counts[column].reindex(columns=[True, False], fill_value=0).fillna(0)
        for column in ("scenes", "correct")
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


def balancing_table(parts: Sequence[Part]) -> pd.DataFrame:
    """Scores of each experiment, sample and quantifier, with 95 % intervals over trials.

    The quantities are those of `scores_by_truth` (means with t intervals) and ``not_above``: the
    share of trials in which no more scenes are answered rightly than by the common answer alone,
    with Wilson's interval. Columns: those of `quantlearn.tables.BALANCING`.
    """
    rows = []
    for part in parts:
        steps = part.trials.groupby("sample")["steps"].median()
        held_out, split = tables.held_out(part.cells, f"the cells of balance {part.method}")
        for quantifier, cells in held_out.groupby("quantifier", sort=False):
            for sample, scores in scores_by_truth(cells).groupby("sample"):
                for quantity, found in _estimates(scores).items():
                    rows.append(
                        {
                            "method": part.method,
                            "sample": sample,
                            "steps": steps[sample],
                            "quantifier": quantifier,
                            "split": split,
                            "quantity": quantity,
                            "estimate": found.estimate,
                            "lower": found.lower,
                            "upper": found.upper,
                            "n": len(scores),
                        }
                    )
    table = pd.DataFrame(rows, columns=list(tables.BALANCING))
    return table.sort_values(["method", "steps"], kind="stable", key=_in_order, ignore_index=True)


def _in_order(column: pd.Series) -> pd.Series:
    return column.map(list(METHODS).index) if column.name == "method" else column


def _estimates(scores: pd.DataFrame) -> dict[str, Interval]:
    found = {name: mean_interval(scores[name].dropna().to_numpy()) for name in scores}
    found = {
        name: Interval(one.estimate, *np.clip([one.lower, one.upper], 0, 1).tolist())
        for name, one in found.items()
    }
    # A few parts in 10¹⁰ of rounding must not decide between two quotients of whole numbers.
    below = int((scores["all"] <= scores["majority"] + 1e-9).sum())
    test = stats.binomtest(below, len(scores))
    bounds = test.proportion_ci(CONFIDENCE, method="wilson")
    return {
        **found,
        "not_above": Interval(below / len(scores), float(bounds.low), float(bounds.high)),
    }


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """Whether networks are stuck at the common answer, and what balancing changes."""
    lines = []
    for quantifier in settings["quantifiers"]:
        of_one = numbers[numbers["quantifier"] == quantifier]
        lines += [_remark(of_one, formats.name(quantifier)), ""]
    return "\n".join(lines).strip()


def _remark(numbers: pd.DataFrame, name: str) -> str:
    rare = rare_truth(numbers)
    common = "false" if rare == "true" else "true"
    by_method = {
        method: rows.pivot_table(index="steps", columns="quantity", values="estimate")
        for method, rows in numbers.groupby("method", sort=False)
    }
    n = int(numbers["n"].max())
    lines = []
    if "none" in by_method:
        none = by_method["none"]
        lines += [
            f"{formats.capital(name)} is {common} in {formats.percent(none['majority'].iloc[0])} "
            f"of "
            f"the scenes as they come. Who always says {common} is right as often.",
            "",
            *(f"- {_stuck(row, steps, rare, n)}" for steps, row in _ends(none)),
            "",
        ]
    lines.append(
        "With 95 % intervals over trials (the balanced accuracy is the mean of the accuracies on "
        "true and on false scenes, 50 % for any constant answer):"
    )
    for place, length in {0: "shortest", -1: "longest"}.items():
        lines += ["", f"After the {length} training:", ""]
        lines += [f"- {_scores_after(numbers, method, place)}" for method in by_method]
    return "\n".join(lines)


def rare_truth(numbers: pd.DataFrame) -> str:
    """The truth value, "true" or "false", that is rarer in the first experiment's scenes."""
    share = numbers.loc[numbers["quantity"] == "share_true", "estimate"].iloc[0]
    return "true" if share < 0.5 else "false"


def _ends(wide: pd.DataFrame) -> list[tuple[float, pd.Series]]:
    """The shortest and the longest training."""
    return [(steps, wide.loc[steps]) for steps in dict.fromkeys(wide.index[[0, -1]])]


def _stuck(row: pd.Series, steps: float, rare: str, n: int) -> str:
    below = round(row["not_above"] * n)
    verdict = (
        "all networks are stuck at the common answer, with an accuracy not above this baseline"
        if below == n
        else f"the accuracy is above this baseline in {n - below} of {formats.counted(n, 'trial')}"
    )
    return (
        f"Not balanced, after {formats.steps(steps)} steps, {verdict}: "
        f"{formats.percent(row['all'])} "
        f"of all test scenes are answered rightly, and {formats.percent(row[rare])} of those where "
        f"it is {rare}."
    )


def _scores_after(numbers: pd.DataFrame, method: str, place: int) -> str:
    """The accuracies under one balance after the shortest (0) or the longest training (−1)."""
    of_method = numbers[numbers["method"] == method]
    steps = sorted(set(of_method["steps"]))[place]
    rows = of_method[of_method["steps"] == steps].set_index("quantity")
    right = [f"{_with_interval(rows.loc[side])} where it is {side}" for side in SIDES]
    return (
        f"{METHODS[method]}, {formats.steps(steps)} steps: balanced accuracy "
        f"{_with_interval(rows.loc['balanced'])}; right are {formats.listed(right)}"
    )


def _with_interval(row: pd.Series) -> str:
    interval = formats.interval(formats.percent(row["lower"]), formats.percent(row["upper"]))
    shown = f" ({interval})" if interval != formats.MISSING else ""
    return f"{formats.percent(row['estimate'])}{shown}"


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each balance and length of training."""
    keys = ["quantifier", "method", "steps"]
    wide = numbers.pivot_table(index=keys, columns="quantity", values="estimate")
    order = numbers[keys].drop_duplicates()
    n = numbers.set_index(keys)["n"].groupby(level=keys).first()
    several = len(set(numbers["quantifier"])) > 1
    rows = []
    for quantifier, method, steps in order.itertuples(index=False):
        row = wide.loc[quantifier, method, steps]
        trials = n.loc[quantifier, method, steps]
        rows.append(
            {
                "Balance": METHODS[method],
                **({"Quantifier": quantifier.replace("_", " ")} if several else {}),
                "Steps": formats.steps(steps),
                "Right where true": formats.percent(row["true"]),
                "Right where false": formats.percent(row["false"]),
                "Balanced accuracy": formats.percent(row["balanced"]),
                "Accuracy": formats.percent(row["all"]),
                "Majority baseline": formats.percent(row["majority"]),
                "Not above it": f"{round(row['not_above'] * trials)} of {trials}",
            }
        )
    return pd.DataFrame(rows)
