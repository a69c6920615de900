"""How the effects of 2019 change with what they should not hang on: a curve of specifications.

The outcome of a trial is log(T₂ / T₁): T is the step at which a quantifier of a pair is learned, or
the horizon where it is not. A specification is one choice of each factor. Rate, units, sizes,
counts and alone are trained, in as many combinations as the experiments have; threshold and window
are read from the same curves. In all of them a quantifier has as many scenes and steps.

What a factor changes is told by specifications that differ in it alone: the mean of the differences
in the same trials where both are read from one experiment's data, with Student's interval, and
else the difference of means over trials, with Welch's. It is said twice: where everything else is
as in the reference, and on average over all specifications that have such a counterpart.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from quantlearn.columns import Column, types
from quantlearn.figures import formats, style
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.specification_curve import Level, specification_curves
from quantlearn.figures.specifications import FLIPS, changes, sign_flip_test
from quantlearn.seeds import random_stream
from quantlearn.semantics.symmetry import labels
from quantlearn.settings.protocol import quantifiers_of_network
from quantlearn.statistics import endpoint as endpoints
from quantlearn.statistics.comparison import paired_comparison

READS = ("samples", "curves", "trials")

PAIR = {
    "first": Column("str", "First quantifier of the pair, which satisfies the universal"),
    "second": Column("str", "Second quantifier"),
}
FACTORS = {
    "rate": Column("float64", "Learning rate"),
    "units": Column("int64", "Units in a layer"),
    "sizes": Column("bool", "Whether sizes are matched, so that they tell nothing of the truth"),
    "counts": Column("bool", "Whether test scenes have zone counts that were not trained"),
    "alone": Column("bool", "Whether each quantifier has a network of its own"),
    "threshold": Column("float64", "Accuracy at which a quantifier counts as learned"),
    "window": Column("int64", "Evaluations over which the mean must exceed it too"),
}
BOUNDS = {
    "lower": Column("float64", "Lower end of its 95 % interval"),
    "upper": Column("float64", "Upper end"),
}
OF_TRAINING = ("rate", "units", "sizes", "counts", "alone")
BETWEEN = ("sizes", "counts", "alone")
"""Factors whose levels are in experiments of their own, with data of their own."""

TABLES = {
    "controls": {
        **PAIR,
        "experiment": Column("str", "Where the networks were trained"),
        "sample": Column("int64", "Hyperparameter sample"),
        **FACTORS,
        "reference": Column("bool", "Whether all factors are as in the first specification"),
        "scenes": Column("float64", "Training scenes of a quantifier, on average in its network"),
        "horizon": Column("int64", "Steps that a trial may take"),
        "n": Column("int64", "Trials"),
        "learned_first": Column("int64", "Trials that learned the first by the horizon"),
        "learned_second": Column("int64", "Trials that learned the second"),
        "estimate": Column("float64", "Geometric mean of T of the second over T of the first"),
        **BOUNDS,
        "p": Column("float64", "p value of the exact signed-rank test, not adjusted"),
    },
    "controls_changes": {
        **PAIR,
        "factor": Column("str", "What is changed"),
        "reference": Column("float64", "Its level in the reference; 1 is yes and 0 no"),
        "level": Column("float64", "The level it is changed to"),
        "scope": Column("str", "`reference`: all else as there; `design`: over all counterparts"),
        "n": Column("int64", "Trials that are compared"),
        "estimate": Column("float64", "Ratio at the level over the ratio at the reference"),
        **BOUNDS,
    },
    "controls_null": {
        **PAIR,
        "check": Column("bool", "Whether a symmetry swaps the pair in all specifications"),
        "specifications": Column("int64", "How many there are"),
        "median_ratio": Column("float64", "Median of their ratios"),
        "lowest_ratio": Column("float64", "Smallest of them"),
        "highest_ratio": Column("float64", "Largest"),
        "p_median": Column("float64", "How often flipped signs give so extreme a median"),
        "sooner": Column("float64", "Share with p < 0.05 for the first, not adjusted"),
        "later": Column("float64", "Share with p < 0.05 for the second"),
        "p_sooner": Column("float64", "How often flipped signs give so large a share `sooner`"),
    },
}

ROWS = {
    "controls": "One row for each pair and specification, of this experiment and those beside it.",
    "controls_changes": "One row for each pair, factor, level and scope.",
    "controls_null": "One row for each pair: all its specifications at once.",
}

THRESHOLDS = (0.9, 0.98)
"""Accuracies that a quantifier may have to exceed instead of the experiment's own."""

