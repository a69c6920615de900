"""What training makes small.

A loss is computed from the logits (…, classes) and the labels (…). The classes are false and true,
0 and 1, or in texts the words.
"""

from collections.abc import Callable

import torch

from quantlearn.networks.vocabulary import IGNORED

__all__ = [
    "LOSSES",
    "Loss",
    "cross_entropy",
    "mean_loss",
    "squared_error",
    "word_losses",
]

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """−ln of the probability given to the right class, (…) for logits (…, classes) and labels (…).

    >>> cross_entropy(torch.zeros(1, 2), torch.tensor([1]))
    tensor([0.6931])
    """
    return -_log_probability(logits, labels)


def squared_error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """(p − y)², p the probability of `true` (softmax) and y the truth, 0 or 1 (Brier 1950).

    Of the two classes only one is counted, since both have the same error: Brier's own score is
    twice this.

    >>> squared_error(torch.zeros(1, 2), torch.tensor([1]))
    tensor([0.2500])
    """
    return torch.expm1(_log_probability(logits, labels)).square()


def mean_loss(loss: Loss, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean of a loss over the answers of each network, (trials,).

    labels (trials, batch): an answer for each scene. labels (trials, batch, words): an answer for
    each word that is not `IGNORED`.

    >>> labels = torch.tensor([[[0, 1], [1, IGNORED]]])
    >>> mean_loss(cross_entropy, torch.zeros(1, 2, 2, 4), labels)
    tensor([1.3863])
    """
    if labels.dim() == 2:
        return loss(logits, labels).mean(dim=1)
    losses = word_losses(loss, logits, labels).flatten(1)
    return losses.sum(dim=1) / (labels != IGNORED).flatten(1).sum(dim=1)


def word_losses(loss: Loss, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss of each word (…), 0 where it is `IGNORED`."""
    return loss(logits, labels.clamp(min=0)).masked_fill(labels == IGNORED, 0)


def _log_probability(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """ln of the probability given to the right class."""
    return logits.log_softmax(dim=-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)


LOSSES = {"cross_entropy": cross_entropy, "squared_error": squared_error}
