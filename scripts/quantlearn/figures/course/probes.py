"""Probes: what can be read, by a linear map, from the state of a recurrent network along a scene.

A probe is fitted to the states at all positions of some test scenes and scored on those of others
(Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes"). It reads
|A∩B| and |A∩B| − |A∖B| by ridge regression, and the state of the smallest automaton that verifies
the quantifier, where there is a finite one, by logistic regression. The same probes of the
untrained network, with the weights from which training started, and of the number of objects so far
show what needs no training, those of the automaton's state what its quantifier needs; what training
changed is the difference in the same network.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import MEAN, Column
from quantlearn.figures import style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
from quantlearn.seeds import random_stream
from quantlearn.semantics.automata import minimal_automaton
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import PADDING
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.scores import DIFFERENCE, MARGIN, compared

READS = ("samples", "scenes", "weights")

TABLES = {
    "probes": {
        "quantifier": Column("str", "What the networks learn"),
        "target": Column(
            "str",
            "What is read: both (|A∩B|), difference (|A∩B| − |A∖B|), both of the objects so "
            "far, or automaton (the state of the smallest automaton, where it is finite)",
        ),
        "network": Column(
            "str",
            "trained, untrained (with the weights before training), or in place of its state size "
            "(the number of objects so far) or automaton (the state of the smallest automaton, "
            "where it is finite)",
        ),
        "part": Column(
            "str",
            "h (hidden state) or c (cell state) of the highest layer; blank for size and automaton",
        ),
        "metric": Column(
            "str",
            "r_squared (against the mean), or exact (share that is right, rounded to a whole "
            "number)",
        ),
        **MEAN,
        "n": Column("int64", "Trials"),
    },
    "probe_changes": {
        "quantifier": Column("str", "What the networks learn"),
        "target": Column("str", "What is read: both, difference or automaton"),
        "part": Column("str", "h or c"),
        "metric": Column("str", "r_squared of a count, exact of the automaton's state"),
        **DIFFERENCE,
    },
}

ROWS = {
    "probes": (
        "One row for each linear probe and metric, of recurrent networks that learn one "
        "quantifier each. A probe is fitted to the states at all positions of some test scenes "
        "and scored on others."
    ),
    "probe_changes": (
        "What training changed: the score of the trained network less that of the same network "
        "before training. The rows are one family."
    ),
}

TARGETS = {"both": "|A∩B|", "difference": "|A∩B| − |A∖B|", "automaton": "automaton"}
NETWORKS = {
    "trained": "Trained",
    "untrained": "Untrained",
    "size": "Size alone",
    "automaton": "The automaton's state alone",
}
PARTS = {"h": "hidden state", "c": "cell state"}
FORMS = {
    "r_squared": ("R²", "correlation", "correlation", ""),
    "exact": ("accuracy", "percent", "accuracy_points", " points"),
}
"""A metric in words, and the formats of its scores and of their differences."""

MOST_SCENES = 300  # half of them to fit the probes, half to score them
FEWER_POSITIONS = 1500  # for logistic regression, which is slow


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Scores of the probes of an experiment in which each quantifier has networks of its own.

    Means over trials with 95 % t intervals, and what training changed within trials.
    """
    # Only here: torch takes seconds to load, and drawing does without it.
    from quantlearn.figures.networks import states_along, trained  # noqa: PLC0415

    networks = trained(experiment, 0, seed)
    scores: dict[tuple[str, ...], list[float]] = {}
    for name, expression in experiment.settings["expressions"].items():
        automaton = minimal_automaton(Quantifier(name, expression))
        for row in networks.rows(name):
            stream = random_stream(seed, experiment.name, row, "probes")
            scenes = stream.permutation(networks.members[row].scenes["test"].scenes)[:MOST_SCENES]
            targets = counts_along(scenes)
            if automaton is not None:
                targets["automaton"] = automaton.run(scenes)
            first_half = np.arange(len(scenes))[:, None] < len(scenes) // 2
            fitted, scored = ((scenes != PADDING) & half for half in (first_half, ~first_half))
            read_from = list(states_along(networks, row, scenes))
            if automaton is not None:
                one_hot = np.eye(len(automaton.accepting))[targets["automaton"]]
                read_from.append(("automaton", "", one_hot))
            for network, part, states in read_from:
                for target, values in targets.items():
                    classes = target == "automaton"
                    if classes and network == "automaton":
                        continue
                    few = slice(FEWER_POSITIONS if classes else None)
                    found = probe(
                        states[fitted][few],
                        values[fitted][few],
                        states[scored],
                        values[scored],
                        classes,
                    )
                    for metric, value in found.items():
                        scores.setdefault((name, target, network, part, metric), []).append(value)
    rows = []
    for key, values in scores.items():
        mean = mean_interval(np.array(values))
        # A t interval may reach beyond 1, which is the most that a score can be.
        rows.append((*key, mean.estimate, mean.lower, np.minimum(mean.upper, 1.0), len(values)))
    changes = {
        (name, target, part, metric): np.subtract(
            values, scores[name, target, "untrained", part, metric]
        )
        for (name, target, network, part, metric), values in scores.items()
        if network == "trained" and (metric == "r_squared" or target == "automaton")
    }
    return {
        "probes": pd.DataFrame(rows, columns=list(TABLES["probes"])),
        "probe_changes": compared(changes, ["quantifier", "target", "part", "metric"]),
    }


