"""Do the effects of 2019 survive? The same pairs under other conditions, each with its lead.

A condition changes one thing: each quantifier has a network of its own instead of one network
learning both; scenes of each size are as often true as false, so that the size says nothing of the
truth; test scenes have zone counts that no training scene has; another threshold or window of
convergence, read from the same curves; another learning rate or number of units, or both. What else
the experiments of the controls change for all of them is a condition of its own.

Steps of different learning rates cannot be compared, so a lead is a ratio: how many times as many
steps the second quantifier of a pair takes until it is learned, the geometric mean over the trials
in which both are, with Student's interval of the logarithm. p is that of Wilcoxon's signed-rank
test of the leads, which also ranks the trials in which only one is learned, adjusted by Holm's
method over all conditions of all pairs. An effect survives where it is adjusted below 0.05 and the
ranks speak for the first quantifier.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from quantlearn.columns import Column, types
from quantlearn.figures import formats, style
from quantlearn.figures.experiment import Experiment
from quantlearn.settings.protocol import published_pairs
from quantlearn.statistics.convergence import convergence_table, step_leads
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.multiple_tests import LEVEL, holm, smallest_p
from quantlearn.statistics.signed_rank import signed_rank_test

READS = ("samples", "curves")

TABLES = {
    "controls": {
        "easy": Column("str", "First quantifier of the pair, which satisfies the universal"),
        "hard": Column("str", "Second quantifier"),
        "condition": Column("str", "What differs from the experiment as the paper documents it"),
        "experiment": Column("str", "Where the networks were trained"),
        "sample": Column("int64", "Hyperparameter sample"),
        "threshold": Column("float64", "convergence.threshold of this row"),
        "window": Column("int64", "convergence.window of this row"),
        "ratio": Column(
            "float64",
            "Convergence step of the second over that of the first, geometric mean over the "
            "trials in which both converged",
        ),
        "lower": Column("float64", "Lower end of its 95 % interval"),
        "upper": Column("float64", "Upper end"),
        "rank_biserial": Column(
            "float64", "Rank-biserial correlation of the leads; above 0 the first is sooner"
        ),
        "p": Column("float64", "p value of Wilcoxon's signed-rank test"),
        "p_adjusted": Column("float64", "By Holm's method over all rows"),
        "n": Column("int64", "Trials"),
        "both": Column("int64", "Trials in which both converged"),
        "only_easy": Column("int64", "Trials in which only the first did"),
        "only_hard": Column("int64", "Trials in which only the second did"),
    },
}

ROWS = {
    "controls": "One row for each pair and condition, of this experiment and of those beside it.",
}

THRESHOLDS = (0.9, 0.98)
"""Accuracies that convergence may demand instead of the experiment's own."""

WINDOWS = (50, 1000)
"""Evaluations over which the mean must be above the threshold, instead of the experiment's own."""

LONGEST = 32  # intervals go on outside the panel
ACROSS = 3  # panels side by side


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """One row for each pair and condition.

    The `published_pairs` of an experiment come first among the conditions of a pair, with its
    threshold and window; the controls are the other experiments in which networks learn the pair.
    """
    experiments = [experiment, *beside]
    rows = [
        row
        for published in experiments
        for pair in published_pairs(published.settings)
        for row in conditions(pair, published, experiments)
    ]
    table = pd.DataFrame(rows, columns=list(TABLES["controls"]))
    table["p_adjusted"] = holm(table["p"].to_numpy(dtype=float))
    return {"controls": table.astype(types(TABLES["controls"]))}


def conditions(
    pair: tuple[str, str], published: Experiment, experiments: Sequence[Experiment]
) -> Iterator[dict[str, Any]]:
    """The rows of a pair."""
    threshold, window = (published.settings["convergence"][key] for key in ("threshold", "window"))
    yield lead("as documented", pair, published, 0, threshold, window)
    for other in THRESHOLDS:
        yield lead(f"threshold {other:g}", pair, published, 0, other, window)
    for other in WINDOWS:
        yield lead(f"window of {other}", pair, published, 0, threshold, other)
    for control in experiments:
        if learns(control.settings, pair):
            for sample in control.samples:
                condition = in_words(control, sample, published.settings)
                yield lead(condition, pair, control, sample, threshold, window)


def learns(settings: Mapping[str, Any], pair: tuple[str, str]) -> bool:
    """Whether networks of their own, or one for the two, learn a pair in an experiment."""
    groups = settings["groups"]
    if groups is None and not settings["training"]["together"]:
        groups = [settings["quantifiers"]]
    return any(set(pair) <= set(group) for group in groups or [])


def in_words(control: Experiment, sample: int, published: Mapping[str, Any]) -> str:
    """What is otherwise in a sample of an experiment than in the published one."""
    data, own = control.settings["data"], control.sample(sample)
    hidden, rate = own["network"]["hidden"], own["training"]["learning_rate"]
    changes = {
        "alone": control.settings["groups"] is None,
        "sizes matched": data["balance"].get("by") == "truth_and_size",
        "new zone counts": data["split"]["by"] == "zone_counts",
        f"rate {formats.number(rate)}": rate != published["training"]["learning_rate"],
        f"{hidden} units": hidden != published["network"]["hidden"],
    }
    changed = [words for words, is_so in changes.items() if is_so]
    return ", ".join(changed) or f"at most {own['training']['max_epochs']} epochs"


