"""Loss and accuracy of the networks of an ensemble, each on its own scenes."""

from dataclasses import dataclass

import numpy as np
import torch

from quantlearn.examples import Stacked
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.loss import cross_entropy

__all__ = ["Scores", "correct_answers", "evaluate"]

# Scenes of each trial in one piece, so that memory stays bounded. The number must not depend on how
# many trials there are: matrix products of another shape may round differently.
_PIECE = 512


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
    if ensemble.core == "compiled":
        pieces = [ensemble.planned_logits(flat, examples.plan(ensemble.plan))]
    else:
        pieces = [
            ensemble.logits(flat, tokens, lengths)
            for tokens, lengths in zip(
                examples.tokens.split(_PIECE, dim=1),
                examples.lengths.split(_PIECE, dim=1),
                strict=True,
            )
        ]
    logits = torch.cat(pieces, dim=1)
    losses = cross_entropy(logits, examples.labels)
    correct = (logits[..., 1] > logits[..., 0]) == examples.labels.bool()
    return losses.double().cpu().numpy(), correct.double().cpu().numpy()
