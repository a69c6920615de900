"""Generalisation: test scenes of a kind that was trained against those of a new kind.

What is new depends on the split of the experiment (``data.split``):

- ``only_test.sizes_above``: scenes with more objects than any training scene;
- ``only_test.quantifiers``: quantifiers of which no scene was trained;
- ``by: zone_counts`` or ``size``: zone counts, or sizes, of which no scene was trained. What was
  trained is then in an experiment beside this one, with the same quantifiers, split by scene.

Where both kinds are answered by the same networks, their difference is paired by trial; between two
experiments it is a difference of independent means (Welch).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
from quantlearn.settings.protocol import is_control, novelty
from quantlearn.statistics.comparison import welch_test
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.scores import best

READS = ("cells", "baseline_cells", "leaderboard")

# size is blank in a row over all sizes of its kind, loss where something was trained.
TABLES = {
    "generalisation": {
        "experiment": Column("str", "Where the networks were trained"),
        "quantifier": Column("str", "Name in config/quantifiers.yaml; all for several together"),
        "size": Column("Int64", "Objects in the scenes; blank over all sizes of their kind"),
        "trained": Column(
            "bool", "Whether such scenes were trained; otherwise they are of a new kind"
        ),
        "trials": Column("int64", "Trials"),
        "scenes": Column("int64", "Test scenes of all trials"),
        "accuracy": Column("float64", "Share of right answers, 0 to 1; mean over trials"),
        "lower": Column("float64", "Lower end of its 95 % t interval"),
        "upper": Column("float64", "Upper end"),
        "loss": Column(
            "float64",
            "Accuracy on what was trained less this accuracy; blank in a row about what was "
            "trained",
        ),
        "loss_lower": Column(
            "float64",
            "Lower end of its 95 % interval: within trials, of Welch between two experiments",
        ),
        "loss_upper": Column("float64", "Upper end"),
        "majority": Column("float64", "Accuracy of the rule that gives the commoner truth value"),
        "size_alone": Column("float64", "Accuracy of the rule that knows only the size"),
        "zone_counts": Column("float64", "Accuracy of the rule that knows only the zone counts"),
    },
}

ROWS = {
    "generalisation": "One row for each quantifier and kind of test scenes, of the chosen sample.",
}

KINDS = {  # what was trained, and what was not
    "longer": ("sizes that were trained", "larger scenes"),
    "quantifier": ("quantifiers that were trained", "quantifiers that were not trained"),
    "zone_counts": ("any zone counts", "zone counts that were not trained"),
    "size": ("any sizes", "sizes that were not trained"),
}
TICKS = {"zone_counts": ("any\ncounts", "new\ncounts"), "size": ("any\nsizes", "new\nsizes")}
DASH = 0.3  # half the width of a baseline's dash, where neighbouring points are 1 apart


def tables(experiment: Experiment, beside: Sequence[Experiment], _: int) -> dict[str, pd.DataFrame]:
    """Accuracy of the shown sample on test scenes of what was trained and of what is new.

    Where the split makes something new, one experiment of those ``beside`` is a control.
    """
    controls = [one for one in beside if is_control(one.settings, experiment.settings)]
    tested, *controls = map(test_answers, (experiment, *controls))
    rows = [
        {"quantifier": quantifier, "size": size, **measured(part, known)}
        for quantifier, size, part, known in parts(experiment.settings, tested, *controls)
    ]
    table = pd.DataFrame(rows, columns=list(TABLES["generalisation"]))
    return {"generalisation": table.astype({"size": "Int64"})}


def test_answers(experiment: Experiment) -> pd.DataFrame:
    """Right answers to test scenes by the rule that gave them: a baseline, or the network."""
    networks = experiment.shown(experiment.cells).assign(baseline="network")
    answers = pd.concat([networks, experiment.baseline_cells])
    return answers[answers["split"] == "test"].assign(experiment=experiment.name)


def parts(
    settings: Mapping[str, Any], tested: pd.DataFrame, control: pd.DataFrame | None = None
) -> Iterator[tuple[str, int | None, pd.DataFrame, pd.DataFrame | None]]:
    """Quantifier, size, answers, and where these are of a new kind those they are compared with."""
    kept, names = settings["data"]["split"]["only_test"], settings["quantifiers"]
    learned = [name for name in names if name not in kept["quantifiers"]]
    kind = kind_of_novelty(settings)
    if kind == "quantifier":
        is_known = tested["quantifier"].isin(learned)
        known = tested[is_known]
        yield "all", None, known, None
        yield "all", None, tested[~is_known], known
    for name in learned if kind == "longer" else names:
        own = tested[tested["quantifier"] == name]
        if kind == "quantifier":
            yield name, None, own, None if name in learned else known
        elif kind == "longer":
            short = own["size"] <= kept["sizes_above"]
            yield name, None, own[short], None
            yield name, None, own[~short], own[short]
            for size, part in own.groupby("size"):
                yield name, size, part, own[short] if size > kept["sizes_above"] else None
        else:
            known = control[control["quantifier"] == name]
            yield name, None, known, None
            yield name, None, own, known


def kind_of_novelty(settings: Mapping[str, Any]) -> str:
    """The key of what is new among `KINDS`: scenes may be longer, or split by size."""
    longer = settings["data"]["split"]["only_test"]["sizes_above"] is not None
    return "longer" if longer else novelty(settings)


def measured(part: pd.DataFrame, known: pd.DataFrame | None) -> dict[str, Any]:
    """One row; ``known`` is what a part of a new kind is compared with."""
    right = accuracy(part)
    mean = mean_interval(right.to_numpy())
    rules = part.groupby("baseline")[["correct", "scenes"]].sum()
    row = {
        "experiment": part["experiment"].iloc[0],
        "trained": known is None,
        "trials": len(right),
        "scenes": rules.loc["network", "scenes"],
        "accuracy": mean.estimate,
        # A t interval of few trials may reach beyond what an accuracy can be.
        "lower": np.clip(mean.lower, 0, 1),
        "upper": np.clip(mean.upper, 0, 1),
        **(rules["correct"] / rules["scenes"]).rename({"size": "size_alone"}),
    }
    if known is None:
        return row
    if known["experiment"].iloc[0] == row["experiment"]:
        loss = mean_interval((accuracy(known) - right).dropna().to_numpy())
    else:
        loss = welch_test(accuracy(known).to_numpy(), right.to_numpy())
    return row | {"loss": loss.estimate, "loss_lower": loss.lower, "loss_upper": loss.upper}


def accuracy(answers: pd.DataFrame) -> pd.Series:
    """Share of the networks' right answers in each trial."""
    of_networks = answers[answers["baseline"] == "network"]
    summed = of_networks.groupby("trial")[["correct", "scenes"]].sum()
    return summed["correct"] / summed["scenes"]


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """Accuracy on test scenes of the kind that was trained, and on scenes of a new kind.

    Points are means over trials with 95 % t intervals: filled for what was trained, open for what
    is new (larger scenes, other zone counts or other quantifiers). Dotted lines and dashes are what
    rules reach that know only the size of a scene, or only its zone counts, and learned from the
    same training scenes.
    """
    rows, settings = tables["generalisation"], experiment.settings
    figure = style.new_figure(style.PAGE_WIDTH, 3.6)
    axes = figure.add_subplot()
    if kind_of_novelty(settings) == "longer":
        draw_by_size(axes, rows.dropna(subset="size").astype({"size": "int64"}), settings)
    else:
        draw_groups(axes, rows[rows["quantifier"] != "all"], kind_of_novelty(settings))
    axes.set_ylim(max(axes.get_ylim()[0], -0.01), 1.02)
    axes.set_ylabel("Accuracy (test scenes)")
    axes.set_title(f"{settings['title']} (n = {rows['trials'].max()} trials)", wrap=True)
    if kind_of_novelty(settings) == "longer" and len(settings["quantifiers"]) <= style.MANY:
        style.label_ends(axes, ends(rows.dropna(subset="size"), settings))
    else:
        figure.legend(loc="outside lower center", ncols=4, handlelength=3)
    return figure


