"""Why random search needs fewer samples than a grid: what each tries on the axis that matters.

After Bergstra & Bengio (2012, figure 1): a grid of n samples over several settings tries only a few
values of each, so it wastes samples where few settings matter; random samples are all different.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import Column
from quantlearn.errors import QuantlearnError
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.practice.knobs import importances, knob_values, scale_of, words

READS = ("samples", "leaderboard")

TABLES = {
    "projections": {
        "experiment": Column("str", "Search that has the sample"),
        "sampler": Column("str", "search.sampler"),
        "sample": Column("int64", "Hyperparameter sample"),
        "x": Column("str", "Numeric setting that matters most for the dev accuracy, by its key"),
        "x_value": Column("float64", "Its value in this sample"),
        "y": Column("str", "Numeric setting that matters least, by its key"),
        "y_value": Column("float64", "Its value in this sample"),
        "dev_accuracy": Column(
            "float64", "Mean over trials of the accuracy on the dev split, 0 to 1"
        ),
    },
}

ROWS = {
    "projections": "One row for each sample of this search and of those beside it.",
}


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The samples of this search and of those beside it, on axes chosen by all of them."""
    parts = [
        knob_values(one.drawn, one.leaderboard)
        .reset_index()
        .assign(experiment=one.name, sampler=one.settings["search"]["sampler"])
        for one in (experiment, *beside)
    ]
    table = pd.concat(parts, ignore_index=True)
    x, y = important_axes(table.drop(columns=["sample", "experiment", "sampler"]), seed)
    table = table.assign(x=x, x_value=table[x], y=y, y_value=table[y])
    return {"projections": table[list(TABLES["projections"])]}


def important_axes(values: pd.DataFrame, seed: int) -> tuple[str, str]:
    """The numeric settings that matter most and least, by the columns of `knobs.knob_values`.

    With fewer samples than `knobs.importances` asks for, they are those whose rank correlation with
    the dev accuracy is the largest and the smallest in size.

    Raises `QuantlearnError` where fewer than two settings are numbers in all samples.
    """
    numbers = values.select_dtypes("number").drop(columns="dev_accuracy")
    order = importances(values, seed).set_index("knob")["importance"].reindex(numbers.columns)
    if order.isna().all():
        order = numbers.rank().corrwith(values["dev_accuracy"].rank()).abs().fillna(0)
    ranked = order.sort_values(ascending=False, kind="stable").index
    if len(ranked) < 2:
        raise QuantlearnError(
            f"projections need two settings that are numbers in all samples, and these are: "
            f"{', '.join(ranked) or 'none'}; let another vary, or take projections out of figures"
        )
    return ranked[0], ranked[-1]


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """What a grid and random samples try of two settings, and what that shows of the one that
    matters.

    Below, each point is a sample by two of its settings: across, the one that matters most for the
    dev accuracy, and upwards, the one that matters least, by the importance that a random forest
    gives them (with fewer than 32 samples in all by rank correlations, which so few leave
    uncertain). Above, the same samples by the first setting alone, with their mean dev accuracy.
    The ticks at the foot are the values tried: a grid tries only a few of them however many samples
    it has.
    """
    table = tables["projections"]
    searches = list(table.groupby("sampler", sort=False))
    x, y = table[["x", "y"]].iloc[0]
    figure = style.new_figure(style.PAGE_WIDTH, 4.6)
    panels = figure.subplots(2, len(searches), squeeze=False, sharex=True, sharey="row")
    for column, (sampler, rows) in enumerate(searches):
        above, below = panels[:, column]
        for axes, heights in ((above, "dev_accuracy"), (below, "y_value")):
            draw_samples(axes, rows, heights, style.OKABE_ITO[column])
        below.set_xscale(scale_of(experiment.settings, x))
        below.set_yscale(scale_of(experiment.settings, y))
        for axis in (below.xaxis, below.yaxis):
            if axis.get_scale() == "log":
                style.powers_of_ten(axis)
        below.set_xlabel(words(x).capitalize())
        above.set_title(f"{sampler.capitalize()} ({len(rows)} samples)")
    panels[0, 0].set_ylabel("Mean dev accuracy")
    panels[1, 0].set_ylabel(words(y).capitalize())
    return figure


def draw_samples(axes: Axes, rows: pd.DataFrame, heights: str, colour: str) -> None:
    """A point for each sample, and a tick at the foot for each value that was tried."""
    x = rows["x_value"]
    (points,) = axes.plot(x, rows[heights], "o", color=colour, markersize=3.5)
    titles = [
        f"sample {row.sample}: {words(row.x)} {formats.number(row.x_value)}, {words(row.y)} "
        f"{formats.number(row.y_value)}, accuracy {formats.percent(row.dev_accuracy)}"
        for row in rows.itertuples()
    ]
    svg_titles.tell(points, titles)
    foot = axes.get_xaxis_transform()
    tried = x.unique()
    axes.plot(tried, 0 * tried, "|", color=colour, markersize=10, transform=foot, clip_on=False)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """How good the samples of each search are, and how many values of each axis it has tried."""
    table = tables["projections"]
    tried = table.groupby("sampler", sort=False).agg(
        samples=("sample", "size"),
        x=("x_value", "nunique"),
        y=("y_value", "nunique"),
        best=("dev_accuracy", "max"),
        middle=("dev_accuracy", "median"),
    )
    x, y = map(words, table[["x", "y"]].iloc[0])
    return {"x": x, "y": y, "searches": tried.reset_index().to_dict("records")}
