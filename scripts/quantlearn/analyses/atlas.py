"""The atlas: how hard each quantifier was to learn, beside what follows from its meaning alone.

A quantifier has a network of its own for each architecture and trial. How hard it was to learn is
the area under the loss curve on held-out scenes (as in Haberland & Steinert-Threlkeld, "Quantifiers
of greater monotonicity are easier to learn", SALT 35): the mean loss over training, so that a
quantifier that is learned sooner or better has a smaller one. Beside it stand the degrees of
universals, exact on all scenes up to some size, the truth rate on them, Lempel–Ziv complexity, and
what a rule reaches that knows the size of a scene alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import prose, tables
from quantlearn.complexity import lempel_ziv_complexity
from quantlearn.findings import ARCHITECTURES
from quantlearn.semantics import Quantifier
from quantlearn.space import read_sample
from quantlearn.truth_tables import tabulate
from quantlearn.universals import DIRECTIONS, degrees

__all__ = [
    "area_under_curve",
    "atlas_table",
    "measures",
    "of_quantifiers",
    "read_atlas",
    "remark",
    "shown",
    "size_alone",
]

_OBJECTS = 8  # degrees are exact on all scenes up to this size
_OF_NETWORK = ("architecture", "quantifier", "trial", "converged")
_OBJECTS_OF_SEQUENCE = 6  # as in the literature on Lempel–Ziv complexity; 5,460 scenes


# --- What follows from the meaning ----------------------------------------------------------------


def measures(expressions: Mapping[str, str], objects: int = _OBJECTS) -> pd.DataFrame:
    """Degrees, truth rate and complexity of each quantifier, by its name.

    expressions: name → expression; objects: the size of the largest scenes that are gone through.
    ``monotonicity`` is the largest of the four directions.

    >>> found = measures({"every": "A <= B", "even": "|A & B| % 2 == 0"}, objects=4)
    >>> found["monotonicity"].round(2).tolist()
    [1.0, 0.23]
    """
    quantifiers = [Quantifier(*item) for item in expressions.items()]
    table = tabulate(quantifiers, objects)
    found = degrees(table)
    sequences = tabulate(quantifiers, min(objects, _OBJECTS_OF_SEQUENCE), min_size=1)
    found["expression"] = pd.Series(expressions)
    found["truth_rate"] = table.truth.mean(axis=1)
    found["monotonicity"] = found[list(DIRECTIONS)].max(axis=1)
    found["lempel_ziv"] = [lempel_ziv_complexity(sequences, name) for name in table.names]
    return found


# --- How it was learned ---------------------------------------------------------------------------


def area_under_curve(steps: np.ndarray, loss: np.ndarray) -> float:
    """The area under a loss curve by the trapezoid rule, over its width: the mean loss.

    nan where the loss is not a finite number somewhere: the run diverged.

    >>> area_under_curve(np.array([1, 51, 101]), np.array([0.7, 0.5, 0.1]))
    0.45
    """
    if not np.isfinite(loss).all():
        return float("nan")
    return float(np.trapezoid(loss, steps) / (steps[-1] - steps[0])) if len(steps) > 1 else loss[0]


def size_alone(baseline_cells: pd.DataFrame, split: str) -> pd.Series:
    """The accuracy of the rule that knows only the size, by trial and quantifier."""
    own = baseline_cells[
        (baseline_cells["baseline"] == "size") & (baseline_cells["split"] == split)
    ]
    summed = own.groupby(["trial", "quantifier"])[["correct", "scenes"]].sum()
    return (summed["correct"] / summed["scenes"]).rename("size_alone")


def atlas_table(
    settings: Mapping[str, Any],
    architectures: Mapping[int, str],
    curves: pd.DataFrame,
    convergence: pd.DataFrame,
    baseline_cells: pd.DataFrame,
    objects: int = _OBJECTS,
) -> pd.DataFrame:
    """One row for each network, with the columns of `quantlearn.tables.ATLAS`.

    architectures: sample → the kind of its networks; the other tables are those of the experiment.
    """
    split = settings["training"]["monitor"]
    watched = curves[(curves["split"] == split) & (curves["quantifier"] != "all")]
    keys = ["sample", "trial", "quantifier"]
    areas = {
        key: area_under_curve(run["step"].to_numpy(), run["loss"].to_numpy())
        for key, run in watched.sort_values("step").groupby(keys)
    }
    frame = convergence.set_index(keys)
    frame["area"] = pd.Series(areas).rename_axis(keys)
    frame = frame.reset_index().rename(columns={"final_accuracy": "accuracy"})
    frame["architecture"] = frame["sample"].map(architectures)
    frame = frame.join(size_alone(baseline_cells, split), on=["trial", "quantifier"])
    frame = frame.join(measures(settings["expressions"], objects), on="quantifier")
    order = {name: place for place, name in enumerate(settings["quantifiers"])}
    frame = frame.sort_values(
        ["architecture", "quantifier", "trial"],
        key=lambda column: column.map(order) if column.name == "quantifier" else column,
        ignore_index=True,
    )
    return frame[list(tables.ATLAS)].astype(dict(tables.ATLAS))


def read_atlas(
    settings: Mapping[str, Any], samples: str, curves: str, convergence: str, baseline_cells: str
) -> pd.DataFrame:
    """The `atlas_table` of an experiment, from the paths of its tables."""
    drawn = tables.read_csv(samples, tables.SAMPLES)["sample"]
    architectures = {
        sample: read_sample(samples, sample)["network"]["architecture"] for sample in drawn
    }
    return atlas_table(
        settings,
        architectures,
        tables.read_parquet(curves, tables.CURVES),
        tables.read_csv(convergence, tables.CONVERGENCE),
        tables.read_parquet(baseline_cells, tables.BASELINE_CELLS),
    )


def of_quantifiers(atlas: pd.DataFrame) -> pd.DataFrame:
    """One row for each architecture and quantifier: means over the trials that did not diverge.

    The convergence step is the mean over trials as well, infinite where one of them did not
    converge. Quantifiers of which every trial diverged are missing.
    """
    kept = atlas.dropna(subset="area")
    steps = kept["step"].astype("float64").where(kept["converged"], np.inf)
    grouped = kept.assign(step=steps).groupby(["architecture", "quantifier"], sort=False)
    outcomes = ("area", "accuracy", "step", "size_alone")
    of_meaning = [name for name in tables.ATLAS if name not in (*_OF_NETWORK, *outcomes)]
    how = {**dict.fromkeys(of_meaning, "first"), **dict.fromkeys(outcomes, "mean")}
    return grouped.agg(how).reset_index()


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """How many networks learned what, and which quantifiers were easiest and hardest."""
    lines = []
    for architecture, networks in numbers.groupby("architecture"):
        means = of_quantifiers(networks).set_index("quantifier")["area"].sort_values()
        diverged = int(networks["area"].isna().sum())
        easiest, hardest = (_named(means.iloc[some]) for some in (slice(0, 3), slice(-3, None)))
        lines.append(
            f"- {prose.capital(ARCHITECTURES[architecture])}: "
            f"{prose.counted(len(networks), 'network')} of "
            f"{prose.counted(networks['quantifier'].nunique(), 'quantifier')}, of which "
            f"{int(networks['converged'].sum()):,} converged"
            + (f" and {diverged} diverged (left out below)" if diverged else "")
            + f". Easiest were {easiest}; hardest {hardest}."
        )
    generated = settings["generated"]
    return "\n".join(
        [
            f"Beside {prose.counted(len(settings['quantifiers']) - generated, 'quantifier')} of "
            f"natural language, {generated:,} generated ones were learned. The number in brackets "
            "is the area under the loss curve.",
            "",
            *lines,
        ]
    )


def _named(means: pd.Series) -> str:
    return prose.listed(f"{prose.name(name)} ({area:.3f})" for name, area in means.items())


def shown(_: pd.DataFrame) -> None:
    """The table has a row for each network, too many to show."""