def ends(rows: pd.DataFrame, settings: Mapping[str, Any]) -> list[style.End]:
    """What names the lines at the largest size."""
    last = rows[rows["size"] == rows["size"].max()].set_index("quantifier")
    names = [name for name in settings["quantifiers"] if name in last.index]
    looks = style.looks(settings["quantifiers"])

    def points(column: str, of: list[str]) -> list[tuple[float, float]]:
        return [(last.loc[name, "size"], last.loc[name, column]) for name in of]

    return [
        *((style.label(name), looks[name].colour, points("accuracy", [name])) for name in names),
        ("size alone", style.GREY, points("size_alone", names)),
    ]


def draw_by_size(axes: Axes, rows: pd.DataFrame, settings: Mapping[str, Any]) -> None:
    """A line for each quantifier over the sizes, broken in look where training ended."""
    looks = style.looks(settings["quantifiers"])
    for place, (quantifier, own) in enumerate(rows.groupby("quantifier", sort=False)):
        look = looks[quantifier]
        places = own["size"] + 0.12 * (place - (rows["quantifier"].nunique() - 1) / 2)
        axes.plot(places, own["accuracy"], color=look.colour, linestyle=look.line)
        draw_points(axes, places, own, look, style.label(quantifier))
        axes.plot(own["size"], own["size_alone"], color=look.colour, linestyle=style.BASELINE, lw=1)
    axes.plot([], [], color=style.GREY, linestyle=style.BASELINE, lw=1, label="size alone")
    border = settings["data"]["split"]["only_test"]["sizes_above"] + 0.5
    axes.axvline(border, color=style.GREY, linewidth=0.8)
    for text, side, offset in (("trained", "right", -4), ("new", "left", 4)):
        axes.annotate(
            text,
            (border, 0.02),
            xycoords=axes.get_xaxis_transform(),
            xytext=(offset, 0),
            textcoords="offset points",
            ha=side,
            fontsize=8,
            color=style.GREY,
        )
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.set_xlabel("Objects in the scene")


