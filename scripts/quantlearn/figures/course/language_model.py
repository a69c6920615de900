"""Language model: how well words of sentences are expected, and whether what is written is true.

The perplexity of sentences is exp of the mean −ln P(w_t | w_1 … w_{t−1}) over their words and full
stops, in texts about test scenes. It is compared with models that do not look at the scene:

- uniform: every word of the vocabulary is as probable as every other;
- unigram: words as frequent as in the training sentences, whatever comes before;
- blind: whole sentences as frequent as in training, which is the best without the scene.

What a network writes about a scene is drawn word by word by its probabilities. Whether that is true
is compared with how often the same sentences would be if they stood behind any of the scenes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from quantlearn.columns import MEAN, Column
from quantlearn.figures import formats, style, svg_titles
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import estimate
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes_in_words import OBJECTS, vocabulary
from quantlearn.statistics.intervals import mean_interval
from quantlearn.statistics.scores import best

READS = ("samples", "trials", "texts", "leaderboard")

TABLES = {
    "language_model": {
        "measure": Column(
            "str",
            "perplexity of sentences, perplexity_of_texts, sentence (share of the strings written "
            "that are one), true (share of these sentences that are), frequency (share of the "
            "sentences), log_gain (mean of ln P of sentences by the network less by blind)",
        ),
        "model": Column(
            "str",
            "network; blind, unigram or uniform, models that do not see the scene (of `true`: "
            "how often the written sentences are true of the scenes of the test); texts",
        ),
        "quantifier": Column("str", "Of the sentence; or all"),
        **MEAN,
        "n": Column("int64", "Trials"),
    },
    "language_model_examples": {
        "scene": Column("str", "A test scene in words"),
        "written": Column("str", "What was written about it"),
        "quantifier": Column("str", "Of the sentence; blank if it is none"),
        "true": Column("bool", "Whether it is true of the scene"),
    },
}

ROWS = {
    "language_model": "What networks write, and how well they expect the next word, in one sample.",
    "language_model_examples": "Some of what the networks wrote.",
}

MODELS = {
    "network": "network",
    "blind": "sentences\nby frequency",
    "unigram": "words\nby frequency",
    "uniform": "all words\nalike",
}

EXAMPLES = 4  # true ones, and false ones


def tables(
    experiment: Experiment, beside: Sequence[Experiment], seed: int
) -> dict[str, pd.DataFrame]:
    """Perplexities, shares of true sentences, how often each is written, and examples.

    Means over trials with 95 % t intervals.
    """
    settings, trials = experiment.settings, experiment.shown(experiment.trials)
    texts = experiment.shown(experiment.texts)
    texts = texts.assign(
        network=texts["loss"],
        uniform=texts["words"] * np.log(len(vocabulary(settings["quantifiers"]))),
    )
    rows = [row("perplexity_of_texts", "network", np.exp(trials["test_loss"]))]
    for quantifier, part in [("all", texts), *texts.groupby("quantifier")]:
        sums = part.groupby("trial")[[*MODELS, "words"]].sum()
        for model in MODELS:
            rows.append(row("perplexity", model, np.exp(sums[model] / sums["words"]), quantifier))
    gains = (texts["blind"] - texts["network"]).groupby(texts["trial"]).mean()
    rows += [row("log_gain", "network", gains), *truths(texts, settings["expressions"])]
    for model, column in (("network", "said"), ("texts", "quantifier")):
        for quantifier in settings["quantifiers"]:
            share = (texts[column] == quantifier).groupby(texts["trial"]).mean()
            rows.append(row("frequency", model, share, quantifier))
    rng = random_stream(seed, experiment.name, "examples")
    examples = pd.concat(
        part.iloc[rng.choice(len(part), size=min(EXAMPLES, len(part)), replace=False)]
        for part in (texts[texts["true"]], texts[~texts["true"]])
    ).assign(quantifier=lambda rows: rows["said"])
    return {
        "language_model": pd.DataFrame(rows, columns=list(TABLES["language_model"])),
        "language_model_examples": examples[list(TABLES["language_model_examples"])],
    }


def row(measure: str, model: str, values: pd.Series, quantifier: str = "all") -> dict[str, Any]:
    """A row of the table: the mean of a measure's values over trials."""
    mean = vars(mean_interval(values.to_numpy()))
    # A t interval of few trials may reach beyond what a share can be.
    limits = (0, 1) if measure in ("sentence", "true", "frequency") else (-np.inf, np.inf)
    bounds = {side: np.clip(mean[side], *limits) for side in ("lower", "upper")}
    key = {"measure": measure, "model": model, "quantifier": quantifier, "n": len(values)}
    return key | mean | bounds


def truths(texts: pd.DataFrame, expressions: Mapping[str, str]) -> list[dict[str, Any]]:
    """The share of sentences among what networks write, and of true ones among these.

    Of true ones in all and by quantifier; beside it is how often the same sentences would be true
    if the scenes were exchanged.
    """
    written = texts[texts["said"] != ""]
    written = written.assign(blind=shares_of_scenes(written, texts, expressions))
    sentences = (texts["said"] != "").groupby(texts["trial"]).mean()
    rows = [row("sentence", "network", sentences)]
    for quantifier, part in [("all", written), *written.groupby("said")]:
        by_trial = part.groupby("trial")
        rows.append(row("true", "network", by_trial["true"].mean(), quantifier))
        rows.append(row("true", "blind", by_trial["blind"].mean(), quantifier))
    return rows


