"""Let trained networks write a sentence about each test scene."""

import numpy as np
import pandas as pd
import torch

from quantlearn import columns, tables
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.text_task import TextTask
from quantlearn.pipeline.devices import choose_device
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier, zone_counts
from quantlearn.semantics.scenes_in_words import STOP, sentence, words_of_scene
from quantlearn.settings.samples import read_sample
from quantlearn.training.decoding import sentence_losses, write
from quantlearn.training.examples import stack
from quantlearn.training.members import Member, read_members, with_training_scenes
from quantlearn.training.weights import read_weights


def write_texts(
    split_scenes: str,
    samples: str,
    training_trials: list[str],
    training_weights: list[str],
    expressions: dict[str, str],
    task: str,
    seed: int,
    device: str,
    experiment: str,
    threads: int,
    *,
    texts: str,
) -> None:
    """Write a row for each test scene of each network of each sample.

    The ``training_`` lists hold one path for each training job, in their order. Descriptions are
    written greedily; a language model draws each word by its probability, after the scene's words
    and the colon.
    """
    numbers = tables.read_csv(samples, columns.SAMPLES)["sample"].to_list()
    jobs = tables.job_of_samples(training_trials, numbers)
    quantifiers = [Quantifier(name, expression) for name, expression in expressions.items()]
    where = choose_device(device)
    parts = []
    for sample in numbers:
        settings = read_sample(samples, sample)
        training = settings["training"]
        members, texts_task = read_members(
            split_scenes, list(expressions), training["together"], kind=task
        )
        members = with_training_scenes(members, training["scenes"], seed, experiment)
        ensemble = Ensemble(settings["network"], texts_task, where, "eager", threads=threads)
        ensemble.share_threads()
        flat = read_weights(ensemble, len(members), training_weights[jobs[sample]], sample).to(
            where
        )
        names = [(experiment, sample, member.trial, member.learns) for member in members]
        streams = [random_stream(seed, *name, "write") for name in names]
        drawn = None if texts_task.exact else streams
        parts.append(written_by(ensemble, flat, members, quantifiers, drawn).assign(sample=sample))
    joined = pd.concat(parts, ignore_index=True)[list(columns.TEXTS)]
    tables.write_parquet(joined.astype(columns.types(columns.TEXTS)), texts)


def written_by(
    ensemble: Ensemble,
    flat: torch.Tensor,
    members: list[Member],
    quantifiers: list[Quantifier],
    streams: list[np.random.Generator] | None,
) -> pd.DataFrame:
    """What the networks of one sample write about their test scenes: TEXTS without the sample."""
    examples = stack([member.examples["test"] for member in members], flat.device)
    sizes = [member.scenes["test"].sizes for member in members]
    starts = torch.full(examples.labels.shape[:2], ensemble.task.scene_positions)
    for row, own in zip(starts, sizes, strict=True):
        row[: len(own)] = torch.as_tensor(ensemble.task.start_of_sentence(own))
    starts = starts.to(flat.device)
    losses = sentence_losses(ensemble, flat, examples, starts)
    written = write(ensemble, flat, examples, starts, streams)
    return pd.concat(
        _of_member(member, ensemble.task, quantifiers, own_losses, own_words)
        for member, own_losses, own_words in zip(members, losses, written, strict=True)
    )


def _of_member(
    member: Member,
    task: TextTask,
    quantifiers: list[Quantifier],
    losses: np.ndarray,
    written: np.ndarray,
) -> pd.DataFrame:
    scenes, known = member.scenes["test"], member.scenes["train"]
    n = len(scenes)
    counts = zone_counts(scenes.scenes)
    names = [quantifier.name for quantifier in quantifiers]
    spoken = [" ".join(sentence(name)) for name in names]
    texts = [_sentence(task.read(row)) for row in written[:n]]
    said = np.array([spoken.index(text) if text in spoken else -1 for text in texts])
    true = np.full(n, False)
    for index in set(said[said >= 0].tolist()):
        rows = said == index
        true[rows] = quantifiers[index].verify(scenes.scenes[rows], scenes.sizes[rows])
    pairs = set(map(tuple, zone_counts(known.scenes)[:, :2].tolist()))
    blind, unigram = _without_scene(task, known.quantifiers)
    return pd.DataFrame(
        {
            "trial": member.trial,
            "quantifier": [names[index] for index in scenes.quantifiers],
            "size": scenes.sizes,
            "both": counts[:, 0],
            "a_only": counts[:, 1],
            "counts_trained": [tuple(pair) in pairs for pair in counts[:, :2].tolist()],
            "sentence_trained": np.isin(scenes.quantifiers, known.quantifiers),
            "scene": [" ".join(words_of_scene(scene)) for scene in scenes.scenes],
            "target": [spoken[index] for index in scenes.quantifiers],
            "written": texts,
            "said": [names[index] if index >= 0 else "" for index in said],
            "true": true,
            "words": [1 + len(sentence(names[index])) for index in scenes.quantifiers],
            "loss": losses[:n],
            "blind": blind[scenes.quantifiers],
            "unigram": unigram[scenes.quantifiers],
        }
    )


def _sentence(text: str) -> str:
    """A text without the full stop at its end."""
    return text.removesuffix(STOP).rstrip()


def _without_scene(task: TextTask, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """−ln of the probability of each quantifier's sentence, without a look at the scene.

    By the frequency of the sentence among the training sentences ``known`` (indices), and as a
    product of those of its words. Each sentence or word counts once more than it occurs, so that
    none is impossible.
    """
    often = np.bincount(known, minlength=len(task.names))
    words = [[*sentence(name), STOP] for name in task.names]
    counts = dict.fromkeys(task.words, 1)
    for times, own in zip(often.tolist(), words, strict=True):
        for word in own:
            counts[word] += times
    total = sum(counts.values())
    blind = -np.log((often + 1) / (often.sum() + len(often)))
    unigram = [-sum(np.log(counts[word] / total) for word in own) for own in words]
    return blind, np.array(unigram)


if __name__ == "__main__":
    run_job(write_texts, snakemake)
