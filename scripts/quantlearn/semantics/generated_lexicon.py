"""The generated quantifiers that experiments may learn: a table with one of them a line.

config/generated.csv has the columns quantifier, expression (in the language of language.py), and
what `quantlearn.data.selection` knew of it. Its order is such that any first lines are spread evenly
over the degrees of monotonicity, so an experiment just says how many it takes. Only so many lines
are read: settings are loaded by every job.

The negation of a quantifier is true in as many scenes as it is false, and seldom in the table
itself. Experiments that compare the two say of how many quantifiers they take the negation as well.
"""

import csv
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from quantlearn.errors import QuantlearnError

__all__ = ["negations", "read_generated"]

_COLUMNS = ("quantifier", "expression")


def read_generated(path: str | Path, count: int) -> dict[str, str]:
    """The first ``count`` generated quantifiers, name: expression; fewer where there are fewer.

    Raises `QuantlearnError` when the file cannot be read as such a table.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            lacking = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
            if lacking:
                raise QuantlearnError(f"{path}: has no column {lacking[0]}: restore the file")
            taken = list(islice(rows, count))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise QuantlearnError(f"{path}: cannot be read: {fault}: restore the file") from None
    quantifiers = {row["quantifier"]: row["expression"] for row in taken}
    if len(quantifiers) < len(taken) or not all(quantifiers.values()):
        raise QuantlearnError(f"{path}: a name stands twice or has no expression: restore the file")
    return quantifiers


def negations(quantifiers: Mapping[str, str], count: int) -> dict[str, str]:
    """The negations of the first ``count`` of the quantifiers, name: expression.

    >>> negations({"generated_0001": "A <= B or B <= A"}, 1)
    {'not_generated_0001': 'not (A <= B or B <= A)'}
    """
    first = islice(quantifiers.items(), count)
    return {f"not_{name}": f"not ({expression})" for name, expression in first}
