"""All experiments at a glance: how much sooner is the first quantifier of each pair learned?

Points are means over trials with 95 % intervals; to the right of zero, the quantifier that
satisfies the universal is learned sooner. Filled circles are experiments as documented, hollow
squares the same experiments as run. Left: difference of the convergence steps, for trials in which
both quantifiers converged (n of all trials, on the right edge). Right: area between the learning
curves, for all trials.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.pipeline.jobs import run_job

VERSIONS = {
    "documented": {"color": "#0072B2", "marker": "o", "markerfacecolor": "#0072B2"},
    "as run": {"color": "#D55E00", "marker": "s", "markerfacecolor": "white"},
}
PANELS = {
    "paired_t_steps": "Difference of\nconvergence steps",
    "area_between_curves": "Area between curves\n(steps × accuracy)",
}


def draw_overview(overview: str, *, svg: str, pdf: str, png: str) -> None:
    """Draw the forest plot of the table overview.csv."""
    rows = placed(tables.read_csv(overview, tables.OVERVIEW))
    height = rows["y"].max() + 1 if len(rows) else 1
    with style.figure_style():
        figure = style.new_figure(style.PAGE_WIDTH + 1, 1.3 + 0.24 * height)
        panels = figure.subplots(1, 2, sharey=True, width_ratios=[1.1, 1])
        for axes, (test, label) in zip(panels, PANELS.items(), strict=True):
            draw_panel(axes, rows, test)
            axes.set_xlabel(label)
        write_labels(panels[0], rows)
        write_counts(panels[0], rows)
        panels[1].tick_params(axis="y", length=0)
        panels[0].set_ylim(height - 0.4, -0.6)
        for version, look in VERSIONS.items():
            panels[1].plot([], [], linestyle="", label=version, **look)
        figure.legend(*panels[1].get_legend_handles_labels(), loc="outside upper right", ncols=2)
        style.save_figure(figure, svg, pdf, png)


def placed(overview: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of universals and pairs, with their height y and the pair's key.

    A pair's documented and as-run rows stand together, and a gap divides the universals.
    """
    key = overview["twin"].where(overview["twin"] != "", overview["experiment"])
    rows = overview.assign(key=key)
    universals = list(dict.fromkeys(rows["universal"]))
    rows = rows.sort_values(
        ["universal", "key", "easy", "hard", "sample", "version"],
        key=lambda column: (
            column.map(universals.index)
            if column.name == "universal"
            else column.map(list(VERSIONS).index)
            if column.name == "version"
            else column
        ),
        ignore_index=True,
    )
    pair = rows[["key", "easy", "hard", "sample"]].agg(tuple, axis="columns")
    new_universal = rows["universal"] != rows["universal"].shift()
    new_pair = pair != pair.shift()
    rows["y"] = np.arange(len(rows)) + 1.2 * new_universal.cumsum() + 0.3 * new_pair.cumsum() - 0.5
    return rows.assign(new_universal=new_universal, new_pair=new_pair)


def draw_panel(axes: Axes, rows: pd.DataFrame, test: str) -> None:
    """One measure of all rows; a row without an estimate says so."""
    axes.axvline(0, color=style.GREY, linewidth=0.8)
    for version, look in VERSIONS.items():
        some = rows[rows["version"] == version]
        estimate = some[f"{test}_estimate"]
        errors = [estimate - some[f"{test}_lower"], some[f"{test}_upper"] - estimate]
        axes.errorbar(
            estimate, some["y"], xerr=np.nan_to_num(errors), linestyle="", elinewidth=1.4, **look
        )
    for y in rows.loc[rows[f"{test}_estimate"].isna(), "y"]:
        axes.annotate(
            "no estimate",
            (0, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=style.GREY,
        )
    axes.margins(x=0.12)
    style.step_axis(axes.xaxis, ticks=4)


def write_labels(axes: Axes, rows: pd.DataFrame) -> None:
    """Names of the pairs at the axis, and each universal as a heading above its pairs."""
    axes.set_yticks(
        rows["y"],
        [
            f"{row.experiment}: {style.label(row.easy)} – {style.label(row.hard)}"
            if row.new_pair
            else "as run"
            for row in rows.itertuples()
        ],
    )
    axes.tick_params(axis="y", length=0)
    for row in rows[rows["new_universal"]].itertuples():
        axes.annotate(
            "No single universal" if row.universal == "none" else row.universal.capitalize(),
            (0, row.y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(-4, 14),
            textcoords="offset points",
            ha="right",
            va="center",
            weight="bold",
        )


def write_counts(axes: Axes, rows: pd.DataFrame) -> None:
    """On the right edge, in how many of all trials both converged."""
    axes.annotate(
        "both learned\nin trials",
        (1, 1),
        xycoords="axes fraction",
        xytext=(2, 0),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color=style.GREY,
    )
    for row in rows.itertuples():
        axes.annotate(
            f"{row.paired_t_steps_n} of {row.n}",
            (1, row.y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(2, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=style.GREY,
        )


if __name__ == "__main__":
    run_job(draw_overview, snakemake)
