"""Errors by scene: what goes with a right answer, and which scenes most networks get wrong.

The model is a logistic regression for each quantifier over the held-out scenes of all trials, with
three properties of a scene: how far it is from the boundary of the quantifier, how many objects it
has, and how often its zone counts were trained. Each trial has an intercept of its own, and the
intervals allow for what else the answers of one network have in common.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
)

from quantlearn.columns import MEAN, Column, types
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.labels import SPLITS
from quantlearn.figures.texts import estimate
from quantlearn.seeds import random_stream
from quantlearn.semantics.complexity import boundary_distances
from quantlearn.semantics.quantifiers import Quantifier, zone_counts
from quantlearn.semantics.scenes import PADDING, ZONES, LabelledScenes, places_among
from quantlearn.semantics.scenes_in_words import words_of_scene
from quantlearn.settings.protocol import keeps_for_test
from quantlearn.statistics.intervals import Interval, mean_interval
from quantlearn.statistics.logistic import clustered_logistic

READS = ("samples", "leaderboard", "scenes", "weights")

TABLES = {
    "item_errors": {
        "quantifier": Column("str", "Name in config/quantifiers.yaml"),
        "term": Column(
            "str",
            "distance (objects to be moved to another zone until the truth changes), size (objects "
            "in the scene) or seen (log2 of 1 more than the training scenes of the trial with this "
            "quantifier and the same zone counts)",
        ),
        "estimate": Column(
            "float64",
            "Change of the log odds of a right answer for one more of the term, within a trial and "
            "with the others held; blank where `reason` says why",
        ),
        "lower": Column(
            "float64",
            "Lower end of its 95 % interval, by leaving out one trial at a time; blank where none "
            "can be left out",
        ),
        "upper": Column("float64", "Upper end"),
        "reason": Column(
            "str",
            "all_right (there is no error), order (no distance is known: order matters and no "
            "automaton tells it, or labels alone say what is true), nearest (all errors lie at the "
            "least distance: the other terms are of the scenes there), constant (the term does not "
            "vary), separated (the terms tell right answers from errors without exception, or one "
            "another: no estimate is finite), or blank",
        ),
        "answers": Column("int64", "Answers that the model is of, of all trials"),
        "errors": Column("int64", "How many of them are wrong"),
        "trials": Column("int64", "Trials"),
    },
    "errors_by_distance": {
        "quantifier": Column("str", "Name in config/quantifiers.yaml"),
        "distance": Column(
            "int64",
            "Objects to be moved to another zone until the truth changes; 0 where no moves change "
            "it",
        ),
        **MEAN,
        "answers": Column("int64", "Answers of all trials"),
        "trials": Column("int64", "Trials with such scenes"),
    },
    "hard_scenes": {
        "quantifier": Column("str", "Name in config/quantifiers.yaml"),
        "scene": Column("str", "The scene in words: AB, A-, -B or -- for each object, in order"),
        "truth": Column("bool", "Whether the quantifier is true of it"),
        "wrong": Column("float64", "Share of the networks whose answer is wrong, above one half"),
        "networks": Column(
            "int64", "Networks that were asked, one a trial, also those that trained on the scene"
        ),
    },
}

ROWS = {
    "item_errors": (
        "One row for each quantifier and term of a logistic regression of right answers, over at "
        "most 2,000 random test scenes of each trial and quantifier (200,000 in all; dev where "
        "there is no test), of the chosen sample. Scenes that no moves change are left out."
    ),
    "errors_by_distance": (
        "One row for each quantifier and distance from its boundary; `estimate` is the share of "
        "wrong answers to the same scenes."
    ),
    "hard_scenes": (
        "One row for each scene that more than half of the networks get wrong, the hardest first; "
        "of at most 2,000 of those scenes of `item_errors` that a network of their own trial got "
        "wrong, at most 200 for each quantifier."
    ),
}

TERMS = {
    "distance": "One object farther\nfrom the boundary",
    "size": "One more object\nin the scene",
    "seen": "Counts seen twice as\noften in training",
}
HEADINGS = {
    "distance": "Farther from the boundary",
    "size": "More objects",
    "seen": "Seen twice as often",
}
REASONS = {
    "all_right": "no error",
    "order": "distance not known",
    "nearest": "all errors nearest to it",
    "constant": "does not vary",
    "separated": "not finite",
}

NOTHING = Interval(nan)
SCENES = 2000  # of each quantifier and trial
ANSWERS = 200_000  # in all
POOL = 2000  # scenes wrong in their own trial that all networks are asked about
HARDEST = 200  # of each quantifier
HARD = 0.5  # a scene is hard if more than this share of the networks gets it wrong


@dataclass(frozen=True)
class Asked:
    """What one network is asked: held-out scenes, the same as it reads them, and a row for each.

    quantifiers: those that the network learns; task: how it reads scenes. items (n rows): trial,
    quantifier (index), size, truth, and seen: training scenes of the same quantifier and counts.
    """

    quantifiers: tuple[str, ...]
    task: Any
    scenes: np.ndarray
    examples: Any
    items: pd.DataFrame


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The model, the errors by distance and the hard scenes of the sample that is shown."""
    # Only here: torch takes seconds to load, and drawing does without it.
    from quantlearn.figures.networks import Answering, members_of  # noqa: PLC0415
    from quantlearn.training.members import examples_of  # noqa: PLC0415

    settings, names = experiment.settings, experiment.settings["quantifiers"]
    most = max(1, min(SCENES, ANSWERS // (settings["trials"] * len(names))))
    asked = []
    for member, task in members_of(experiment, experiment.chosen, seed):
        stream = random_stream(seed, experiment.name, member.trial, member.learns, "item errors")
        asked.append(asked_of(member, task, held_out_side(settings), most, stream))
    networks = Answering.read(experiment, experiment.chosen, asked[0].task, len(asked))
    right = networks.right(range(len(asked)), [one.examples for one in asked])
    items = pd.concat([one.items for one in asked], ignore_index=True)
    items["right"] = np.concatenate(right)
    scenes = np.concatenate([one.scenes for one in asked])
    zones = [ZONES[zone] for zone in settings["data"]["generate"]["zones"]]
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for index, name in enumerate(names):
        rows = np.flatnonzero(items["quantifier"] == index)
        own, sizes = items.iloc[rows], items["size"].to_numpy()[rows]
        distance = None
        if name in settings["expressions"]:
            quantifier = Quantifier(name, settings["expressions"][name])
            distance = boundary_distances(quantifier, scenes[rows], sizes, zones)
        known = own if distance is None else own.assign(distance=distance)
        found["item_errors"].append(model(known).assign(quantifier=name))
        found["errors_by_distance"].append(by_distance(known).assign(quantifier=name))
        learners = [row for row, one in enumerate(asked) if name in one.quantifiers]
        stream = random_stream(seed, experiment.name, name, "hard scenes")
        wrong = rows[~own["right"].to_numpy()]
        pool = pool_of(scenes[wrong], items["truth"].to_numpy()[wrong], index, stream)
        first = asked[learners[0]]
        read = examples_of(pool, places_among(names, first.quantifiers), first.task)
        examples = [read] * len(learners)
        answers = networks.right(learners, examples) if len(pool) else np.empty((1, 0))
        hard = hardest(pool, 1 - np.mean(answers, axis=0), len(learners))
        found["hard_scenes"].append(hard.assign(quantifier=name))
    return {
        name: pd.concat(parts, ignore_index=True)[list(TABLES[name])].astype(types(TABLES[name]))
        for name, parts in found.items()
    }


def held_out_side(settings: Mapping[str, Any]) -> str:
    """The split with scenes that networks have not learned from: test, or dev if there is none."""
    split = settings["data"]["split"]
    return "test" if split["test"] > 0 or keeps_for_test(split) else "dev"


def asked_of(member: Any, task: Any, side: str, most: int, stream: np.random.Generator) -> Asked:
    """Scenes that a network is asked about, at most so many random ones of each quantifier."""
    scenes, trained = member.scenes[side], member.scenes["train"]
    order = stream.permutation(len(scenes))
    place = pd.Series(scenes.quantifiers[order]).groupby(scenes.quantifiers[order]).cumcount()
    rows = np.sort(order[place.to_numpy() < most])
    chosen = scenes[rows]
    items = pd.DataFrame(
        {
            "trial": member.trial,
            "quantifier": chosen.quantifiers,
            "size": chosen.sizes,
            "truth": chosen.truth,
            "seen": times_seen(trained, chosen),
        }
    )
    return Asked(member.quantifiers, task, chosen.scenes, member.examples[side][rows], items)


def times_seen(trained: LabelledScenes, asked: LabelledScenes) -> np.ndarray:
    """How many trained scenes have the quantifier and zone counts of each scene asked about (n,).

    >>> scenes = np.array([[0, 1], [1, 0], [0, 0]], dtype=np.uint8)
    >>> two, zeros = np.full(3, 2), np.zeros(3, dtype=int)
    >>> labelled = LabelledScenes(scenes, two, zeros, zeros > 0)
    >>> times_seen(labelled, labelled).tolist()
    [2, 2, 1]
    """
    base = asked.scenes.shape[1] + 1
    weights = base ** np.arange(len(ZONES))
    keys, known = (
        one.quantifiers * base ** len(ZONES) + zone_counts(one.scenes) @ weights
        for one in (asked, trained)
    )
    return pd.Series(known).value_counts().reindex(keys, fill_value=0).to_numpy()


def model(items: pd.DataFrame) -> pd.DataFrame:
    """The rows of a quantifier in item_errors.

    items: trial, size, seen, right and, where it is known, distance.
    """
    if "distance" not in items:
        return rows_of_model(items, dict.fromkeys(TERMS, "order"))
    kept = items[items["distance"] > 0].assign(seen=np.log2(1 + items["seen"]))
    if kept["right"].all():
        return rows_of_model(kept, dict.fromkeys(TERMS, "all_right"))
    nearest = kept["distance"] == kept["distance"].min()
    reasons = {}
    if kept["right"][~nearest].all():
        # What lies farther is right without exception, so it tells nothing of the other terms.
        reasons["distance"] = "constant" if nearest.all() else "nearest"
        kept = kept[nearest]
    others = [term for term in TERMS if term not in reasons]
    reasons |= {term: "constant" for term in others if np.ptp(kept[term].to_numpy()) == 0}
    terms = [term for term in others if term not in reasons]
    x, right, trials = (kept[part].to_numpy() for part in (terms, "right", "trial"))
    found = clustered_logistic(x.astype(float), right, trials) if terms else []
    if found is None:
        return rows_of_model(kept, reasons | dict.fromkeys(terms, "separated"))
    return rows_of_model(kept, reasons, dict(zip(terms, found, strict=True)))


def rows_of_model(
    items: pd.DataFrame, reasons: Mapping[str, str], found: Mapping[str, Interval] | None = None
) -> pd.DataFrame:
    """A row for each term, with its interval or the reason why there is none."""
    rows = [
        {"term": term, "reason": reasons.get(term, ""), **asdict((found or {}).get(term, NOTHING))}
        for term in TERMS
    ]
    counts = {"answers": len(items), "errors": int((~items["right"]).sum())}
    return pd.DataFrame(rows).assign(**counts, trials=items["trial"].nunique())


def by_distance(items: pd.DataFrame) -> pd.DataFrame:
    """The rows of a quantifier in errors_by_distance; none where distances are not known."""
    rows = []
    for distance, own in items.groupby("distance") if "distance" in items else ():
        wrong = 1 - own.groupby("trial")["right"].mean()
        mean = mean_interval(wrong.to_numpy())
        # A t interval of few trials may reach beyond what a share can be.
        bounds = {"lower": np.clip(mean.lower, 0, 1), "upper": np.clip(mean.upper, 0, 1)}
        counts = {"answers": len(own), "trials": len(wrong)}
        rows.append({"distance": distance, "estimate": mean.estimate, **bounds, **counts})
    return pd.DataFrame(rows, columns=[*TABLES["errors_by_distance"]][1:])


def pool_of(
    wrong: np.ndarray, truth: np.ndarray, index: int, stream: np.random.Generator
) -> LabelledScenes:
    """Different scenes among those (n, max_size) that were answered wrong, at most `POOL`."""
    different, first = np.unique(wrong, axis=0, return_index=True)
    rows = np.sort(stream.permutation(len(different))[:POOL])
    scenes, sizes = different[rows], (different[rows] != PADDING).sum(axis=1)
    return LabelledScenes(scenes, sizes, np.full(len(scenes), index), truth[first[rows]])


def hardest(pool: LabelledScenes, wrong: np.ndarray, networks: int) -> pd.DataFrame:
    """The rows of a quantifier in hard_scenes; wrong (n,): the share that gets each scene wrong."""
    order = np.argsort(-wrong, kind="stable")
    rows = order[wrong[order] > HARD][:HARDEST]
    return pd.DataFrame(
        {
            "scene": [" ".join(words_of_scene(scene)) for scene in pool.scenes[rows]],
            "truth": pool.truth[rows],
            "wrong": wrong[rows],
            "networks": networks,
        }
    )


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Where errors lie: how often answers are wrong by distance from the boundary, and a model.

    Left: the share of wrong answers by the number of objects that would have to be moved to another
    zone before the truth changes; means over trials with 95 % t intervals. Right: by how much the
    odds of a right answer are multiplied if a scene is one object farther from that boundary, has
    one more object, or has zone counts that were trained twice as often, within a trial and with
    the other two held; with 95 % intervals that leave out one trial at a time. At 1 it makes no
    difference.
    """
    looks = style.looks(experiment.settings["quantifiers"])
    figure = style.new_figure(style.PAGE_WIDTH, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    draw_distances(left, tables["errors_by_distance"], looks)
    draw_terms(right, tables["item_errors"], looks)
    trials = tables["item_errors"]["trials"].max()
    left.set_title(f"{experiment.settings['title']} (n = {trials} trials)", wrap=True)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def draw_distances(axes: Axes, rows: pd.DataFrame, looks: Mapping[str, style.Look]) -> None:
    """A line for each quantifier over the distances."""
    for place, (name, look) in enumerate(looks.items()):
        own = rows[(rows["quantifier"] == name) & (rows["distance"] > 0)]
        bars = np.nan_to_num(np.abs(own[["lower", "upper"]].to_numpy().T - own["estimate"].array))
        drawn = axes.errorbar(
            own["distance"] + 0.12 * (place - (len(looks) - 1) / 2),
            own["estimate"],
            yerr=bars,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            elinewidth=1,
            label=style.label(name),
        )
        titles = [
            f"{style.label(name)}, {formats.counted(int(row['distance']), 'object')} from the "
            f"boundary: {estimate(row, 'percent')} wrong"
            for row in own.to_dict("records")
        ]
        svg_titles.tell(drawn.lines[0], titles)
    top = axes.get_ylim()[1]
    axes.set_ylim(-0.03 * top, top)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    style.percent_axis(axes.yaxis)
    axes.set_xlabel("Objects from the boundary")
    axes.set_ylabel("Wrong answers")


def draw_terms(axes: Axes, rows: pd.DataFrame, looks: Mapping[str, style.Look]) -> None:
    """Odds ratios of the terms, one below the other, those of the quantifiers side by side."""
    gap = 0.7 / max(len(looks), 1)
    for place, (name, look) in enumerate(looks.items()):
        own = rows[rows["quantifier"] == name].set_index("term").loc[list(TERMS)]
        odds = np.exp(own[["estimate", "lower", "upper"]].to_numpy())
        heights = np.arange(len(TERMS)) + gap * (place - (len(looks) - 1) / 2)
        bars = np.nan_to_num(np.abs(odds[:, 1:] - odds[:, :1])).T
        drawn = axes.errorbar(
            odds[:, 0], heights, xerr=bars, fmt=look.marker, color=look.colour, elinewidth=1
        )
        said = [dict(zip(("estimate", "lower", "upper"), row, strict=True)) for row in odds]
        titles = [
            f"{style.label(name)}, {HEADINGS[term].lower()}: odds × {estimate(row, 'number')}"
            for term, row in zip(TERMS, said, strict=True)
        ]
        svg_titles.tell(drawn.lines[0], titles)
    axes.axvline(1, color=style.GREY, linewidth=0.6)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 20 * low else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(TERMS)), list(TERMS.values()))
    axes.set_ylim(len(TERMS) - 0.5, -0.5)
    axes.set_xlabel("Odds ratio, right answers")


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The coefficients as odds ratios, and the hardest scene of each quantifier."""
    errors, hard = tables["item_errors"], tables["hard_scenes"]
    odds = errors.assign(**np.exp(errors[["estimate", "lower", "upper"]]))
    rows = []
    for name, own in odds.groupby("quantifier", sort=False):
        row = own.iloc[0]
        said = {
            HEADINGS[one["term"]]: REASONS.get(one["reason"]) or estimate(one, "number")
            for one in own.to_dict("records")
        }
        counts = {"Answers": f"{row['answers']:,}", "Wrong": f"{row['errors']:,}"}
        rows.append({"Quantifier": style.label(name), **counts, **said})
    wrong = tables["errors_by_distance"].query("distance > 0")
    wrong = wrong.assign(wrong=wrong["estimate"] * wrong["answers"])
    return {
        "rows": rows,
        # Of the quantifiers of which any answer is wrong.
        "nearest": {
            name: own.loc[own["distance"] == own["distance"].min(), "wrong"].sum()
            / own["wrong"].sum()
            for name, own in wrong.groupby("quantifier", sort=False)
            if own["wrong"].sum() > 0
        },
        "side": SPLITS[held_out_side(settings)],
        "reasons": set(errors["reason"]),
        "hard": [
            {**own.iloc[0], "scenes": len(own), "most": HARDEST}
            for _, own in hard.groupby("quantifier", sort=False)
        ],
    }