WINDOWS = (5, 100)
"""Evaluations of a window, instead of the experiment's own, where they fit into a run."""

WORDS = {
    "rate": "learning rate",
    "sizes": "sizes matched",
    "counts": "new zone counts",
}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The specifications, what each factor changes, and the curve as a whole, of each pair."""
    experiments = [experiment, *beside]
    groups = [pair for one in experiments for pair in one.settings["groups"] or []]
    learned = [
        (pair, one)
        for pair in dict.fromkeys(map(tuple, groups))
        for one in experiments
        if learns(one, pair)
    ]
    outcomes = pd.concat([outcomes_of(one, pair) for pair, one in learned], ignore_index=True)
    reference = outcomes.iloc[0][list(FACTORS)]
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for (first, second), trials in outcomes.groupby(list(PAIR), sort=False):
        pair, rng = {"first": first, "second": second}, random_stream(seed, first, second)
        specifications = [
            pair | dict(zip(("experiment", "sample", *FACTORS), key, strict=True)) | in_short(rows)
            for key, rows in trials.groupby(["experiment", "sample", *FACTORS], sort=False)
        ]
        made["controls"] += [
            one | {"reference": all(one[name] == reference[name] for name in FACTORS)}
            for one in specifications
        ]
        found = changes(trials, list(FACTORS), reference, BETWEEN)
        made["controls_changes"] += [pair | row | as_ratios(row) for row in found]
        own = [one for known, one in learned if known == (first, second)]
        check = all(labels((first, second), one.settings).exchangeable for one in own)
        made["controls_null"].append(pair | {"check": check} | as_a_whole(trials, rng))
    return {
        name: pd.DataFrame(rows, columns=list(TABLES[name])).astype(types(TABLES[name]))
        for name, rows in made.items()
    }


def learns(experiment: Experiment, pair: tuple[str, str]) -> bool:
    """Whether networks of an experiment learn a pair, and nothing else: together, or each alone."""
    settings = experiment.settings
    if settings["groups"] is None:
        return not settings["training"]["together"] and set(pair) <= set(settings["quantifiers"])
    return list(pair) in settings["groups"]


def outcomes_of(experiment: Experiment, pair: tuple[str, str]) -> pd.DataFrame:
    """log(T₂ / T₁) of each trial of a pair, in each specification of an experiment, a row each."""
    settings, frames = experiment.settings, []
    monitored = experiment.curves["split"] == settings["training"]["monitor"]
    for sample in experiment.samples:
        own = experiment.sample(sample)
        curves = experiment.curves[monitored & (experiment.curves["sample"] == sample)]
        trials = experiment.trials[experiment.trials["sample"] == sample]
        scenes = pd.concat(endpoints.networks_of(trials, name) for name in pair)["train_scenes"]
        horizon = endpoints.budget(scenes.to_list(), own["training"])
        known = {
            "first": pair[0],
            "second": pair[1],
            "experiment": experiment.name,
            "sample": sample,
            "rate": own["training"]["learning_rate"],
            "units": own["network"]["hidden"],
            "sizes": settings["data"]["balance"].get("by") == "truth_and_size",
            "counts": settings["data"]["split"]["by"] == "zone_counts",
            "alone": not settings["training"]["together"],
            "scenes": scenes.mean() / quantifiers_of_network(settings),
            "horizon": horizon,
        }
        for threshold, window in readings(settings, horizon):
            _, both = endpoints.pair_outcomes(
                curves,
                trials,
                pair,
                training=own["training"],
                endpoint={"measure": "convergence_step", "horizon": horizon, "window": window},
                threshold=threshold,
            )
            both["value"] = np.log(both["value_second"]) - np.log(both["value_first"])
            known |= {"threshold": threshold, "window": window}
            frames.append(both.rename_axis("trial").reset_index().assign(**known))
    return pd.concat(frames, ignore_index=True)


def readings(settings: Mapping[str, Any], horizon: int) -> Iterator[tuple[float, int]]:
    """The thresholds and windows at which curves are read, the default of endpoints first.

    >>> settings = {"convergence": {"threshold": 0.95}, "training": {"evaluate_every": 50}}
    >>> list(readings(settings, horizon=2000))[:2]
    [(0.95, 4), (0.95, 5)]
    """
    every = settings["training"]["evaluate_every"]
    own = endpoints.window(horizon, every)
    fitting = [window for window in WINDOWS if window <= endpoints.evaluations(horizon, every)]
    thresholds = [settings["convergence"]["threshold"], *THRESHOLDS]
    return itertools.product(dict.fromkeys(thresholds), dict.fromkeys([own, *fitting]))


def in_short(rows: pd.DataFrame) -> dict[str, Any]:
    """The trials of one specification in a row."""
    found = paired_comparison(rows["value"].to_numpy())
    learned = {name: int(rows[name].sum()) for name in ("learned_first", "learned_second")}
    sums = {"scenes": rows["scenes"].mean(), "horizon": rows["horizon"].iloc[0], "n": found.n}
    ratios = as_ratios({"estimate": found.estimate, "lower": found.lower, "upper": found.upper})
    return sums | learned | ratios | {"p": found.p}


def as_ratios(row: Mapping[str, Any]) -> dict[str, float]:
    """An estimate of logarithms, and its interval, as ratios."""
    return {key: float(np.exp(row[key])) for key in ("estimate", "lower", "upper")}


def as_a_whole(trials: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    """The curve of a pair's specifications, and its sign-flip null."""
    by_trial = trials.pivot_table("value", list(FACTORS), ["experiment", "trial"])
    found = sign_flip_test(by_trial.to_numpy(), rng)
    means = by_trial.mean(axis=1)
    return {
        "specifications": len(means),
        "median_ratio": np.exp(found.median),
        "lowest_ratio": np.exp(means.min()),
        "highest_ratio": np.exp(means.max()),
        "p_median": found.p_median,
        "sooner": found.sooner,
        "later": found.later,
        "p_sooner": found.p_sooner,
    }


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """How the effects of 2019 change with what they should not hang on: specification curves.

    Above, each specification of a pair by its ratio: how many times as many steps the second
    quantifier takes, the geometric mean over trials with its 95 % interval, blue where p < 0.05 in
    a signed-rank test, not adjusted. The large marker is the reference. Below, what each of them
    is: a mark in each row that holds of it.
    """
    curves = {
        f"{style.label(first)} –\n{style.label(second)}": rows
        for (first, second), rows in tables["controls"].groupby(list(PAIR), sort=False)
    }
    figure = specification_curves(curves, levels(tables["controls"]))
    figure.supylabel("Ratio of steps, second over first", fontsize=9)
    return figure


