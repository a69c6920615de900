"""Generalisation: test scenes of a kind that was trained against those of a new kind.

What is new depends on the split of the experiment (``data.split``):

- ``only_test.sizes_above``: scenes with more objects than any training scene;
- ``only_test.quantifiers``: quantifiers of which no scene was trained;
- ``by: zone_counts`` or ``size``: zone counts, or sizes, of which no scene was trained. What was
  trained is then in an experiment beside this one, with the same quantifiers, split by scene.

Where both kinds are answered by the same networks, their difference is paired by trial; between two
experiments it is a difference of independent means (Welch).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.settings.protocol import is_control, novelty
from quantlearn.statistics.comparison import welch_test
from quantlearn.statistics.intervals import Interval, mean_interval

__all__ = ["Answers", "generalisation", "remark", "shown"]


@dataclass(frozen=True)
class Answers:
    """An experiment's settings, and its answers and those of the baselines on the test split."""

    settings: Mapping[str, Any]
    cells: pd.DataFrame
    baselines: pd.DataFrame

    def of(self, quantifiers: Sequence[str], sizes: Sequence[int]) -> "Answers":
        """The part with these quantifiers and sizes."""
        return Answers(
            self.settings,
            *(_part(table, quantifiers, sizes) for table in (self.cells, self.baselines)),
        )

    def accuracy(self) -> pd.Series:
        """Share of right answers of each trial."""
        summed = self.cells.groupby("trial")[["correct", "scenes"]].sum()
        return summed["correct"] / summed["scenes"]

    def sizes(self) -> list[int]:
        """The sizes of the scenes, ascending."""
        return sorted(self.cells["size"].unique().tolist())


def generalisation(tested: Answers, beside: Sequence[Answers]) -> pd.DataFrame:
    """The table of the analysis, with the columns of `quantlearn.tables.GENERALISATION`.

    Something in the test scenes is new; where the split makes it so, one experiment of those
    ``beside`` is a control.
    """
    kind = novelty(tested.settings)
    rows = {"size": _by_size, "quantifier": _by_quantifier}.get(kind, _by_experiment)
    return pd.DataFrame(list(rows(tested, beside)), columns=list(tables.GENERALISATION)).astype(
        {"size": "Int64"}
    )


def _by_size(tested: Answers, _: Sequence[Answers]) -> Iterator[dict[str, Any]]:
    border = tested.settings["data"]["split"]["only_test"]["sizes_above"]
    sizes = tested.sizes()
    short, long = ([size for size in sizes if (size <= border) == known] for known in (True, False))
    for quantifier in _learned(tested.settings):
        known = tested.of([quantifier], short)
        yield _row(known, quantifier)
        yield _row(tested.of([quantifier], long), quantifier, known)
        for size in sizes:
            part = tested.of([quantifier], [size])
            yield _row(part, quantifier, known if size > border else None) | {"size": size}


def _by_quantifier(tested: Answers, _: Sequence[Answers]) -> Iterator[dict[str, Any]]:
    learned, sizes = _learned(tested.settings), tested.sizes()
    new = [name for name in tested.settings["quantifiers"] if name not in learned]
    known = tested.of(learned, sizes)
    yield _row(known, "all")
    yield _row(tested.of(new, sizes), "all", known)
    for quantifier in tested.settings["quantifiers"]:
        part = tested.of([quantifier], sizes)
        yield _row(part, quantifier, None if quantifier in learned else known)


def _by_experiment(tested: Answers, beside: Sequence[Answers]) -> Iterator[dict[str, Any]]:
    (control,) = (other for other in beside if is_control(other.settings, tested.settings))
    for quantifier in tested.settings["quantifiers"]:
        known, new = (part.of([quantifier], part.sizes()) for part in (control, tested))
        yield _row(known, quantifier)
        yield _row(new, quantifier, known)


def _row(part: Answers, quantifier: str, trained: Answers | None = None) -> dict[str, Any]:
    """One row; ``trained`` is what a part of a new kind is compared with."""
    accuracy = part.accuracy()
    mean = mean_interval(accuracy.to_numpy())
    loss = Interval(np.nan) if trained is None else _loss(trained, part)
    return {
        "experiment": part.settings["name"],
        "quantifier": quantifier,
        "size": pd.NA,
        "trained": trained is None,
        "trials": len(accuracy),
        "scenes": part.cells["scenes"].sum(),
        "accuracy": mean.estimate,
        # A t interval of few trials may reach beyond what an accuracy can be.
        "lower": np.clip(mean.lower, 0, 1),
        "upper": np.clip(mean.upper, 0, 1),
        "loss": loss.estimate,
        "loss_lower": loss.lower,
        "loss_upper": loss.upper,
        **_baselines(part.baselines),
    }


