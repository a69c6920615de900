"""Why random search needs fewer samples than a grid: what each tries on the axis that matters.

After Bergstra & Bengio (2012, figure 1): a grid of n samples over several settings tries only a few
values of each, so it wastes samples where few settings matter; random samples are all different.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.figures.practice.knobs import importances, words

__all__ = ["important_axes", "projections", "remark", "shown"]


def important_axes(values: pd.DataFrame, seed: int) -> tuple[str, str]:
    """The numeric settings that matter most and least, by the columns of `knobs.knob_values`.

    With fewer samples than `knobs.importances` asks for they are the first and the last.

    Raises `ValueError` where fewer than two settings are numbers.
    """
    numeric = [
        knob
        for knob in importances(values, seed)["knob"]
        if pd.api.types.is_numeric_dtype(values[knob])
    ]
    if len(numeric) < 2:
        raise ValueError("projections need two settings that are numbers")
    return numeric[0], numeric[-1]


def projections(
    values: pd.DataFrame, axes: tuple[str, str], experiment: str, sampler: str
) -> pd.DataFrame:
    """The samples of one search on two axes, with their dev accuracy."""
    x, y = axes
    return pd.DataFrame(
        {
            "experiment": experiment,
            "sampler": sampler,
            "sample": range(len(values)),
            "x": x,
            "x_value": values[x],
            "y": y,
            "y_value": values[y],
            "dev_accuracy": values["dev_accuracy"],
        }
    )[list(tables.PROJECTIONS)]


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """How many values of each axis each search has tried."""
    x, y = words(numbers["x"].iloc[0]), words(numbers["y"].iloc[0])
    tried = [
        f"{rows['x_value'].nunique()} values of the {x} and {rows['y_value'].nunique()} of the {y} "
        f"with {formats.counted(len(rows), sampler + ' sample')}"
        for sampler, rows in numbers.groupby("sampler", sort=False)
    ]
    return f"Tried were {formats.listed(tried)}."


def shown(numbers: pd.DataFrame) -> None:
    """Too long for a table."""
