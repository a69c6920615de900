"""The networks of the atlas, which its figures share: how hard each was to train, and for what.

How hard a quantifier was to learn is the area under the loss curve on held-out scenes (as in
Haberland & Steinert-Threlkeld, "Quantifiers of greater monotonicity are easier to learn", SALT 35):
the mean loss over training, so that a quantifier that is learned sooner or better has a smaller
one. Beside it stand the degrees of universals, exact on all scenes up to some size, the truth rate
on them, how long its expression is, how sensitive its truth is to single objects, Lempel–Ziv
complexity, and what rules reach that know of a scene no more than its size or its zone counts.

Quantifiers of one orbit are equally hard by construction (see `semantics.symmetry`), so the unit of
every analysis is the orbit, and a degree that differs within orbits cannot explain difficulty.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn.columns import Column, Schema, types
from quantlearn.data.baselines import baseline_accuracy
from quantlearn.data.selection import strata
from quantlearn.figures.experiment import Experiment
from quantlearn.semantics.measures import COMPLEXITY, measures
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.symmetry import group_of, orbits, symmetries
from quantlearn.statistics.curves import area_under_curve

__all__ = [
    "ATLAS",
    "DEGREE",
    "DEGREES",
    "MEASURES",
    "TRUTH_SET",
    "networks_of",
    "of_orbits",
    "of_quantifiers",
]

_OF_TRUTH_SETS = (
    "boundary",
    "sensitivity",
    "class_separation",
    "true_size",
    "true_size_variance",
    "true_count_variance",
)

ATLAS: Schema = {
    "architecture": Column("str", "network.architecture"),
    "quantifier": Column("str", "Name in config/quantifiers.yaml or config/generated.csv"),
    "expression": Column("str", "When it is true"),
    "family": Column(
        "str", "The primitives of its expression (`scripts/quantlearn/semantics/complexity.py`)"
    ),
    "orbit": Column(
        "str",
        "The first of these quantifiers that is one learning problem with it; itself where "
        "that is not decided, or the experiment's settings break the symmetry",
    ),
    "weight": Column(
        "float64",
        "How many meanings it stands for: those in its range of monotonicity over the quantifiers "
        "drawn from them; blank for those that were not drawn",
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
    "orbit_mean": Column("float64", "Its mean over the 48 members of the orbit, learned or not"),
    "orbit_max": Column("float64", "The largest of them"),
    "placebo": Column("float64", "monotonicity less orbit_mean: it can have no effect"),
    "mirrored_downward": Column(
        "float64", "The larger downward degree, taken as the negation's degree upward"
    ),
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
    "nodes": Column("int64", "Nodes of the syntax tree of its expression"),
    "operators": Column("int64", "Those of them that have parts"),
    "lempel_ziv": Column("float64", "Lempel–Ziv complexity in bits, on scenes of 1 to 6 objects"),
    **{name: COMPLEXITY[name] for name in _OF_TRUTH_SETS},
}

DEGREE = "orbit_mean"
"""The degree that is tested: it is the same for all of an orbit, as difficulty is."""

DEGREES = {
    "orbit_mean": "monotonicity, mean of the orbit",
    "orbit_max": "monotonicity, largest of the orbit",
    "monotonicity": "monotonicity, own",
    "max_with_negation": "monotonicity, negation too",
    "mean_of_arguments": "monotonicity, mean of A and B",
    "two_sided_mean": "monotonicity, two-sided",
    "violation_rate": "monotonicity, by violations",
    "mirrored_downward": "downward, mirrored",
    "placebo": "own less orbit mean (placebo)",
}
"""The degree of monotonicity in all variants; only the first two are the same within orbits."""

MEASURES = {
    "orbit_mean": DEGREES["orbit_mean"],
    "sensitivity": "average sensitivity",
    "class_separation": "class separation",
    "nodes": "length of the expression",
    "operators": "operators in it",
    "lempel_ziv": "Lempel–Ziv complexity",
    "quantity": "quantity",
    "imbalance": "imbalance of truth",
    "size_alone": "accuracy by size alone",
}
"""What difficulty may depend on, in words. Imbalance is the distance of the truth rate from ½."""

TRUTH_SET = {
    "truth_rate": "truth rate",
    "imbalance": "its distance from ½",
    "size_alone": "accuracy by size alone",
    "counts_alone": "accuracy by zone counts alone",
    "class_separation": "class separation",
    "boundary": "size of the boundary",
    "true_size": "mean size if true",
    "true_size_variance": "variance of size if true",
    "true_count_variance": "variance of zone counts if true",
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
    frame["orbit"] = frame["quantifier"].map(_orbits(settings))
    frame["weight"] = frame["quantifier"].map(_weights(settings.get("drawn_from", {})))
    place = {name: place for place, name in enumerate(settings["quantifiers"])}
    frame["place"] = frame["quantifier"].map(place)
    frame = frame.sort_values(["architecture", "place", "trial"], ignore_index=True)
    return frame[list(ATLAS)].astype(types(ATLAS))


def _orbits(settings: Mapping[str, Any]) -> dict[str, str]:
    """The orbit of each quantifier, by name; each its own where the experiment tells zones apart.

    What negations or relabelled zones say is one learning problem, so orbits, and not quantifiers,
    are what an analysis may take for independent.
    """
    generate = settings["data"]["generate"]
    space = Space.named(generate["min_size"], generate["max_size"], generate["zones"])
    if len(group_of(settings).symmetries) < len(symmetries(space.zones)):
        return {name: name for name in settings["quantifiers"]}
    expressions = settings["expressions"]
    return orbits([Quantifier(name, expressions[name]) for name in settings["quantifiers"]], space)


def _weights(drawn_from: Mapping[str, tuple[float, int]]) -> pd.Series:
    """How many meanings each drawn quantifier stands for.

    >>> _weights({"p": (0.11, 60), "q": (0.19, 60), "r": (1.0, 5)}).tolist()
    [30.0, 30.0, 5.0]
    """
    columns = ["monotonicity", "meanings"]
    frame = pd.DataFrame.from_dict(dict(drawn_from), orient="index", columns=columns)
    stratum = strata(frame["monotonicity"].astype(float))
    return frame["meanings"].astype(float) / stratum.map(stratum.value_counts())


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


def of_orbits(points: pd.DataFrame) -> pd.DataFrame:
    """One row for each architecture and orbit: means over its quantifiers, of `of_quantifiers`.

    ``quantifiers`` is how many they are; ``networks`` is their sum.
    """
    grouped = points.groupby(["architecture", "orbit"], sort=False)
    found = grouped.mean(numeric_only=True)
    found[["family", "quantifier"]] = grouped[["family", "quantifier"]].first()
    found["networks"], found["quantifiers"] = grouped["networks"].sum(), grouped.size()
    return found.reset_index()
