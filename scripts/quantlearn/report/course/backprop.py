"""The gradient of a network by hand, and by torch, which does the same for any computation.

Back-propagation goes through the layers from the last to the first. δ is the derivative of the loss
by the sums z = x W + b of a layer. It gives the layer's gradient, and the δ of the layer before:

    ∂L/∂W = xᵀ δ    ∂L/∂b = Σ δ    δ of the layer before = (δ Wᵀ) · f′(z)    σ′ = σ (1 − σ)
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch

from quantlearn.report.course.neurons import Layer, activations

__all__ = ["DELTAS", "autograd", "back_propagate", "mean_loss", "start"]


def cross_entropy_delta(output: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Derivative of −ln ŷ_true by the sum before the sigmoid: ŷ − y."""
    return output - y


def squared_error_delta(output: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Derivative of (ŷ − y)² by the sum before the sigmoid: 2(ŷ − y) ŷ(1 − ŷ)."""
    return 2 * (output - y) * output * (1 - output)


DELTAS = {"cross_entropy": cross_entropy_delta, "squared_error": squared_error_delta}


def start(widths: Sequence[int], rng: np.random.Generator) -> list[Layer]:
    """A random network of so many inputs, hidden units … and outputs: normal weights and biases.

    >>> [weights.shape for weights, bias in start([2, 3, 1], np.random.default_rng(0))]
    [(2, 3), (3, 1)]
    """
    return [(rng.normal(size=(n, m)), rng.normal(size=m)) for n, m in pairwise(widths)]


def back_propagate(
    x: np.ndarray, y: np.ndarray, network: Sequence[Layer], loss: str
) -> list[Layer]:
    """Gradient of the mean loss by each layer's weights and biases, in the order of the layers.

    x (examples, n), y (examples, outputs) 0 or 1; all units are sigmoid; ``loss`` is one of
    `DELTAS`.
    """
    outputs = activations(x, network)
    delta = DELTAS[loss](outputs[-1], y) / y.size
    gradients = []
    for place in reversed(range(len(network))):
        below = outputs[place - 1] if place else x
        gradients.append((below.T @ delta, delta.sum(axis=0)))
        delta = delta @ network[place][0].T * below * (1 - below)
    return gradients[::-1]


def autograd(x: np.ndarray, y: np.ndarray, network: Sequence[Layer], loss: str) -> list[Layer]:
    """The same gradient as `back_propagate` gives, computed by torch."""
    leaves = [
        (torch.tensor(weights, requires_grad=True), torch.tensor(bias, requires_grad=True))
        for weights, bias in network
    ]
    a = torch.as_tensor(x, dtype=torch.float64)
    for weights, bias in leaves:
        a = torch.sigmoid(a @ weights + bias)
    torch_loss(a, torch.as_tensor(y, dtype=torch.float64), loss).backward()
    return [(weights.grad.numpy(), bias.grad.numpy()) for weights, bias in leaves]


def mean_loss(x: np.ndarray, y: np.ndarray, network: Sequence[Layer], loss: str) -> float:
    """The loss itself, so that a gradient can be compared with small differences of it."""
    output = torch.as_tensor(activations(x, network)[-1])
    return torch_loss(output, torch.as_tensor(y, dtype=torch.float64), loss).item()


def torch_loss(output: torch.Tensor, y: torch.Tensor, loss: str) -> torch.Tensor:
    """Mean loss of outputs ŷ for truth y: −ln ŷ_true, or (ŷ − y)²."""
    if loss == "cross_entropy":
        return torch.nn.functional.binary_cross_entropy(output, y)
    return torch.nn.functional.mse_loss(output, y)
