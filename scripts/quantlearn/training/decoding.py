"""Sentences that networks write, word by word, and how probable the right ones are to them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.loss import IGNORED, cross_entropy, word_losses
from quantlearn.networks.text_task import TextTask
from quantlearn.semantics.quantifiers import Quantifier, zone_counts
from quantlearn.semantics.scenes_in_words import STOP, sentence, words_of_scene
from quantlearn.settings.samples import Sample
from quantlearn.training.examples import Stacked, stack
from quantlearn.training.job import Assignment
from quantlearn.training.members import Member
from quantlearn.training.weights import read_weights

__all__ = ["sentence_losses", "texts_of_sample", "write"]

_PIECE = 256  # scenes of each network at a time, so that memory stays bounded


@torch.no_grad()
def write(
    ensemble: Ensemble,
    flat: torch.Tensor,
    examples: Stacked,
    starts: torch.Tensor,
    streams: Sequence[np.random.Generator] | None = None,
) -> np.ndarray:
    """The words that networks write behind ``starts``, tokens (trials, n, words).

    starts (trials, n): the position of the last token that is given, as
    `TextTask.start_of_sentence` says. Each word is the most probable one after those before it
    (greedy), or with ``streams``, one for each network, drawn by its probability. What comes after
    the first full stop is padding. The network sees no more of an example than what is before.
    """
    task = ensemble.task
    padding, stop = len(task.words), task.words.index(STOP)
    longest = task.positions - task.scene_positions - 1
    longest -= 0 if task.scene_positions else task.max_size + 1
    written = np.full((*starts.shape, longest + 1), padding, dtype=np.int64)
    places = torch.arange(task.positions, device=starts.device)
    for piece in _pieces(starts.shape[1]):
        begin = starts[:, piece].long()
        tokens = examples.tokens[:, piece].masked_fill(places > begin[..., None], padding)
        running = torch.ones_like(begin, dtype=torch.bool)
        for place in range(longest + 1):
            logits = _next_logits(ensemble, flat, tokens, examples.lengths[:, piece], begin + place)
            if streams is not None:
                # The largest of logits with Gumbel noise is a draw by their softmax.
                shape = logits.shape[1:]
                noise = np.stack([stream.gumbel(size=shape) for stream in streams])
                logits = logits + torch.as_tensor(noise, device=logits.device)
            word = torch.where(running, logits.argmax(dim=2), padding)
            written[:, piece, place] = word.cpu().numpy()
            running &= word != stop
            if place < longest:
                at = (begin + place + 1).unsqueeze(2)
                tokens.scatter_(2, at, word.to(tokens.dtype).unsqueeze(2))
    return written


def _next_logits(
    ensemble: Ensemble,
    flat: torch.Tensor,
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    places: torch.Tensor,
) -> torch.Tensor:
    """Logits (trials, batch, words) of the word behind the position ``places`` of each text."""
    logits = ensemble.logits(flat, tokens, lengths)
    at = (places - ensemble.task.scene_positions)[..., None, None]
    return logits.gather(2, at.expand(-1, -1, 1, logits.shape[3])).squeeze(2)


@torch.no_grad()
def sentence_losses(
    ensemble: Ensemble, flat: torch.Tensor, examples: Stacked, starts: torch.Tensor
) -> np.ndarray:
    """−ln of the probability that a network gives to the sentence of each example, (trials, n).

    The sentence ends with its full stop; ``starts`` as in `write`.
    """
    losses = np.empty(starts.shape)
    places = torch.arange(examples.labels.shape[2], device=starts.device)
    for piece in _pieces(starts.shape[1]):
        logits = ensemble.logits(flat, examples.tokens[:, piece], examples.lengths[:, piece])
        first = starts[:, piece, None] - ensemble.task.scene_positions
        labels = examples.labels[:, piece].masked_fill(places < first, IGNORED)
        found = word_losses(cross_entropy, logits, labels).double().sum(dim=2)
        losses[:, piece] = found.cpu().numpy()
    return losses


def _pieces(n: int) -> Iterator[slice]:
    return (slice(first, first + _PIECE) for first in range(0, n, _PIECE))


def texts_of_sample(
    sample: int,
    settings: Sample,
    assignment: Assignment,
    weights: str,
    quantifiers: Sequence[Quantifier],
) -> pd.DataFrame:
    """What the networks of a sample write about their test scenes, with the columns of TEXTS.

    ``weights`` is the path of the weights of its training job; ``quantifiers`` are those of the
    experiment. Descriptions are written greedily; a language model draws each word by its
    probability, after the scene's words and the colon.
    """
    members, ensemble = assignment.networks(settings, core="eager")
    flat = read_weights(ensemble, len(members), weights, sample).to(assignment.device)
    drawn = not ensemble.task.exact
    streams = assignment.streams(sample, members, "write", "order") if drawn else None
    return _written_by(ensemble, flat, members, quantifiers, streams).assign(sample=sample)


def _written_by(
    ensemble: Ensemble,
    flat: torch.Tensor,
    members: list[Member],
    quantifiers: Sequence[Quantifier],
    streams: Sequence[np.random.Generator] | None,
) -> pd.DataFrame:
    """As `texts_of_sample`, without the column sample."""
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
    quantifiers: Sequence[Quantifier],
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
