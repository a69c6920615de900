"""Analyses of experiments: what a figure shows, as numbers and in words.

An analysis is three files of one name. A module of this package computes a table from result
tables and says what is in it; scripts/analyse_<name>.py reads and writes for it; and
scripts/plot_<name>.py draws its table. The module has two functions for the notebook:

- ``remark(numbers, settings)``: what the table shows, as Markdown;
- ``shown(numbers)``: the table as texts under headings for readers, or None if it is too long.

Where that table is not what the figure draws, ``SHOWN`` is its title.
"""

import importlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

__all__ = ["remark", "shown", "title"]


def remark(name: str, numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """What the table ``numbers`` of the analysis ``name`` shows, as Markdown."""
    return _module(name).remark(numbers, settings)


def shown(name: str, numbers: pd.DataFrame) -> pd.DataFrame | None:
    """The table ``numbers`` of the analysis ``name`` for readers, all texts, or None."""
    return _module(name).shown(numbers)


def title(name: str) -> str:
    """The title of the table for readers.

    >>> title("description")
    'What the networks wrote'
    """
    return getattr(_module(name), "SHOWN", "The same in numbers")


def _module(name: str) -> Any:
    return importlib.import_module(f"{__name__}.{name}")