def levels(specifications: pd.DataFrame) -> list[Level]:
    """The levels of the factors that vary, with their names."""
    found = []
    for factor in FACTORS:
        values = sorted(specifications[factor].unique())
        if len(values) > 1:
            found += [(factor, one, level_name(factor, one)) for one in values]
    return found


def level_name(factor: str, level: float) -> str:
    """A level in words.

    >>> level_name("alone", 1), level_name("alone", 0), level_name("window", 25)
    ('alone', 'not alone', 'window 25')
    """
    words = WORDS.get(factor, factor)
    if FACTORS[factor].type == "bool":
        return words if level else f"not {words}"
    return f"{words} {formats.number(level)}"


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The reference and the curve of each pair, the changes, and what the design is."""
    rows, merge = tables["controls"], [*PAIR, "factor", "level"]
    wide = tables["controls_changes"].merge(
        tables["controls_changes"].query("scope == 'design'"), on=merge, suffixes=("", "_design")
    )
    own = rows[rows["reference"]].drop(columns="p")
    return {
        "pairs": own.merge(tables["controls_null"]).to_dict("records"),
        "changes": wide.query("scope == 'reference'").to_dict("records"),
        "level_name": level_name,
        "flips": FLIPS,
        "trained": len(rows[list(OF_TRAINING)].drop_duplicates()),
        "grid": int(np.prod([rows[name].nunique() for name in OF_TRAINING])),
    }
