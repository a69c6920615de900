"""The atlas: how hard each quantifier was to learn, beside what follows from its meaning alone.

A quantifier has a network of its own for each architecture and trial. How hard it was to learn is
the area under the loss curve on held-out scenes (as in Haberland & Steinert-Threlkeld, "Quantifiers
of greater monotonicity are easier to learn", SALT 35): the mean loss over training, so that a
quantifier that is learned sooner or better has a smaller one. Beside it stand the degrees of
universals, exact on all scenes up to some size, the truth rate on them, Lempel–Ziv complexity, and
what rules reach that know of a scene no more than its size or its zone counts.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.formats import p_phrase
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.semantics.measures import measures
from quantlearn.settings.protocol import named_and_generated
from quantlearn.settings.samples import read_sample
from quantlearn.statistics.agreement import agreement, half_width
from quantlearn.statistics.comparison import holm
from quantlearn.statistics.curves import area_under_curve

__all__ = [
    "atlas_table",
    "baselines",
    "headline",
    "of_quantifiers",
    "read_atlas",
    "remark",
    "shown",
]

_OBJECTS = 8  # degrees are exact on all scenes up to this size
_OF_NETWORK = ("architecture", "quantifier", "trial", "converged")


# --- How it was learned ---------------------------------------------------------------------------


def baselines(baseline_cells: pd.DataFrame, split: str) -> pd.DataFrame:
    """Accuracies of the rules that know only the size or the zone counts, by trial and quantifier.

    Columns: size_alone, counts_alone.
    """
    own = baseline_cells[baseline_cells["split"] == split]
    summed = own.groupby(["trial", "quantifier", "baseline"])[["correct", "scenes"]].sum()
    share = (summed["correct"] / summed["scenes"]).rename("share").reset_index()
    accuracy = share.pivot_table("share", ["trial", "quantifier"], "baseline")
    columns = {"size": "size_alone", "zone_counts": "counts_alone"}
    return accuracy[list(columns)].rename(columns=columns)


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
    frame = frame.join(baselines(baseline_cells, split), on=["trial", "quantifier"])
    frame = frame.join(measures(settings["expressions"], objects), on="quantifier")
    order = {name: place for place, name in enumerate(settings["quantifiers"])}
    frame = frame.sort_values(
        ["architecture", "quantifier", "trial"],
        key=lambda column: column.map(order) if column.name == "quantifier" else column,
        ignore_index=True,
    )
    return frame[list(tables.ATLAS)].astype(columns.types(tables.ATLAS))


def read_atlas(
    settings: Mapping[str, Any], samples: str, curves: str, convergence: str, baseline_cells: str
) -> pd.DataFrame:
    """The `atlas_table` of an experiment, from the paths of its tables."""
    drawn = tables.read_csv(samples, columns.SAMPLES)["sample"]
    architectures = {
        sample: read_sample(samples, sample)["network"]["architecture"] for sample in drawn
    }
    return atlas_table(
        settings,
        architectures,
        tables.read_parquet(curves, columns.CURVES),
        tables.read_csv(convergence, columns.CONVERGENCE),
        tables.read_parquet(baseline_cells, columns.BASELINE_CELLS),
    )


def of_quantifiers(atlas: pd.DataFrame) -> pd.DataFrame:
    """One row for each architecture and quantifier: means over the trials that did not diverge.

    The convergence step is the mean over trials as well, infinite where one of them did not
    converge. Quantifiers of which every trial diverged are missing.
    """
    kept = atlas.dropna(subset="area")
    steps = kept["step"].astype("float64").where(kept["converged"], np.inf)
    grouped = kept.assign(step=steps).groupby(["architecture", "quantifier"], sort=False)
    outcomes = ("area", "accuracy", "step", "size_alone", "counts_alone")
    of_meaning = [name for name in tables.ATLAS if name not in (*_OF_NETWORK, *outcomes)]
    how = {**dict.fromkeys(of_meaning, "first"), **dict.fromkeys(outcomes, "mean")}
    return grouped.agg(how).reset_index()


# --- In words -------------------------------------------------------------------------------------


def headline(_numbers: pd.DataFrame, _settings: Mapping[str, Any]) -> None:
    """Nothing: what there is to see is told by atlas_effects."""


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """How many networks converged, and how far quantifiers differ more than trials of one do."""
    kinds = list(numbers.groupby("architecture"))
    wide = [
        networks.pivot_table(index="quantifier", columns="trial", values="area")
        for _, networks in kinds
    ]
    found = [agreement(areas) for areas in wide]
    adjusted = holm(np.array([one["p"] for one in found]))
    named, generated = named_and_generated(settings)
    lines = []
    for (architecture, networks), areas, one, p in zip(kinds, wide, found, adjusted, strict=True):
        means = of_quantifiers(networks).set_index("quantifier").sort_values("area")
        diverged = int(networks["area"].isna().sum())
        half = half_width(areas)
        easiest, hardest = (
            _named(means.iloc[some], half, named) for some in (slice(0, 3), slice(-3, None))
        )
        lines.append(
            f"- {formats.capital(ARCHITECTURES[architecture])}: "
            f"{formats.counted(len(networks), 'network')} of "
            f"{formats.counted(networks['quantifier'].nunique(), 'quantifier')}, of which "
            f"{_share(int(networks['converged'].sum()), len(networks))} converged"
            + (f" and {diverged} diverged (left out below)" if diverged else "")
            + f". {_agreement(one, p)} The smallest areas are those of {easiest}, the largest "
            f"those of {hardest}."
        )
    return "\n".join(
        [
            f"Beside {formats.counted(len(named), 'quantifier')} of natural language, "
            f"{len(generated):,} generated ones were learned, {settings['negations']:,} of them "
            "negations of others. Behind a name stands the area under its loss curve, the mean of "
            "its trials, and before it what a generated one means. Intervals are of 95 % (Wilson's "
            "for shares; for areas by the variance of trials of one quantifier, the mean over "
            "all); p values are adjusted by Holm's method over the architectures.",
            "",
            *lines,
        ]
    )


def _agreement(found: Mapping[str, float], p: float) -> str:
    counts = (
        f"n = {formats.counted(int(found['n']), 'quantifier')} with "
        f"{formats.counted(int(found['values']), 'trial')} each"
    )
    if np.isnan(found["estimate"]):
        return f"How far trials of one quantifier agree cannot be told ({counts})."
    estimate, lower, upper = (
        formats.correlation(found[name]) for name in ("estimate", "lower", "upper")
    )
    return (
        "The share of the variance of areas that is between quantifiers, and not between trials "
        f"of one, is {estimate} ({formats.interval(lower, upper)}, {p_phrase(p)}, {counts})."
    )


def _share(some: int, of_all: int) -> str:
    bounds = stats.binomtest(some, of_all).proportion_ci(method="wilson")
    shown = formats.interval(formats.percent(bounds.low), formats.percent(bounds.high))
    return f"{some:,} ({formats.percent(some / of_all)}, {shown})"


def _named(means: pd.DataFrame, half: float, known: Collection[str]) -> str:
    """Names, each with its area and the interval of it, where there is one; no area is below 0.

    Those that are not ``known`` from natural language are told by their expressions.
    """

    def spread(area: float) -> str:
        return "" if np.isnan(half) else f", {max(area - half, 0):.3f} to {area + half:.3f}"

    return formats.listed(
        f"{formats.name(row.Index)} ("
        + ("" if row.Index in known else f"`{row.expression}`: ")
        + f"{row.area:.3f}{spread(row.area)})"
        for row in means.itertuples()
    )


def shown(_: pd.DataFrame) -> None:
    """The table has a row for each network, too many to show."""
