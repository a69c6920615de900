"""Hyperparameter samples as a table: which settings each training job uses.

A sample is a row of samples.csv with one column for each setting, named by its place in the
experiment, such as ``network.hidden``. An experiment with fixed settings has one sample. A setting
that does not apply to a sample, such as ``padding`` to a feed-forward network, is blank.
"""

import itertools
import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn.columns import SAMPLES
from quantlearn.errors import damaged
from quantlearn.settings.schema import find_faults, load_schema
from quantlearn.settings.search import SECTIONS
from quantlearn.tables import TableError, read_csv

__all__ = ["Sample", "read_row", "read_sample", "samples_table"]

Sample = dict[str, dict[str, Any]]
"""The settings of one sample, by section and key."""


def samples_table(samples: list[Sample]) -> pd.DataFrame:
    """The samples as rows, with blanks for settings that do not apply.

    >>> samples_table([{"network": {"hidden": 12}, "training": {"patience": None}}])
       sample network.hidden training.patience
    0       0             12              null
    """
    rows = [
        {
            f"{section}.{key}": _text(value)
            for section, part in sample.items()
            for key, value in part.items()
        }
        for sample in samples
    ]
    columns = [
        f"{section}.{key}"
        for section in samples[0]
        for key in dict.fromkeys(itertools.chain(*(sample[section] for sample in samples)))
    ]
    table = pd.DataFrame(rows, columns=columns, dtype=object).fillna("")
    table.insert(0, "sample", range(len(table)))
    return table


def read_sample(path: str | Path, sample: int) -> Sample:
    """The settings of one sample, by section and key, without those that are blank.

    Raises `TableError` when the table cannot be read, has no such sample, or one with settings that
    no experiment can have.
    """
    settings = read_row(path, sample)
    for fault in find_faults(_sections_schema(), settings):
        raise TableError(damaged(path, "a table of samples", f"sample {sample}: {fault}"))
    return settings


def read_row(path: str | Path, sample: int) -> Sample:
    """As `read_sample`, whatever the settings are."""
    read_csv(path, SAMPLES)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = table[table["sample"] == str(sample)]
    if len(rows) != 1:
        raise TableError(
            damaged(path, "a table of samples", f"sample {sample} has {len(rows)} rows")
        )
    settings: Sample = {}
    for column, text in rows.iloc[0].drop("sample").items():
        section, _, key = str(column).partition(".")
        if text:
            settings.setdefault(section, {})[key] = _value(text)
    return settings


@cache
def _sections_schema() -> dict[str, Any]:
    """The schema of a sample: an experiment's, for the sections whose settings may vary."""
    parts = load_schema("experiment")["properties"]
    return {"type": "object", "properties": {name: parts[name] for name in SECTIONS}}


def _text(value: Any) -> str:
    """A value as JSON, but a word as it is unless it would be read as something else."""
    # Line ends and other control characters do not survive a CSV file unless JSON escapes them.
    plain = isinstance(value, str) and value.isprintable() and value and _value(value) == value
    return value if plain else json.dumps(value)


def _value(text: str) -> Any:
    """A JSON value, or the text itself where it is a plain word."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
