"""Language model: how well words of sentences are expected, and whether what is written is true.

The perplexity of sentences is exp of the mean −ln P(w_t | w_1 … w_{t−1}) over their words and full
stops, in texts about test scenes. It is compared with models that do not look at the scene:

- uniform: every word of the vocabulary is as probable as every other;
- unigram: words as frequent as in the training sentences, whatever comes before;
- blind: whole sentences as frequent as in training, which is the best without the scene.

What a network writes about a scene is drawn word by word by its probabilities. Whether that is true
is compared with how often the same sentences would be if they stood behind any of the scenes.
"""

from collections.abc import Iterator, Mapping
from math import exp
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes_in_words import OBJECTS, sentence, vocabulary
from quantlearn.statistics.intervals import mean_interval

__all__ = ["MODELS", "language_model_table", "remark", "shown"]

MODELS = {
    "network": "network",
    "blind": "sentences by frequency, without the scene",
    "unigram": "words by frequency",
    "uniform": "all words alike",
}
SHOWN = "What the networks wrote"

_EXAMPLES = 8


def language_model_table(
    trials: pd.DataFrame, texts: pd.DataFrame, settings: Mapping[str, Any], seed: int
) -> pd.DataFrame:
    """Perplexities, shares of true sentences, how often each is written, and examples.

    ``trials`` is tables/trials.csv and ``texts`` tables/texts.parquet, of one sample. Means over
    trials with 95 % t intervals. Columns: those of `quantlearn.tables.LANGUAGE_MODEL`.
    """
    words = len(vocabulary(settings["quantifiers"]))
    texts = texts.assign(uniform=texts["words"] * np.log(words))
    rows = [
        _row("perplexity of texts", "network", np.exp(trials["test_loss"])),
        *_perplexities(texts),
        *_truth(texts, settings["expressions"]),
        *_frequencies(texts, settings["quantifiers"]),
        *_examples(texts, random_stream(seed, settings["name"], "examples")),
    ]
    return pd.DataFrame(rows, columns=list(tables.LANGUAGE_MODEL))


def _row(kind: str, model: str, values: pd.Series, quantifier: str = "all") -> dict[str, Any]:
    mean = mean_interval(values.to_numpy())
    # A t interval of few trials may reach beyond what a share can be.
    highest = np.inf if kind.startswith("perplexity") else 1.0
    return {
        **{"kind": kind, "model": model, "quantifier": quantifier, "n": len(values)},
        "estimate": mean.estimate,
        "lower": np.clip(mean.lower, 0, highest),
        "upper": np.clip(mean.upper, 0, highest),
    }


