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

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from quantlearn import columns, tables
from quantlearn.figures import formats
from quantlearn.figures.formats import p_phrase
from quantlearn.settings.protocol import published_pairs
from quantlearn.statistics.comparison import LEVEL, holm, smallest_p, wilcoxon_steps_test
from quantlearn.statistics.convergence import convergence_table, step_leads
from quantlearn.statistics.intervals import mean_interval

__all__ = [
    "THRESHOLDS",
    "WINDOWS",
    "Source",
    "controls_table",
    "headline",
    "remark",
    "shown",
    "survives",
]

THRESHOLDS = (0.9, 0.98)
"""Accuracies that convergence may demand instead of the experiment's own."""

WINDOWS = (50, 1000)
"""Evaluations over which the mean must be above the threshold, instead of the experiment's own."""


class Source(NamedTuple):
    """An experiment: its resolved settings, its samples' own settings and its learning curves."""

    settings: Mapping[str, Any]
    samples: Mapping[int, Mapping[str, Mapping[str, Any]]]
    curves: pd.DataFrame


def controls_table(sources: Sequence[Source]) -> pd.DataFrame:
    """One row for each pair and condition, with the columns of `quantlearn.tables.CONTROLS`.

    The `published_pairs` of an experiment come first among the conditions of a pair, with its
    threshold and window; the controls are the other experiments in which networks learn the pair.
    """
    rows = []
    for published in sources:
        for pair in published_pairs(published.settings):
            rows += _conditions(pair, published, sources)
    table = pd.DataFrame(rows, columns=list(tables.CONTROLS))
    table["p_adjusted"] = holm(table["p"].to_numpy(dtype=float))
    return table.astype(columns.types(tables.CONTROLS))


def _conditions(
    pair: tuple[str, str], published: Source, sources: Sequence[Source]
) -> Iterator[dict[str, Any]]:
    threshold, window = (published.settings["convergence"][key] for key in ("threshold", "window"))
    yield _row("as documented", pair, published, 0, threshold, window)
    for other in THRESHOLDS:
        yield _row(f"threshold {other:g}", pair, published, 0, other, window)
    for other in WINDOWS:
        yield _row(f"window of {other}", pair, published, 0, threshold, other)
    for source in sources:
        if _controls(source.settings, pair):
            for sample, settings in source.samples.items():
                condition = _in_words(source.settings, settings, published.settings)
                yield _row(condition, pair, source, sample, threshold, window)


def _controls(settings: Mapping[str, Any], pair: tuple[str, str]) -> bool:
    """Whether networks of their own, or one for the two, learn a pair in an experiment."""
    groups = settings["groups"]
    if groups is None and not settings["training"]["together"]:
        groups = [settings["quantifiers"]]
    return any(set(pair) <= set(group) for group in groups or [])


def _in_words(
    settings: Mapping[str, Any],
    sample: Mapping[str, Mapping[str, Any]],
    published: Mapping[str, Any],
) -> str:
    """What is otherwise in a sample than in the published experiment."""
    data, network, training = settings["data"], sample["network"], sample["training"]
    changes = {
        "alone": settings["groups"] is None,
        "sizes matched": data["balance"].get("by") == "truth_and_size",
        "new zone counts": data["split"]["by"] == "zone_counts",
        f"rate {formats.number(training['learning_rate'])}": (
            training["learning_rate"] != published["training"]["learning_rate"]
        ),
        f"{network['hidden']} units": network["hidden"] != published["network"]["hidden"],
    }
    changed = [words for words, is_so in changes.items() if is_so]
    return ", ".join(changed) or f"at most {training['max_epochs']} epochs"


def _row(
    condition: str,
    pair: tuple[str, str],
    source: Source,
    sample: int,
    threshold: float,
    window: int,
) -> dict[str, Any]:
    curves = source.curves[
        (source.curves["sample"] == sample)
        & (source.curves["split"] == source.settings["training"]["monitor"])
        & source.curves["quantifier"].isin(pair)
    ]
    found = convergence_table(curves, threshold, window)
    easy, hard = (
        found[found["quantifier"] == name].set_index("trial").sort_index() for name in pair
    )
    leads = step_leads(easy, hard)
    both = (easy["converged"] & hard["converged"]).to_numpy()
    steps = [side["step"][both].to_numpy(dtype=float) for side in (easy, hard)]
    ratio = mean_interval(np.log(steps[1] / steps[0]))
    ranks = wilcoxon_steps_test(leads)
    return {
        **{"easy": pair[0], "hard": pair[1], "condition": condition},
        **{"experiment": source.settings["name"], "sample": sample},
        **{"threshold": threshold, "window": window},
        **{"ratio": np.exp(ratio.estimate)},
        **{"lower": np.exp(ratio.lower), "upper": np.exp(ratio.upper)},
        **{"rank_biserial": ranks.estimate, "p": ranks.p},
        **{"n": len(leads), "both": int(both.sum())},
        "only_easy": int(np.isposinf(leads).sum()),
        "only_hard": int(np.isneginf(leads).sum()),
    }