def lead(
    condition: str,
    pair: tuple[str, str],
    experiment: Experiment,
    sample: int,
    threshold: float,
    window: int,
) -> dict[str, Any]:
    """The lead of the first quantifier of a pair in a sample of an experiment."""
    curves = experiment.curves[
        (experiment.curves["sample"] == sample)
        & (experiment.curves["split"] == experiment.settings["training"]["monitor"])
        & experiment.curves["quantifier"].isin(pair)
    ]
    found = convergence_table(curves, threshold, window)
    easy, hard = (
        found[found["quantifier"] == name].set_index("trial").sort_index() for name in pair
    )
    leads = step_leads(easy, hard)
    both = (easy["converged"] & hard["converged"]).fillna(False).to_numpy(dtype=bool)
    first, second = (side["step"][both].to_numpy(dtype=float) for side in (easy, hard))
    ratio = mean_interval(np.log(second / first))
    ranks = signed_rank_test(np.nan_to_num(leads, nan=0.0, posinf=1e12, neginf=-1e12))
    return {
        "easy": pair[0],
        "hard": pair[1],
        "condition": condition,
        "experiment": experiment.name,
        "sample": sample,
        "threshold": threshold,
        "window": window,
        "ratio": np.exp(ratio.estimate),
        "lower": np.exp(ratio.lower),
        "upper": np.exp(ratio.upper),
        "rank_biserial": ranks.statistic / (len(leads) * (len(leads) + 1) / 2),
        "p": ranks.p,
        "n": len(leads),
        "both": int(both.sum()),
        "only_easy": int(np.isposinf(leads).sum()),
        "only_hard": int(np.isneginf(leads).sum()),
    }


def sooner(rows: pd.DataFrame) -> pd.Series:
    """1 where the first quantifier is shown to be learned sooner, −1 where the second, else 0."""
    return np.sign(rows["rank_biserial"]).where(rows["p_adjusted"] < LEVEL, 0).astype(int)


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Do the effects of 2019 survive? The lead of the first quantifier of each pair, by condition.

    A lead of 2 means that the second quantifier takes twice as many steps until it is learned: the
    geometric mean over the trials in which both are, with its 95 % interval. The numbers on the
    right count these trials, and behind a plus those in which only the first quantifier was
    learned, behind a minus only the second. Filled markers: p < 0.05 in Wilcoxon's test of all
    trials in which one was learned, adjusted by Holm's method over all rows.
    """
    pairs = list(tables["controls"].groupby(["easy", "hard"], sort=False))
    names = list(dict.fromkeys(tables["controls"]["condition"]))
    across = min(len(pairs), ACROSS)
    down = math.ceil(len(pairs) / across)
    figure = style.new_figure(style.PAGE_WIDTH + 1, 0.3 + down * (1 + 0.28 * len(names)))
    panels = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes in panels.flat[len(pairs) :]:
        axes.set_visible(False)
    colours = itertools.cycle(style.OKABE_ITO)
    for axes, ((easy, hard), rows), colour in zip(panels.flat, pairs, colours, strict=False):
        draw_panel(axes, rows, names, colour)
        axes.set_title(f"{style.label(easy)} –\n{style.label(hard)}")
    panels[0, 0].set_yticks(range(len(names)), names)
    panels[0, 0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("Lead of the first: ratio of convergence steps", fontsize=9)
    return figure


def draw_panel(axes: Axes, rows: pd.DataFrame, names: list[str], colour: str) -> None:
    """The leads of one pair."""
    for row in rows.itertuples():
        y = names.index(row.condition)
        axes.hlines(y, row.lower, row.upper, color=colour, linewidth=1.2)
        filled = colour if row.p_adjusted < LEVEL else "white"
        axes.plot(row.ratio, y, "o", color=colour, markerfacecolor=filled)
        only_easy = f" +{row.only_easy}" if row.only_easy else ""
        only_hard = f" −{row.only_hard}" if row.only_hard else ""
        axes.annotate(
            f"{row.both}{only_easy}{only_hard}",
            (1, y),
            xycoords=axes.get_yaxis_transform(),
            xytext=(2, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=style.GREY,
        )
    axes.axvline(1, color=style.GREY, linestyle="--", linewidth=0.8)
    axes.set_xscale("log", base=2)
    ends = np.nan_to_num([rows["lower"].min() / 1.2, rows["upper"].max() * 1.2], nan=1)
    axes.set_xlim(np.clip(ends[0], 1 / LONGEST, 0.8), np.clip(ends[1], 1.25, LONGEST))
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(base=2 if high > 4 * low else 2**0.5, numticks=6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:.2g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", length=0)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """In how many conditions each effect survives, and the smallest p that there can be."""
    frame = tables["controls"].rename(columns={"ratio": "estimate"})
    frame["sooner"] = sooner(frame)
    pairs = []
    for _, rows in frame.groupby(["easy", "hard"], sort=False):
        others = rows["sooner"].iloc[1:]
        counts = {"others": len(others), "first": (others > 0).sum(), "second": (others < 0).sum()}
        pairs.append(rows.iloc[0].to_dict() | counts)
    most = int(frame["n"].max())
    reach = smallest_p(most) * int(frame["p"].notna().sum())
    cells = [
        {
            "Pair": f"{style.label(row['easy'])} – {style.label(row['hard'])}",
            "Condition": row["condition"],
            "Lead": formats.correlation(row["estimate"]),
            "95 % interval": formats.interval(
                formats.correlation(row["lower"]), formats.correlation(row["upper"])
            ),
            "p, adjusted": formats.p_value(row["p_adjusted"]),
            "Trials": f"{row['n']}",
            "Both learned": f"{row['both']}",
            "Only the first": f"{row['only_easy']}",
            "Only the second": f"{row['only_hard']}",
            "Shown to be sooner": ("neither", "the first", "the second")[row["sooner"]],
        }
        for row in frame.to_dict("records")
    ]
    return {"pairs": pairs, "most": most, "reach": min(reach, 1.0), "level": LEVEL, "rows": cells}