def _loss(trained: Answers, new: Answers) -> Interval:
    """By how much the accuracy is lower on what is new."""
    known, other = trained.accuracy(), new.accuracy()
    if trained.settings["name"] == new.settings["name"]:
        return mean_interval((known - other).dropna().to_numpy())
    found = welch_test(known.to_numpy(), other.to_numpy())
    return Interval(found.estimate, found.lower, found.upper)


def _baselines(cells: pd.DataFrame) -> dict[str, float]:
    summed = cells.groupby("baseline")[["correct", "scenes"]].sum()
    return (summed["correct"] / summed["scenes"]).rename({"size": "size_alone"}).to_dict()


def _learned(settings: Mapping[str, Any]) -> list[str]:
    untaught = settings["data"]["split"]["only_test"]["quantifiers"]
    return [name for name in settings["quantifiers"] if name not in untaught]


def _part(table: pd.DataFrame, quantifiers: Sequence[str], sizes: Sequence[int]) -> pd.DataFrame:
    return table[table["quantifier"].isin(quantifiers) & table["size"].isin(sizes)]


# --- In words -----------------------------------------------------------------------------------

TRAINED = {
    "size": "sizes that were trained",
    "quantifier": "quantifiers that were trained",
    "zone_counts": "any zone counts",
}
NEW = {
    "size": "larger scenes",
    "quantifier": "quantifiers that were not trained",
    "zone_counts": "zone counts that were not trained",
}


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """How much of what was learned carries over, for each quantifier."""
    kind = novelty(settings)
    whole = numbers[numbers["size"].isna()]
    if kind == "quantifier":
        lines = [_carried(whole[whole["quantifier"] == "all"], "all quantifiers", kind)]
        new = whole[~whole["trained"] & (whole["quantifier"] != "all")]
        worst = new.loc[new["accuracy"].idxmin()]
        lines.append(
            f"Of those that were not trained, {formats.name(worst['quantifier'])} fares worst: "
            f"{formats.percent(worst['accuracy'])}."
        )
    else:
        lines = [
            _carried(rows, formats.name(quantifier), kind)
            for quantifier, rows in whole.groupby("quantifier", sort=False)
        ]
        if kind == "size":
            lines = [
                f"{line} {_largest(numbers[numbers['quantifier'] == quantifier])}"
                for line, quantifier in zip(lines, whole["quantifier"].unique(), strict=True)
            ]
    return "\n".join(f"- {line}" for line in lines)


def _carried(rows: pd.DataFrame, name: str, kind: str) -> str:
    known, new = rows[rows["trained"]].iloc[0], rows[~rows["trained"]].iloc[0]
    bounds = formats.interval(*map(formats.accuracy_points, (new["loss_lower"], new["loss_upper"])))
    interval = f" (95 % interval {bounds})" if bounds != formats.MISSING else ""
    points = f"{formats.accuracy_points(abs(new['loss']))} percentage points"
    if isnan(new["loss_lower"]) or new["loss_lower"] <= 0 <= new["loss_upper"]:
        said = f"no loss could be shown: the mean is {formats.accuracy_points(new['loss'])} points"
    else:
        said = f"{points} {'fewer' if new['loss'] > 0 else 'more'}"
    return (
        f"{formats.capital(name)}: {formats.percent(known['accuracy'])} right answers for "
        f"{TRAINED.get(kind, 'what was trained')}, {formats.percent(new['accuracy'])} for "
        f"{NEW.get(kind, 'what was not')}; {said}{interval}. There, the size alone gives "
        f"{formats.percent(new['size_alone'])} and the zone counts alone "
        f"{formats.percent(new['zone_counts'])}."
    )


def _largest(rows: pd.DataFrame) -> str:
    last = rows.loc[rows["size"].idxmax()]
    return (
        f"With {formats.counted(int(last['size']), 'object')}, "
        f"{formats.percent(last['accuracy'])} of "
        "the answers are right."
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """The rows over all sizes, for readers."""
    rows = numbers[numbers["size"].isna()]
    return pd.DataFrame(
        {
            "Quantifier": [name.replace("_", " ") for name in rows["quantifier"]],
            "Test scenes": ["trained kind" if known else "new kind" for known in rows["trained"]],
            "Trials": [f"{n}" for n in rows["trials"]],
            "Right": rows["accuracy"].map(formats.percent),
            "95 % interval": [
                formats.interval(formats.percent(row.lower), formats.percent(row.upper))
                for row in rows.itertuples()
            ],
            "Loss, points": rows["loss"].map(formats.accuracy_points),
            "95 % interval of the loss": [
                formats.interval(*map(formats.accuracy_points, (row.loss_lower, row.loss_upper)))
                for row in rows.itertuples()
            ],
            "Size alone": rows["size_alone"].map(formats.percent),
            "Zone counts alone": rows["zone_counts"].map(formats.percent),
        }
    )
