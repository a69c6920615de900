"""Fine-tuning: what a start from other networks is worth, by the number of labelled scenes.

The samples are combinations of a start (``training.start``: none, or the networks of another
experiment) and a number of training scenes (``training.scenes``). Accuracy is that on the test
scenes. All samples have the same trials and data, and fewer scenes are among more, so the two
starts are compared within trials: for each number of scenes, and over all by the area between the
two curves, the mean difference over the logarithm of the number of scenes.

Short scenes are few, so some of the test scenes are also among those that the pretrained networks
were trained on, before they were asked anything. How many is part of the result.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.figures.formats import p_phrase
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.statistics.comparison import LEVEL, holm, paired_t_test
from quantlearn.statistics.intervals import mean_interval
from quantlearn.tables import TableError

__all__ = ["STARTS", "accuracies", "finetuning_table", "met_before", "remark", "shown"]

SCRATCH, PRETRAINED = "scratch", "pretrained"
STARTS = (SCRATCH, PRETRAINED)


def accuracies(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Test accuracy by (start, trial), a column for each number of scenes in ascending order.

    ``samples`` has the columns sample, training.start and training.scenes. Raises `TableError`
    unless each combination of two starts, one of them none, with a number of scenes is one sample.
    """
    starts = samples["training.start"].astype(str)
    named = samples.assign(
        start=np.where(starts.isin(["null", "nan"]), SCRATCH, PRETRAINED),
        scenes=pd.to_numeric(samples["training.scenes"], errors="coerce"),
    )
    often = named.groupby(["start", "scenes"]).size()
    complete = set(named["start"]) == set(STARTS) and len(often) == 2 * named["scenes"].nunique()
    if not complete or (often != 1).any():
        raise TableError(
            "fine-tuning is compared where each training.start, null and another, has one sample "
            "for each number in training.scenes"
        )
    merged = trials.merge(named[["sample", "start", "scenes"]], on="sample")
    return merged.pivot_table("test_accuracy", ["start", "trial"], "scenes")


def met_before(tested: LabelledScenes, trained: LabelledScenes) -> float:
    """The share of the tested scenes that are among the trained ones, whatever is asked of them.

    >>> def scenes(rows):
    ...     return LabelledScenes(np.array(rows), np.full(len(rows), 2), None, np.ones(len(rows)))
    >>> met_before(scenes([[0, 1], [1, 0]]), scenes([[1, 0], [1, 1]]))
    0.5
    """
    known = set(_rows(trained))
    return float(np.mean([row in known for row in _rows(tested)]))


def _rows(labelled: LabelledScenes) -> list[bytes]:
    scenes = labelled.scenes.astype(np.uint8)
    return [row[:size].tobytes() for row, size in zip(scenes, labelled.sizes.tolist(), strict=True)]


def finetuning_table(
    samples: pd.DataFrame, trials: pd.DataFrame, met: Sequence[float]
) -> pd.DataFrame:
    """Accuracies, their differences and the area between the curves, with 95 % t intervals.

    ``met`` holds the share of `met_before` for each trial, of which the mean is added. p values of
    the paired t-tests are adjusted by Holm's method over the numbers of scenes; the area is one
    more test and stands for itself. Columns: `quantlearn.tables.FINETUNING`.
    """
    found = accuracies(samples, trials)
    differences = (found.loc[PRETRAINED] - found.loc[SCRATCH]).dropna()
    rows = []
    for start in STARTS:
        for scenes, values in found.loc[start].items():
            mean = mean_interval(values.to_numpy())
            rows.append(
                {
                    **{"kind": "accuracy", "start": start, "scenes": scenes, "n": len(values)},
                    **{"estimate": mean.estimate, "lower": mean.lower, "upper": mean.upper},
                }
            )
    tests = [
        paired_t_test(differences[scenes].to_numpy(), "paired_t", "accuracy")
        for scenes in differences
    ]
    adjusted = holm(np.array([test.p for test in tests]))
    area = paired_t_test(area_between(differences).to_numpy(), "paired_t", "accuracy")
    for kind, scenes, test, p in [
        *(("difference", *row) for row in zip(differences.columns, tests, adjusted, strict=True)),
        ("area", pd.NA, area, area.p),
    ]:
        rows.append(
            {
                **{"kind": kind, "start": PRETRAINED, "scenes": scenes, "n": test.n},
                **{"estimate": test.estimate, "lower": test.lower, "upper": test.upper},
                "p_adjusted": p,
            }
        )
    share = mean_interval(np.array(met))
    rows.append(
        {
            **{"kind": "met before", "start": PRETRAINED, "n": len(met)},
            **{"estimate": share.estimate, "lower": share.lower, "upper": share.upper},
        }
    )
    table = pd.DataFrame(rows, columns=list(tables.FINETUNING))
    return table.astype({"scenes": "Int64", "p_adjusted": "float64"})


