"""What a run was made of, and what its results were, so that both can be checked later.

A record holds settings, the state of the code, versions, the machine, and a digest of each result
file. A digest is of what a file says, not of how it is stored: parquet files also hold the version
of the library that wrote them, and a table of training runs holds how long they took.
"""

import csv
import hashlib
import io
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from packaging.requirements import Requirement

from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing, write_text

__all__ = [
    "STATES",
    "RecordError",
    "content_digest",
    "differences",
    "git_state",
    "made_elsewhere",
    "names_of_overlays",
    "package_versions",
    "read_overlays",
    "read_processors",
    "read_record",
    "write_record",
]

STATES = ("unchanged", "changed", "missing", "new")

WALL_TIME = "seconds"  # the column that differs between two equal runs
_SUFFIXES = (".csv", ".parquet", ".safetensors")
_PARTS = {
    "made": str,
    "settings": dict,
    "code": dict,
    "packages": dict,
    "machine": dict,
    "files": dict,
}
_CHECKPOINTS = "checkpoints"  # the folder of what an interrupted job leaves
_SOURCES = ("Snakefile", "config", "envs", "scripts", "workflow")
_BATCH = 1 << 16  # rows in memory at a time
_KINDS = {
    "whole number": [pa.types.is_integer],
    "number": [pa.types.is_floating],
    "true or false": [pa.types.is_boolean],
    "text": [pa.types.is_string, pa.types.is_large_string],
    "bytes": [pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary],
}


class RecordError(QuantlearnError):
    """A record, or a file that it is about, cannot be read."""


def write_record(record: Mapping[str, Any], path: str | Path) -> None:
    """Write a record as JSON, whole or not at all."""
    with replacing(path) as beside:
        text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
        beside.write_text(text + "\n", encoding="utf-8")


