"""Fine-tuning: what a start from other networks is worth, by the number of labelled scenes.

The samples are combinations of a start (``training.start``: none, or the networks of another
experiment) and a number of training scenes (``training.scenes``). Accuracy is that on the test
scenes. All samples have the same trials and data, and fewer scenes are among more, so the two
starts are compared within trials: for each number of scenes, and over all by the area between the
two curves, the mean difference over the logarithm of the number of scenes.

Short scenes are few, so some of the test scenes are also among those that the pretrained networks
were trained on, before they were asked anything. How many is part of the result.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import MEAN, Column
from quantlearn.data.scene_files import read_trials
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.statistics.comparison import paired_t_test
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.multiple_tests import LEVEL, holm
from quantlearn.statistics.scores import best

READS = ("samples", "trials", "scenes", "source")

TABLES = {
    "finetuning": {
        "start": Column("str", "scratch, or pretrained"),
        "scenes": Column("int64", "Labelled training scenes"),
        "estimate": Column("float64", "Accuracy on the test scenes, mean over trials"),
        "lower": Column("float64", "Lower end of its 95 % t interval"),
        "upper": Column("float64", "Upper end"),
        "n": Column("int64", "Trials"),
    },
    "finetuning_differences": {
        "scenes": Column("int64", "Labelled training scenes"),
        "estimate": Column(
            "float64", "Accuracy with a start less that from scratch, mean over trials"
        ),
        "lower": Column("float64", "Lower end of its 95 % t interval"),
        "upper": Column("float64", "Upper end"),
        "p_adjusted": Column(
            "float64",
            "Two-sided p of the paired t-test, by Holm's method over the numbers of scenes",
        ),
        "n": Column("int64", "Trials"),
    },
    "finetuning_whole": {
        "measure": Column(
            "str",
            "area: the difference in the mean over the numbers of scenes; worth, met: as the "
            "text says",
        ),
        **MEAN,
        "p": Column("float64", "Two-sided p of the paired t-test"),
        "n": Column("int64", "Trials"),
    },
}

ROWS = {
    "finetuning": "What networks reach by number of labelled scenes, with and without a start.",
    "finetuning_differences": "What a start gains, by number of labelled scenes.",
    "finetuning_whole": "What it gains over all numbers of scenes, and what its source had met.",
}

STARTS = ("scratch", "pretrained")


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Accuracies; their differences; the area between the curves, and the share of scenes met.

    With 95 % t intervals. p values of the paired t-tests are adjusted by Holm's method over the
    numbers of scenes; the area is one more test and stands for itself.
    """
    found = accuracies(experiment)
    rows = [
        {"start": start, "scenes": scenes, "n": len(values)}
        | vars(mean_interval(values.to_numpy()))
        for start in STARTS
        for scenes, values in found.loc[start].items()
    ]
    apart = (found.loc["pretrained"] - found.loc["scratch"]).dropna()
    tests = [paired_t_test(apart[scenes].to_numpy(), "paired_t", "accuracy") for scenes in apart]
    differences = pd.DataFrame(tests).assign(
        scenes=apart.columns, p_adjusted=holm(np.array([test.p for test in tests]))
    )
    # The source may have more trials, from which no network of this experiment starts.
    tested, read = scenes_on(experiment, "test"), scenes_on(experiment.source, "train")
    met = np.array([met_before(*pair) for pair in zip(tested, read, strict=False)])
    area = paired_t_test(area_between(apart).to_numpy(), "paired_t", "accuracy")
    whole = [
        {"measure": "area"} | vars(area),
        {"measure": "met_before", "n": len(met)} | vars(mean_interval(met)),
    ]
    return {
        "finetuning": pd.DataFrame(rows, columns=list(TABLES["finetuning"])),
        "finetuning_differences": differences[list(TABLES["finetuning_differences"])],
        "finetuning_whole": pd.DataFrame(whole, columns=list(TABLES["finetuning_whole"])),
    }


def accuracies(experiment: Experiment) -> pd.DataFrame:
    """Test accuracy by (start, trial), a column for each number of scenes in ascending order."""
    training = {sample: experiment.sample(sample)["training"] for sample in experiment.samples}
    sample = experiment.trials["sample"]
    named = experiment.trials.assign(
        start=sample.map({s: STARTS[own["start"] is not None] for s, own in training.items()}),
        scenes=sample.map({s: own["scenes"] for s, own in training.items()}),
    )
    return named.pivot_table("test_accuracy", ["start", "trial"], "scenes")


def scenes_on(experiment: Experiment, split: str) -> Iterator[LabelledScenes]:
    """The scenes of each trial on one split."""
    trials = read_trials(experiment.path("scenes"), experiment.settings["quantifiers"])
    return (labelled[extra["split"] == split] for labelled, extra in trials)


def met_before(tested: LabelledScenes, trained: LabelledScenes) -> float:
    """The share of the tested scenes that are among the trained ones, whatever is asked of them.

    >>> def scenes(rows):
    ...     return LabelledScenes(np.array(rows), np.full(len(rows), 2), None, np.ones(len(rows)))
    >>> met_before(scenes([[0, 1], [1, 0]]), scenes([[1, 0], [1, 1]]))
    0.5
    """

    def rows(labelled: LabelledScenes) -> list[bytes]:
        scenes = zip(labelled.scenes.astype(np.uint8), labelled.sizes, strict=True)
        return [scene[:size].tobytes() for scene, size in scenes]

    known = set(rows(trained))
    return float(np.mean([row in known for row in rows(tested)]))


