"""The public data of 2019 beside an experiment that repeats one of those: was its effect found?

The published runs go through the same rule as ours: when a quantifier is learned. An effect is by
how much sooner the first quantifier of a pair is learned than the second one, in the trials in
which both are, as in the paper: as a difference of steps, and as the logarithm of their ratio.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from math import exp
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
from quantlearn.statistics.comparison import Comparison, welch_test
from quantlearn.statistics.convergence import measured, median_step, steps_learned
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.multiple_tests import LEVEL, holm
from quantlearn.statistics.replication import mann_whitney_test, prediction_interval, replicated

READS = ("samples", "curves", "convergence", "published")

SOURCES = ("published", "ours")

TABLES = {
    "published_steps": {
        "quantifier": Column("str", "Name in config/quantifiers.yaml"),
        "source": Column("str", "published or ours"),
        "n": Column("int64", "Trials"),
        "learned": Column("int64", "Trials in which it was learned"),
        "share": Column("float64", "Their share, 0 to 1"),
        "median": Column(
            "float64",
            "Median of the convergence step; blank when fewer than half learned it",
        ),
        "lower": Column("float64", "Lower end of its 95 % interval"),
        "upper": Column("float64", "Upper end"),
    },
    "published_runs": {
        "source": Column("str", "published or ours"),
        "n": Column("int64", "Runs"),
        "stopped": Column("int64", "Runs whose loss was below 0.02 at their last evaluation"),
        "share": Column("float64", "Their share, 0 to 1"),
    },
    "published_tests": {
        "quantifier": Column("str", "Name in config/quantifiers.yaml"),
        "test": Column(
            "str",
            "mann_whitney, in which a trial that did not learn it comes after all that did, or "
            "welch_t, of the trials that did",
        ),
        "estimate": Column(
            "float64",
            "Share of pairs of trials in which ours is later (mann_whitney), or our mean less the "
            "published one (welch_t)",
        ),
        "unit": Column("str", "share of pairs or steps"),
        "lower": Column("float64", "Lower end of the 95 % interval of `estimate` (welch_t)"),
        "upper": Column("float64", "Upper end"),
        "statistic": Column("float64", "Test statistic"),
        "p": Column("float64", "Two-sided p value"),
        "p_adjusted": Column("float64", "The same, by Holm's method over the rows of this table"),
        "n_published": Column("int64", "Published trials in the test"),
        "n_ours": Column("int64", "Our trials in it"),
    },
    "published_pairs": {
        "first": Column("str", "First quantifier of the pair"),
        "second": Column("str", "Second quantifier"),
        "measure": Column(
            "str",
            "difference (convergence step of the second less that of the first) or log_ratio (ln "
            "of the second over the first)",
        ),
        **{
            f"{name}{source}": Column(kind, meaning)
            for source, whose in (("published", "published"), ("ours", "our"))
            for name, kind, meaning in (
                ("n_", "int64", f"Of the {whose} trials, those in which both were learned"),
                ("", "float64", f"Mean of the measure over these {whose} trials"),
                ("lower_", "float64", "Lower end of its 95 % t interval"),
                ("upper_", "float64", "Upper end"),
            )
        },
        "prediction_lower": Column(
            "float64",
            "Lower end of the 95 % prediction interval around the published mean for a mean over "
            "as many trials as ours",
        ),
        "prediction_upper": Column("float64", "Upper end"),
        "verdict": Column(
            "str",
            "held (ours is inside the prediction interval, which is narrower than the published "
            "effect is large), not_held (outside) or cannot_tell (the interval is wider)",
        ),
    },
}

ROWS = {
    "published_steps": "One row for each quantifier and source: when it was learned.",
    "published_runs": "One row for each source: how many runs the loss had stopped in 2019.",
    "published_tests": "Published trials against ours, one row for each quantifier and test.",
    "published_pairs": "The effect that was published and ours, one row for each pair and measure.",
}

STOP_LOSS = 0.02
"""In 2019 a run ended when its loss on the test set was below this."""

AS_RUN = ("exp1a", "exp1b", "exp2a", "exp3a")
"""Their public data come from code before its last two corrections, as_run in our names."""


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The published trials and ours, by quantifier, by run and by pair."""
    both = sources(experiment)
    quantifiers = experiment.settings["quantifiers"]
    steps = [
        (quantifier, source, *learned(rows[rows["quantifier"] == quantifier]))
        for quantifier in quantifiers
        for source, rows in both.items()
    ]
    runs = [
        (source, len(losses), int((losses < STOP_LOSS).sum()), float((losses < STOP_LOSS).mean()))
        for source, losses in zip(SOURCES, final_losses(experiment), strict=True)
    ]
    tests = pd.DataFrame([row for quantifier in quantifiers for row in tests_of(quantifier, both)])
    tests["p_adjusted"] = holm(tests["p"].to_numpy())
    pairs = [
        (first, second, measure, *effects(both, first, second, measure))
        for first, second in experiment.settings["comparisons"]
        for measure in ("difference", "log_ratio")
    ]
    return {
        "published_steps": pd.DataFrame(steps, columns=list(TABLES["published_steps"])),
        "published_runs": pd.DataFrame(runs, columns=list(TABLES["published_runs"])),
        "published_tests": tests[list(TABLES["published_tests"])],
        "published_pairs": pd.DataFrame(pairs, columns=list(TABLES["published_pairs"])),
    }