def _perplexities(texts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Of all sentences, and of those with each quantifier."""
    columns = {"network": "loss", **{name: name for name in MODELS if name != "network"}}
    for quantifier, part in [("all", texts), *texts.groupby("quantifier", sort=True)]:
        sums = part.groupby("trial")[[*columns.values(), "words"]].sum()
        for model, column in columns.items():
            yield _row("perplexity", model, np.exp(sums[column] / sums["words"]), quantifier)


def _truth(texts: pd.DataFrame, expressions: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The share of true sentences among those that networks write, in all and by quantifier.

    Beside it is how often the same sentences would be true if the scenes were exchanged.
    """
    written = texts[texts["said"] != ""]
    by_trial = texts.groupby("trial")["true"].mean()
    yield _row("true", "network", by_trial)
    truths = written.assign(blind=_share_of_scenes(written, texts, expressions))
    # What is no sentence is true of no scene.
    often = written.groupby("trial").size() / texts.groupby("trial").size()
    yield _row("true", "blind", truths.groupby("trial")["blind"].mean() * often)
    for quantifier, part in truths.groupby("said", sort=True):
        for model, column in (("network", "true"), ("blind", "blind")):
            yield _row("true", model, part.groupby("trial")[column].mean(), quantifier)


def _share_of_scenes(
    written: pd.DataFrame, texts: pd.DataFrame, expressions: Mapping[str, str]
) -> np.ndarray:
    """The share of the trial's test scenes of which each written sentence is true."""
    codes = {word: code for code, word in enumerate(OBJECTS)}
    longest = texts["size"].max()
    scenes = np.full((len(texts), longest), len(OBJECTS), dtype=np.uint8)
    for row, scene in zip(scenes, texts["scene"], strict=True):
        words = scene.split()
        row[: len(words)] = [codes[word] for word in words]
    truths = {
        name: pd.Series(
            Quantifier(name, expressions[name]).verify(scenes, texts["size"].to_numpy()),
            index=texts.index,
        )
        .groupby(texts["trial"])
        .mean()
        for name in written["said"].unique()
    }
    pairs = zip(written["said"], written["trial"], strict=True)
    return np.array([truths[name][trial] for name, trial in pairs])


def _frequencies(texts: pd.DataFrame, quantifiers: list[str]) -> Iterator[dict[str, Any]]:
    """How often each sentence is written, and how often it is that of the text."""
    for model, column in (("network", "said"), ("texts", "quantifier")):
        for quantifier in quantifiers:
            share = (texts[column] == quantifier).groupby(texts["trial"]).mean()
            yield _row("frequency", model, share, quantifier)


def _examples(texts: pd.DataFrame, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Some scenes with what was written about them, true and false ones."""
    truths = {"written true": texts["true"], "written false": ~texts["true"]}
    for kind, part in ((kind, texts[rows]) for kind, rows in truths.items()):
        drawn = rng.choice(len(part), size=min(_EXAMPLES // 2, len(part)), replace=False)
        for row in part.iloc[drawn].itertuples():
            yield {
                **{"kind": kind, "model": "network", "quantifier": row.said, "n": 1},
                **{"scene": row.scene, "written": row.written},
            }


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, settings: Mapping[str, Any]) -> str:
    """How it compares with models that do not see the scene, and whether it tells the truth."""
    whole = numbers[numbers["quantifier"] == "all"]
    found = {(row.kind, row.model): row for row in whole.itertuples()}
    perplexity = {name: found["perplexity", name].estimate for name in MODELS}
    network = found["perplexity", "network"]
    true, chance = found["true", "network"], found["true", "blind"]
    worst = numbers[(numbers["kind"] == "true") & (numbers["model"] == "network")]
    worst = worst[worst["quantifier"] != "all"].sort_values("estimate", kind="stable").iloc[0]
    words = len(vocabulary(settings["quantifiers"]))
    return "\n".join(
        [
            f"- The perplexity of the words of a sentence is {formats.number(network.estimate)} "
            f"(95 % interval {_between(network, formats.number)}, "
            f"{formats.counted(int(network.n), 'trial')}). It is "
            f"{formats.number(perplexity['blind'])} "
            "for a model that knows how frequent each sentence is but does not look at the scene, "
            f"{formats.number(perplexity['unigram'])} for one that knows how frequent each word "
            f"is, "
            f"and {formats.number(perplexity['uniform'])} for one that knows the {words} words. "
            f"So a "
            f"scene makes its sentence {formats.times(_gain(numbers))} times as probable "
            f"(geometric "
            "mean over sentences).",
            f"- Of the sentences that the networks write, {formats.percent(true.estimate)} are "
            f"true "
            f"of the scene before them (95 % interval {_between(true, formats.percent)}); the same "
            f"sentences would be true of {formats.percent(chance.estimate)} of the scenes. Least "
            f"often true is {formats.name(worst['quantifier'])}: "
            f"{formats.percent(worst['estimate'])}.",
        ]
    )


def _gain(numbers: pd.DataFrame) -> float:
    """The ratio of the probabilities of a whole sentence, with and without the scene, on average.

    The geometric mean over quantifiers, for each of which sentences have one length.
    """
    rows = numbers[(numbers["kind"] == "perplexity") & (numbers["quantifier"] != "all")]
    by_model = rows.pivot_table("estimate", "quantifier", "model")
    words = pd.Series({name: len(sentence(name)) + 1 for name in by_model.index})
    return exp((words * np.log(by_model["blind"] / by_model["network"])).mean())


def _between(row: Any, in_words: Any) -> str:
    return formats.interval(in_words(row.lower), in_words(row.upper))


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """Scenes with what was written about them."""
    rows = numbers[numbers["kind"].isin(["written true", "written false"])]
    return pd.DataFrame(
        {
            "Scene": rows["scene"],
            "Written by the network": rows["written"].fillna(""),
            "": rows["kind"].str.removeprefix("written "),
        }
    )
