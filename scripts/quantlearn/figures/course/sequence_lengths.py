"""Scenes of growing size: how well each architecture verifies them, trained and longer sizes apart.

The samples of the experiment are architectures, and ``data.split.only_test.sizes_above`` says which
sizes no network was trained on.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.statistics.intervals import mean_interval

__all__ = ["architecture_of", "remark", "sequence_lengths_table", "shown"]


def architecture_of(samples: pd.DataFrame) -> dict[int, str]:
    """The architecture of each sample of the table samples.csv, by its number."""
    return dict(zip(samples["sample"], samples["network.architecture"], strict=True))


def sequence_lengths_table(
    cells: pd.DataFrame, architectures: Mapping[int, str], longest_trained: int
) -> pd.DataFrame:
    """Accuracy on test scenes by size, and over all sizes that were trained or not (size blank).

    ``cells`` is tables/cells.parquet. Means over trials with 95 % t intervals, cut at 0 and 1;
    the columns are those of `tables.SEQUENCE_LENGTHS`.
    """
    tested = cells[cells["split"] == "test"].assign(
        architecture=lambda rows: rows["sample"].map(architectures),
        trained=lambda rows: rows["size"] <= longest_trained,
    )
    rows = []
    for columns in (["trained"], ["trained", "size"]):
        keys = ["architecture", "quantifier", *columns]
        counts = tested.groupby([*keys, "trial"], sort=False)[["correct", "scenes"]].sum()
        accuracy = counts["correct"] / counts["scenes"]
        for key, values in accuracy.groupby(keys, sort=False):
            mean = mean_interval(values.to_numpy())
            lower, upper = np.clip([mean.lower, mean.upper], 0, 1)
            rows.append(
                {
                    **dict(zip(keys, key, strict=True)),
                    "estimate": mean.estimate,
                    "lower": lower,
                    "upper": upper,
                    "n": len(values),
                }
            )
    table = pd.DataFrame(rows, columns=list(tables.SEQUENCE_LENGTHS)).astype({"size": "Int64"})
    return table.sort_values(
        ["quantifier", "architecture", "trained", "size"],
        ascending=[True, True, False, True],
        ignore_index=True,
        na_position="first",
    )


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """Who verifies trained and longer scenes best, for each quantifier."""
    border = settings["data"]["split"]["only_test"]["sizes_above"]
    lines = []
    for quantifier, whole in numbers[numbers["size"].isna()].groupby("quantifier", sort=False):
        parts = []
        for trained, where in ((True, f"up to {border}"), (False, f"more than {border}")):
            rows = whole[whole["trained"] == trained].sort_values("estimate", ascending=False)
            scores = formats.listed(
                f"{ARCHITECTURES[row.architecture]} {formats.percent(row.estimate)}"
                for row in rows.itertuples()
            )
            parts.append(f"with {where} objects: {scores}")
        lines.append(
            f"- {formats.capital(formats.name(quantifier))}, right answers {'; '.join(parts)}."
        )
    return "\n".join(lines)


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each architecture and quantifier, trained and longer scenes apart."""
    whole = numbers[numbers["size"].isna()]
    return pd.DataFrame(
        {
            "Quantifier": whole["quantifier"].str.replace("_", " "),
            "Network": whole["architecture"].map(ARCHITECTURES),
            "Test scenes": ["trained sizes" if known else "longer" for known in whole["trained"]],
            "Trials": whole["n"].astype(str),
            "Right": whole["estimate"].map(formats.percent),
            "95 % interval": [
                formats.interval(formats.percent(row.lower), formats.percent(row.upper))
                for row in whole.itertuples()
            ],
        }
    )
