"""Transfer: what a network that has learned one quantifier gains when it goes on with another.

The outcome of a network is its accuracy on held-out scenes in the mean over its training: the area
under the learning curve over its width, one of the usual measures of transfer (Taylor & Stone 2009,
"Transfer learning for reinforcement learning domains: a survey", JMLR 10, section 2.1, "total
reward"). All networks train equally long, so no value is censored, whereas a convergence step has
no value where a quantifier is not learned, as many are not. The area under the loss curve would
depend most on how sure of its wrong answers a network is in its first steps.

The gain of a source for a target is the outcome of the network that starts from the source less
that of the network of the same trial that starts from none: both see the same scenes. A source for
itself is a control: the network goes on with what it knows, on new scenes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy import stats

from quantlearn.columns import Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.truth_tables import tabulate
from quantlearn.semantics.universals import degrees
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.multiple_tests import LEVEL, holm

READS = ("samples", "curves")

TABLES = {
    "transfer": {
        "kind": Column(
            "str",
            "pair of two quantifiers; same, the control with the source as target; source, the "
            "mean over all other targets; target, the mean over all other sources",
        ),
        "source": Column(
            "str", "What was learned before; `mean` for all others, blank where no source is meant"
        ),
        "target": Column("str", "What was learned then; likewise"),
        "started": Column("float64", "Mean score of the networks that start from the source"),
        "scratch": Column("float64", "Mean score of those that start from none"),
        "first": Column("float64", "Mean accuracy of the started networks at the first evaluation"),
        "pairs": Column("int64", "Pairs that the row is about"),
        "estimate": Column("float64", "Mean over trials of the gain"),
        "lower": Column("float64", "Lower end of its 95 % t interval"),
        "upper": Column("float64", "Upper end"),
        "statistic": Column("float64", "t of the paired t-test over trials"),
        "df": Column("float64", "Its degrees of freedom"),
        "p": Column("float64", "Its two-sided p"),
        "n": Column("int64", "Trials"),
        "p_adjusted": Column("float64", "The same by Holm's method over all rows of the kind"),
    },
    "transfer_classes": {
        "universal": Column(
            "str",
            "By which the quantifiers are classed: monotonicity (upward, downward or neither in "
            "B), quantity, conservativity",
        ),
        "kind": Column(
            "str",
            "within and across: the means over pairs of one class and of two; contrast: within "
            "less across",
        ),
        "pairs": Column("int64", "Pairs that the row is about"),
        "estimate": Column("float64", "Mean over trials of the gain or of the contrast"),
        "lower": Column("float64", "Lower end of its 95 % t interval"),
        "upper": Column("float64", "Upper end"),
        "statistic": Column(
            "float64", "t of the test over trials that it is 0: for gains a paired t-test"
        ),
        "df": Column("float64", "Its degrees of freedom"),
        "p": Column("float64", "Its two-sided p"),
        "n": Column("int64", "Trials"),
        "p_adjusted": Column("float64", "The same by Holm's method over all rows of the kind"),
        "p_permuted": Column(
            "float64",
            "Of contrasts: share of 9,999 random ways to give the classes to the quantifiers, "
            "and the true one, with a contrast as large; by Holm's method as well",
        ),
    },
    "transfer_overlap": {
        "pairs": Column("int64", "Pairs that the row is about"),
        "estimate": Column(
            "float64",
            "Mean over trials of the rank correlation, over pairs, of the accuracy at the first "
            "evaluation and the gain over those after it",
        ),
        "lower": Column("float64", "Lower end of its 95 % t interval"),
        "upper": Column("float64", "Upper end"),
        "statistic": Column(
            "float64", "t of the test over trials that it is 0: for gains a paired t-test"
        ),
        "df": Column("float64", "Its degrees of freedom"),
        "p": Column("float64", "Its two-sided p"),
        "n": Column("int64", "Trials"),
    },
}

ROWS = {
    "transfer": (
        "What a source, learned before, brings for a target, in an experiment whose samples "
        "differ in `training.start` alone. A score is the accuracy on the monitored split in "
        "the mean over training (the area under the learning curve over its width); the gain is "
        "the score from the source less that from none, in the same trial."
    ),
    "transfer_classes": "Whether a source of the same class brings more.",
    "transfer_overlap": "Whether a source brings more the more it has in common with the target.",
}

MEAN = "mean"
"""Stands for all other quantifiers, where a row is the mean over these."""

SCRATCH = ""
"""Stands for the start of networks that start from none."""

OBJECTS = 8  # degrees are exact on all scenes up to this size
PERMUTATIONS = 9_999

GAP = 0.25  # between the matrix and its means, in cells
COLOURS = LinearSegmentedColormap.from_list(
    "gains", [style.OKABE_ITO[1], "white", style.OKABE_ITO[0]]
)


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """The gains of every source for every target, their means, and whether they go by class.

    p values are of paired t-tests over trials, adjusted by Holm's method within each kind of row,
    as those of `permutation_p` are.
    """
    samples = {number: experiment.sample(number) for number in experiment.samples}
    starts = {number: sample["training"]["start"] for number, sample in samples.items()}
    found = outcomes(starts, experiment.curves, experiment.settings)
    return transfer_tables(*found, classes(experiment.settings["expressions"]), seed)


def outcomes(
    starts: Mapping[int, str | None], curves: pd.DataFrame, settings: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Accuracies by trial (rows), and start and target (columns): over training, at once, later.

    The first are means over training, the second at the first evaluation, when one step has been
    taken, the third means over the evaluations after it. ``starts`` tells what the networks of a
    sample start from: each start is that of one sample, and one of them is none.
    """
    watched = (curves["split"] == settings["training"]["monitor"]) & (curves["quantifier"] != "all")
    named = {sample: start or SCRATCH for sample, start in starts.items()}
    runs = curves[watched].sort_values("step").assign(start=curves["sample"].map(named))
    runs = runs.groupby(["trial", "start", "quantifier"])
    curve = runs[["step", "accuracy"]]
    found = pd.DataFrame(
        {
            "area": curve.apply(mean_over_training),
            "first": runs["accuracy"].first(),
            "later": curve.apply(lambda run: mean_over_training(run[1:])),
        }
    )
    columns = [(start, target) for start in named.values() for target in settings["quantifiers"]]
    table = found.pivot_table(list(found), "trial", ["start", "quantifier"], dropna=False)
    return table["area"][columns], table["first"][columns], table["later"][columns]


