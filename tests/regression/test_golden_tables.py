"""Golden tables: the tiny configuration gives the numbers it gave before, on any machine.

The experiments compute in double precision and train for some sixty steps, so that rounding, which
differs between machines, stays far below the tolerance. To accept a change on purpose, run pytest
with --force-regen and look at what git says has changed.
"""

import hashlib

import pandas as pd
import pytest

TOLERANCE = {"atol": 1e-6, "rtol": 1e-6}
EXPERIMENTS = ["tiny", "tiny_as_run"]


def numbers(table):
    """A table's columns, words included, as pytest-regressions can compare them."""
    return table.astype({name: str for name in table.select_dtypes(["str", "bool"])})


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("name", ["trials", "convergence", "verdicts", "comparison"])
def test_table(finished, dataframe_regression, experiment, name):
    table = pd.read_csv(finished / "results" / experiment / "tables" / f"{name}.csv")
    dataframe_regression.check(
        numbers(table), basename=f"{experiment}_{name}", default_tolerance=TOLERANCE
    )


@pytest.mark.parametrize("experiment", [*EXPERIMENTS, "tiny_alone"])
def test_scenes_are_the_same_everywhere(finished, data_regression, experiment):
    # Random streams and integers do not round, so the scenes must agree to the byte.
    rows = pd.read_parquet(finished / "results" / experiment / "data" / "split.parquet")
    text = rows.assign(scene=rows["scene"].map(bytes.hex)).to_csv(index=False)
    data_regression.check(
        {"rows": len(rows), "sha256": hashlib.sha256(text.encode()).hexdigest()},
        basename=f"{experiment}_scenes",
    )