def area_between(differences: pd.DataFrame) -> pd.Series:
    """The mean difference of each trial over the logarithm of the number of scenes (columns).

    >>> differences = pd.DataFrame({10: [0.0], 100: [0.2], 1000: [0.4]})
    >>> float(area_between(differences).round(6).iloc[0])
    0.2
    """
    places = np.log(differences.columns.to_numpy(dtype=float))
    if len(places) == 1:
        return differences.iloc[:, 0]
    areas = np.trapezoid(differences, places, axis=1) / np.ptp(places)
    return pd.Series(areas, index=differences.index)


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """Where pretraining pays, how much, and how many scenes it stands for."""
    # Read without a schema, a column with blanks has no whole numbers.
    curves = numbers[numbers["kind"] == "accuracy"].astype({"scenes": "int64"})
    curves = curves.pivot_table("estimate", "scenes", "start")
    differences = numbers[numbers["kind"] == "difference"].set_index("scenes")
    area, met = (numbers[numbers["kind"] == kind].iloc[0] for kind in ("area", "met before"))
    better = differences[(differences["p_adjusted"] < LEVEL) & (differences["estimate"] > 0)]
    worse = differences[(differences["p_adjusted"] < LEVEL) & (differences["estimate"] < 0)]
    largest = differences.loc[differences["estimate"].idxmax()]
    least, most = curves.index.min(), curves.index.max()
    lines = [
        f"With {least} labelled scenes, networks that start from `{settings['start_from']}` answer "
        f"{formats.percent(curves.loc[least, PRETRAINED])} of the test scenes rightly and networks "
        f"from scratch {formats.percent(curves.loc[least, SCRATCH])}; with {most} it is "
        f"{formats.percent(curves.loc[most, PRETRAINED])} and "
        f"{formats.percent(curves.loc[most, SCRATCH])}.",
        f"{_where(better, 'higher')} {_where(worse, 'lower')} The largest difference is "
        f"{_points(largest)}, with {int(largest.name)} scenes. Over all numbers of scenes, on "
        f"their logarithm, the curves are {_points(area)} apart.",
        _equivalent(curves),
        f"Of the test scenes, {formats.percent(met['estimate'])} are among those that the networks "
        f"of `{settings['start_from']}` were trained on.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _where(rows: pd.DataFrame, how: str) -> str:
    if rows.empty:
        return f"With no number of scenes the accuracy after pretraining is shown to be {how}."
    scenes = formats.listed(str(int(n)) for n in rows.index)
    return (
        f"The accuracy after pretraining is {how} with {scenes} scenes (paired t-tests, p adjusted "
        "by Holm's method)."
    )


def _equivalent(curves: pd.DataFrame) -> str:
    """How many scenes from scratch are as good as each number after pretraining."""
    scratch = curves[SCRATCH].cummax()  # more scenes that happen to give less are no better
    parts = []
    for scenes, reached in curves[PRETRAINED].items():
        if reached > scratch.iloc[-1]:
            parts.append(f"{scenes} for more than {scratch.index[-1]}")
            continue
        if reached <= scratch.iloc[0]:
            continue
        needed = np.exp(np.interp(reached, scratch, np.log(scratch.index.to_numpy(dtype=float))))
        parts.append(f"{scenes} for {formats.steps(needed)}")
    if not parts:
        return "After pretraining no number of scenes is worth more than the fewest from scratch."
    return (
        "Scenes after pretraining for as many from scratch that give the same mean accuracy "
        f"(interpolated): {', '.join(parts)}."
    )


def _points(row: Any) -> str:
    bounds = formats.interval(*map(formats.accuracy_points, (row.lower, row.upper)))
    return (
        f"{formats.accuracy_points(row.estimate)} percentage points (95 % interval {bounds}; "
        f"{p_phrase(row.p_adjusted)})"
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each number of scenes."""
    by_kind = numbers.set_index(["kind", "start", "scenes"])
    rows = []
    for scenes in numbers["scenes"].dropna().unique():
        accuracy = {start: by_kind.loc[("accuracy", start, scenes)] for start in STARTS}
        difference = by_kind.loc[("difference", PRETRAINED, scenes)]
        rows.append(
            {
                "Labelled scenes": f"{int(scenes):,}",
                **{
                    f"Accuracy, {start}": f"{formats.percent(row['estimate'])} ("
                    + formats.interval(*(formats.percent(row[side]) for side in ("lower", "upper")))
                    + ")"
                    for start, row in accuracy.items()
                },
                "Difference, points": formats.accuracy_points(difference["estimate"]),
                "95 % interval": formats.interval(
                    *(formats.accuracy_points(difference[bound]) for bound in ("lower", "upper"))
                ),
                "p": formats.p_value(difference["p_adjusted"]),
            }
        )
    return pd.DataFrame(rows)
