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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.formats import p_phrase
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.truth_tables import tabulate
from quantlearn.semantics.universals import degrees
from quantlearn.statistics.comparison import LEVEL, holm
from quantlearn.statistics.intervals import mean_interval

__all__ = [
    "MEAN",
    "Outcomes",
    "classes",
    "outcomes",
    "permutation_p",
    "remark",
    "shown",
    "transfer_table",
]

MEAN = "mean"
"""Stands for all other quantifiers, where a row is the mean over these."""

_OBJECTS = 8  # degrees are exact on all scenes up to this size
_PERMUTATIONS = 9_999
_AREA, _FIRST = "area", "first"


@dataclass(frozen=True)
class Outcomes:
    """Accuracies by trial (rows) and target (columns), from each source and from none.

    ``area`` is the mean over training, ``first`` the accuracy at the first evaluation, when one
    step has been taken.
    """

    area: dict[str | None, pd.DataFrame]
    first: dict[str | None, pd.DataFrame]

    def gain(self, source: str, target: str) -> pd.Series:
        """By how much the source makes the outcome of the target better, by trial."""
        return self.area[source][target] - self.area[None][target]


def outcomes(
    starts: Mapping[int, str | None], curves: pd.DataFrame, settings: Mapping[str, Any]
) -> Outcomes:
    """The outcomes of an experiment: ``starts`` tells what the networks of a sample start from.

    Each start is that of one sample, and one of them is none.
    """
    watched = curves[
        (curves["split"] == settings["training"]["monitor"]) & (curves["quantifier"] != "all")
    ].sort_values("step")
    found: dict[str, dict] = {_AREA: {}, _FIRST: {}}
    for sample, own in watched.groupby("sample"):
        runs = own.groupby(["trial", "quantifier"])
        measured = {
            _AREA: runs[["step", "accuracy"]].apply(_mean),
            _FIRST: runs["accuracy"].first(),
        }
        for measure, values in measured.items():
            by_target = values.rename("value").reset_index()
            table = by_target.pivot_table("value", "trial", "quantifier", dropna=False)
            found[measure][starts[sample]] = table[settings["quantifiers"]]
    return Outcomes(**found)


def _mean(run: pd.DataFrame) -> float:
    """The mean accuracy over training, by the trapezoid rule; nan where the network diverged."""
    steps, accuracy = (run[name].to_numpy(dtype=float) for name in ("step", "accuracy"))
    if len(steps) == 1 or not np.isfinite(accuracy).all():
        return float("nan")
    return float(np.trapezoid(accuracy, steps) / (steps[-1] - steps[0]))


def classes(expressions: Mapping[str, str], objects: int = _OBJECTS) -> pd.DataFrame:
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


