"""The networks of the atlas, which its figures share: how hard each was to train, and for what.

How hard a quantifier was to learn is the area under the loss curve on held-out scenes (as in
Haberland & Steinert-Threlkeld, "Quantifiers of greater monotonicity are easier to learn", SALT 35):
the mean loss over training, so that a quantifier that is learned sooner or better has a smaller
one. Beside it stand the degrees of universals, exact on all scenes up to some size, the truth rate
on them, Lempel–Ziv complexity, and what rules reach that know of a scene no more than its size or
its zone counts.
"""

import numpy as np
import pandas as pd

from quantlearn.columns import Column, Schema, types
from quantlearn.data.baselines import baseline_accuracy
from quantlearn.figures.experiment import Experiment
from quantlearn.semantics.measures import measures
from quantlearn.statistics.curves import area_under_curve

__all__ = ["ATLAS", "DEGREES", "MEASURES", "TRUTH_SET", "networks_of", "of_quantifiers"]

ATLAS: Schema = {
    "architecture": Column("str", "network.architecture"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml or config/generated.csv"),
    "expression": Column("str", "When it is true"),
    "family": Column(
        "str", "The primitives of its expression (`scripts/quantlearn/semantics/complexity.py`)"
    ),
    "negation": Column(
        "str", "The quantifier among these that is its negation; blank if there is none"
    ),
    "trial": Column("int64", "Trial"),
    "area": Column(
        "float64",
        "Area under the curve of the monitored loss, over its width; blank where training diverged",
    ),
    "step": Column("Int64", "Convergence step"),
    "converged": Column("boolean", "Whether there is one; blank where nothing was measured"),
    "accuracy": Column("float64", "Final accuracy: `final_accuracy` in convergence.csv"),
    "size_alone": Column(
        "float64", "Accuracy of the rule that knows only the size, on the monitored split"
    ),
    "counts_alone": Column("float64", "The same of the rule that knows only the zone counts"),
    "truth_rate": Column("float64", "Share of scenes in which it is true"),
    "monotonicity": Column("float64", "Largest of the four directions"),
    "max_with_negation": Column("float64", "As in atlas/tables/degrees.csv"),
    "mean_of_arguments": Column("float64", "As there"),
    "two_sided_mean": Column("float64", "As there"),
    "violation_rate": Column("float64", "As there"),
    "right_upward": Column("float64", "Degree of upward monotonicity in B"),
    "right_downward": Column("float64", "The same, downward"),
    "left_upward": Column("float64", "Degree of upward monotonicity in A"),
    "left_downward": Column("float64", "The same, downward"),
    "quantity": Column("float64", "Degree of quantity"),
    "conservativity": Column("float64", "Degree of conservativity"),
    "extensionality": Column("float64", "Degree of extensionality"),
    "lempel_ziv": Column("float64", "Lempel–Ziv complexity in bits, on scenes of 1 to 6 objects"),
}

DEGREES = {
    "monotonicity": "monotonicity",
    "max_with_negation": "monotonicity, negation too",
    "mean_of_arguments": "monotonicity, mean of A and B",
    "two_sided_mean": "monotonicity, two-sided",
    "violation_rate": "monotonicity, by violations",
}
"""The degree of monotonicity in all variants of universals.py, in words."""

MEASURES = {
    "monotonicity": "monotonicity",
    "quantity": "quantity",
    "conservativity": "conservativity",
    "extensionality": "extensionality",
    "lempel_ziv": "Lempel–Ziv complexity",
    "imbalance": "imbalance of truth",
    "size_alone": "accuracy by size alone",
}
"""What an outcome may depend on, in words. Imbalance is the distance of the truth rate from ½."""

TRUTH_SET = {
    "truth_rate": "truth rate",
    "imbalance": "its distance from ½",
    "size_alone": "accuracy by size alone",
    "counts_alone": "accuracy by zone counts alone",
}
"""Statistics of the truth set that an effect of monotonicity might be an effect of, in words."""

_OBJECTS = 8  # degrees are exact on all scenes up to this size
_OUTCOMES = ["area", "accuracy", "step", "size_alone", "counts_alone"]


def networks_of(experiment: Experiment, objects: int = _OBJECTS) -> pd.DataFrame:
    """One row for each network of an experiment, with the columns `ATLAS`.

    Each quantifier has networks of its own. objects: the size of the largest scenes that degrees
    are computed from.
    """
    settings, curves = experiment.settings, experiment.curves
    split = settings["training"]["monitor"]
    keys = ["sample", "trial", "quantifier"]
    watched = curves[(curves["split"] == split) & (curves["quantifier"] != "all")]
    areas = {
        key: area_under_curve(run["step"].to_numpy(), run["loss"].to_numpy())
        for key, run in watched.sort_values("step").groupby(keys)
    }
    frame = experiment.convergence.rename(columns={"final_accuracy": "accuracy"})
    frame = frame.join(pd.Series(areas, name="area").rename_axis(keys), on=keys)
    kinds = {sample: experiment.architecture(sample) for sample in experiment.samples}
    frame["architecture"] = frame["sample"].map(kinds)
    # From the cells: accuracies in the table of baselines are rounded.
    rules = baseline_accuracy(experiment.baseline_cells)
    reached = rules[rules["split"] == split].pivot_table(
        "accuracy", ["trial", "quantifier"], "baseline"
    )
    reached = reached.rename(columns={"size": "size_alone", "zone_counts": "counts_alone"})
    frame = frame.join(reached, on=["trial", "quantifier"])
    frame = frame.join(measures(settings["expressions"], objects), on="quantifier")
    place = {name: place for place, name in enumerate(settings["quantifiers"])}
    frame["place"] = frame["quantifier"].map(place)
    frame = frame.sort_values(["architecture", "place", "trial"], ignore_index=True)
    return frame[list(ATLAS)].astype(types(ATLAS))


def of_quantifiers(networks: pd.DataFrame) -> pd.DataFrame:
    """One row for each architecture and quantifier: means over the trials that did not diverge.

    The convergence step is the mean over trials as well, infinite where one of them did not
    converge. Quantifiers of which every trial diverged are missing. Two columns are new:
    ``imbalance``, and ``networks``, the number of these trials.
    """
    kept = networks.dropna(subset="area")
    steps = kept["step"].astype("float64").where(kept["converged"].astype(bool), np.inf)
    grouped = kept.assign(step=steps).groupby(["architecture", "quantifier"], sort=False)
    found = grouped.first().drop(columns=["trial", "converged"])
    found[_OUTCOMES] = grouped[_OUTCOMES].mean()
    found["imbalance"] = (found["truth_rate"] - 0.5).abs()
    found["networks"] = grouped.size()
    return found.reset_index()
