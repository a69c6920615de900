"""Regularisation: how much each means against over-fitting closes the gap to unseen scenes.

The gap of a trial is by how much its network does better on its training scenes than on test
scenes: training accuracy − test accuracy, or test loss − training loss. The trials of all
conditions have the same data, so each condition is compared with the one without any means within
trials. Means: L2 (``training.weight_decay``), dropout and batch normalisation (``network``).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.figures.formats import p_phrase
from quantlearn.settings.protocol import REGULARISATION
from quantlearn.statistics.comparison import LEVEL, Comparison, holm, paired_t_test
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.ranking import trial_scores
from quantlearn.tables import TableError

__all__ = ["NONE", "conditions", "gaps", "headline", "regularisation_table", "remark", "shown"]

NONE = "none"
METRICS = ("accuracy", "loss")


def conditions(samples: pd.DataFrame) -> pd.Series:
    """The means that each sample uses, in words, by the number of the sample.

    ``samples`` has the column sample and settings as columns. Raises `TableError` unless every
    combination of means is one sample and one of them is without any.

    >>> conditions(pd.DataFrame({"sample": [0, 1], "network.dropout": [0.0, 0.5],
    ...                          "training.weight_decay": [0.0, 0.01]})).tolist()
    ['none', 'L2 + dropout']
    """
    used = [
        " + ".join(word for setting, word in REGULARISATION.items() if row.get(setting))
        for row in samples.to_dict("records")
    ]
    named = pd.Series([name or NONE for name in used], index=samples["sample"], name="condition")
    if len(named) < 2 or not named.is_unique or NONE not in set(named):
        raise TableError(
            f"the samples use {formats.listed(named)}: regularisation is compared where each "
            "combination is one sample and one of them has none"
        )
    return named


def gaps(trials: pd.DataFrame) -> pd.DataFrame:
    """Training and test scores and their gap, by (sample, trial) and (metric, quantity).

    ``trials`` is tables/trials.csv; the quantities are train, test and gap, which is positive where
    training scenes are answered better.
    """
    scores = {split: trial_scores(trials, split) for split in ("train", "test")}
    better = {
        "accuracy": scores["train"]["accuracy"] - scores["test"]["accuracy"],
        "loss": scores["test"]["loss"] - scores["train"]["loss"],
    }
    return pd.DataFrame(
        {
            (metric, quantity): values
            for metric, gap in better.items()
            for quantity, values in {
                **{split: scores[split][metric] for split in scores},
                "gap": gap,
            }.items()
        }
    )


def regularisation_table(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Scores, gaps and their changes against no regularisation, with 95 % t intervals over trials.

    One row for each condition, metric and quantity; p values of the paired t-tests of the changes
    are adjusted by Holm's method over the conditions. Columns: those of
    `quantlearn.tables.REGULARISATION`.
    """
    named = conditions(samples)
    found = gaps(trials)
    without = found.loc[named.index[named == NONE][0]]
    rows = []
    for sample, condition in named.items():
        of_sample = found.loc[sample]
        for metric, quantity in found.columns:
            values = of_sample[metric, quantity]
            rows.append(_row(sample, condition, metric, quantity, _mean(values.to_numpy())))
            if condition != NONE and quantity != "train":
                change = (values - without[metric, quantity]).to_numpy()
                test = paired_t_test(change, "paired_t", metric)
                rows.append(_row(sample, condition, metric, f"{quantity} less none", test))
    table = pd.DataFrame(rows, columns=list(tables.REGULARISATION))
    table["p_adjusted"] = table.groupby(["metric", "quantity"])["p_adjusted"].transform(
        lambda p: holm(p.to_numpy(dtype=float))
    )
    return table


def _mean(values: Any) -> Comparison:
    mean = mean_interval(values)
    found = Comparison("mean", "", len(values))
    return replace(found, estimate=mean.estimate, lower=mean.lower, upper=mean.upper)


def _row(
    sample: int, condition: str, metric: str, quantity: str, found: Comparison
) -> dict[str, Any]:
    return {
        "sample": sample,
        "condition": condition,
        "metric": metric,
        "quantity": quantity,
        "estimate": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
        "p_adjusted": found.p,
        "n": found.n,
    }


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """How large the gap is without any means, and what each of them changes."""
    lines = [
        headline(numbers, settings),
        "",
        "Against none, within trials (95 % interval; paired t-test, p adjusted by Holm's method):",
        "",
    ]
    accuracy = _accuracy(numbers)
    for condition in accuracy.loc["gap less none"].index:
        lines.append(f"- {formats.capital(condition)}: {_changes(accuracy, condition)}.")
    return "\n".join(lines)


def headline(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """How large the gap is without any means, and with the best."""
    accuracy = _accuracy(numbers)
    none = accuracy.loc["gap", NONE]
    gap = accuracy.loc["gap", "estimate"]
    test = accuracy.loc["test", "estimate"]
    return (
        f"Without regularisation the networks answer {_share(accuracy, 'train', NONE)} of their "
        f"training scenes and {_share(accuracy, 'test', NONE)} of the test scenes rightly: a gap "
        f"of {formats.accuracy_points(none['estimate'])} percentage points (95 % interval "
        f"{_between(none)}, {formats.counted(int(none['n']), 'trial')}). It is smallest with "
        f"{gap.idxmin()} ({formats.accuracy_points(gap.min())}), and the test accuracy is highest "
        f"with {test.idxmax()} ({formats.percent(test.max())})."
    )


def _accuracy(numbers: pd.DataFrame) -> pd.DataFrame:
    return numbers[numbers["metric"] == "accuracy"].set_index(["quantity", "condition"])


def _changes(accuracy: pd.DataFrame, condition: str) -> str:
    words = {"gap": "gap", "test": "test accuracy"}
    return ", ".join(
        f"the {words[quantity]} {_change(accuracy.loc[f'{quantity} less none', condition])}"
        for quantity in words
    )


def _change(row: pd.Series) -> str:
    if not row["p_adjusted"] < LEVEL:
        return (
            f"is not shown to change (by {formats.accuracy_points(row['estimate'])} points, "
            f"{_between(row)}; {p_phrase(row['p_adjusted'])})"
        )
    verb, sign = ("falls", -1) if row["estimate"] < 0 else ("grows", 1)
    low, size, high = (
        formats.accuracy_points(points)
        for points in sorted(sign * row[["lower", "estimate", "upper"]])
    )
    return f"{verb} by {size} points ({low} to {high}; {p_phrase(row['p_adjusted'])})"


def _share(accuracy: pd.DataFrame, quantity: str, condition: str) -> str:
    return formats.percent(accuracy.loc[(quantity, condition), "estimate"])


def _between(row: pd.Series) -> str:
    return formats.interval(*(formats.accuracy_points(row[bound]) for bound in ("lower", "upper")))


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each condition."""
    by_name = numbers.set_index(["metric", "quantity", "condition"])
    rows = []
    for condition in numbers["condition"].unique():
        accuracy, loss = (by_name.loc[metric].xs(condition, level=1) for metric in METRICS)
        rows.append(
            {
                "Regularisation": condition,
                "Training accuracy": formats.percent(accuracy.loc["train", "estimate"]),
                "Test accuracy": formats.percent(accuracy.loc["test", "estimate"]),
                "Gap, points": formats.accuracy_points(accuracy.loc["gap", "estimate"]),
                "95 % interval": _between(accuracy.loc["gap"]),
                "Training loss": f"{loss.loc['train', 'estimate']:.3f}",
                "Test loss": f"{loss.loc['test', 'estimate']:.3f}",
            }
        )
    return pd.DataFrame(rows)
