"""What of a seed makes trials differ: components of variance of a crossed design.

The outcome of a trial is log(T₂ / T₁): T is the step at which a quantifier of the pair is learned,
or the horizon where it is not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from quantlearn.columns import Column, types
from quantlearn.errors import QuantlearnError
from quantlearn.figures import style
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.variance_components import shares, variance_components, variance_within
from quantlearn.seeds import parts_of_trial, random_stream
from quantlearn.statistics.endpoint import pair_outcomes

READS = ("samples", "curves", "trials")

TABLES = {
    "seed_variance": {
        "component": Column("str", "root, data, start, order, or rest: interactions and all else"),
        "levels": Column("Int64", "Roots there are, or levels of another part within a root"),
        "estimate": Column("float64", "Its variance of log ratios; it may come out below 0"),
        "share": Column("float64", "Its share in the sum of all, where those below 0 count as 0"),
        "lower": Column("float64", "Lower end of the 95 % interval of the share"),
        "upper": Column("float64", "Upper end"),
        "seen": Column(
            "float64",
            "Variance of trials that differ in this part alone; a root renews the others as well",
        ),
    },
    "seed_variance_trials": {
        "trial": Column("int64", "Trial, counted from 0"),
        "root": Column("int64", "What was added to the root seed"),
        "data": Column("int64", "Data of the trial, among those of its root"),
        "start": Column("int64", "Its first weights"),
        "order": Column("int64", "Its order of training scenes"),
        "log_ratio": Column("float64", "log(T₂ / T₁), second quantifier over first"),
        "learned_first": Column("bool", "Whether the first was learned by the horizon"),
        "learned_second": Column("bool", "Whether the second was"),
    },
}

ROWS = {
    "seed_variance": "One row for each component.",
    "seed_variance_trials": "One row for each trial.",
}

PARTS = ("data", "start", "order")

NAMES = {
    "root": "root seed",
    "data": "data",
    "start": "first weights",
    "order": "order of scenes",
    "rest": "interactions, rest",
}

TRIALS = 30
"""Trials of the design that is looked at: as many as documented experiments have."""


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The components of variance, and the trials that they are of."""
    trials = outcomes_of(experiment)
    crossed = experiment.settings["crossed"]
    values = trials["log_ratio"].to_numpy().reshape(tuple(crossed.values()))
    found = shares(values, random_stream(seed, experiment.name, "seed variance"))
    seen = {part: variance_within(values, part) for part in PARTS}
    components = variance_components(values)
    within = sum(found for name, found in components.items() if name != "root")
    seen["root"] = max(components["root"], 0) + within
    levels = dict(zip(components, crossed.values(), strict=False))
    made = {
        "seed_variance": pd.DataFrame(
            {
                "component": name,
                "levels": levels.get(name),
                "estimate": estimate,
                "share": found[name].estimate,
                "lower": found[name].lower,
                "upper": found[name].upper,
                "seen": seen.get(name),
            }
            for name, estimate in components.items()
        ),
        "seed_variance_trials": trials,
    }
    return {
        name: table[list(TABLES[name])].astype(types(TABLES[name])) for name, table in made.items()
    }


def outcomes_of(experiment: Experiment) -> pd.DataFrame:
    """Each trial with its parts, its log(T₂ / T₁), and which quantifiers it learned.

    Raises `QuantlearnError` where a trial has no accuracy: the design is balanced, or has no mean
    squares.
    """
    settings = experiment.settings
    curves = experiment.curves[experiment.curves["split"] == settings["training"]["monitor"]]
    _, both = pair_outcomes(
        curves,
        experiment.trials,
        settings["quantifiers"],
        training=experiment.sample(0)["training"],
        endpoint=settings["endpoint"] | {"measure": "convergence_step"},
        threshold=settings["convergence"]["threshold"],
    )
    every = range(settings["trials"])
    if lacking := sorted(set(every) - set(both.index)):
        raise QuantlearnError(
            f"{experiment.path('curves')}: trial {lacking[0]} has no accuracy, and a crossed "
            "design needs all trials: lower training.learning_rate"
        )
    parts = [parts_of_trial(trial, settings["crossed"])._asdict() for trial in every]
    both = both.loc[list(every)]
    return pd.DataFrame(parts).assign(
        trial=every,
        log_ratio=np.log(both["value_second"].to_numpy()) - np.log(both["value_first"].to_numpy()),
        learned_first=both["learned_first"].to_numpy(dtype=bool),
        learned_second=both["learned_second"].to_numpy(dtype=bool),
    )


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """What of a seed makes trials differ: shares of the variance of the log ratio of steps.

    Each share with its 95 % interval. A root seed has data, first weights and orders of its own,
    and what it adds to them is drawn first; the last is what hangs on their combinations.
    """
    rows = tables["seed_variance"]
    figure = style.new_figure(style.COLUMN_WIDTH, 2.0)
    axes = figure.subplots()
    places = np.arange(len(rows))
    axes.hlines(places, rows["lower"], rows["upper"], color=style.OKABE_ITO[0], linewidth=1)
    axes.plot(rows["share"], places, "o", color=style.OKABE_ITO[0])
    axes.set_yticks(places, [NAMES[name] for name in rows["component"]])
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    style.percent_axis(axes.xaxis)
    axes.set_xlabel("Share of the variance")
    return figure


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The components, the trials in short, and the standard errors where one part varies."""
    rows, trials = tables["seed_variance"], tables["seed_variance_trials"]
    first, second = settings["quantifiers"]
    total = rows["estimate"].clip(lower=0).sum()
    designs = [
        {
            "part": NAMES[row.component],
            "seen": np.sqrt(row.seen / TRIALS),
            "true": np.sqrt(max(total - row.seen, 0) + row.seen / TRIALS),
        }
        for row in rows[rows["component"].isin(PARTS)].itertuples()
    ]
    return {
        "first": first,
        "second": second,
        "trials": len(trials),
        "ratio": np.exp(trials["log_ratio"].mean()),
        "learned_first": trials["learned_first"].mean(),
        "learned_second": trials["learned_second"].mean(),
        "crossed": settings["crossed"],
        "rows": rows.to_dict("records"),
        "below": [NAMES[name] for name in rows.loc[rows["estimate"] < 0, "component"]],
        "names": NAMES,
        "designs": designs,
        "n": TRIALS,
        "fresh": np.sqrt(total / TRIALS),
        "spread": np.sqrt(total),
    }
