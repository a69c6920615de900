"""Description: how often networks write exactly the sentence that is to be written.

The test scenes are of three kinds: with counts (|A∩B|, |A∖B|) that were trained, in other scenes;
with new counts whose sentence was trained, for other counts; and with new counts whose sentence was
never trained, so that it has to be put together from known words. Shares are means over trials; all
differences are within trials, since the samples, with and without attention, have the same data.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.figures.formats import p_phrase
from quantlearn.seeds import random_stream
from quantlearn.statistics.comparison import LEVEL, holm, mean_interval, paired_t_test
from quantlearn.tables import TableError

__all__ = ["ATTENTION", "KINDS", "description_table", "remark", "shown"]

KINDS = ("trained counts", "new counts", "new sentence")
"""Kinds of test scenes; "new counts" are those whose sentence was trained."""

NEW = "all new"
ATTENTION_HELPS = "attention less none"
ATTENTION = {"none": "without attention", "dot": "with attention"}
SHOWN = "What the networks wrote"

_EXAMPLES = {"right": 2, "wrong": 2}  # of each network and kind
ERRORS = ("true but not to be written", "false", "not a sentence")


def description_table(
    samples: pd.DataFrame, texts: pd.DataFrame, seed: int, experiment: str
) -> pd.DataFrame:
    """Shares, their differences, shares by counts, errors and examples, each a kind of row.

    ``samples`` has the columns sample and network.attention, ``texts`` is tables/texts.parquet.
    Columns: those of `quantlearn.tables.DESCRIPTION`. p values are adjusted by Holm's method over
    all differences. Raises `TableError` where two samples have the same attention.
    """
    named = samples.set_index("sample")["network.attention"]
    if not named.is_unique:
        raise TableError("samples are told apart by network.attention, and some have the same")
    texts = texts.assign(
        attention=texts["sample"].map(named),
        exact=texts["written"] == texts["target"],
        counts=np.select(
            [texts["counts_trained"], texts["sentence_trained"]], KINDS[:2], default=KINDS[2]
        ),
    )
    new = texts[texts["counts"] != KINDS[0]]
    by_kind = pd.concat([texts, new.assign(counts=NEW)])
    rows = [
        *_shares(by_kind),
        *_differences(by_kind),
        *_by_counts(new),
        *_errors(new),
        *_examples(texts, random_stream(seed, experiment, "examples")),
    ]
    table = pd.DataFrame(rows, columns=list(tables.DESCRIPTION))
    return table.astype({"both": "Int64", "a_only": "Int64", "n": "Int64"})


def _shares(texts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for kind, column in (("exact", "exact"), ("true", "true")):
        by_trial = texts.groupby(["attention", "counts", "trial"], sort=False)[column].mean()
        for (attention, counts), values in by_trial.groupby(level=[0, 1], sort=False):
            mean = mean_interval(values.to_numpy())
            yield {
                "kind": kind,
                "attention": attention,
                "counts": counts,
                "estimate": mean.estimate,
                # A t interval of few trials may reach beyond what a share can be.
                "lower": np.clip(mean.lower, 0, 1),
                "upper": np.clip(mean.upper, 0, 1),
                "n": len(values),
            }


def _differences(texts: pd.DataFrame) -> list[dict[str, Any]]:
    """New against trained counts in each network; attention against none for each kind."""
    shares = texts.pivot_table("exact", ["attention", "counts"], "trial")
    pairs = [
        ("new less trained", attention, NEW, shares.loc[attention, NEW], shares.loc[of_trained])
        for attention in shares.index.unique(0)
        if (of_trained := (attention, KINDS[0])) in shares.index
        and (attention, NEW) in shares.index
    ]
    if {"none", "dot"} <= set(shares.index.unique(0)):
        pairs += [
            (ATTENTION_HELPS, "dot", counts, shares.loc["dot", counts], shares.loc[none])
            for counts in shares.loc["dot"].index
            if (none := ("none", counts)) in shares.index
        ]
    tests = [
        paired_t_test((first - second).dropna().to_numpy(), "paired_t", "accuracy")
        for *_, first, second in pairs
    ]
    adjusted = holm(np.array([test.p for test in tests])) if tests else []
    return [
        {
            **{"kind": kind, "attention": attention, "counts": counts, "p_adjusted": p},
            **{name: getattr(test, name) for name in ("estimate", "lower", "upper", "n")},
        }
        for (kind, attention, counts, *_), test, p in zip(pairs, tests, adjusted, strict=True)
    ]


def _by_counts(new: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """For each pair of counts, over the trials in which it was new."""
    groups = new.groupby(["attention", "both", "a_only"], sort=True)
    for (attention, both, a_only), rows in groups:
        by_trial = rows.groupby("trial")["exact"].mean()
        yield {
            **{"kind": "counts", "attention": attention, "counts": NEW},
            **{"both": both, "a_only": a_only, "estimate": by_trial.mean(), "n": len(by_trial)},
        }


def _errors(new: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """What was written instead, as shares of the scenes with new counts."""
    wrong = ~new["exact"]
    kinds = (wrong & new["true"], wrong & ~new["true"] & (new["said"] != ""), new["said"] == "")
    for name, rows in zip(ERRORS, kinds, strict=True):
        by_trial = rows.groupby([new["attention"], new["trial"]], sort=False).mean()
        for attention, values in by_trial.groupby(level=0, sort=False):
            mean = mean_interval(values.to_numpy())
            yield {
                **{"kind": name, "attention": attention, "counts": NEW},
                **{"estimate": mean.estimate, "lower": max(mean.lower, 0.0)},
                **{"upper": min(mean.upper, 1.0), "n": len(values)},
            }


def _examples(texts: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Some right and wrong sentences of each network, drawn at random from all trials."""
    for (attention, counts), rows in texts.groupby(["attention", "counts"], sort=False):
        for kind, part in (("right", rows[rows["exact"]]), ("wrong", rows[~rows["exact"]])):
            number = min(_EXAMPLES[kind], len(part))
            drawn = part.iloc[rng.choice(len(part), size=number, replace=False)]
            for row in drawn.itertuples():
                yield {
                    **{"kind": kind, "attention": attention, "counts": counts, "both": row.both},
                    **{"a_only": row.a_only, "scene": row.scene, "target": row.target},
                    "written": row.written,
                }


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """What was written of trained and new counts, and what attention changes."""
    rows = {(row.kind, row.attention, row.counts): row for row in numbers.itertuples()}
    lines = [_of_network(rows, attention) for attention in numbers["attention"].unique()]
    return "\n".join(f"- {line}" for line in [*lines, *_of_attention(rows)])


