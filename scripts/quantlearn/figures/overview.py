"""All experiments side by side: the verdict on each pair, and documented against as run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from scipy.special import stdtr, stdtrit

from quantlearn import columns, report_columns
from quantlearn.errors import QuantlearnError
from quantlearn.figures import style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import VERDICTS
from quantlearn.figures.texts import estimate
from quantlearn.settings.search import chooses_sample
from quantlearn.statistics.convergence import summarise_convergence
from quantlearn.statistics.intervals import CONFIDENCE
from quantlearn.statistics.multiple_tests import holm

TABLES = {"overview": report_columns.OVERVIEW, "as_run": report_columns.AS_RUN}

VERSIONS = {
    "documented": {"color": "#0072B2", "marker": "o", "markerfacecolor": "#0072B2"},
    "as run": {"color": "#D55E00", "marker": "s", "markerfacecolor": "white"},
}

LINE = 0.165
"""Inches of a row: fourteen pairs stand on the front page without scrolling."""

ENDS = {"estimate": "", "lower": "_lower", "upper": "_upper"}

LONGEST = 32
"""Ratios beyond this, or its inverse, go on outside the panel."""


def tables(experiments: Sequence[Experiment]) -> dict[str, pd.DataFrame]:
    """One row for each pair of an experiment's chosen sample, and documented against as run.

    An experiment that compares conditions chooses none and has no rows. Verdicts are those of the
    experiments: none depends on which others are on the page.
    """
    compared = {one.name: one for one in experiments if chooses_sample(one.settings)}
    rows = [row for one in compared.values() for row in pair_rows(one)]
    # Experiments that are about no universal come last.
    rows.sort(key=lambda row: row["universal"] == "none")
    twins = [
        row
        for one in compared.values()
        if one.settings["documented"] in compared
        for row in twin_rows(compared[one.settings["documented"]], one)
    ]
    return {
        "overview": pd.DataFrame(rows, columns=list(report_columns.OVERVIEW)),
        "as_run": pd.DataFrame(twins, columns=list(report_columns.AS_RUN)).astype(
            columns.types(report_columns.AS_RUN)
        ),
    }


def pair_rows(experiment: Experiment) -> list[dict[str, Any]]:
    """One row for each pair of an experiment: its verdict, and what is beside it."""
    settings = experiment.settings
    convergence = experiment.shown(experiment.convergence)
    summary = summarise_convergence(convergence, settings["quantifiers"]).set_index("quantifier")
    by_size = experiment.baseline("size", settings["training"]["monitor"]).mean()
    rows = experiment.shown(experiment.verdicts).to_dict("records")
    for row in rows:
        row["experiment"], row["universal"] = experiment.name, settings["universal"]
        row["title"] = settings["title"]
        row["version"] = "as run" if settings["documented"] else "documented"
        row["twin"] = settings["documented"] or ""
        for side in ("first", "second"):
            for column in ("median_step", "final_accuracy"):
                row[f"{column}_{side}"] = summary.loc[row[side], column]
            row[f"size_alone_{side}"] = by_size[row[side]]
    return rows


def twin_rows(documented: Experiment, as_run: Experiment) -> list[dict[str, Any]]:
    """The pairs of an experiment as documented against those of its twin as run.

    The two are independent samples of trials: Welch's t-test and interval for the difference of the
    mean logarithms of their ratios. A quantifier may have another name as run, so pairs belong
    together by their place.
    """
    pairs, pairs_as_run = (one.shown(one.verdicts) for one in (documented, as_run))
    if len(pairs) != len(pairs_as_run):
        raise QuantlearnError(
            f"config/experiments/{as_run.name}.yaml: comparisons: must be as many as in "
            f"{documented.name}, its documented twin, since the pairs are compared one by one"
        )
    rows = [
        {
            "documented": documented.name,
            "as_run": as_run.name,
            "sample": as_run.chosen,
            "first": other["first"],
            "second": other["second"],
            **ratio_of_ratios(one, other),
        }
        for one, other in zip(
            pairs.to_dict("records"), pairs_as_run.to_dict("records"), strict=True
        )
    ]
    adjusted = holm(np.array([row["p"] for row in rows], dtype=float))
    return [row | {"p_adjusted": p} for row, p in zip(rows, adjusted, strict=True)]


def ratio_of_ratios(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float]:
    """Two independent verdicts compared: how many times as large is the ratio of the first?

    Mean and standard deviation of the logarithms are read off the ratios and their intervals.

    >>> row = {"ratio": 2.0, "ratio_upper": 3.0, "n": 10}
    >>> found = ratio_of_ratios(row, row)
    >>> found["ratio"], found["p"]
    (1.0, 1.0)
    """
    sides = [(np.log(row["ratio"]), _deviation(row), row["n"]) for row in (one, other)]
    found = {
        "ratio_documented": one["ratio"],
        "ratio_as_run": other["ratio"],
        "ratio": one["ratio"] / other["ratio"],
        **dict.fromkeys(("lower", "upper", "p"), np.nan),
        "n_documented": one["n"],
        "n_as_run": other["n"],
    }
    if not all(spread > 0 for _, spread, _ in sides):
        return found
    squares = [spread**2 / n for _, spread, n in sides]
    df = sum(squares) ** 2 / sum(
        part**2 / (n - 1) for part, (_, _, n) in zip(squares, sides, strict=True)
    )
    difference, error = sides[0][0] - sides[1][0], np.sqrt(sum(squares))
    half = stdtrit(df, (1 + CONFIDENCE) / 2) * error
    bounds = {"lower": np.exp(difference - half), "upper": np.exp(difference + half)}
    return found | bounds | {"p": float(2 * stdtr(df, -abs(difference) / error))}


def _deviation(row: Mapping[str, Any]) -> float:
    """The standard deviation of the logarithms whose mean has this t interval; nan without one."""
    if row["n"] < 2:
        return np.nan
    half = np.log(row["ratio_upper"]) - np.log(row["ratio"])
    return half * np.sqrt(row["n"]) / stdtrit(row["n"] - 1, (1 + CONFIDENCE) / 2)


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """All experiments at a glance: how much sooner is the first quantifier of each pair learned?

    A ratio of 2 means that the second quantifier takes twice as many steps: the geometric mean over
    all trials, with its 95 % interval; one that a trial did not learn counts with the most steps
    that its run allows, so that a ratio is at least what is shown (an arrow) where that is so of
    the second. In the grey band a difference is too small to matter. Filled circles are experiments
    as documented, hollow squares the same experiments as run. On the right: the verdict, where
    "check" is a pair that a symmetry of the experiment swaps, and in how many trials the first and
    the second were learned.
    """
    rows = placed(tables["overview"])
    bottom = rows["y"].max() + 0.8 if len(rows) else 1
    figure = style.new_figure(style.PAGE_WIDTH, 0.75 + LINE * (bottom + 0.6))
    axes = figure.add_subplot()
    draw_ratios(axes, rows)
    write_labels(axes, rows)
    write_verdicts(axes, rows)
    axes.set_ylim(bottom, -0.6)
    if {*VERSIONS} <= {*rows["version"]}:
        for version, look in VERSIONS.items():
            axes.plot([], [], linestyle="", label=version, **look)
        # Beside the label of the axis, where it takes no height.
        axes.legend(
            loc="upper left", bbox_to_anchor=(1, 0), ncols=2, borderaxespad=0, handletextpad=0.2,
            columnspacing=1,
        )  # fmt: skip
    return figure


def placed(overview: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of universals and pairs, with their height y.

    A pair's documented and as-run rows stand together, and a gap divides the universals.
    """
    universals = overview["universal"]
    rows = overview.assign(
        universal=pd.Categorical(universals, universals.unique()),
        key=overview["twin"].where(overview["twin"] != "", overview["experiment"]),
        version=pd.Categorical(overview["version"], list(VERSIONS)),
    )
    pair = ["key", "first", "second", "sample"]
    rows = rows.sort_values(["universal", *pair, "version"], ignore_index=True)
    new_universal = rows["universal"] != rows["universal"].shift()
    new_pair = (rows[pair] != rows[pair].shift()).any(axis="columns")
    y = np.arange(len(rows)) + 1.3 * new_universal.cumsum() + 0.1 * new_pair.cumsum() - 0.6
    return rows.assign(y=y, new_universal=new_universal, new_pair=new_pair)


