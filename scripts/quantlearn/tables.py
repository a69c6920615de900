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

from quantlearn.columns import LEADERBOARD, TESTS, TRIALS, Schema
from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing

__all__ = [
    "AS_RUN",
    "ATLAS",
    "ATLAS_CHECKS",
    "ATLAS_EFFECTS",
    "ATLAS_MEASURES",
    "BALANCING",
    "BENCHMARK",
    "COMPLEXITY",
    "CONTROLS",
    "DEGREES",
    "DESCRIPTION",
    "FINETUNING",
    "GENERATED",
    "GRADIENTS_THROUGH_TIME",
    "LANGUAGE_MODEL",
    "LEFT_OUT",
    "MACHINE",
    "MINIMAL_PAIRS",
    "OVERFITTING",
    "OVERVIEW",
    "PROBES",
    "REGULARISATION",
    "SCOREBOARD",
    "SEQUENCE_LENGTHS",
    "STATE_SPACE",
    "TRANSFER",
    "TREES",
    "TRUTH_RATES",
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

OVERFITTING: Schema = {
    "kind": "str",
    "quantity": "str",
    "patience": "Int64",
    "step": "Int64",
    **dict.fromkeys(["estimate", "lower", "upper"], "float64"),
    "n": "int64",
}

REGULARISATION: Schema = {
    "sample": "int64",
    "condition": "str",
    "metric": "str",
    "quantity": "str",
    **dict.fromkeys(["estimate", "lower", "upper", "p_adjusted"], "float64"),
    "n": "int64",
}

BALANCING: Schema = {
    "method": "str",
    "sample": "int64",
    "steps": "float64",
    "quantifier": "str",
    "split": "str",
    "quantity": "str",
    **dict.fromkeys(["estimate", "lower", "upper"], "float64"),
    "n": "int64",
}

PROBES: Schema = {
    "quantifier": "str",
    "target": "str",
    "network": "str",
    "part": "str",
    "metric": "str",
    **dict.fromkeys(["estimate", "lower", "upper"], "float64"),
    "n": "int64",
}

STATE_SPACE: Schema = {
    "quantifier": "str",
    "scene": "int64",
    "position": "int64",
    **dict.fromkeys(["both", "difference", "automaton"], "Int64"),
    **dict.fromkeys(["first", "second", "first_share", "second_share"], "float64"),
}

SEQUENCE_LENGTHS: Schema = {
    "architecture": "str",
    "quantifier": "str",
    "size": "Int64",
    "trained": "bool",
    **dict.fromkeys(["estimate", "lower", "upper"], "float64"),
    "n": "int64",
}

GRADIENTS_THROUGH_TIME: Schema = {
    "architecture": "str",
    "part": "str",
    "network": "str",
    "distance": "int64",
    **dict.fromkeys(["estimate", "lower", "upper"], "float64"),
    "n": "int64",
}

SCOREBOARD: Schema = {
    "architecture": "str",
    "task": "str",
    "experiment": "str",
    "sample": "Int64",
    **dict.fromkeys(["estimate", "lower", "upper"], "float64"),
    "n": "int64",
}

ATLAS: Schema = {
    "architecture": "str",
    "quantifier": "str",
    "expression": "str",
    "family": "str",
    "negation": "str",
    "trial": "int64",
    "area": "float64",
    "step": "Int64",
    "converged": "bool",
    "accuracy": "float64",
    "size_alone": "float64",
    "counts_alone": "float64",
    "truth_rate": "float64",
    "monotonicity": "float64",
    **dict.fromkeys(["max_with_negation", "mean_of_arguments"], "float64"),
    **dict.fromkeys(["two_sided_mean", "violation_rate"], "float64"),
    **dict.fromkeys(["right_upward", "right_downward", "left_upward", "left_downward"], "float64"),
    **dict.fromkeys(["quantity", "conservativity", "extensionality", "lempel_ziv"], "float64"),
}

ATLAS_CHECKS: Schema = {
    "analysis": "str",
    "outcome": "str",
    "architecture": "str",
    "name": "str",
    **dict.fromkeys(["x", "y", "estimate", "lower", "upper", "p", "p_adjusted"], "float64"),
    "n": "int64",
    "networks": "int64",
}

ATLAS_MEASURES: Schema = {
    "first": "str",
    "second": "str",
    **dict.fromkeys(["estimate", "lower", "upper", "p", "p_adjusted"], "float64"),
    "n": "int64",
}

CONTROLS: Schema = {
    "easy": "str",
    "hard": "str",
    "condition": "str",
    "experiment": "str",
    "sample": "int64",
    "threshold": "float64",
    "window": "int64",
    **dict.fromkeys(["ratio", "lower", "upper"], "float64"),
    "rank_biserial": "float64",
    **dict.fromkeys(["p", "p_adjusted"], "float64"),
    **dict.fromkeys(["n", "both", "only_easy", "only_hard"], "int64"),
}

ATLAS_EFFECTS: Schema = {
    "analysis": "str",
    "outcome": "str",
    "architecture": "str",
    "measure": "str",
    **dict.fromkeys(["estimate", "lower", "upper", "p", "p_adjusted"], "float64"),
    "n": "int64",
    "networks": "int64",
}

TRANSFER: Schema = {
    "kind": "str",
    "universal": "str",
    "source": "str",
    "target": "str",
    "pairs": "int64",
    **dict.fromkeys(["started", "scratch", "first"], "float64"),
    **dict.fromkeys(["estimate", "lower", "upper"], "float64"),
    **dict.fromkeys(["statistic", "df", "p", "p_adjusted", "p_permuted"], "float64"),
    "n": "int64",
}

OVERVIEW: Schema = {
    "experiment": "str",
    "title": "str",
    "universal": "str",
    "version": "str",
    "twin": "str",
    "sample": "int64",
    "easy": "str",
    "hard": "str",
    "n": "int64",
    **{
        f"{column}_{side}": dtype
        for side in ("easy", "hard")
        for column, dtype in {
            "censored": "int64",
            "median_step": "float64",
            "median_lower": "float64",
            "median_upper": "float64",
            "final_accuracy": "float64",
            "size_alone": "float64",
        }.items()
    },
    **{
        f"{test}_{column}": "int64" if column == "n" else "float64"
        for test in TESTS
        for column in ("estimate", "lower", "upper", "p", "p_adjusted", "n")
    },
    **dict.fromkeys(["effect_size", "effect_lower", "effect_upper"], "float64"),
}

AS_RUN: Schema = {
    "documented": "str",
    "as_run": "str",
    "sample": "int64",
    "easy": "str",
    "hard": "str",
    "measure": "str",
    "unit": "str",
    **dict.fromkeys(["documented_mean", "as_run_mean", "difference", "lower", "upper"], "float64"),
    **dict.fromkeys(["statistic", "df", "p", "p_adjusted"], "float64"),
    "n_documented": "int64",
    "n_as_run": "int64",
    **dict.fromkeys(["mann_whitney_u", "mann_whitney_p", "mann_whitney_p_adjusted"], "float64"),
    "mann_whitney_n_documented": "int64",
    "mann_whitney_n_as_run": "int64",
}

BENCHMARK: Schema = {
    "measure": "str",
    "core": "str",
    "trials": "Int64",
    "hidden": "Int64",
    "size": "Int64",
    "scenes": "Int64",
    "layers": "Int64",
    "batch": "Int64",
    "precision": "str",
    "threads": "Int64",
    "networks": "Int64",  # really run, where those of a loop or of the eager core are too many
    "median": "float64",
    "lower": "float64",
    "upper": "float64",
    "unit": "str",
    "repeats": "int64",
    **dict.fromkeys(["ratio_to_loop", "ratio_lower", "ratio_upper"], "float64"),
    "gflops": "float64",
    "fraction_of_peak": "float64",
}

MACHINE: Schema = {"property": "str", "value": "str"}

DEGREES: Schema = {
    "quantifier": "str",
    "expression": "str",
    "truth_rate": "float64",
    **dict.fromkeys(["right_upward", "right_downward", "left_upward", "left_downward"], "float64"),
    **dict.fromkeys(["quantity", "conservativity", "extensionality"], "float64"),
    **dict.fromkeys(["max_direction", "max_with_negation", "mean_of_arguments"], "float64"),
    **dict.fromkeys(["two_sided_mean", "violation_rate"], "float64"),
}

DESCRIPTION: Schema = {
    "kind": "str",
    "attention": "str",
    "counts": "str",
    "both": "Int64",
    "a_only": "Int64",
    **dict.fromkeys(["estimate", "lower", "upper", "p_adjusted"], "float64"),
    "n": "Int64",
    "scene": "str",
    "target": "str",
    "written": "str",
}

LANGUAGE_MODEL: Schema = {
    "kind": "str",
    "model": "str",
    "quantifier": "str",
    **dict.fromkeys(["estimate", "lower", "upper"], "float64"),
    "n": "int64",
    "scene": "str",
    "written": "str",
}

FINETUNING: Schema = {
    "kind": "str",
    "start": "str",
    "scenes": "Int64",
    **dict.fromkeys(["estimate", "lower", "upper", "p_adjusted"], "float64"),
    "n": "int64",
}

GENERATED: Schema = {
    "quantifier": "str",
    "expression": "str",
    "words": "int64",
    "monotonicity": "float64",
    "truth_rate": "float64",
}

LEFT_OUT: Schema = {"what": "str", "number": "int64"}

COMPLEXITY: Schema = {
    "quantifier": "str",
    "expression": "str",
    "nodes": "int64",
    "shortest": "str",
    "shortest_words": "Int64",
    "lempel_ziv": "float64",
    "boundaries": "Int64",
    "boundaries_in_row": "Int64",
    "boundary_density": "float64",
    "states": "Int64",
}

TREES: Schema = {
    "quantifier": "str",
    "a_only": "int64",
    "both": "int64",
    "scenes": "int64",
    "true": "int64",
    "mixed": "bool",
}

MINIMAL_PAIRS: Schema = {"quantifier": "str", "universal": "str", "true": "str", "false": "str"}

TRUTH_RATES: Schema = {"quantifier": "str", "size": "int64", "truth_rate": "float64"}


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
    blank_free = [column for column, dtype in schema.items() if dtype in ("int64", "bool")]
    nullable = {"int64": "Int64", "bool": "boolean"}
    words = [column for column, dtype in schema.items() if dtype == "str"]
    try:
        frame = pd.read_csv(
            path,
            dtype={column: nullable.get(dtype, dtype) for column, dtype in schema.items()},
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
    return frame.astype({column: schema[column] for column in blank_free})


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
        return frame.astype(dict(schema))
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
