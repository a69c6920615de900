"""Result tables on disk: the same frame always gives the same bytes, and never half a file.

CSV for tables that people read, parquet for long ones. A schema names the columns that a table
must have and their types, so that a reader gets booleans, missing integers and text back as such.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quantlearn.columns import LEADERBOARD, TRIALS, Schema, types
from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing

__all__ = [
    "TableError",
    "chosen_sample",
    "held_out",
    "job_of_samples",
    "of_chosen",
    "read_csv",
    "read_jobs",
    "read_parquet",
    "write_csv",
    "write_parquet",
]


class TableError(QuantlearnError):
    """A result table is missing, cut off, or lacks what it must have."""


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a frame so that equal frames give equal bytes, whole or not at all.

    Floats have ten significant digits, booleans are true and false, what is missing is blank.
    """
    flags = frame.select_dtypes(["bool", "boolean"]).columns
    text = frame.assign(**{c: frame[c].map({True: "true", False: "false"}) for c in flags})
    with replacing(path) as beside:
        text.to_csv(beside, index=False, float_format="%.10g", lineterminator="\n")


def write_parquet(frame: pd.DataFrame | pa.Table, path: str | Path) -> None:
    """Write a frame or arrow table as zstd parquet, without index or pandas' own metadata."""
    if isinstance(frame, pd.DataFrame):
        frame = pa.Table.from_pandas(frame, preserve_index=False)
    with replacing(path) as beside:
        pq.write_table(frame.replace_schema_metadata(None), beside, compression="zstd")


def read_csv(path: str | Path, schema: Schema) -> pd.DataFrame:
    """Read a table that `write_csv` wrote, with the types of ``schema``.

    Columns beyond the schema are kept, with the types that pandas finds for them.

    Raises `TableError` when the file is missing, cut off, or has not the columns and types.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise _unreadable(path, str(fault)) from fault
    if not text.endswith("\n"):
        raise _unreadable(path, "it ends in the middle of a line")
    _demand_columns(path, _header(text), schema)
    kinds = types(schema)
    blank_free = [column for column, dtype in kinds.items() if dtype in ("int64", "bool")]
    nullable = {"int64": "Int64", "bool": "boolean"}
    words = [column for column, dtype in kinds.items() if dtype == "str"]
    try:
        frame = pd.read_csv(
            path,
            dtype={column: nullable.get(dtype, dtype) for column, dtype in kinds.items()},
            keep_default_na=False,
            na_values={column: [""] for column in _header(text) if column not in words},
            true_values=["true"],
            false_values=["false"],
        )
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as fault:
        raise _unreadable(path, str(fault)) from fault
    for column in blank_free:
        if frame[column].isna().any():
            raise _unreadable(
                path, f"column {column} has a blank in row {_first_blank(frame, column)}"
            )
    return frame.astype({column: kinds[column] for column in blank_free})


def read_parquet(path: str | Path, schema: Schema) -> pd.DataFrame:
    """Read a parquet table that has the columns of ``schema``.

    Raises `TableError` when the file is missing, cut off or lacks a column.
    """
    try:
        frame = pq.read_table(path).to_pandas()
    except (OSError, ValueError, pa.ArrowException) as fault:
        raise _unreadable(path, str(fault)) from fault
    _demand_columns(path, list(frame.columns), schema)
    try:
        return frame.astype(types(schema))
    except (ValueError, TypeError) as fault:
        raise _unreadable(path, str(fault)) from fault


def read_jobs(
    paths: Sequence[str | Path], schema: Schema, samples: Sequence[int]
) -> list[pd.DataFrame]:
    """The table that each training job wrote, of ``schema``; together they are of all ``samples``.

    Raises `TableError` when a file is unreadable or a sample is in none of them.
    """
    parts = []
    for path in paths:
        read = read_csv if Path(path).suffix == ".csv" else read_parquet
        parts.append(read(path, schema))
    found = list(itertools.chain(*(part["sample"].unique().tolist() for part in parts)))
    if found != list(samples):
        raise _unreadable(
            ", ".join(map(str, paths)), f"samples {found} instead of {list(samples)} are there"
        )
    return parts


def job_of_samples(paths: Sequence[str | Path], samples: Sequence[int]) -> dict[int, int]:
    """The place of the training job of each sample, as the jobs' ``paths`` of trials.csv tell.

    Raises `TableError` as `read_jobs` does.
    """
    return {
        int(sample): place
        for place, job in enumerate(read_jobs(paths, TRIALS, samples))
        for sample in job["sample"].unique()
    }


def chosen_sample(leaderboard: str | Path) -> int:
    """The number of the sample that leaderboard.csv names as the chosen one."""
    frame = read_csv(leaderboard, LEADERBOARD)
    chosen = frame.loc[frame["chosen"], "sample"]
    if len(chosen) != 1:
        raise _unreadable(leaderboard, f"{len(chosen)} of its samples are chosen")
    return int(chosen.iloc[0])


def of_chosen(frame: pd.DataFrame, leaderboard: str | Path | None) -> pd.DataFrame:
    """The rows of the chosen sample of a table of all samples.

    Without a leaderboard the table must be of a single sample; raises `TableError` otherwise.
    """
    if leaderboard is None:
        if len(set(frame["sample"])) > 1:
            raise TableError("a table of several samples needs leaderboard.csv to choose by")
        return frame
    return frame[frame["sample"] == chosen_sample(leaderboard)]


def held_out(cells: pd.DataFrame, path: str | Path) -> tuple[pd.DataFrame, str]:
    """The cells of the test split and its name; of the dev split where an experiment has no test.

    Raises `TableError` when there are cells of neither.
    """
    for split in ("test", "dev"):
        if (cells["split"] == split).any():
            return cells[cells["split"] == split], split
    raise _unreadable(path, "it has neither test nor dev scenes")


def _header(text: str) -> list[str]:
    return text.partition("\n")[0].split(",")


def _first_blank(frame: pd.DataFrame, column: str) -> int:
    return int(frame[column].isna().to_numpy().argmax()) + 1


def _demand_columns(path: str | Path, found: list[str], schema: Schema) -> None:
    lacking = [column for column in schema if column not in found]
    if lacking:
        raise _unreadable(path, f"it lacks {', '.join(lacking)} (it has {', '.join(found)})")


def _unreadable(path: str | Path, why: str) -> TableError:
    return TableError(damaged(path, "a result table", why))
