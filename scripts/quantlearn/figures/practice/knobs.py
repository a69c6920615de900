"""Which hyperparameter matters: how much a forest that predicts the dev accuracy relies on each.

A random forest (Breiman 2001) learns to predict the mean dev accuracy of a sample from its
settings. The importance of a setting is by how much the explained variance R² of samples that the
forest has not seen falls when the setting's values are shuffled among them (permutation importance,
ibid., section 10). Forests learn from samples drawn with replacement, so that the spread over them
is that of other searches. A setting that does not apply to a sample is "none" there, and is
shuffled among the others: its importance is that within the architecture that has it.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.settings.distributions import kind_of

READS = ("samples", "leaderboard")

TABLES = {
    "knobs": {
        "knob": Column("str", "Setting that varies, by its key, most important first"),
        "importance": Column(
            "float64",
            "Permutation importance: by how much R² of samples that a random forest has not "
            "seen falls when the values of the setting are shuffled among those to which it "
            "applies; blank with fewer than 32 samples",
        ),
        "lower": Column("float64", "Lower end of the 95 % interval, by a bootstrap of the samples"),
        "upper": Column("float64", "Upper end"),
        "samples": Column("int64", "Samples of the search"),
        "explained": Column(
            "float64", "R² of the unseen samples before shuffling; the same in each row"
        ),
    },
}

ROWS = {
    "knobs": "One row for each setting of a search that varies.",
}

RESAMPLES = 100
TREES = 30
SHUFFLES = 3
FEWEST_SAMPLES = 32  # with fewer a forest has too little to learn from: none is grown
PANELS = 3  # side by side
# What the course advises to vary first.
COURSE_ORDER = ("network.architecture", "network.activation", "training.optimiser")


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The importance of each setting that varies."""
    values = knob_values(experiment.drawn, experiment.leaderboard)
    return {"knobs": importances(values, seed)}


def knob_values(samples: pd.DataFrame, leaderboard: pd.DataFrame) -> pd.DataFrame:
    """The settings that vary, one column each, and the column dev_accuracy, by sample.

    ``samples`` holds samples.csv as texts. Numbers stay numbers where a setting is one in all
    samples to which it applies; everything else is a word, and blank is "none".

    >>> samples = pd.DataFrame({"sample": ["0", "1"], "training.rate": ["0.1", "0.01"],
    ...                         "network.kind": ["a", "b"], "network.same": ["x", ""]})
    >>> board = pd.DataFrame({"sample": [1, 0], "dev_accuracy": [0.6, 0.7]})
    >>> knob_values(samples, board)
            training.rate network.kind  dev_accuracy
    sample
    0                0.10            a           0.7
    1                0.01            b           0.6
    """
    texts = samples.astype({"sample": "int64"}).set_index("sample")
    values = texts[[name for name in texts if len(set(texts[name]) - {""}) > 1]].copy()
    for name in values:
        numbers = pd.to_numeric(values[name], errors="coerce")
        values[name] = numbers if numbers.notna().all() else values[name].replace("", "none")
    values["dev_accuracy"] = leaderboard.set_index("sample")["dev_accuracy"]
    return values