def shares_of_scenes(
    written: pd.DataFrame, texts: pd.DataFrame, expressions: Mapping[str, str]
) -> np.ndarray:
    """The share of the trial's test scenes of which each written sentence is true."""
    codes = {word: code for code, word in enumerate(OBJECTS)}
    scenes = np.full((len(texts), texts["size"].max()), len(OBJECTS), dtype=np.uint8)
    for objects, scene in zip(scenes, texts["scene"], strict=True):
        words = scene.split()
        objects[: len(words)] = [codes[word] for word in words]
    sizes = texts["size"].to_numpy()
    verified = {
        name: Quantifier(name, expressions[name]).verify(scenes, sizes)
        for name in written["said"].unique()
    }
    shares = pd.DataFrame(verified).groupby(texts["trial"].to_numpy()).mean()
    return np.array([shares[row.said][row.trial] for row in written.itertuples()])


def draw(tables: Mapping[str, pd.DataFrame], experiment: Experiment) -> Figure:
    """What a language model has learned from texts of scenes and true sentences.

    On the left the perplexity of the words of a sentence, of the network and of models that do not
    look at the scene (a lower one is better, 1 is certainty). On the right, for each quantifier,
    the share of true sentences among those that networks write about test scenes (filled), and the
    share of scenes of which the sentence is true at all (hollow). Bars are 95 % t intervals over
    trials.
    """
    table = tables["language_model"]
    perplexity = table[(table["measure"] == "perplexity") & (table["quantifier"] == "all")]
    true = table[table["measure"] == "true"].set_index(["model", "quantifier"])
    figure = style.new_figure(style.PAGE_WIDTH, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=(4, 5))
    draw_perplexities(left, perplexity.set_index("model").loc[list(MODELS)])
    names = experiment.settings["quantifiers"]
    places, colour = range(len(names)), style.OKABE_ITO[0]
    for model, face, label in (
        ("network", colour, "written by the network about the scene"),
        ("blind", "white", "about any scene"),
    ):
        own = true.loc[model].reindex(names)
        right.vlines(places, own["lower"], own["upper"], color=colour, linewidth=1.2)
        (points,) = right.plot(
            places, own["estimate"], "o", color=colour, markerfacecolor=face, label=label
        )
        titles = [
            f"{style.label(name)}, {label}: {estimate(row, 'percent')}"
            for name, row in own[list(MEAN)].to_dict("index").items()
        ]
        svg_titles.tell(points, titles)
    right.set_xticks(places, [name.replace("_", "\n") for name in names], fontsize=7)
    right.set_ylim(-0.02, 1.02)
    right.set_ylabel("True sentences")
    figure.legend(loc="outside lower right", ncols=2)
    title = f"{experiment.settings['title']} (n = {perplexity['n'].max()} trials)"
    figure.suptitle(title, x=0.01, ha="left", fontsize=9, wrap=True)
    return figure


def draw_perplexities(axes: Axes, rows: pd.DataFrame) -> None:
    """A bar for each model, the network first."""
    places = range(len(rows))
    bars = axes.barh(
        places, rows["estimate"], color=[style.OKABE_ITO[0], *["0.75"] * (len(rows) - 1)]
    )
    axes.hlines(places, rows["lower"], rows["upper"], color="black", linewidth=1.2)
    for bar, place, row in zip(bars, places, rows[list(MEAN)].to_dict("records"), strict=True):
        svg_titles.tell(bar, f"perplexity {estimate(row, 'number')}")
        # Behind its interval, so that no line runs through it.
        x = 1.06 * np.nanmax([row["estimate"], row["upper"]])
        axes.text(x, place, formats.number(row["estimate"]), va="center", fontsize=style.LABEL)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    axes.minorticks_off()
    axes.set_xlim(1, 2 * rows["estimate"].max())
    axes.set_yticks(places, list(MODELS.values()), fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("Perplexity of a sentence's words")


def facts(tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> dict[str, Any]:
    """How it compares with models that do not see the scene, and whether it tells the truth."""
    table = tables["language_model"]
    of_all = table["quantifier"] == "all"
    whole = {
        measure: rows.set_index("model").to_dict("index")
        for measure, rows in table[of_all].groupby("measure")
    }
    by_name = table[~of_all & (table["measure"] == "true") & (table["model"] == "network")]
    true = by_name.set_index("quantifier")["estimate"]
    examples = [
        {
            "Scene": row.scene,
            "Written by the network": row.written,
            "": str(row.true).lower() if row.quantifier else "no sentence",
        }
        for row in tables["language_model_examples"].fillna({"quantifier": ""}).itertuples()
    ]
    gain = {side: np.exp(whole["log_gain"]["network"][side]) for side in MEAN}
    worst = {"names": best(-true), "share": true.min()}
    return {"whole": whole, "worst": worst, "gain": gain, "examples": examples}
