"""The public data of the 2019 paper, read from where the user keeps them.

They are the folder ``data/`` of the authors' repository: ``<study>/trial_<k>.csv``, k = 0, 1, …,
each with an index without a name, ``<quantifier>_accuracy`` for each quantifier, ``global_step``,
``loss`` and ``total_accuracy``, a row for each evaluation on the whole test set.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path

import numpy as np

from quantlearn.errors import QuantlearnError

__all__ = ["PublishedError", "PublishedTrial", "demand_columns", "read_trials", "trial_files"]

STEP, LOSS = "global_step", "loss"
_REMEDY = "fetch it anew from the authors' repository"
_FIRST_ROW = 2  # the header is the first line of a file


class PublishedError(QuantlearnError):
    """Public data that are not there, or not as their authors keep them."""


@dataclass(frozen=True)
class PublishedTrial:
    """A published run: steps (k,) of its evaluations, loss (k,), accuracy (k,) by quantifier."""

    steps: np.ndarray
    loss: np.ndarray
    accuracy: dict[str, np.ndarray]


def trial_files(folder: str | Path, study: str) -> list[Path]:
    """The files of the trials of a study, in their order: trial_0.csv, trial_1.csv, ….

    Raises `PublishedError` where there are none, or one is left out.
    """
    own = Path(folder) / study
    if not own.is_dir():
        raise PublishedError(
            f"{own}: is no folder: name the folder data/ of the authors' repository, which holds "
            f"{study}/trial_0.csv, or leave it out"
        )
    found = {
        int(match[1]): path
        for path in own.iterdir()
        if (match := re.fullmatch(r"trial_(\d+)\.csv", path.name))
    }
    lacking = next((k for k in range(max(found, default=0) + 1) if k not in found), None)
    if lacking is not None:
        raise PublishedError(
            f"{own}: lacks trial_{lacking}.csv: fetch the folder anew from the authors' repository"
        )
    return [found[k] for k in sorted(found)]


def demand_columns(path: str | Path, columns: Mapping[str, str]) -> None:
    """Raise `PublishedError` unless the file of a trial has step, loss and these columns.

    ``columns`` are those of the accuracies, by the quantifiers of an experiment.
    """
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            header = next(csv.reader(file), [])
    except OSError as fault:
        raise PublishedError(f"{path}: cannot be read: {fault.strerror}; {_REMEDY}") from fault
    for column in (STEP, LOSS, *columns.values()):
        if column not in header:
            there = ", ".join(name for name in header if name) or "nothing"
            remedy = "say in replicates.columns what it is called there"
            raise PublishedError(
                f"{path}: has no column {column}, but {there}: "
                f"{_REMEDY if column in (STEP, LOSS) else remedy}"
            )


def read_trials(paths: Sequence[str | Path], columns: Mapping[str, str]) -> list[PublishedTrial]:
    """The trials in these files; ``columns`` as in `demand_columns`.

    Raises `PublishedError` where a file holds no evaluation, a value that is no number or no
    accuracy, or steps that do not rise evenly, as those of all its trials do.
    """
    trials = [_read_trial(path, columns) for path in paths]
    first = trials[0].steps
    for path, trial in zip(paths, trials, strict=True):
        shared = min(len(first), len(trial.steps))
        if (trial.steps[:shared] != first[:shared]).any():
            raise PublishedError(
                f"{path}: {STEP} is {_in_words(trial.steps)}, and {_in_words(first)} in "
                f"{paths[0]}: take trials that were evaluated at the same steps"
            )
    return trials


def _read_trial(path: str | Path, columns: Mapping[str, str]) -> PublishedTrial:
    demand_columns(path, columns)
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise PublishedError(f"{path}: holds no evaluation: {_REMEDY}")
    wanted = (STEP, LOSS, *columns.values())
    found = {column: _numbers(path, column, [row[column] for row in rows]) for column in wanted}
    for column in columns.values():
        if (wrong := np.flatnonzero((found[column] < 0) | (found[column] > 1))).size:
            raise _bad_value(path, wrong[0], column, rows[wrong[0]][column], "a share from 0 to 1")
    steps = found[STEP]
    apart = steps[1] - steps[0] if len(steps) > 1 else 1
    for row, step in enumerate(steps):
        is_next = step == steps[row - 1] + apart and apart > 0 if row else step >= 1
        if not is_next or step % 1:
            even = "a whole number that rises evenly"
            raise _bad_value(path, row, STEP, rows[row][STEP], even)
    accuracy = {quantifier: found[column] for quantifier, column in columns.items()}
    return PublishedTrial(steps.astype(np.int64), found[LOSS], accuracy)


def _numbers(path: str | Path, column: str, texts: Sequence[str | None]) -> np.ndarray:
    values = np.empty(len(texts))
    for row, text in enumerate(texts):
        try:
            values[row] = float(text or "")
        except ValueError:
            values[row] = nan
        if not isfinite(values[row]):
            raise _bad_value(path, row, column, text, "a number")
    return values


def _bad_value(
    path: str | Path, row: int, column: str, value: str | None, wanted: str
) -> PublishedError:
    text = f"{column} is {(value or '')!r} in line {row + _FIRST_ROW}, which is not {wanted}"
    return PublishedError(f"{path}: {text}: {_REMEDY}")


def _in_words(steps: np.ndarray) -> str:
    return f"{', '.join(map(str, steps[:3]))}{' …' if len(steps) > 3 else ''}"