def draw_groups(axes: Axes, rows: pd.DataFrame, kind: str) -> None:
    """A place for each row, with dashes for the baselines."""
    places = np.arange(len(rows))
    network, other = style.Look(style.OKABE_ITO[0], "-", "o"), style.OKABE_ITO[1]
    draw_points(axes, places, rows, network, "network, trained")
    axes.plot([], [], "o", color=network.colour, markerfacecolor="white", label="network, new")
    for column, colour, line, text in (
        # The same number where a rule falls back on the size: both must show.
        ("zone_counts", other, "-", "zone counts alone"),
        ("size_alone", "black", (0, (1, 1.5)), "size alone"),
    ):
        axes.hlines(
            rows[column], places - DASH, places + DASH, color=colour, linestyle=line, label=text
        )
    labels = [style.label(name).replace(" ", "\n", 1) for name in rows["quantifier"]]
    if kind in TICKS:
        labels = [
            f"{style.label(row.quantifier)}:\n{TICKS[kind][not row.trained]}"
            for row in rows.itertuples()
        ]
    axes.set_xticks(places, labels)
    axes.set_xlim(-0.6, len(rows) - 0.4)


def draw_points(
    axes: Axes, x: pd.Series | np.ndarray, rows: pd.DataFrame, look: style.Look, label: str
) -> None:
    """Means with their intervals, open where the kind of scene is new."""
    heights, trained = rows["accuracy"].to_numpy(), rows["trained"].to_numpy()
    bars = np.nan_to_num(np.abs(rows[["lower", "upper"]].to_numpy().T - heights))
    axes.errorbar(x, heights, yerr=bars, fmt="none", ecolor=look.colour, elinewidth=1)
    for part, face, text in ((trained, look.colour, label), (~trained, "white", None)):
        at = np.asarray(x)[part], heights[part]
        (points,) = axes.plot(*at, look.marker, color=look.colour, markerfacecolor=face, label=text)
        svg_titles.tell(points, [title_of(row) for row in rows[part].to_dict("records")])


def title_of(row: Mapping[str, Any]) -> str:
    """What a point tells."""
    size = "" if pd.isna(row["size"]) else f", {formats.counted(int(row['size']), 'object')}"
    kind = "trained" if row["trained"] else "new"
    right = estimate({**row, "estimate": row["accuracy"]}, "percent")
    return f"{style.label(row['quantifier'])}{size} ({kind}): {right}"


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """How much of what was learned carries over, for each quantifier."""
    table = tables["generalisation"]
    table = table.assign(name=table["quantifier"].map(style.label))
    loss = {"loss": "estimate", "loss_lower": "lower", "loss_upper": "upper"}
    losses = table[["name", "trained", "accuracy", *loss]].rename(columns=loss)
    kind, whole = kind_of_novelty(settings), table["size"].isna()
    known = losses["accuracy"].where(losses["trained"]).ffill()  # stands before what is new
    new = losses[whole & ~losses["trained"]].assign(known=known)
    each = new[new["name"] != "all"]
    largest = table[table["size"] == table["size"].max()]
    return {
        "trained": KINDS[kind][0],
        "new": KINDS[kind][1],
        "compared": (new[new["name"] == "all"] if kind == "quantifier" else new).to_dict("records"),
        "worst": each.loc[best(-each["accuracy"]) if kind == "quantifier" else []],
        "largest": largest[["size", "accuracy"]].to_dict("list"),
        "rows": [
            {
                "Quantifier": row["name"],
                "Test scenes": "trained kind" if row["trained"] else "new kind",
                "Trials": str(row["trials"]),
                "Right": estimate({**row, "estimate": row["accuracy"]}, "percent"),
                "Loss, points": estimate(losses.loc[place], "accuracy_points"),
                "Size alone": formats.percent(row["size_alone"]),
                "Zone counts alone": formats.percent(row["zone_counts"]),
            }
            for place, row in table[whole].iterrows()
        ],
    }