def sources(experiment: Experiment) -> dict[str, pd.DataFrame]:
    """When the trials of each source learned, by the name of the source."""
    ours = measured(experiment.shown(experiment.convergence))
    return dict(zip(SOURCES, (experiment.published, ours), strict=True))


def final_losses(experiment: Experiment) -> tuple[pd.Series, pd.Series]:
    """The loss over all quantifiers at the last evaluation of each run, published and ours."""
    curves = experiment.shown(experiment.curves)
    monitored = curves["split"] == experiment.settings["training"]["monitor"]
    total = curves[monitored & (curves["quantifier"] == "all")].sort_values("step")
    published = experiment.published.groupby("trial")["final_loss"].first()
    return published, total.groupby("trial")["loss"].last()


def learned(rows: pd.DataFrame) -> tuple[int, int, float, float, float, float]:
    """Trials, those that learned, their share, and the median step with its interval."""
    converged = rows["converged"].to_numpy(dtype=bool)
    median = median_step(steps_learned(rows))
    share = converged.mean() if len(rows) else np.nan
    return len(rows), int(converged.sum()), share, *astuple(median)


def times(rows: pd.DataFrame) -> np.ndarray:
    """Convergence steps, or the last step of a run that had none."""
    return rows["step"].fillna(rows["last_step"]).to_numpy(dtype=float)