def survives(numbers: pd.DataFrame) -> pd.Series:
    """Whether the first quantifier is shown to be learned sooner, for each row."""
    return (numbers["p_adjusted"] < LEVEL) & (numbers["rank_biserial"] > 0)


def _is_reversed(numbers: pd.DataFrame) -> pd.Series:
    """Whether the second quantifier is shown to be learned sooner, for each row."""
    return (numbers["p_adjusted"] < LEVEL) & (numbers["rank_biserial"] < 0)


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """In how many conditions each effect survives, and what each condition does to it."""
    lines = [
        "A lead of 2 means that the second quantifier takes twice as many steps. Intervals are of "
        "95 %, over the trials in which both are learned; p values (Wilcoxon, all trials in which "
        "one is) are adjusted by Holm's method over all rows." + _reach(numbers),
    ]
    survivals = _survivals(numbers)
    for pair, rows in numbers.groupby(["easy", "hard"], sort=False):
        lines += [
            "",
            survivals[pair],
            "",
            *(f"- {_of_condition(row)}" for row in rows.to_dict("records")),
        ]
    return "\n".join(lines)


def _reach(numbers: pd.DataFrame) -> str:
    """A warning where so few trials can show nothing, whatever the networks do."""
    most = int(numbers["n"].max())
    reach = smallest_p(most) * int(numbers["p"].notna().sum())
    if reach < LEVEL:
        return ""
    return (
        f" With {formats.counted(most, 'trial')} no adjusted p can be below "
        f"{formats.p_value(min(reach, 1.0))}, so that no row can count as shown."
    )


def headline(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """In how many conditions each effect survives."""
    return " ".join(_survivals(numbers).values())


def _survivals(numbers: pd.DataFrame) -> dict[tuple[str, str], str]:
    """For each pair, what becomes of its effect in other conditions."""
    return {
        (easy, hard): f"{formats.capital(formats.name(easy))} against {formats.name(hard)}: "
        f"{_survival(rows)}."
        for (easy, hard), rows in numbers.groupby(["easy", "hard"], sort=False)
    }


def _survival(rows: pd.DataFrame) -> str:
    """In how many conditions the effect is shown that there is in the first one, as documented."""
    first, *others = survives(rows)
    row = rows.iloc[0]
    n = formats.counted(int(row["n"]), "trial")
    published = f"{row['condition']} ({_lead(row)}, {p_phrase(row['p_adjusted'])}, n = {n})"
    shown = f"{sum(others)} of {formats.counted(len(others), 'other condition')}"
    if first:
        return f"the effect that is shown {published} survives in {shown}"
    reverse, *reversed_too = _is_reversed(rows)
    if reverse:
        return (
            f"{published} the second is learned sooner, as in {sum(reversed_too)} of the others; "
            f"the first is shown to be sooner in {shown}"
        )
    return f"no effect is shown {published}; one is in {shown}"


def _of_condition(row: Mapping[str, Any]) -> str:
    counts = f"n = {formats.counted(int(row['n']), 'trial')}, both learned in {row['both']}"
    if row["only_easy"] or row["only_hard"]:
        counts += f", only the first in {row['only_easy']}, only the second in {row['only_hard']}"
    if np.isnan(row["p_adjusted"]):
        return f"{row['condition']}: too few trials in which one was learned ({counts})."
    verdict = "no difference is shown"
    if row["p_adjusted"] < LEVEL:
        verdict = f"the {'first' if row['rank_biserial'] > 0 else 'second'} is sooner"
    p = p_phrase(row["p_adjusted"])
    return f"{row['condition']}: {verdict} ({_lead(row)}, {p}, {counts})."


def _lead(row: Mapping[str, Any]) -> str:
    """A lead with its interval."""
    if np.isnan(row["ratio"]):
        return "no trial in which both were learned"
    bounds = formats.interval(*(formats.correlation(row[bound]) for bound in ("lower", "upper")))
    return f"lead {formats.correlation(row['ratio'])}, {bounds}"


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each pair and condition."""
    kept = survives(numbers)
    rows = []
    for row, survived in zip(numbers.to_dict("records"), kept, strict=True):
        bounds = (formats.correlation(row[bound]) for bound in ("lower", "upper"))
        rows.append(
            {
                "Pair": f"{row['easy']} – {row['hard']}".replace("_", " "),
                "Condition": row["condition"],
                "Lead": formats.correlation(row["ratio"]),
                "95 % interval": formats.interval(*bounds),
                "p, adjusted": formats.p_value(row["p_adjusted"]),
                "Trials": f"{row['n']}",
                "Both learned": f"{row['both']}",
                "Only the first": f"{row['only_easy']}",
                "Only the second": f"{row['only_hard']}",
                "Survives": "yes" if survived else "no",
            }
        )
    return pd.DataFrame(rows)
