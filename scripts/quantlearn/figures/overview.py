"""All experiments side by side: what each pair shows, and documented against as run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from quantlearn import columns
from quantlearn.errors import QuantlearnError
from quantlearn.figures import style
from quantlearn.figures.experiment import Experiment
from quantlearn.settings.search import chooses_sample
from quantlearn.statistics.comparison import summarise_convergence, welch_test
from quantlearn.statistics.convergence import step_leads
from quantlearn.statistics.multiple_tests import holm

TABLES = {"overview": columns.OVERVIEW, "as_run": columns.AS_RUN}

VERSIONS = {
    "documented": {"color": "#0072B2", "marker": "o", "markerfacecolor": "#0072B2"},
    "as run": {"color": "#D55E00", "marker": "s", "markerfacecolor": "white"},
}
PANELS = {
    "paired_t_steps": "Difference of\nconvergence steps",
    "area_between_curves": "Area between curves\n(steps × accuracy)",
}


def tables(experiments: Sequence[Experiment]) -> dict[str, pd.DataFrame]:
    """One row for each pair of an experiment's chosen sample, and documented minus as run.

    An experiment that compares conditions chooses none and has no rows. p values are adjusted by
    Holm's method over all pairs of the page, for each test; of the twins, for each measure.
    """
    compared = {one.name: one for one in experiments if chooses_sample(one.settings)}
    rows = [row for one in compared.values() for row in pair_rows(one)]
    # Experiments that are about no universal come last.
    rows.sort(key=lambda row: row["universal"] == "none")
    pairs = pd.DataFrame(rows, columns=list(columns.OVERVIEW))
    for test in columns.TESTS:
        pairs[f"{test}_p_adjusted"] = holm(pairs[f"{test}_p"].to_numpy(dtype=float))
    rows = [
        row
        for one in compared.values()
        if one.settings["documented"] in compared
        for row in twin_rows(compared[one.settings["documented"]], one)
    ]
    twins = pd.DataFrame(rows, columns=list(columns.AS_RUN))
    for p in ("p", "mann_whitney_p"):
        by_measure = twins.groupby("measure")[p]
        twins[f"{p}_adjusted"] = by_measure.transform(lambda x: holm(x.to_numpy(dtype=float)))
    return {"overview": pairs, "as_run": twins}


def pair_rows(experiment: Experiment) -> list[dict[str, Any]]:
    """One row of the overview for each pair of an experiment."""
    settings = experiment.settings
    convergence = experiment.shown(experiment.convergence)
    summary = summarise_convergence(convergence, settings["quantifiers"]).set_index("quantifier")
    by_size = experiment.baseline("size", settings["training"]["monitor"]).mean()
    comparison = experiment.shown(experiment.comparison)
    rows = []
    for (easy, hard), tests in comparison.groupby(["easy", "hard"], sort=False):
        row = {
            "experiment": experiment.name,
            "title": settings["title"],
            "universal": settings["universal"],
            "version": "as run" if settings["documented"] else "documented",
            "twin": settings["documented"] or "",
            "sample": experiment.chosen,
            "easy": easy,
            "hard": hard,
            "n": summary.loc[easy, "n"],
        }
        for side, quantifier in (("easy", easy), ("hard", hard)):
            of_one = summary.loc[quantifier]
            row[f"censored_{side}"] = of_one["n"] - of_one["converged"]
            for column in ("median_step", "median_lower", "median_upper", "final_accuracy"):
                row[f"{column}_{side}"] = of_one[column]
            row[f"size_alone_{side}"] = by_size[quantifier]
        by_test = tests.set_index("test")
        for test in columns.TESTS:
            for column in ("estimate", "lower", "upper", "p", "n"):
                row[f"{test}_{column}"] = by_test.loc[test, column]
        for column in ("effect_size", "effect_lower", "effect_upper"):
            row[column] = by_test.loc["paired_t_steps", column]
        rows.append(row)
    return rows


def twin_rows(documented: Experiment, as_run: Experiment) -> list[dict[str, Any]]:
    """The pairs of an experiment as documented against those of its twin as run.

    The paired effects of the two are independent samples of trials: Welch's t-test and interval on
    their means, and Mann–Whitney's test on their ranks, where a trial in which only one quantifier
    converged ranks beyond all steps. Positive: the effect is larger as documented.
    """
    pairs, pairs_as_run = (one.settings["comparisons"] for one in (documented, as_run))
    if len(pairs) != len(pairs_as_run):
        raise QuantlearnError(
            f"config/experiments/{as_run.name}.yaml: comparisons: must be as many as in "
            f"{documented.name}, its documented twin, since the pairs are compared one by one"
        )
    rows = []
    # A quantifier may have another name as run, so pairs belong together by their place.
    for pair, (easy, hard) in zip(pairs, pairs_as_run, strict=True):
        first, second = paired_effects(documented, *pair), paired_effects(as_run, easy, hard)
        for measure, unit in (("step", "steps"), ("final_accuracy", "accuracy")):
            row = {
                "documented": documented.name,
                "as_run": as_run.name,
                "sample": as_run.chosen,
                "easy": easy,
                "hard": hard,
                "measure": measure,
                "unit": unit,
            }
            rows.append(row | difference(first[measure], second[measure]))
    return rows


def paired_effects(experiment: Experiment, easy: str, hard: str) -> dict[str, np.ndarray]:
    """By how much easy is learned sooner, and better, in each trial of the chosen sample."""
    by_trial = experiment.shown(experiment.convergence).set_index("trial").sort_index()
    first, second = (by_trial[by_trial["quantifier"] == name] for name in (easy, hard))
    return {
        "step": step_leads(first, second),
        "final_accuracy": (first["final_accuracy"] - second["final_accuracy"]).to_numpy(),
    }


def difference(first: np.ndarray, second: np.ndarray) -> dict[str, float | int]:
    """Two independent sets of paired effects compared, first minus second.

    >>> found = difference(np.array([3.0, 5.0, np.inf]), np.array([1.0, 2.0]))
    >>> found["difference"], found["n_documented"], found["mann_whitney_n_documented"]
    (2.5, 2, 3)
    """
    finite = [effects[np.isfinite(effects)] for effects in (first, second)]
    ranked = [effects[~np.isnan(effects)] for effects in (first, second)]
    welch = welch_test(*finite)
    row = {
        "documented_mean": finite[0].mean() if finite[0].size else np.nan,
        "as_run_mean": finite[1].mean() if finite[1].size else np.nan,
        "difference": welch.estimate,
        "lower": welch.lower,
        "upper": welch.upper,
        "statistic": welch.statistic,
        "df": welch.df,
        "p": welch.p,
        "n_documented": finite[0].size,
        "n_as_run": finite[1].size,
        "mann_whitney_u": np.nan,
        "mann_whitney_p": np.nan,
        "mann_whitney_n_documented": ranked[0].size,
        "mann_whitney_n_as_run": ranked[1].size,
    }
    if min(ranked[0].size, ranked[1].size) >= 2 and np.unique(np.concatenate(ranked)).size > 1:
        result = stats.mannwhitneyu(*ranked)
        row |= {"mann_whitney_u": result.statistic, "mann_whitney_p": result.pvalue}
    return row


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """All experiments at a glance: how much sooner is the first quantifier of each pair learned?

    Points are means over trials with 95 % intervals; to the right of zero, the quantifier that
    satisfies the universal is learned sooner. Filled circles are experiments as documented, hollow
    squares the same experiments as run. Left: difference of the convergence steps, for trials in
    which both quantifiers converged (n of all trials, on the right edge). Right: area between the
    learning curves, for all trials.
    """
    rows = placed(tables["overview"])
    height = rows["y"].max() + 1 if len(rows) else 1
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
    pair = ["key", "easy", "hard", "sample"]
    rows = rows.sort_values(["universal", *pair, "version"], ignore_index=True)
    new_universal = rows["universal"] != rows["universal"].shift()
    new_pair = (rows[pair] != rows[pair].shift()).any(axis="columns")
    y = np.arange(len(rows)) + 1.2 * new_universal.cumsum() + 0.3 * new_pair.cumsum() - 0.5
    return rows.assign(y=y, new_universal=new_universal, new_pair=new_pair)


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
    names = [
        f"{row.experiment}: {style.label(row.easy)} – {style.label(row.hard)}"
        if row.new_pair
        else "as run"
        for row in rows.itertuples()
    ]
    axes.set_yticks(rows["y"], names)
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
