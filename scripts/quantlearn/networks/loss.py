"""What training makes small.

A loss is computed from the logits (…, 2), false and true, and the labels (…), 0 or 1.
"""

import torch

__all__ = ["LOSSES", "cross_entropy", "squared_error"]


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """−ln of the probability given to the true class, (…) for logits (…, 2) and labels (…).

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


def _log_probability(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """ln of the probability given to the right class."""
    return logits.log_softmax(dim=-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)


LOSSES = {"cross_entropy": cross_entropy, "squared_error": squared_error}