def _of_network(rows: dict[tuple[str, str, str], Any], attention: str) -> str:
    def share(kind: str, counts: str) -> str:
        row = rows.get((kind, attention, counts))
        return formats.MISSING if row is None else formats.percent(row.estimate)

    text = (
        f"{formats.capital(ATTENTION[attention])}: {share('exact', KINDS[0])} of the sentences are "
        f"exactly right where the counts were trained, {share('exact', NEW)} where they are new "
        f"({share('exact', KINDS[1])} if their sentence was trained, {share('exact', KINDS[2])} if "
        "it was not)"
    )
    errors = ", ".join(f"{share(name, NEW)} {name}" for name in ERRORS)
    drop = rows.get(("new less trained", attention, NEW))
    difference = "" if drop is None else f" New counts against trained ones: {_points(drop)}."
    return f"{text}. The other sentences about new counts: {errors}.{difference}"


def _of_attention(rows: dict[tuple[str, str, str], Any]) -> list[str]:
    found = {counts: row for (kind, _, counts), row in rows.items() if kind == ATTENTION_HELPS}
    if NEW not in found:
        return []
    better = found[NEW]
    if better.p_adjusted < LEVEL:
        more = "more" if better.estimate > 0 else "fewer"
        said = f"Attention makes {more} of the sentences about new counts right"
    else:
        said = "That attention changes anything for new counts is not shown"
    parts = [f"{counts}: {_points(row)}" for counts, row in found.items()]
    return [f"{said}. With attention less without, within trials: {'; '.join(parts)}."]


def _points(row: Any) -> str:
    bounds = formats.interval(*map(formats.accuracy_points, (row.lower, row.upper)))
    return (
        f"{formats.accuracy_points(row.estimate)} percentage points (95 % interval {bounds}; "
        f"{p_phrase(row.p_adjusted)})"
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """Examples of what was written, right and wrong."""
    examples = numbers[numbers["kind"].isin(_EXAMPLES)]
    return pd.DataFrame(
        {
            "Network": examples["attention"].map(ATTENTION),
            "Test scene": examples["counts"],
            "Scene": examples["scene"],
            "To be written": examples["target"],
            "Written": examples["written"].fillna(""),
            "": examples["kind"],
        }
    )
