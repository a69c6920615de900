"""Networks that write, for readers: what they expect word by word, where they look, what they say.

`expected`, `looks` and `strings` are what actions of the course are about.
"""

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from quantlearn.figures.experiment import Experiment
from quantlearn.figures.networks import Answering
from quantlearn.networks.architectures import lstm
from quantlearn.networks.text_task import TextTask
from quantlearn.seeds import random_stream
from quantlearn.semantics.scenes_in_words import COLON, OBJECTS, STOP, sentence

__all__ = ["attention", "expected", "looks", "probabilities", "read_networks", "spoken", "strings"]

SHOWN = 4  # scenes on which attention is shown
OF_A_KIND = 3  # strings that are no sentence, that are false, that are true


def expected(experiment: Experiment) -> tuple[list[str], list[float], str]:
    """The words of a test text of a language model, with the full stop, and the scene in words.

    Between them is how probable each word was to the network of the first trial, given the scene
    and all words before. Of its texts it is the one whose perplexity is nearest to that of all.
    """
    texts = experiment.shown(experiment.texts)
    texts = texts[texts["trial"] == 0]
    per_word = texts["loss"] / texts["words"]
    chosen = texts.loc[(per_word - texts["loss"].sum() / texts["words"].sum()).abs().idxmin()]
    words = [*chosen["target"].split(), STOP]
    networks = read_networks(experiment, experiment.chosen)
    p = probabilities(networks, 0, chosen["scene"].split(), words)
    return words, p.tolist(), chosen["scene"]


def looks(experiment: Experiment, seed: int) -> list[dict[str, Any]]:
    """Where a describer's first network looks before it writes each word, for some test scenes.

    scene: zone codes; words: what it wrote, with the full stop if it came to one; weights: how much
    it looks at each object before each word, rounded to 3 places. Nothing where no sample of the
    experiment has attention.
    """
    settings = {sample: experiment.sample(sample)["network"] for sample in experiment.samples}
    attentive = [
        sample for sample, network in settings.items() if network.get("attention") == "dot"
    ]
    if not attentive:
        return []
    networks = read_networks(experiment, attentive[0])
    texts = experiment.texts
    texts = texts[(texts["sample"] == attentive[0]) & (texts["trial"] == 0)]
    # One zone has all attention where there is no other.
    texts = texts[texts["scene"].str.split().map(set).str.len() > 1]
    stream = random_stream(seed, experiment.name, "attention")
    rows = texts.iloc[stream.permutation(len(texts))[:SHOWN]]
    task = networks.ensemble.task
    longest = task.positions - task.scene_positions  # a network that does not stop is stopped
    shown = []
    for scene, written in zip(rows["scene"], rows["written"], strict=True):
        words = [*written.split(), STOP][:longest]
        weights = attention(networks, 0, scene.split(), words).round(3).tolist()
        shown.append({"scene": _codes(scene), "words": words, "weights": weights})
    return shown


def strings(experiment: Experiment, seed: int) -> list[dict[str, Any]]:
    """Strings that the networks of an experiment wrote about test scenes, in a random order.

    Up to three each that are no sentence, that are false of their scene and that are true, each
    string once. scene: zone codes; kind: none, false or true, by the grammar and by the quantifier;
    near: the sentence of the language that is most like the string.
    """
    texts = experiment.texts.sample(
        frac=1, random_state=random_stream(seed, experiment.name, "sort")
    )
    texts = texts.drop_duplicates("written")
    kind = texts["true"].map({True: "true", False: "false"}).where(texts["said"] != "", "none")
    rows = texts.assign(kind=kind).groupby("kind").head(OF_A_KIND)
    language = [spoken(name) for name in experiment.settings["quantifiers"]]
    return [
        {
            "scene": _codes(row.scene),
            "text": row.written,
            "kind": row.kind,
            "near": difflib.get_close_matches(row.written, language, n=1, cutoff=0)[0],
        }
        for row in rows.itertuples()
    ]


def spoken(quantifier: str) -> str:
    """The sentence with the quantifier of this name.

    >>> spoken("exactly_3_of_the_5")
    'exactly three of the five A are B'
    """
    return " ".join(sentence(quantifier))


def _codes(scene: str) -> list[int]:
    """The zone codes of a scene in words."""
    return [OBJECTS.index(word) for word in scene.split()]


# Networks -----------------------------------------------------------------------------------------


def read_networks(experiment: Experiment, sample: int) -> Answering:
    """The trained networks of a sample of an experiment that writes."""
    settings = experiment.settings
    names = tuple(settings["quantifiers"])
    task = TextTask(settings["task"], settings["data"]["generate"]["max_size"], names)
    return Answering.read(experiment, sample, task, settings["trials"])


@torch.no_grad()
def probabilities(
    networks: Answering, row: int, scene: Sequence[str], words: Sequence[str]
) -> np.ndarray:
    """The probability (words,) that a network gives to each word, after the scene and those before.

    scene and words are words of its language.
    """
    task, tokens, lengths, start = _text(networks, scene, words)
    logits = networks.ensemble.logits(networks.flat[[row]], tokens, lengths)[0, 0]
    at = torch.arange(start, start + len(words)) - task.scene_positions
    said = torch.tensor([task.words.index(word) for word in words])
    return logits[at].double().softmax(dim=1)[torch.arange(len(words)), said].numpy()


@torch.no_grad()
def attention(
    networks: Answering, row: int, scene: Sequence[str], words: Sequence[str]
) -> np.ndarray:
    """The weights α (words, objects) of a describer's attention before each word, in rows of sum 1.

    softmax_i(s · h_i), as `networks.architectures.encoder_decoder` has it.
    """
    task, tokens, _, start = _text(networks, scene, words)
    weights = networks.ensemble.unpack(networks.flat[[row]])
    one_hot = task.one_hot(tokens, weights["readout.kernel"].dtype)
    x, said = one_hot[:, :, : len(scene)], one_hot[:, :, start : start + len(words)]
    for layer in range(networks.ensemble.settings["layers"]):
        hidden, cells = lstm.states(x, weights, f"encoder.layer{layer}")
        written, _ = lstm.states(said, weights, f"decoder.layer{layer}", (hidden[-1], cells[-1]))
        x, said = torch.stack(hidden, dim=2), torch.stack(written, dim=2)
    return (said[0, 0] @ x[0, 0].T).double().softmax(dim=1).numpy()


def _text(
    networks: Answering, scene: Sequence[str], words: Sequence[str]
) -> tuple[TextTask, torch.Tensor, torch.Tensor, int]:
    """The task, tokens (1, 1, positions) of a text, its length, and where its first word is told.

    The last of the words is to be written and not read.
    """
    task = networks.ensemble.task
    start = int(task.start_of_sentence(np.array(len(scene))))
    before = [*scene] if task.scene_positions else [STOP, *scene]
    read = [STOP if task.scene_positions else COLON, *words[:-1]]
    tokens = torch.full((1, 1, task.positions), len(task.words), dtype=torch.uint8)
    for first, part in ((0, before), (start, read)):
        places = slice(first, first + len(part))
        tokens[0, 0, places] = torch.tensor([task.words.index(word) for word in part])
    length = len(scene) if task.scene_positions else start + len(read)
    return task, tokens, torch.tensor([[length]]), start