def counts_along(scenes: np.ndarray) -> dict[str, np.ndarray]:
    """|A∩B| and |A∩B| − |A∖B| among the objects up to each position, (n, max_size) each.

    >>> counts_along(np.array([[0, 1, 1, 3]]))["difference"]
    array([[ 1,  0, -1, -1]])
    """
    both, a_only = (np.cumsum(scenes == zone, axis=1) for zone in (0, 1))
    return {"both": both, "difference": both - a_only}


def probe(
    known: np.ndarray, values: np.ndarray, new: np.ndarray, truth: np.ndarray, classes: bool
) -> dict[str, float]:
    """How well ``truth`` (m,) is read from the states ``new`` (m, units).

    The probe is fitted to the states ``known`` (n, units) and their ``values`` (n,). A number gives
    r_squared, against always the mean of the truth, and exact, the share that is right when
    rounded; with ``classes`` there is only exact.
    """
    # Only here: the names above are for notebooks as well, which fit nothing.
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415
    from sklearn.metrics import r2_score  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    reader = LogisticRegression(max_iter=200) if classes else Ridge()
    with warnings.catch_warnings():
        # Nearly separable states have no finite best weights; what is reached is scored.
        warnings.simplefilter("ignore", ConvergenceWarning)
        read = make_pipeline(StandardScaler(), reader).fit(known, values).predict(new)
    exact = {"exact": float(np.mean(np.rint(read) == truth))}
    return exact if classes else {"r_squared": float(r2_score(truth, read)), **exact}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """What linear probes read from the states of trained networks, and what needs no training.

    R² of a count on scenes that the probe was not fitted to: 1 is a perfect reading, 0 as good as
    always saying the mean. Filled marks: the cell state and the hidden state after training; hollow
    ones: the same networks before training; dashes: the number of objects read so far and nothing
    else. Means over trials with 95 % intervals, which are often narrower than the marks.
    """
    frame = tables["probes"]
    frame = frame[frame["metric"] == "r_squared"]
    targets = list(dict.fromkeys(frame["target"]))
    quantifiers = experiment.settings["quantifiers"]
    figure = style.new_figure(style.PAGE_WIDTH, 2.9)
    panels = figure.subplots(1, len(quantifiers), sharey=True, squeeze=False)[0]
    for axes, quantifier in zip(panels, quantifiers, strict=True):
        draw_readings(axes, frame[frame["quantifier"] == quantifier], targets)
        axes.set_title(f"networks for {style.label(quantifier)}")
    panels[0].set_ylabel("R² on other scenes")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


LOOKS = {"c": (style.OKABE_ITO[0], "o"), "h": (style.OKABE_ITO[1], "s")}
DASH = 0.3
APART = 0.16


def draw_readings(axes: Axes, rows: pd.DataFrame, targets: list[str]) -> None:
    """A place for each target, with trained and untrained states and the size beside each other."""
    places = np.arange(len(targets))
    size = rows[rows["network"] == "size"].set_index("target").loc[targets, "estimate"]
    axes.hlines(
        size, places - DASH, places + DASH, color="black", linestyle=(0, (2, 1.5)),
        label="number of objects alone",
    )  # fmt: skip
    for shift, (part, (colour, marker)) in zip((-APART, APART), LOOKS.items(), strict=True):
        for network, face in (("trained", colour), ("untrained", "white")):
            some = rows[(rows["network"] == network) & (rows["part"] == part)]
            some = some.set_index("target").reindex(targets)
            if some["estimate"].isna().all():
                continue
            bars = np.abs(some[["lower", "upper"]].to_numpy().T - some["estimate"].to_numpy())
            drawn = axes.errorbar(
                places + shift,
                some["estimate"],
                yerr=np.nan_to_num(bars),
                fmt=marker,
                color=colour,
                markerfacecolor=face,
                elinewidth=1,
                label=f"{PARTS[part]}, {network}",
            )
            titles = [
                f"{TARGETS[target]} from the {PARTS[part]}, {network}: R² "
                f"{estimate(row, 'correlation')}"
                for target, row in some[["estimate", "lower", "upper"]].to_dict("index").items()
            ]
            svg_titles.tell(drawn.lines[0], titles)
    axes.axhline(0, color=style.GREY, linewidth=0.6)
    axes.set_xticks(places, [TARGETS[target] for target in targets])
    axes.set_xlim(-0.6, len(targets) - 0.4)
    axes.set_ylim(top=1.04)


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What training did to each reading."""
    scores = tables["probes"].set_index(["quantifier", "target", "network", "part", "metric"])
    changes, rows = tables["probe_changes"], []
    for change in changes.to_dict("records"):
        quantifier, target, part, metric = (change[name] for name in changes.columns[:4])
        score, form, points, unit = FORMS[metric]
        row = {"Network for": style.label(quantifier), "Read": TARGETS[target]}
        row |= {"From the": PARTS[part], "Score": score}
        for network, heading in NETWORKS.items():
            own = part if network in ("trained", "untrained") else ""
            place = (quantifier, target, network, own, metric)
            row[heading] = estimate(scores.loc[place], form) if place in scores.index else "–"
        rows.append(row | {"Trained less untrained": estimate(change, points, unit)})
    counts = dict.fromkeys(["higher", "lower", "no_difference", "open"], 0)
    return {"rows": rows, "margin": MARGIN, **counts, **changes["verdict"].value_counts()}