def transfer_table(found: Outcomes, of_class: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table of the analysis: the columns of `quantlearn.tables.TRANSFER`.

    ``of_class`` is what `classes` tells of the quantifiers. p values are of paired t-tests over
    trials, adjusted by Holm's method within each kind of row, as those of `permutation_p` are.
    """
    targets = list(found.area[None].columns)
    sources = [source for source in found.area if source is not None]
    gains = {
        (source, target): found.gain(source, target) for source in sources for target in targets
    }
    pairs = pd.DataFrame({pair: gain for pair, gain in gains.items() if pair[0] != pair[1]})
    rows = [
        *_of_pairs(found, gains),
        *_of_means(found, pairs),
        *_of_classes(pairs, of_class, seed),
        _of_overlap(found, pairs),
    ]
    table = pd.DataFrame(rows, columns=list(tables.TRANSFER))
    for column, adjusted in (("p", "p_adjusted"), ("p_permuted", "p_permuted")):
        table[adjusted] = table.groupby("kind")[column].transform(
            lambda p: holm(p.to_numpy(dtype=float))
        )
    return table.astype(columns.types(tables.TRANSFER))


def _of_pairs(found: Outcomes, gains: Mapping[tuple[str, str], pd.Series]) -> Iterator[dict]:
    for (source, target), gain in gains.items():
        yield _row(
            "same" if source == target else "pair",
            gain,
            source=source,
            target=target,
            started=found.area[source][target].mean(),
            scratch=found.area[None][target].mean(),
            first=found.first[source][target].mean(),
        )


def _of_means(found: Outcomes, pairs: pd.DataFrame) -> Iterator[dict]:
    """A source over all other targets, and a target over all other sources."""
    names = {"source": found.area, "target": found.area[None].columns}
    for level, (kind, of_kind) in enumerate(names.items()):
        ends = pairs.columns.get_level_values(level)
        for name in (name for name in of_kind if name in ends):
            own = pairs.loc[:, ends == name]
            scratch = found.area[None][[target for _, target in own]].to_numpy().mean()
            gain = own.mean(axis=1, skipna=False)
            yield _row(
                *(kind, gain),
                **({"source": MEAN, "target": MEAN} | {kind: name}),
                pairs=own.shape[1],
                started=scratch + gain.mean(),
                scratch=scratch,
                first=np.mean([found.first[start][end].mean() for start, end in own]),
            )


def _of_classes(pairs: pd.DataFrame, of_class: pd.DataFrame, seed: int) -> Iterator[dict]:
    """Pairs of one class against pairs across classes, for each universal that tells any apart."""
    # What learned all quantifiers together is of no class.
    pairs = pairs.loc[:, pairs.columns.get_level_values(0).isin(of_class.index)]
    sources, targets = (pairs.columns.get_level_values(level) for level in (0, 1))
    for universal, labels in of_class.items():
        alike = labels[sources].to_numpy() == labels[targets].to_numpy()
        if alike.all() or not alike.any():
            continue
        sides = {"within": pairs.loc[:, alike], "across": pairs.loc[:, ~alike]}
        means = {kind: own.mean(axis=1, skipna=False) for kind, own in sides.items()}
        for kind, own in sides.items():
            yield _row(kind, means[kind], universal=universal, pairs=own.shape[1])
        rng = random_stream(seed, "transfer", universal)
        yield _row(
            "contrast",
            means["within"] - means["across"],
            universal=universal,
            pairs=pairs.shape[1],
            p_permuted=permutation_p(pairs.mean(), labels, rng),
        )


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
    drawn = rng.permuted(np.tile(codes, (_PERMUTATIONS, 1)), axis=1)
    given = np.vstack([codes, drawn])
    alike = given[:, source] == given[:, target]
    within = (alike * values).sum(axis=1) / alike.sum(axis=1)
    across = (~alike * values).sum(axis=1) / (~alike).sum(axis=1)
    sizes = np.abs(within - across)
    return float(np.mean(sizes >= sizes[0] - 1e-12))


def _of_overlap(found: Outcomes, pairs: pd.DataFrame) -> dict:
    """The rank correlation over pairs of the gain with the accuracy at the first evaluation."""
    first = pd.DataFrame({pair: found.first[pair[0]][pair[1]] for pair in pairs.columns})
    values = []
    for trial in pairs.index:
        both = [frame.loc[trial].to_numpy() for frame in (first, pairs)]
        constant = any(np.ptp(each) == 0 for each in both) or len(both[0]) < 3
        values.append(np.nan if constant else stats.spearmanr(*both).statistic)
    return _row("overlap", pd.Series(values), pairs=pairs.shape[1])


def _row(kind: str, values: pd.Series, **more: Any) -> dict[str, Any]:
    """A mean over trials with its t-test against 0; blank where values do not differ."""
    known = values.dropna().to_numpy(dtype=float)
    mean = mean_interval(known)
    test = {"statistic": np.nan, "df": np.nan, "p": np.nan}
    if not np.isnan(mean.lower):
        found = stats.ttest_1samp(known, 0)
        test = {"statistic": found.statistic, "df": found.df, "p": found.pvalue}
    return {
        **{"kind": kind, "universal": "", "source": "", "target": "", "pairs": 1},
        **{"estimate": mean.estimate, "lower": mean.lower, "upper": mean.upper, "n": len(known)},
        **test,
        **more,
    }


# --- In words -------------------------------------------------------------------------------------

_MOST_NAMED = 5
_MOST_MEANS = 3

_VERBS = {
    "pair": ("helps", "hurts"),
    "source": ("help", "hurt"),
    "target": ("gain", "lose"),
}
_OTHERS = {"source": "targets", "target": "sources"}

_SAME_CLASS = {
    "monotonicity": "the same direction of monotonicity in B (upward, downward or neither)",
    "quantity": "the same side of quantity (only numbers matter to both, or the order to both)",
    "conservativity": "the same side of conservativity",
}


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """Which sources help which targets, and whether that goes by class."""
    training = settings["training"]
    epochs = formats.counted(training["max_epochs"], "epoch")
    readout = "is taken over as well" if training["start_readout"] else "starts anew"
    opening = (
        f"Every network trains for {epochs}; its read-out {readout}. What counts is its accuracy "
        "on held-out scenes in the mean over training, the area under its learning curve. The gain "
        "of a source is the difference, in percentage points, from the network of the same trial "
        "that starts from none (with 95 % intervals; paired t-tests, p adjusted by Holm's method "
        "within each kind of comparison)."
    )
    lines = [
        *_about_pairs(numbers[numbers["kind"] == "pair"]),
        *(_about_means(numbers, kind) for kind in _OTHERS),
        *(
            _about_class(numbers[numbers["universal"] == universal].set_index("kind"), universal)
            for universal in numbers.loc[numbers["kind"] == "contrast", "universal"]
        ),
        *_about_overlap(numbers[numbers["kind"] == "overlap"]),
        *_about_control(numbers[numbers["kind"] == "same"]),
    ]
    return "\n".join([opening, "", *(f"- {line}" for line in lines)])


def differences(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of which a gain is shown, and those of which a loss is, the largest first."""
    shown_at_all = rows[rows["p_adjusted"] < LEVEL].sort_values("estimate", kind="stable")
    return shown_at_all[shown_at_all["estimate"] > 0][::-1], shown_at_all[
        shown_at_all["estimate"] < 0
    ]


def _about_pairs(pairs: pd.DataFrame) -> Iterator[str]:
    both = differences(pairs)
    helped, hurt = map(len, both)
    yield (
        f"Of {formats.counted(len(pairs), 'pair')} of different quantifiers (n = "
        f"{formats.span(pairs['n'].tolist())} trials each), the source is shown to help the target "
        f"in {helped} and to hurt it in {hurt}; in {len(pairs) - helped - hurt} no difference is "
        "shown."
    )
    for rows, verb in zip(both, _VERBS["pair"], strict=True):
        named = [
            f"{formats.name(row['source'])} for {formats.name(row['target'])} ({_gain(row)})"
            for row in rows.head(_MOST_NAMED).to_dict("records")
        ]
        if named:
            most = " most" if len(rows) > _MOST_NAMED else ""
            yield f"What {verb}{most}: {'; '.join(named)}."


def _about_means(numbers: pd.DataFrame, kind: str) -> str:
    both = differences(numbers[numbers["kind"] == kind])
    parts = [
        _listed_means(rows, kind, verb)
        for rows, verb in zip(both, _VERBS[kind], strict=True)
        if len(rows)
    ]
    found = "; ".join(parts) or f"no {kind} is shown to gain or lose"
    return f"In the mean over all other {_OTHERS[kind]}, {found}."


def _listed_means(rows: pd.DataFrame, kind: str, verb: str) -> str:
    named = [
        f"{formats.name(row[kind])} ({_gain(row)})"
        for row in rows.head(_MOST_MEANS).to_dict("records")
    ]
    others = len(rows) - len(named)
    if others:
        named.append(f"{others} other{'s' if others > 1 else ''}")
    return f"{formats.listed(named)} {verb}{'s' if len(named) == 1 else ''}"


def _about_class(rows: pd.DataFrame, universal: str) -> str:
    """Within classes against across, over trials and over ways to class the quantifiers."""
    within, across, contrast = (rows.loc[kind] for kind in ("within", "across", "contrast"))
    means = (
        f"with {_SAME_CLASS[universal]} the gain is {_gain(within)} in the mean over "
        f"{formats.counted(int(within['pairs']), 'pair')}, otherwise {_gain(across)} over "
        f"{formats.counted(int(across['pairs']), 'pair')}"
    )
    difference = f"{_gain(contrast)}, n = {formats.counted(int(contrast['n']), 'trial')}"
    if not contrast["p_adjusted"] < LEVEL:
        return formats.capital(f"{means}. No difference is shown ({difference}).")
    reach = (
        "more than other ways to class these quantifiers would bring"
        if contrast["p_permuted"] < LEVEL
        else "but classes given to these quantifiers at random may differ as much"
    )
    return formats.capital(
        f"{means}. The difference is shown for these quantifiers ({difference}), {reach} "
        f"(permutation test, {p_phrase(contrast['p_permuted'])})."
    )


def _about_overlap(rows: pd.DataFrame) -> Iterator[str]:
    for row in rows.dropna(subset="estimate").to_dict("records"):
        estimate, lower, upper = (formats.correlation(row[name]) for name in _BOUNDS)
        numbers = (
            f"rank correlation over pairs {estimate}, {formats.interval(lower, upper)}, "
            f"{p_phrase(row['p_adjusted'])}, n = {formats.counted(row['n'], 'trial')}"
        )
        if not row["p_adjusted"] < LEVEL:
            yield (
                "The gain is not shown to depend on how many answers for the target are right at "
                f"once, after the first step ({numbers})."
            )
        else:
            size = "larger" if row["estimate"] > 0 else "smaller"
            yield (
                "The more answers for the target are right at once, after the first step, the "
                f"{size} the gain ({numbers})."
            )


def _about_control(same: pd.DataFrame) -> Iterator[str]:
    if len(same):
        ends = [
            f"{formats.accuracy_points(row['estimate'])} points for {formats.name(row['target'])} "
            f"({formats.percent(row['first'])} right after the first step)"
            for row in (same.loc[same["estimate"].idxmin()], same.loc[same["estimate"].idxmax()])
        ]
        yield (
            "As a control, networks went on with their own quantifier on new scenes. They gain "
            f"{' to '.join(ends)}: what it is worth to have learned the target itself, as far as "
            "the source had."
        )


_BOUNDS = ("estimate", "lower", "upper")


def _gain(row: Mapping[str, Any]) -> str:
    """An estimate in points with its interval and adjusted p.

    >>> _gain({"estimate": 0.05, "lower": 0.04, "upper": 0.06, "p_adjusted": 0.01})
    '5.0, 4.0 to 6.0, p = 0.010'
    """
    estimate, lower, upper = (formats.accuracy_points(row[name]) for name in _BOUNDS)
    bounds = formats.interval(lower, upper)
    if bounds == formats.MISSING:
        return estimate
    return f"{estimate}, {bounds}, {p_phrase(row['p_adjusted'])}"


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each quantifier: as a source for all others, and as a target of all others."""
    pairs = numbers[numbers["kind"] == "pair"]
    rows = []
    for name in dict.fromkeys([*pairs["source"], *pairs["target"]]):
        row = {"Quantifier": name.replace("_", " ")}
        for kind in _OTHERS:
            helped, hurt = map(len, differences(pairs[pairs[kind] == name]))
            mean = numbers[(numbers["kind"] == kind) & (numbers[kind] == name)]
            verbs = {"source": "Helps, hurts", "target": "Is helped, hurt"}[kind]
            row[verbs] = f"{helped}, {hurt}" if len(mean) else formats.MISSING
            of_kind = f"Mean gain as {kind}"
            row[of_kind] = formats.MISSING
            for one in mean.to_dict("records"):
                row[of_kind] = _gain(one)
        own = numbers[(numbers["kind"] == "target") & (numbers["target"] == name)]
        row["Mean accuracy over training, from none"] = formats.percent(own["scratch"].mean())
        rows.append(row)
    return pd.DataFrame(rows)
