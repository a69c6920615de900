"""Loss and accuracy of the networks of an ensemble, each on its own scenes."""

from dataclasses import dataclass

import numpy as np
import torch

from quantlearn.examples import Stacked
from quantlearn.networks.ensemble import Ensemble

__all__ = ["Scores", "correct_answers", "evaluate"]

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


def evaluate(ensemble: Ensemble, flat: torch.Tensor, examples: Stacked) -> Scores:
    """Scores of networks ``flat`` (trials, row) on their examples."""
    losses, correct = _answers(ensemble, flat, examples)
    quantifiers = ensemble.task.quantifiers
    trials, n = losses.shape
    real = np.arange(n) < examples.counts[:, None]
    # Sums run over one trial after another, so they do not depend on the other trials.
    group = np.arange(trials)[:, None] * quantifiers + examples.quantifiers
    size = trials * quantifiers

    def total(weights: np.ndarray) -> np.ndarray:
        sums = np.bincount(group[real], weights=weights[real], minlength=size)
        sums = sums.reshape(trials, quantifiers)
        return np.concatenate([sums, sums.sum(axis=1, keepdims=True)], axis=1)

    counts = total(np.ones_like(losses))
    with np.errstate(invalid="ignore"):
        return Scores(total(losses) / counts, total(correct) / counts)


def correct_answers(ensemble: Ensemble, flat: torch.Tensor, examples: Stacked) -> np.ndarray:
    """Whether each network's answer on each of its examples is right, booleans (trials, n)."""
    return _answers(ensemble, flat, examples)[1].astype(bool)


@torch.no_grad()
def _answers(
    ensemble: Ensemble, flat: torch.Tensor, examples: Stacked
) -> tuple[np.ndarray, np.ndarray]:
    """Loss and correctness (0 or 1) of each example, float64 (trials, n)."""
    if ensemble.planned:
        logits = ensemble.planned_logits(flat, examples.plan(ensemble.plan))
    else:
        logits = _logits_by_pieces(ensemble, flat, examples)
    losses = ensemble.loss(logits, examples.labels)
    correct = (logits[..., 1] > logits[..., 0]) == examples.labels.bool()
    return losses.double().cpu().numpy(), correct.double().cpu().numpy()


def _logits_by_pieces(ensemble: Ensemble, flat: torch.Tensor, examples: Stacked) -> torch.Tensor:
    """Logits (trials, n, 2), some trials and scenes at a time."""
    n = examples.tokens.shape[1]
    trials = _TRIALS if flat.device.type == "cpu" else len(flat)
    scenes = _PIECE[flat.device.type]
    logits = flat.new_empty(len(flat), n, 2)
    for first in range(0, len(flat), trials):
        some = slice(first, first + trials)
        for start in range(0, n, scenes):
            piece = some, slice(start, start + scenes)
            logits[piece] = ensemble.logits(
                flat[some], examples.tokens[piece], examples.lengths[piece]
            )
    return logits
