"""Description: how often networks write exactly the sentence that is to be written.

The test scenes are of three kinds: with counts (|A∩B|, |A∖B|) that were trained, in other scenes;
with new counts whose sentence was trained, for other counts; and with new counts whose sentence was
never trained, so that it has to be put together from known words. Shares are means over trials; all
differences are within trials, since the samples, with and without attention, have the same data.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from quantlearn.columns import MEAN, Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.paper.accuracy_by_counts import squares
from quantlearn.figures.texts import estimate
from quantlearn.seeds import random_stream
from quantlearn.statistics.comparison import paired_t_test
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.multiple_tests import LEVEL, holm

READS = ("samples", "texts")

TABLES = {
    "description": {
        "measure": Column(
            "str",
            "Share of sentences that are exact, true but another, false, or no sentence; a "
            "difference of shares of exact ones",
        ),
        "attention": Column("str", "network.attention"),
        "counts": Column("str", "Which test scenes"),
        **MEAN,
        "p_adjusted": Column(
            "float64",
            "Of differences: two-sided p of the paired t-test, by Holm's method over all of them",
        ),
        "n": Column("int64", "Trials"),
    },
    "description_counts": {
        "attention": Column("str", "network.attention"),
        "both": Column("int64", "Objects in A∩B"),
        "a_only": Column("int64", "Objects in A∖B"),
        "estimate": Column("float64", "Share of exact sentences, mean over trials"),
        "n": Column("int64", "Trials"),
    },
    "description_examples": {
        "attention": Column("str", "network.attention"),
        "counts": Column("str", "Which test scenes"),
        "scene": Column("str", "A test scene in words"),
        "target": Column("str", "What was to be written"),
        "written": Column("str", "What was written"),
        "exact": Column("bool", "Whether that is what was to be written"),
    },
}

ROWS = {
    "description": (
        "What networks write, in an experiment whose samples differ in `network.attention`. "
        "Test scenes have counts (|A∩B|, |A∖B|) that were trained (`trained counts`), new ones "
        "whose sentence was trained (`new counts`), or new ones whose sentence was not (`new "
        "sentence`); the last two together are `all new`."
    ),
    "description_counts": "How often the sentence is exact, by the counts of the scene.",
    "description_examples": "Some of what the networks wrote.",
}

KINDS = ("trained_counts", "new_counts", "new_sentence")
"""Kinds of test scenes; new_counts are those whose sentence was trained."""

SHARES = ("exact", "true", "true_but_another", "false", "no_sentence")

ATTENTION = {"none": "without attention", "dot": "with attention"}

EXAMPLES = 2  # right ones, and wrong ones, of each network and kind


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Shares of sentences and their differences, right ones by counts, and examples.

    Means with 95 % t intervals. p values of the differences are adjusted by Holm's method over all
    of them.
    """
    attention = {
        sample: experiment.sample(sample)["network"]["attention"] for sample in experiment.samples
    }
    texts = experiment.texts
    right, said = texts["written"] == texts["target"], texts["said"] != ""
    kinds = [texts["counts_trained"], texts["sentence_trained"]]
    texts = texts.assign(
        attention=texts["sample"].map(attention),
        counts=np.select(kinds, KINDS[:2], default=KINDS[2]),
        exact=right,
        true_but_another=~right & texts["true"],
        false=said & ~right & ~texts["true"],
        no_sentence=~said,
    )
    new = texts[~texts["counts_trained"]]
    by_kind = pd.concat([texts, new.assign(counts="all_new")])
    shares = by_kind.groupby(["attention", "counts", "trial"], sort=False)[list(SHARES)].mean()
    exact = by_kind.pivot_table("exact", ["attention", "counts"], "trial")
    rows = [*means(shares), *differences(exact)]
    by_counts = new.groupby(["attention", "both", "a_only", "trial"])["exact"].mean()
    by_counts = by_counts.groupby(level=[0, 1, 2]).agg(estimate="mean", n="size").reset_index()
    rng = random_stream(seed, experiment.name, "examples")
    examples = pd.concat(
        part.iloc[rng.choice(len(part), size=min(EXAMPLES, len(part)), replace=False)]
        for _, rows in texts.groupby(["attention", "counts"], sort=False)
        for part in (rows[rows["exact"]], rows[~rows["exact"]])
    )
    return {
        "description": pd.DataFrame(rows, columns=list(TABLES["description"])),
        "description_counts": by_counts,
        "description_examples": examples[list(TABLES["description_examples"])],
    }


def means(shares: pd.DataFrame) -> list[dict[str, Any]]:
    """A row for each share (columns), attention and kind of test scene, over trials."""
    rows = []
    for (attention, counts), of_trials in shares.groupby(level=[0, 1], sort=False):
        for measure, values in of_trials.items():
            mean = vars(mean_interval(values.to_numpy()))
            # A t interval of few trials may reach beyond what a share can be.
            bounds = {side: np.clip(mean[side], 0, 1) for side in ("lower", "upper")}
            key = {"measure": measure, "attention": attention, "counts": counts}
            rows.append(key | mean | bounds | {"n": len(values)})
    return rows