def mean_over_training(run: pd.DataFrame) -> float:
    """The mean accuracy over training, by the trapezoid rule; nan where the network diverged."""
    steps, accuracy = (run[name].to_numpy(dtype=float) for name in ("step", "accuracy"))
    if len(steps) < 2 or not np.isfinite(accuracy).all():
        return float("nan")
    return float(np.trapezoid(accuracy, steps) / (steps[-1] - steps[0]))


def classes(expressions: Mapping[str, str], objects: int = OBJECTS) -> pd.DataFrame:
    """To which class each quantifier belongs by its signatures: a row each, a column a universal.

    monotonicity: upward, downward or neither in B, and the others whether the universal holds; all
    exact on scenes of at most so many ``objects``.

    >>> classes({"every": "A <= B", "even": "|A & B| % 2 == 0"}, 4)["monotonicity"].tolist()
    ['upward', 'neither']
    """
    found = degrees(tabulate([Quantifier(*item) for item in expressions.items()], objects)) == 1
    direction = np.select(
        [found["right_upward"], found["right_downward"]], ["upward", "downward"], "neither"
    )
    return pd.DataFrame(
        {
            "monotonicity": direction,
            "quantity": found["quantity"],
            "conservativity": found["conservativity"],
        },
        index=found.index,
    )