def tests_of(quantifier: str, both: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """The two tests of a quantifier, without the adjusted p."""
    published, ours = (rows[rows["quantifier"] == quantifier] for rows in both.values())
    # What was not learned came later than all that was.
    late = [steps_learned(rows) for rows in (ours, published)]
    known = [steps[np.isfinite(steps)] for steps in late]
    for samples, found in (
        (late, mann_whitney_test(late[0], late[1])),
        (known, welch_test(known[0], known[1])),
    ):
        yield row_of(quantifier, found, n_ours=len(samples[0]), n_published=len(samples[1]))


def row_of(quantifier: str, found: Comparison, n_ours: int, n_published: int) -> dict[str, Any]:
    """A test as a row of published_tests, without its adjusted p."""
    return {
        "quantifier": quantifier,
        "test": found.test,
        "estimate": found.estimate,
        "unit": found.unit or "steps",
        "lower": found.lower,
        "upper": found.upper,
        "statistic": found.statistic,
        "p": found.p,
        "n_published": n_published,
        "n_ours": n_ours,
    }


def effects(
    both: Mapping[str, pd.DataFrame], first: str, second: str, measure: str
) -> tuple[Any, ...]:
    """The columns of published_pairs behind the measure."""
    published, ours = (leads(rows, first, second, measure) for rows in both.values())
    prediction = prediction_interval(published, n=len(ours))
    mean = mean_interval(ours)
    found = replicated(prediction, mean.estimate)
    return (
        *(len(published), *astuple(mean_interval(published)), len(ours), *astuple(mean)),
        *(prediction.lower, prediction.upper, found),
    )


def leads(rows: pd.DataFrame, first: str, second: str, measure: str) -> np.ndarray:
    """By how much the first is learned sooner (n,), in the trials in which both are learned."""
    steps = rows.pivot_table("step", "trial", "quantifier").reindex(columns=[first, second])
    sooner, later = steps.dropna().to_numpy(dtype=float).T
    return later - sooner if measure == "difference" else np.log(later / sooner)


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """The step at which each trial learned each quantifier, in the public data of 2019 and here.

    Each point is one trial, boxes show the quartiles of the trials that learned it: grey and hollow
    the published ones, below them ours. Triangles are trials that did not learn it by the end of
    their run.
    """
    both, quantifiers = sources(experiment), experiment.settings["quantifiers"]
    looks = style.looks(quantifiers)
    figure = style.new_figure(style.PAGE_WIDTH, 1.3 + 0.85 * len(quantifiers))
    axes = figure.add_subplot()
    for place, quantifier in enumerate(quantifiers):
        for source, shift in zip(SOURCES, (-0.2, 0.2), strict=True):
            rows = both[source][both[source]["quantifier"] == quantifier]
            colour = style.GREY if source == "published" else looks[quantifier].colour
            draw_trials(axes, rows, place + shift, colour, hollow=source == "published")
    axes.set_yticks(range(len(quantifiers)), map(style.label, quantifiers))
    axes.set_ylim(len(quantifiers) - 0.5, -0.5)
    axes.set_xlim(0, 1.03 * max(rows["last_step"].max() for rows in both.values()))
    style.step_axis(axes.xaxis)
    axes.set_xlabel("Step at which it was learned")
    counts = {source: rows["trial"].nunique() for source, rows in both.items()}
    axes.set_title(
        f"{experiment.settings['title']} ({counts['published']} published trials, above; "
        f"{counts['ours']} of ours)",
        wrap=True,
    )
    return figure


def draw_trials(axes: Axes, rows: pd.DataFrame, place: float, colour: str, *, hollow: bool) -> None:
    """The trials of one source as points around a box, in a row of the figure."""
    known = rows["converged"].to_numpy(dtype=bool)
    steps = times(rows)
    source = "published" if hollow else "ours"
    titles = np.array(
        [
            f"{style.label(row.quantifier)}, {source}, trial {row.trial}: "
            f"{'learned at' if row.converged else 'not learned by'} step {step:,.0f}"
            for row, step in zip(rows.itertuples(), steps, strict=True)
        ],
        dtype=object,
    )
    heights = place + np.linspace(-0.11, 0.11, len(rows) + 2)[1:-1]
    if known.any():
        lines = {"color": colour}
        axes.boxplot(
            steps[known], positions=[place], widths=0.3, showfliers=False, manage_ticks=False,
            orientation="horizontal", boxprops=lines, whiskerprops=lines, capprops=lines,
            medianprops=lines | {"linewidth": 2},
        )  # fmt: skip
    face = "white" if hollow else colour
    for own, marker in ((known, "o"), (~known, ">")):
        (points,) = axes.plot(
            steps[own], heights[own], marker, color=colour, markerfacecolor=face, markersize=3.5,
            linestyle="none",
        )  # fmt: skip
        svg_titles.tell(points, titles[own].tolist())


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What was published and found, pair by pair and quantifier by quantifier."""
    steps = tables["published_steps"].set_index(["quantifier", "source"]).to_dict("index")
    tests = tables["published_tests"].set_index(["quantifier", "test"]).to_dict("index")
    study = settings["replicates"]["study"]
    rows = []
    for quantifier in settings["quantifiers"]:
        row = {"Quantifier": style.label(quantifier)}
        for source, word in zip(SOURCES, ("published", "ours"), strict=True):
            own = steps[quantifier, source]
            row[f"Learned, {word}"] = f"{own['learned']} of {own['n']}"
            bounds = formats.interval(formats.steps(own["lower"]), formats.steps(own["upper"]))
            row[f"Median step, {word}"] = formats.steps(own["median"])
            row[f"95 % interval, {word}"] = bounds
        row["Ours less published"] = estimate(tests[quantifier, "welch_t"], "steps")
        row["p, Mann–Whitney"] = formats.p_value(tests[quantifier, "mann_whitney"]["p_adjusted"])
        rows.append(row)
    return {
        "study": study,
        "as_run": study in AS_RUN,
        "ours_as_run": settings["documented"] is not None,
        "runs": tables["published_runs"].set_index("source").to_dict("index"),
        "pairs": [pair_facts(row) for row in tables["published_pairs"].to_dict("records")],
        "differ": [
            style.label(name)
            for name, p in tables["published_tests"].groupby("quantifier", sort=False)["p_adjusted"]
            if (p < LEVEL).any()
        ],
        "rows": rows,
    }


def pair_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of published_pairs as its text needs it: ratios are said as such."""
    is_ratio = row["measure"] == "log_ratio"
    bounds = {
        source: {
            "estimate": row[source],
            "lower": row[f"lower_{source}"],
            "upper": row[f"upper_{source}"],
            "n": row[f"n_{source}"],
        }
        for source in SOURCES
    }
    prediction = [row["prediction_lower"], row["prediction_upper"]]
    if is_ratio:
        prediction = list(map(exp, prediction))
        for own in bounds.values():
            own |= {name: exp(own[name]) for name in ("estimate", "lower", "upper")}
    return {**row, **bounds, "prediction": prediction, "is_ratio": is_ratio}
