"""Sentences that networks write, word by word, and how probable the right ones are to them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.loss import IGNORED, cross_entropy, word_losses
from quantlearn.semantics.scenes_in_words import STOP
from quantlearn.training.examples import Stacked

__all__ = ["sentence_losses", "write"]

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