def transfer_tables(
    area: pd.DataFrame,
    first: pd.DataFrame,
    later: pd.DataFrame,
    of_class: pd.DataFrame,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """The tables, from `outcomes` and what `classes` tells of the quantifiers."""
    gains, gains_later = (
        pd.DataFrame({pair: own[pair] - own[SCRATCH, pair[1]] for pair in own if pair[0]})
        for own in (area, later)
    )
    pairs = gains.loc[:, [source != target for source, target in gains]]
    rows = {
        "transfer": list(of_pairs(gains, area, first)),
        "transfer_classes": list(of_classes(pairs, of_class, seed)),
        "transfer_overlap": [of_overlap(gains_later[list(pairs)], first)],
    }
    made = {name: pd.DataFrame(rows[name], columns=list(TABLES[name])) for name in TABLES}
    for name, p, adjusted in (
        ("transfer", "p", "p_adjusted"),
        ("transfer_classes", "p", "p_adjusted"),
        ("transfer_classes", "p_permuted", "p_permuted"),
    ):
        by_kind = made[name].groupby("kind")[p]
        made[name][adjusted] = by_kind.transform(lambda p: holm(p.to_numpy(dtype=float)))
    return made


def of_pairs(
    gains: pd.DataFrame, area: pd.DataFrame, first: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """A row for each source and target, each source over all other targets, and vice versa."""
    groups = {("same" if a == b else "pair", a, b): [(a, b)] for a, b in gains}
    others = [(source, target) for source, target in gains if source != target]
    for name in gains.columns.unique(0):
        groups["source", name, MEAN] = [pair for pair in others if pair[0] == name]
    for name in gains.columns.unique(1):
        groups["target", MEAN, name] = [pair for pair in others if pair[1] == name]
    for (kind, source, target), pairs in groups.items():
        if pairs:
            yield {
                "kind": kind,
                "source": source,
                "target": target,
                "started": area[pairs].mean().mean(),
                "scratch": area[[(SCRATCH, end) for _, end in pairs]].mean().mean(),
                "first": first[pairs].mean().mean(),
            } | test_of(gains[pairs].mean(axis=1, skipna=False), pairs=len(pairs))


def of_classes(pairs: pd.DataFrame, of_class: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    """Pairs of one class against pairs across classes, for each universal that tells any apart."""
    # What learned all quantifiers together is of no class.
    pairs = pairs.loc[:, pairs.columns.get_level_values(0).isin(of_class.index)]
    sources, targets = (pairs.columns.get_level_values(level) for level in (0, 1))
    for universal, labels in of_class.items():
        alike = labels[sources].to_numpy() == labels[targets].to_numpy()
        if alike.all() or not alike.any():
            continue
        within, across = (pairs.loc[:, own].mean(axis=1, skipna=False) for own in (alike, ~alike))
        permuted = permutation_p(pairs.mean(), labels, random_stream(seed, "transfer", universal))
        for kind, values, number, p in (
            ("within", within, alike.sum(), np.nan),
            ("across", across, (~alike).sum(), np.nan),
            ("contrast", within - across, alike.size, permuted),
        ):
            key = {"universal": universal, "kind": kind, "p_permuted": p}
            yield key | test_of(values, pairs=number)


def permutation_p(gains: pd.Series, labels: pd.Series, rng: np.random.Generator) -> float:
    """How often classes given to the quantifiers at random differ as much, within from across.

    gains: by (source, target); labels: the class of each quantifier. It takes the quantifiers as
    those that might have been others (Mantel 1967), where a t-test over trials takes them as given.

    >>> names = list("abcd")
    >>> pairs = pd.MultiIndex.from_product([names, names]).drop([(name, name) for name in names])
    >>> labels = pd.Series([0, 0, 1, 1], names)
    >>> gains = pd.Series([float(labels[a] == labels[b]) for a, b in pairs], pairs)
    >>> bool(0.30 < permutation_p(gains, labels, np.random.default_rng(0)) < 0.37)  # 1 of 3 ways
    True
    """
    places = {name: place for place, name in enumerate(labels.index)}
    source, target = (
        np.array([places[name] for name in gains.index.get_level_values(level)]) for level in (0, 1)
    )
    values = gains.to_numpy()
    codes = np.unique(labels.to_numpy(), return_inverse=True)[1]
    drawn = rng.permuted(np.tile(codes, (PERMUTATIONS, 1)), axis=1)
    given = np.vstack([codes, drawn])
    alike = given[:, source] == given[:, target]
    within = (alike * values).sum(axis=1) / alike.sum(axis=1)
    across = (~alike * values).sum(axis=1) / (~alike).sum(axis=1)
    sizes = np.abs(within - across)
    return float(np.mean(sizes >= sizes[0] - 1e-12))


def of_overlap(pairs: pd.DataFrame, first: pd.DataFrame) -> dict[str, Any]:
    """The rank correlation over pairs of the accuracy at the first evaluation with the later gain.

    The first accuracy is no part of these gains: else its own noise would correlate with itself.
    """
    values = []
    for trial, gains in pairs.iterrows():
        both = gains.to_numpy(), first.loc[trial, list(pairs)].to_numpy()
        constant = any(np.ptp(each) == 0 for each in both) or len(gains) < 3
        values.append(np.nan if constant else stats.spearmanr(*both).statistic)
    return test_of(pd.Series(values), pairs=pairs.shape[1])


def test_of(values: pd.Series, pairs: int) -> dict[str, Any]:
    """A mean over trials with its t-test against 0; blank where values do not differ."""
    known = values.dropna().to_numpy(dtype=float)
    row = vars(mean_interval(known)) | {"pairs": pairs, "n": len(known)}
    if np.isnan(row["lower"]):
        return row
    test = stats.ttest_1samp(known, 0)
    return row | {"statistic": test.statistic, "df": test.df, "p": test.pvalue}


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """What a network gains for one quantifier (columns) by having learned another one before
    (rows).

    Numbers are percentage points of accuracy on held-out scenes, in the mean over training and over
    trials, against networks of the same trials that start from none: blue helps, orange hurts. A
    star marks a paired t-test with p < 0.05, adjusted over all pairs, or all means of a kind.
    Framed cells are the control: a network that goes on with its own quantifier on new scenes. The
    last column and the last row are means over all other targets and all other sources.
    """
    cells = tables["transfer"]
    sources = places(cells.loc[cells["kind"] != "target", "source"])
    targets = places(cells.loc[cells["kind"] != "source", "target"])
    largest = cells.loc[cells["kind"] == "pair", "estimate"].abs().max()
    figure = style.new_figure(style.PAGE_WIDTH, 1.35 + 0.34 * len(sources))
    axes = figure.subplots()
    for row in cells.to_dict("records"):
        draw_cell(axes, row, targets[row["target"]], sources[row["source"]], largest)
    axes.set_xticks(
        list(targets.values()),
        list(map(style.label, targets)),
        rotation=40,
        ha="left",
        rotation_mode="anchor",
    )
    axes.set_yticks(list(sources.values()), list(map(style.label, sources)))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("then learned (target)")
    axes.set_ylabel("learned before (source)")
    axes.set_xlim(-0.55, targets[MEAN] + 0.55)
    axes.set_ylim(sources[MEAN] + 0.55, -0.55)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    title = f"{experiment.settings['title']} (n = {cells['n'].max()} trials)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    return figure


def places(names: pd.Series) -> dict[str, float]:
    """Where each quantifier stands in the matrix, and behind all of them their mean."""
    own = [name for name in dict.fromkeys(names) if name != MEAN]
    return {**{name: float(place) for place, name in enumerate(own)}, MEAN: len(own) + GAP}


def draw_cell(axes: Axes, row: dict[str, Any], x: float, y: float, largest: float) -> None:
    """One cell, coloured by its gain, with the number in it."""
    gain, control = row["estimate"], row["kind"] == "same"
    cell = axes.add_patch(
        Rectangle(
            (x - 0.5, y - 0.5),
            width=1,
            height=1,
            facecolor="white" if control or not largest > 0 else COLOURS(tone(gain / largest)),
            edgecolor=style.GREY if control else "white",
            linewidth=0.8,
            zorder=2 if control else 1,
        )
    )
    svg_titles.tell(
        cell,
        f"{style.label(row['source'])} before {style.label(row['target'])}: "
        f"{estimate(row, 'accuracy_points', ' points')}",
    )
    star = "*" if row["p_adjusted"] < LEVEL and not control else ""
    text = f"{formats.accuracy_points(gain)}{star}"
    axes.text(x, y, text, ha="center", va="center", fontsize=style.LABEL, zorder=3, color="black")


def tone(share: float) -> float:
    """The place of a gain among the colours, from its share of the largest one; ½ for none.

    The square root keeps small gains apart where a few are large, and the ends are left out, on
    which black numbers could not be read.

    >>> tone(0.0), tone(1.0), round(tone(-1.0), 3)
    (0.5, 0.9, 0.1)
    """
    if np.isnan(share):
        return 0.5
    return float(0.5 + 0.4 * np.sign(share) * np.sqrt(min(abs(share), 1)))


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Which sources help which targets, and whether that goes by class."""
    frame = tables["transfer"]
    by_kind = {kind: frame[frame["kind"] == kind] for kind in ("pair", "same", "source", "target")}
    pairs, same = by_kind["pair"], by_kind["same"].sort_values("estimate").to_dict("records")
    rows = []
    for name in dict.fromkeys([*pairs["source"], *pairs["target"]]):
        row = {"Quantifier": style.label(name)}
        for kind, verbs in (("source", "Helps, hurts"), ("target", "Is helped, hurt")):
            row[verbs] = row[f"Mean gain as {kind}"] = formats.MISSING
            means = by_kind[kind][by_kind[kind][kind] == name]
            for mean in means.to_dict("records"):
                helped, hurt = helped_and_hurt(pairs[pairs[kind] == name])
                row[verbs] = f"{len(helped)}, {len(hurt)}"
                row[f"Mean gain as {kind}"] = estimate(mean, "accuracy_points")
        row["Mean accuracy over training, from none"] = formats.percent(means["scratch"].mean())
        rows.append(row)
    helped, hurt = helped_and_hurt(pairs)
    by_class = tables["transfer_classes"].groupby("universal", sort=False)
    return {
        "training": settings["training"],
        "trials": pairs["n"].tolist(),
        "helped": helped,
        "hurt": hurt,
        "classes": {name: own.set_index("kind").to_dict("index") for name, own in by_class},
        "overlap": tables["transfer_overlap"].dropna(subset="estimate").to_dict("records"),
        "control": same[:1] + same[-1:],
        "level": LEVEL,
        "rows": rows,
    }


def helped_and_hurt(pairs: pd.DataFrame) -> tuple[list[dict], list[dict]]:
    """The rows of which a gain is shown, and those of which a loss is, the largest first."""
    shown = pairs[pairs["p_adjusted"] < LEVEL].sort_values("estimate", kind="stable")
    gained = shown["estimate"] > 0
    return shown[gained][::-1].to_dict("records"), shown[~gained].to_dict("records")
