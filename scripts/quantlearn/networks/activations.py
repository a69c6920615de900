"""Activation functions that treat every element alike.

torch.sigmoid rounds the elements after the last whole vector register differently from the others,
so a trial's numbers would depend on its place in the ensemble; torch.tanh and torch.relu do not.
"""

import torch

__all__ = ["ACTIVATIONS", "sigmoid"]


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """The logistic function 1 / (1 + exp(−x)), through tanh.

    >>> sigmoid(torch.tensor([0.0]))
    tensor([0.5000])
    """
    return 0.5 * torch.tanh(0.5 * x) + 0.5


ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": sigmoid}
