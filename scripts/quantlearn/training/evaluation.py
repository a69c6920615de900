"""Loss and accuracy of the networks of an ensemble, each on its own scenes.

A network that says true or false gives one answer to each scene. In a language model an answer is a
word; a description is one answer, right if all its words are, and its loss is counted by words.
"""

from dataclasses import dataclass

import numpy as np
import torch

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.loss import IGNORED, word_losses
from quantlearn.training.examples import Stacked

__all__ = ["Answers", "Scores", "answers", "evaluate", "scored"]

# Scenes of each trial in one piece, by kind of device, so that memory stays bounded; few of them
# would leave a GPU idle. The number must not depend on how many trials there are: matrix products
# of another shape may round differently.
_PIECE = {"cpu": 128, "cuda": 2048}
# Trials in one piece on a CPU, whose caches would not hold the numbers of many more.
_TRIALS = 8


@dataclass(frozen=True)
class Scores:
    """Mean loss and accuracy, each (trials, quantifiers + 1); the last column is over all.

    A quantifier without examples has NaN.
    """

    loss: np.ndarray
    accuracy: np.ndarray


@dataclass(frozen=True)
class Answers:
    """What networks answer to each of their examples, all float64 (trials, n).

    loss: summed over all that is counted in ``losses``; correct: the right ones of ``answers``.
    """

    loss: np.ndarray
    losses: np.ndarray
    correct: np.ndarray
    answers: np.ndarray


def evaluate(ensemble: Ensemble, flat: torch.Tensor, examples: Stacked) -> Scores:
    """Scores of networks ``flat`` (trials, row) on their examples."""
    return scored(answers(ensemble, flat, examples), examples, ensemble.task.quantifiers)


def scored(given: Answers, examples: Stacked, quantifiers: int) -> Scores:
    """Scores of what was answered to examples of so many quantifiers."""
    trials, n = given.loss.shape
    real = np.arange(n) < examples.counts[:, None]
    whole = real.all()
    # Sums run over one trial after another, so they do not depend on the other trials.
    group = np.arange(trials)[:, None] * quantifiers + examples.quantifiers
    group = group.ravel() if whole else group[real]

    def total(weights: np.ndarray) -> np.ndarray:
        counted = weights.ravel() if whole else weights[real]
        sums = np.bincount(group, weights=counted, minlength=trials * quantifiers)
        sums = sums.reshape(trials, quantifiers)
        return np.concatenate([sums, sums.sum(axis=1, keepdims=True)], axis=1)

    with np.errstate(invalid="ignore"):
        return Scores(
            total(given.loss) / total(given.losses), total(given.correct) / total(given.answers)
        )


@torch.no_grad()
def answers(ensemble: Ensemble, flat: torch.Tensor, examples: Stacked) -> Answers:
    """What networks ``flat`` (trials, row) answer to each of their examples."""
    if ensemble.planned:
        logits = ensemble.planned_logits(flat, examples.plan(ensemble.plan))
        numbers = _score(ensemble, logits, examples.labels)
    else:
        numbers = _score_by_pieces(ensemble, flat, examples)
    return Answers(*numbers.cpu().numpy())


def _score_by_pieces(ensemble: Ensemble, flat: torch.Tensor, examples: Stacked) -> torch.Tensor:
    """As `_score`, some trials and scenes at a time."""
    n = examples.tokens.shape[1]
    trials = _TRIALS if flat.device.type == "cpu" else len(flat)
    scenes = _PIECE[flat.device.type]
    scored = flat.new_empty(4, len(flat), n, dtype=torch.float64)
    for first in range(0, len(flat), trials):
        some = slice(first, first + trials)
        for start in range(0, n, scenes):
            piece = some, slice(start, start + scenes)
            logits = ensemble.logits(flat[some], examples.tokens[piece], examples.lengths[piece])
            scored[:, *piece] = _score(ensemble, logits, examples.labels[piece])
    return scored


def _score(ensemble: Ensemble, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The four numbers of `Answers` for each example, float64 (4, trials, n)."""
    if not ensemble.task.writes:
        losses = ensemble.loss(logits, labels)
        correct = (logits[..., 1] > logits[..., 0]) == labels.bool()
        ones = torch.ones_like(losses)
        return torch.stack([losses.double(), ones.double(), correct.double(), ones.double()])
    losses = word_losses(ensemble.loss, logits, labels).double().sum(dim=2)
    asked = labels != IGNORED
    right = (logits.argmax(dim=3) == labels) & asked
    words, correct = asked.sum(dim=2), right.sum(dim=2)
    if ensemble.task.exact:
        return torch.stack([losses, words, correct == words, torch.ones_like(words)])
    return torch.stack([losses, words, correct, words])