def read_record(path: str | Path) -> dict[str, Any]:
    """Read what `write_record` wrote.

    Raises `RecordError` when the file is missing, cut off or no record.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise _no_record(path, str(fault)) from fault
    for key, kind in _PARTS.items():
        if not isinstance(record, dict) or not isinstance(record.get(key), kind):
            raise _no_record(path, f"it lacks {key}")
    return record


def read_overlays(path: str | Path, place: Path) -> tuple[list[str], dict[str, Any]]:
    """What was laid over config.yaml in a recorded run: files, and settings of the command line.

    A file from elsewhere, whose content the record holds, is written into the folder ``place``.

    Raises `RecordError` when the record cannot be read, and where another file is no more there.
    """
    recorded = read_record(path)["settings"]
    contents = recorded.get("contents_of_overlays", {})
    files, settings = [], {}
    for overlay in recorded["overlays"]:
        key, _, value = overlay.partition("=")
        if key.isidentifier():
            settings[key] = json.loads(value)
        elif overlay in contents:
            files.append(str(place / overlay))
            write_text(contents[overlay], files[-1], result=False)
        elif Path(overlay).is_file():
            files.append(overlay)
        else:
            raise RecordError(f"{path}: the run took {overlay}, which is not there: put it back")
    return files, settings


def names_of_overlays(paths: Sequence[str]) -> list[str]:
    """What files laid over the settings are called for others, whom no folder of mine concerns.

    Each has a name of its own, which no other file of config/ has.

    >>> names_of_overlays(["config/quick.yaml", "../alice/config.yaml", "../bob/config.yaml"])
    ['config/quick.yaml', 'config/overlays/config.yaml', 'config/overlays/3/config.yaml']
    """
    names: list[str] = []
    for number, path in enumerate(paths, start=1):
        name = path
        if Path(path).is_absolute() or ".." in Path(path).parts:
            name = f"config/overlays/{Path(path).name}"
            if name in (*names, *paths):
                name = f"config/overlays/{number}/{Path(path).name}"
        names.append(name)
    return names


def read_processors(path: str | Path) -> list[str]:
    """The kinds of processors that a training job ran on, one after another.

    Raises `RecordError` when the file cannot be read.
    """
    try:
        return [str(kind) for kind in json.loads(Path(path).read_text(encoding="utf-8"))]
    except (OSError, ValueError) as fault:
        raise RecordError(damaged(path, "a list of processors", fault)) from fault


def made_elsewhere(record: Mapping[str, Any]) -> dict[str, str]:
    """The folders of training jobs whose processor is now of another kind, and which it is now."""
    found = {}
    for path, recorded in record["machine"].get("processors", {}).items():
        if Path(path).exists() and (now := read_processors(path)) != recorded:
            found[str(Path(path).parent)] = ", ".join(now)
    return found


def content_digest(path: str | Path) -> str:
    """SHA-256 of what a result file says, as 64 hexadecimal digits.

    Parquet: names, kinds and values of the columns. CSV with a column `seconds`: the text without
    this column. Anything else: the bytes, as ``sha256sum`` gives it.

    Raises `RecordError` when the file cannot be read.
    """
    path = Path(path)
    try:
        if path.suffix == ".parquet":
            return _parquet_digest(path)
        if path.suffix == ".csv":
            return hashlib.sha256(_without_wall_time(path.read_bytes())).hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, pa.ArrowException, csv.Error) as fault:
        raise RecordError(f"{path}: cannot be read: {fault}") from fault


def differences(
    recorded: Mapping[str, str], folders: Iterable[str | Path]
) -> list[tuple[str, str]]:
    """State (one of `STATES`) and path of each file, by path.

    ``recorded`` maps paths to digests; ``folders`` are where result files that nobody recorded are
    looked for, at any depth; checkpoints are no results.
    """
    states = {path: _state(Path(path), digest) for path, digest in recorded.items()}
    for folder in folders:
        for path in Path(folder).rglob("*"):
            left_over = path.name.startswith(".") or path.parent.name == _CHECKPOINTS
            if path.suffix in _SUFFIXES and not left_over:
                states.setdefault(path.as_posix(), "new")
    return [(states[path], path) for path in sorted(states)]


def git_state(root: str | Path) -> dict[str, Any]:
    """The commit of the clone at ``root``, and whether what makes results differs from it.

    Other files that lie in the clone, such as notes, make no difference. Both are None where there
    is no clone, no commit or no git.
    """
    unknown = {"commit": None, "uncommitted_changes": None}
    if not (Path(root) / ".git").exists():
        return unknown
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    changes = _git(root, "status", "--porcelain", "--", *_SOURCES)
    if commit is None or changes is None:
        return unknown
    return {"commit": commit.strip(), "uncommitted_changes": bool(changes)}


def package_versions(requirements: str | Path) -> dict[str, str | None]:
    """The versions of Python and of each package that a requirements file names.

    None stands for a package that is not installed. Raises `RecordError` when the file cannot be
    read.
    """
    try:
        lines = Path(requirements).read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise RecordError(f"{requirements}: cannot be read: {fault.strerror}") from fault
    texts = (line.partition("#")[0].strip() for line in lines)
    names = [Requirement(text).name for text in texts if text]
    return {"Python": platform.python_version()} | {name: _version(name) for name in names}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _state(path: Path, digest: str) -> str:
    if not path.exists():
        return "missing"
    try:
        return "unchanged" if content_digest(path) == digest else "changed"
    except RecordError:  # it could be read when it was recorded
        return "changed"


def _git(root: str | Path, *arguments: str) -> str | None:
    """What git answers, None when it cannot."""
    # The clone may belong to another user, as in continuous integration.
    command = ["git", "--no-optional-locks", "-c", "safe.directory=*", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def _without_wall_time(content: bytes) -> bytes:
    """A CSV file without its column of wall times; the very bytes where there is none."""
    header = content.partition(b"\n")[0].split(b",")
    if WALL_TIME.encode() not in header:
        return content
    place = header.index(WALL_TIME.encode())
    rows = csv.reader(io.StringIO(content.decode(errors="surrogateescape"), newline=""))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row[:place] + row[place + 1 :] for row in rows)
    return text.getvalue().encode(errors="surrogateescape")


@dataclass
class _Column:
    """The digest of a column's values, however they are cut into batches and encoded."""

    name: str
    kind: str
    present: Any = field(default_factory=hashlib.sha256)
    lengths: Any = field(default_factory=hashlib.sha256)
    values: Any = field(default_factory=hashlib.sha256)

    def add(self, batch: pa.Array) -> None:
        if pa.types.is_dictionary(batch.type):
            batch = batch.dictionary_decode()
        self.present.update(batch.is_valid().to_numpy(zero_copy_only=False).tobytes())
        if self.kind in ("whole number", "true or false"):
            whole = batch.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
            self.values.update(whole.astype("<i8").tobytes())
        elif self.kind == "number":
            numbers = batch.cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False)
            self.values.update(numbers.astype("<f8").tobytes())
        else:
            texts = batch.cast(pa.large_binary()).fill_null(b"")
            lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
            self.lengths.update(lengths.astype("<i8").tobytes())
            _, offsets, data = texts.buffers()
            if data is not None:
                ends = np.frombuffer(offsets, np.int64)[texts.offset :][[0, len(texts)]]
                self.values.update(memoryview(data)[ends[0] : ends[1]])

    def digest(self) -> list[str]:
        parts = (self.present, self.lengths, self.values)
        return [self.name, self.kind, *(part.hexdigest() for part in parts)]


def _parquet_digest(path: Path) -> str:
    with pq.ParquetFile(path) as file:
        columns = [_Column(one.name, _kind(path, one)) for one in file.schema_arrow]
        for batch in file.iter_batches(_BATCH):
            for column, values in zip(columns, batch.columns, strict=True):
                column.add(values)
    text = json.dumps([column.digest() for column in columns])
    return hashlib.sha256(text.encode()).hexdigest()


def _kind(path: Path, column: pa.Field) -> str:
    """What a column holds, in the words of the data dictionary, however wide it is stored."""
    stored = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    for kind, tests in _KINDS.items():
        if any(test(stored) for test in tests):
            return kind
    raise RecordError(f"{path}: column {column.name} is {stored}, of which no result table is made")


def _no_record(path: str | Path, why: str) -> RecordError:
    return RecordError(f"{path}: not a record of a run ({why}); delete it and run again")