def importances(values: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Permutation importance of each column of `knob_values` but the last, highest first.

    Each forest learns from as many samples as there are, drawn with replacement, and is asked about
    those that were not drawn. Estimates are means over the draws; ``lower`` and ``upper`` hold the
    middle 95 % of them, a bootstrap interval. A setting's values are shuffled among the samples to
    which it applies. ``explained`` is the mean R² of the unshuffled rest: near or below 0 the
    forest explains nothing, and no importance means anything. With fewer than `FEWEST_SAMPLES`
    samples all of these are NaN, and the settings stay in their order.
    """
    # Only here: drawing fits nothing.
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415

    knobs, accuracy = values.drop(columns="dev_accuracy"), values["dev_accuracy"].to_numpy()
    table = pd.DataFrame({"knob": knobs.columns, "samples": len(knobs)})
    table = table.reindex(columns=list(TABLES["knobs"]))
    if len(knobs) < FEWEST_SAMPLES:
        return table
    codes, rng, every = coded(knobs), np.random.default_rng(seed), np.arange(len(knobs))
    applies = (knobs != "none").to_numpy()
    spread = accuracy.var() or 1.0
    found = []
    for resample in range(RESAMPLES):
        drawn = rng.choice(every, len(every))
        rest = np.setdiff1d(every, drawn)
        forest = RandomForestRegressor(TREES, random_state=seed + resample, n_jobs=1)
        forest.fit(np.hstack(codes)[drawn], accuracy[drawn])
        asked = [np.hstack([code[rest] for code in codes])]
        for knob, _ in itertools.product(range(len(codes)), range(SHUFFLES)):
            own, shuffled = rest[applies[rest, knob]], rest.copy()
            shuffled[applies[rest, knob]] = rng.permutation(own)
            given = [code[shuffled if place == knob else rest] for place, code in enumerate(codes)]
            asked.append(np.hstack(given))
        answers = forest.predict(np.vstack(asked)).reshape(len(asked), -1)
        found.append(1 - np.mean((answers - accuracy[rest]) ** 2, axis=1) / spread)
    whole, shuffled = np.split(np.array(found), [1], axis=1)
    falls = (whole - shuffled).reshape(RESAMPLES, -1, SHUFFLES).mean(axis=2)
    table["importance"] = falls.mean(axis=0)
    table["lower"], table["upper"] = np.quantile(falls, [0.025, 0.975], axis=0)
    table["explained"] = whole.mean()
    return table.sort_values("importance", ascending=False, kind="stable")


def coded(knobs: pd.DataFrame) -> list[np.ndarray]:
    """The columns (samples, …) by which a forest reads each setting: a number, or flags of words.

    A setting that does not apply to a sample has there its commonest value, so that it tells
    nothing of the setting (an architecture) that decides whether it applies.

    >>> [code.tolist() for code in coded(pd.DataFrame({"a": ["b", "c"], "heads": ["2", "none"]}))]
    [[[1.0, 0.0], [0.0, 1.0]], [[2.0], [2.0]]]
    """
    commonest = knobs.mask(knobs == "none").mode().iloc[0]
    filled = knobs.mask(knobs == "none", commonest, axis=1)
    numbers = filled.apply(pd.to_numeric, errors="coerce").dropna(axis=1)
    return [
        (numbers[[name]] if name in numbers else pd.get_dummies(filled[[name]])).to_numpy(float)
        for name in knobs
    ]


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Mean dev accuracy of each sample against each setting that varies, most important setting
    first.

    A point is a sample; the bar in grey is the mean of each value, or of each quarter of a range.
    The number above a panel is the setting's importance: by how much a random forest explains less
    of the dev accuracy (R²) of samples it has not seen when the setting is shuffled among them,
    with a 95 % interval (bootstrap of the samples); with fewer than 32 samples there is none.
    "none" stands for samples to which the setting does not apply; they are not shuffled.
    """
    ranking = tables["knobs"]
    values = knob_values(experiment.drawn, experiment.leaderboard)
    values = values.loc[experiment.leaderboard["sample"]]
    rows = -(-len(ranking) // PANELS)
    figure = style.new_figure(style.PAGE_WIDTH, 2.1 * rows + 0.3)
    panels = figure.subplots(rows, PANELS, squeeze=False, sharey=True)
    for axes, knob in zip(panels.ravel(), ranking.itertuples(), strict=False):
        title = words(knob.knob)
        if knob.samples >= FEWEST_SAMPLES:
            title += f": {knob.importance:.2f} [{knob.lower:.2f}; {knob.upper:.2f}]"
        scale = scale_of(experiment.settings, knob.knob)
        draw_knob(axes, values[knob.knob], values["dev_accuracy"], scale)
        axes.set_title(title)
    for axes in panels.ravel()[len(ranking) :]:
        axes.remove()
    figure.supylabel("Mean dev accuracy", fontsize=9)
    return figure


def draw_knob(axes: Axes, values: pd.Series, accuracy: pd.Series, scale: str) -> None:
    """One setting: its samples, and their mean by value or by quarter."""
    numbers = pd.api.types.is_numeric_dtype(values)
    if numbers and values.nunique() > 4:
        places = values.astype("float64")
        groups = pd.qcut(values, 4, duplicates="drop")
        axes.set_xscale(scale)
        if scale == "log":
            style.powers_of_ten(axes.xaxis)
    else:
        names = sorted(values.unique(), key=lambda name: (name == "none", name))
        # Side by side around the middle, in the order of the samples: no point hides another.
        within = values.groupby(values).cumcount()
        shift = 0.5 * (within + 0.5) / values.map(values.value_counts()) - 0.25
        places = values.map(names.index) + shift
        groups = values
        labels = [f"{name:g}" if numbers else style.label(name) for name in names]
        axes.set_xticks(range(len(names)), labels)
        axes.set_xlim(-0.5, len(names) - 0.5)
        if len(names) > 3:
            axes.tick_params(axis="x", rotation=30)
    (points,) = axes.plot(places, accuracy, "o", color=style.OKABE_ITO[0], markersize=3, alpha=0.7)
    titles = [
        f"sample {sample}: {formats.number(value) if numbers else style.label(value)}, "
        f"accuracy {formats.percent(accuracy[sample])}"
        for sample, value in values.items()
    ]
    svg_titles.tell(points, titles)
    bar = {"color": style.GREY, "linewidth": 3, "alpha": 0.6, "solid_capstyle": "butt"}
    for _, at in places.groupby(groups, observed=True):
        axes.plot([at.min(), at.max()], [accuracy[at.index].mean()] * 2, **bar)


def scale_of(settings: Mapping[str, Any], knob: str) -> str:
    """The scale of a setting's axis: as it is drawn.

    >>> scale_of({"network": {"hidden": {"integer": [4, 9]}}}, "network.hidden")
    'linear'
    """
    section, name = knob.split(".", 1)
    return "log" if kind_of(settings[section][name]) == "log_uniform" else "linear"


def words(knob: str) -> str:
    """A setting's name for readers.

    >>> words("training.learning_rate")
    'learning rate'
    """
    return style.label(knob.split(".", 1)[-1])


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Which settings matter, and in what order those stand that the course names."""
    found = tables["knobs"]
    numbers = found[["importance", "lower", "upper"]].map(lambda one: formats.correlation(one, 3))
    rows = {
        "Setting": found["knob"].map(words),
        "Importance (fall of R²)": numbers["importance"],
        "95 % interval": numbers["lower"] + " to " + numbers["upper"],
    }
    return {
        "samples": found["samples"].iloc[0],
        "fewest": FEWEST_SAMPLES,
        "explained": found["explained"].iloc[0],
        "sure": [words(knob) for knob in found["knob"][found["lower"] > 0]],
        "claimed": [words(knob) for knob in COURSE_ORDER],
        "order": [words(knob) for knob in found["knob"] if knob in COURSE_ORDER],
        "rows": pd.DataFrame(rows),
    }
