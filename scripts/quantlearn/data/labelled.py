"""Labelled scenes of one's own: a table of scenes, names and truth values, in place of expressions.

A row says whether what the column `quantifier` names is true of a scene, which is in words, AB, A-,
-B or -- for each object. Whatever made the labels, people or a program, no expression is needed.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.scenes import PADDING, ZONES, LabelledScenes, Space
from quantlearn.semantics.scenes_in_words import OBJECTS

__all__ = ["LabelledRow", "labelled_scenes", "read_labelled"]

COLUMNS = ("scene", "quantifier", "truth")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
_TOLD = 20  # faults of a table, at most

LabelledRow = tuple[str, bytes, bool]
"""Name, zone codes and truth of a row."""


def read_labelled(path: str | Path, space: Space) -> list[LabelledRow]:
    """Read a table with the columns `COLUMNS` and others, its rows in their order.

    Cells are separated by commas or semicolons; a byte order mark, blank lines and lines that begin
    with # are skipped. Truth is true or false, or 1 or 0. All scenes lie in the space.

    Raises `QuantlearnError` with a line for each fault: file, line, column, remedy.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise QuantlearnError(f"{path}: cannot be read: {fault}") from None
    numbered = [(place, line) for place, line in enumerate(lines, start=1) if _says_something(line)]
    if not numbered:
        raise QuantlearnError(f"{path}: is empty: give it a line {','.join(COLUMNS)}, and rows")
    first, header = numbered[0]
    separator = ";" if header.count(";") > header.count(",") else ","
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=separator))]
    if lacking := [name for name in COLUMNS if name not in names]:
        raise QuantlearnError(
            f"{path}: line {first}: has no column {', '.join(lacking)}, but {', '.join(names)}: "
            "name it there"
        )
    rows, faults = [], []
    seen: dict[tuple[str | bytes, ...], tuple[int, bool]] = {}
    for place, line in numbered[1:]:
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
        wrong = [*_faults_of(cells, names, space)]
        if not wrong:
            rows.append(_row(cells, names))
            *key, truth = rows[-1]
            before, told = seen.setdefault(tuple(key), (place, truth))
            if before != place:
                other = "" if truth == told else " with the other truth"
                wrong = [f"scene: is in line {before} already{other}: leave one out"]
        faults += [f"{path}: line {place}: {text}" for text in wrong]
    if faults:
        more = [f"{path}: {len(faults) - _TOLD} more"] if len(faults) > _TOLD else []
        raise QuantlearnError("\n".join([*faults[:_TOLD], *more]))
    return rows


def labelled_scenes(
    rows: Sequence[LabelledRow], quantifiers: Sequence[str], max_size: int
) -> LabelledScenes:
    """The rows that are about some quantifiers, as scenes of at most ``max_size`` objects.

    >>> rows = [("most", b"\\0\\1\\0", True), ("few", b"\\0", False), ("most", b"\\1", False)]
    >>> found = labelled_scenes(rows, ["most"], max_size=3)
    >>> found.scenes.tolist(), found.truth.tolist()
    ([[0, 1, 0], [1, 4, 4]], [True, False])
    """
    kept = [row for row in rows if row[0] in quantifiers]
    codes = b"".join(scene.ljust(max_size, bytes([PADDING])) for _, scene, _ in kept)
    return LabelledScenes(
        np.frombuffer(codes, dtype=np.uint8).reshape(-1, max_size),
        np.array([len(scene) for _, scene, _ in kept], dtype=np.int64),
        np.array([quantifiers.index(name) for name, _, _ in kept], dtype=np.int64),
        np.array([truth for _, _, truth in kept], dtype=bool),
    )


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _row(cells: Sequence[str], names: Sequence[str]) -> LabelledRow:
    scene, name, truth = (cells[names.index(column)] for column in COLUMNS)
    return name, bytes(map(OBJECTS.index, scene.split())), _TRUTHS[truth.lower()]


def _faults_of(cells: Sequence[str], names: Sequence[str], space: Space) -> Iterator[str]:
    """What is wrong with a row, each in words that begin with the column."""
    if len(cells) != len(names):
        yield f"has {len(cells)} cells, and the header has {len(names)}: write as many"
        return
    scene, name, truth = (cells[names.index(column)] for column in COLUMNS)
    words = scene.split()
    if unknown := [word for word in words if word not in OBJECTS]:
        known = f"{', '.join(OBJECTS[:-1])} or {OBJECTS[-1]}"
        yield f"scene: {unknown[0]!r} is no object: write {known}"
    elif not space.min_size <= len(words) <= space.max_size:
        yield (
            f"scene: has {len(words)} objects, and data.generate allows {space.min_size} to "
            f"{space.max_size}: change min_size or max_size there, or leave the scene out"
        )
    elif outside := {OBJECTS.index(word) for word in words} - {*space.zones}:
        zone = next(each for each, code in ZONES.items() if code == min(outside))
        yield f"scene: has objects in the zone {zone}: add it to data.generate.zones"
    if not _NAME.fullmatch(name):
        text = "begin with a letter and go on with letters, digits and _"
        yield f"quantifier: {name!r} is not allowed: {text}"
    if truth.lower() not in _TRUTHS:
        yield f"truth: {truth!r} is not allowed: write true or false"