def area_between(differences: pd.DataFrame) -> pd.Series:
    """The mean difference of each trial over the logarithm of the number of scenes (columns).

    >>> differences = pd.DataFrame({10: [0.0], 100: [0.2], 1000: [0.4]})
    >>> float(area_between(differences).round(6).iloc[0])
    0.2
    """
    places = np.log(differences.columns.to_numpy(dtype=float))
    if len(places) == 1:
        return differences.iloc[:, 0]
    areas = np.trapezoid(differences, places, axis=1) / np.ptp(places)
    return pd.Series(areas, index=differences.index)


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Test accuracy by the number of labelled training scenes, from scratch and after pretraining.

    On the left means over trials with 95 % t intervals; the number of scenes is on a logarithmic
    scale. On the right the difference within trials: above the line, pretraining helps.
    """
    settings, accuracy = experiment.settings, tables["finetuning"]
    looks = style.looks(list(STARTS))
    labels = {"scratch": "from scratch", "pretrained": f"pretrained: {settings['start_from']}"}
    figure = style.new_figure(style.PAGE_WIDTH, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for start in STARTS:
        own = accuracy[accuracy["start"] == start]
        draw_line(left, own, looks[start], style.label(labels[start]), "percent")
    points = tables["finetuning_differences"]
    draw_line(right, points, style.Look("black", "-", "D"), None, "accuracy_points")
    right.yaxis.set_major_formatter(lambda share, _: formats.number(100 * share))
    right.axhline(0, color=style.GREY, linestyle="--", linewidth=0.8)
    scenes = sorted(accuracy["scenes"].unique())
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xticks(scenes, [str(n) for n in scenes])
        axes.minorticks_off()
        axes.set_xlabel("Labelled training scenes")
    left.set_ylabel("Accuracy (test scenes)")
    right.set_ylabel("Pretrained less scratch, points")
    figure.legend(loc="outside lower center", ncols=2)
    title = f"{settings['title']} (n = {accuracy['n'].max()} trials)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9, wrap=True)
    return figure


def draw_line(
    axes: Axes, rows: pd.DataFrame, look: style.Look, label: str | None, form: str
) -> None:
    """A line through the means, with their intervals."""
    scenes = rows["scenes"].astype(float)
    axes.vlines(scenes, rows["lower"], rows["upper"], color=look.colour, linewidth=1.2)
    (points,) = axes.plot(
        scenes, rows["estimate"], look.marker, linestyle=look.line, color=look.colour, label=label
    )
    titles = [
        f"{label or 'pretrained less scratch'}, {formats.counted(row['scenes'], 'scene')}: "
        f"{estimate(row, form)}"
        for row in rows[["scenes", *MEAN]].to_dict("records")
    ]
    svg_titles.tell(points, titles)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Where pretraining pays, how much, and how many scenes it stands for."""
    accuracy = tables["finetuning"].set_index(["start", "scenes"])
    differences = tables["finetuning_differences"]
    shown = differences[differences["p_adjusted"] < LEVEL]
    rows = []
    for apart in differences.itertuples():
        row = {"Labelled scenes": f"{apart.scenes:,}"}
        for start in STARTS:
            own = accuracy.loc[(start, apart.scenes)]
            bounds = formats.interval(formats.percent(own["lower"]), formats.percent(own["upper"]))
            row[f"Accuracy, {start}"] = f"{formats.percent(own['estimate'])} ({bounds})"
        points = (formats.accuracy_points(getattr(apart, name)) for name in MEAN)
        row["Difference, points"], *bounds = points
        row["95 % interval"] = formats.interval(*bounds)
        rows.append(row | {"p": formats.p_value(apart.p_adjusted)})
    return {
        "source": settings["start_from"],
        "better": shown.loc[shown["estimate"] > 0, "scenes"].astype(str).tolist(),
        "worse": shown.loc[shown["estimate"] < 0, "scenes"].astype(str).tolist(),
        "largest": differences.loc[best(differences["estimate"].abs())].to_dict("records"),
        "whole": tables["finetuning_whole"].set_index("measure").to_dict("index"),
        "worth": worth(tables["finetuning"].pivot_table("estimate", "scenes", "start")),
        "rows": rows,
    }


def worth(curves: pd.DataFrame) -> list[tuple[int, float, bool]]:
    """How many scenes from scratch are as good as each number after pretraining.

    Of each number (scenes, as many from scratch, whether these are too few), where it is worth
    more than the fewest from scratch; between the numbers that were tried, by their logarithm.
    """
    scratch = curves["scratch"].cummax()  # more scenes that happen to give less are no better
    needed = np.exp(np.interp(curves["pretrained"], scratch, np.log(scratch.index.astype(float))))
    return [
        (scenes, as_many, reached > scratch.iloc[-1])
        for (scenes, reached), as_many in zip(curves["pretrained"].items(), needed, strict=True)
        if reached > scratch.iloc[0]
    ]
