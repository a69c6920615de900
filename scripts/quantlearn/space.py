"""Hyperparameter samples: which settings each training job uses.

A sample is a row of samples.csv with one column for each setting, named by its place in the
experiment, such as ``network.hidden``. An experiment with fixed settings has one sample.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn.errors import QuantlearnError

__all__ = ["read_sample", "samples_table"]

_SECTIONS = ("network", "training")


def samples_table(settings: dict[str, Any]) -> pd.DataFrame:
    """The samples of an experiment, one row each.

    >>> samples_table({"network": {"hidden": 12}, "training": {"patience": None}})
       sample network.hidden training.patience
    0       0             12              null
    """
    row: dict[str, Any] = {"sample": 0}
    for section in _SECTIONS:
        for key, value in settings[section].items():
            row[f"{section}.{key}"] = value if isinstance(value, str) else json.dumps(value)
    return pd.DataFrame([row])


def read_sample(path: str | Path, sample: int) -> dict[str, dict[str, Any]]:
    """The settings of one sample, by section and key."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = table[table["sample"] == str(sample)]
    if len(rows) != 1:
        raise QuantlearnError(
            f"{path}: sample {sample} has {len(rows)} rows; delete the file and run again"
        )
    settings: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
    for column, text in rows.iloc[0].drop("sample").items():
        section, key = str(column).split(".", 1)
        settings[section][key] = _value(text)
    return settings


def _value(text: str) -> Any:
    """A JSON value, or the text itself where it is a plain word."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