def draw_ratios(axes: Axes, rows: pd.DataFrame) -> None:
    """The ratios of all rows on a logarithmic axis; a row without one says so."""
    axes.axvline(1, color=style.GREY, linewidth=0.8)
    for low, high in {*zip(rows["margin_low"], rows["margin_high"], strict=True)}:
        axes.axvspan(low, high, color=style.GREY, alpha=0.15, linewidth=0)
    for version, look in VERSIONS.items():
        some = rows[rows["version"] == version]
        errors = [some["ratio"] - some["ratio_lower"], some["ratio_upper"] - some["ratio"]]
        drawn = axes.errorbar(
            some["ratio"], some["y"], xerr=np.nan_to_num(errors), linestyle="", elinewidth=1.4,
            **look,
        )  # fmt: skip
        svg_titles.tell(drawn.lines[0], dict(map(title_of, some.to_dict("records"))))
        more = some[(some["learned_second"] < some["n"]) & (some["learned_first"] == some["n"])]
        ends = more["ratio_upper"].fillna(more["ratio"]) * 1.05
        axes.plot(ends, more["y"], ">", color=look["color"], markersize=4)
    for y in rows.loc[rows["ratio"].isna(), "y"]:
        axes.annotate(
            "no estimate", (1, y), xytext=(4, 0), textcoords="offset points", va="center",
            fontsize=style.LABEL, color=style.GREY,
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    low, high = np.nan_to_num([rows["ratio_lower"].min(), rows["ratio_upper"].max()], nan=1)
    axes.set_xlim(max(1 / LONGEST, min(low / 1.2, 0.6)), min(LONGEST, max(high * 1.2, 1.7)))
    axes.xaxis.set_major_locator(LogLocator(base=2, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:.2g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Steps of the second over those of the first")
    for side, ha, text in ((0, "left", "← second sooner"), (1, "right", "first sooner →")):
        axes.annotate(
            text, (side, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points",
            ha=ha, fontsize=style.LABEL,
        )  # fmt: skip


def title_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """The id of a point, such as ``pair-exp1a-at_least_4-first_3``, and what it tells."""
    ratio = {name: row[f"ratio{end}"] for name, end in ENDS.items()}
    found = estimate({**ratio, "p_adjusted": row["p_adjusted"]}, "ratio")
    return (
        f"pair-{row['experiment']}-{row['first']}-{row['second']}",
        f"{row['experiment']}: {style.label(row['first'])} – {style.label(row['second'])}\n"
        f"{VERDICTS[row['verdict']]}, ratio {found}",
    )


def write_labels(axes: Axes, rows: pd.DataFrame) -> None:
    """Names of the pairs at the axis, and each universal as a heading above its pairs."""
    names = [
        f"{style.label(row.first)} – {style.label(row.second)}" if row.new_pair else "as run"
        for row in rows.itertuples()
    ]
    axes.set_yticks(rows["y"], names)
    axes.tick_params(axis="y", length=0)
    for row in rows[rows["new_universal"]].itertuples():
        axes.annotate(
            "No single universal" if row.universal == "none" else row.universal.capitalize(),
            (0, row.y - 1),
            xycoords=axes.get_yaxis_transform(),
            xytext=(-4, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            weight="bold",
        )


def write_verdicts(axes: Axes, rows: pd.DataFrame) -> None:
    """On the right edge the verdict of each row, and how many trials learned both."""
    checks = rows["exchangeable"].fillna(False).astype(bool)
    verdicts = [
        VERDICTS[verdict].removesuffix(" that matters") + " (check)" * check
        for verdict, check in zip(rows["verdict"], checks, strict=True)
    ]
    learned = [f"{row.learned_first}, {row.learned_second} of {row.n}" for row in rows.itertuples()]
    at = 6
    for head, texts in (("Verdict", verdicts), ("Learned in", learned)):
        for y, text in [(-0.6, head), *zip(rows["y"], texts, strict=True)]:
            axes.annotate(
                text,
                (1, y),
                xycoords=axes.get_yaxis_transform(),
                xytext=(at, 3 if text == head else 0),
                textcoords="offset points",
                va="baseline" if text == head else "center",
                fontsize=style.LABEL,
                color="black" if text == head else style.GREY,
            )
        # About half a type's height for each letter of the longest.
        at += 8 + 4.3 * max([len(head), *map(len, texts)])
