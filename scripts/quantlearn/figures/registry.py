"""Analyses of experiments: what a figure shows, as numbers and in words.

An analysis is three files of one name. A module of this package computes a table from result
tables and says what is in it; scripts/analyse_<name>.py reads and writes for it; and
scripts/plot_<name>.py draws its table. The module has two functions for the notebook:

- ``remark(numbers, settings)``: what the table shows, as Markdown;
- ``shown(numbers)``: the table as texts under headings for readers, or None if it is too long.

Where that table is not what the figure draws, ``SHOWN`` is its title. And where the first item of a
remark's list is not what a summary of all experiments should tell, a third function ``headline``
has the remark's parameters and says it, or returns None.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn import figures

__all__ = ["headline", "remark", "shown", "title"]


def remark(name: str, numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """What the table ``numbers`` of the analysis ``name`` shows, as Markdown."""
    return _module(name).remark(numbers, settings)


def headline(name: str, numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str | None:
    """What a summary of all experiments tells of the analysis ``name``, or None for nothing.

    If its module does not say, it is the first item of the remark's list or, in one without a list,
    its first paragraph.
    """
    module = _module(name)
    if hasattr(module, "headline"):
        return module.headline(numbers, settings)
    text = module.remark(numbers, settings)
    items = [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]
    return items[0] if items else text.split("\n\n")[0]


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
    (file,) = Path(figures.__file__).parent.glob(f"*/{name}.py")
    return importlib.import_module(f"{figures.__name__}.{file.parent.name}.{name}")