def differences(exact: pd.DataFrame) -> list[dict[str, Any]]:
    """New less trained counts in each network, and attention less none for each kind.

    ``exact`` has a row for each (attention, counts) and a column for each trial.
    """
    pairs = [
        ("new_less_trained", (attention, "all_new"), (attention, "trained_counts"))
        for attention in ATTENTION
    ] + [("attention_less_none", ("dot", kind), ("none", kind)) for kind in (*KINDS, "all_new")]
    pairs = [pair for pair in pairs if {*pair[1:]} <= set(exact.index)]
    tests = [
        paired_t_test((exact.loc[one] - exact.loc[other]).dropna().to_numpy(), "paired_t", "share")
        for _, one, other in pairs
    ]
    adjusted = holm(np.array([test.p for test in tests]))
    return [
        {"measure": measure, "attention": attention, "counts": counts, "p_adjusted": p} | vars(test)
        for (measure, (attention, counts), _), test, p in zip(pairs, tests, adjusted, strict=True)
    ]


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """How often networks write exactly the most informative true sentence about a test scene.

    On the left are means over trials with 95 % t intervals, for scenes with counts that were
    trained, with new counts, and with new counts whose sentence was never trained. On the right are
    the new counts one by one: the share of right sentences where a scene has so many objects in A∩B
    and A∖B, in the trials in which no such scene was trained; blank where that never happened.
    """
    shares, by_counts = tables["description"], tables["description_counts"]
    exact = shares[shares["measure"] == "exact"].set_index(["attention", "counts"])
    networks = [name for name in ATTENTION if name in exact.index]
    figure = style.new_figure(style.PAGE_WIDTH, 3.2)
    left, *triangles = figure.subplots(
        1, 1 + len(networks), width_ratios=(1.3, *[1] * len(networks))
    )
    for place, (name, look) in enumerate(style.looks(networks).items()):
        rows = exact.loc[name].reindex(list(KINDS))
        places = np.arange(len(KINDS)) + 0.14 * (place - (len(networks) - 1) / 2)
        left.vlines(places, rows["lower"], rows["upper"], color=look.colour, linewidth=1.2)
        (points,) = left.plot(
            places, rows["estimate"], look.marker, color=look.colour, label=ATTENTION[name]
        )
        titles = [
            f"{ATTENTION[name]}, {style.label(kind)}: {estimate(row, 'percent')}"
            for kind, row in rows[list(MEAN)].to_dict("index").items()
        ]
        svg_titles.tell(points, titles)
    left.set_xticks(range(len(KINDS)), [kind.replace("_", "\n") for kind in KINDS])
    left.set_xlim(-0.5, len(KINDS) - 0.5)
    left.set_ylim(-0.02, 1.02)
    left.set_ylabel("Exact match (test scenes)")
    for axes, name in zip(triangles, networks, strict=True):
        mesh = draw_triangle(axes, by_counts[by_counts["attention"] == name])
        axes.set_title(ATTENTION[name].capitalize(), fontsize=style.LABEL)
        axes.set_xlabel("Objects in A∩B")
    triangles[0].set_ylabel("Objects in A∖B")
    figure.colorbar(mesh, ax=triangles, label="Exact match, new counts", aspect=30)
    title = f"{experiment.settings['title']} (n = {exact['n'].max()} trials)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9, wrap=True)
    figure.legend(loc="outside lower left", ncols=len(networks))
    return figure


def draw_triangle(axes: Axes, rows: pd.DataFrame) -> PolyCollection:
    """The share of right sentences for each pair of counts."""
    size = int((rows["both"] + rows["a_only"]).max()) + 1
    shares = np.full((size, size), np.nan)
    shares[rows["a_only"], rows["both"]] = rows["estimate"]
    known = ~np.isnan(shares)
    mesh = PolyCollection(squares(known), cmap="viridis", linewidths=0, antialiased=False)
    mesh.set_array(shares[known])
    mesh.set_clim(0, 1)
    axes.add_collection(mesh)
    titles = [
        f"{both} in A∩B, {a_only} in A∖B: {formats.percent(shares[a_only, both])}"
        for a_only, both in np.argwhere(known).tolist()
    ]
    svg_titles.tell(mesh, titles)
    axes.autoscale_view()
    ticks = np.arange(0, size, 2)
    axes.set_xticks(ticks, ticks)
    axes.set_yticks(ticks, ticks)
    axes.set_aspect("equal")
    return mesh


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Estimates by attention, measure and kind of test scene, and examples."""
    found: dict[str, dict[str, dict[str, dict]]] = {}
    for row in tables["description"].to_dict("records"):
        measures = found.setdefault(row["attention"], {})
        measures.setdefault(row["measure"], {})[row["counts"]] = row
    examples = [
        {
            "Network": ATTENTION[row.attention],
            "Test scene": style.label(row.counts),
            "Scene": row.scene,
            "To be written": row.target,
            "Written": row.written,
            "": "right" if row.exact else "wrong",
        }
        for row in tables["description_examples"].itertuples()
    ]
    return {"found": found, "attention": ATTENTION, "level": LEVEL, "examples": examples}
