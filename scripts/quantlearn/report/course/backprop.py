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

__all__ = ["DELTAS", "autograd", "back_propagate", "deltas", "mean_loss", "start", "training_loop"]


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


def deltas(x: np.ndarray, y: np.ndarray, network: Sequence[Layer], loss: str) -> list[np.ndarray]:
    """δ (examples, units) of each layer, the first layer first: ∂L/∂z of the mean loss.

    x (examples, n), y (examples, outputs) 0 or 1; all units are sigmoid; ``loss`` is one of
    `DELTAS`.
    """
    outputs = activations(x, network)
    found = [DELTAS[loss](outputs[-1], y) / y.size]
    for place in reversed(range(1, len(network))):
        below = outputs[place - 1]
        found.append(found[-1] @ network[place][0].T * below * (1 - below))
    return found[::-1]


def back_propagate(
    x: np.ndarray, y: np.ndarray, network: Sequence[Layer], loss: str
) -> list[Layer]:
    """Gradient of the mean loss by each layer's weights and biases, in the order of the layers.

    Arguments are those of `deltas`.
    """
    inputs = [x, *activations(x, network)[:-1]]
    found = deltas(x, y, network, loss)
    return [(a.T @ delta, delta.sum(axis=0)) for a, delta in zip(inputs, found, strict=True)]


def training_loop(
    x: np.ndarray,
    y: np.ndarray,
    network: Sequence[Layer],
    rate: float,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
) -> tuple[Sequence[Layer], list[float]]:
    """Train a network in mini-batches of x (examples, n) and y (examples, outputs).

    Returns the network and its loss on all examples after each epoch.
    """
    losses = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for first in range(0, len(x), batch_size):
            batch = order[first : first + batch_size]
            gradients = back_propagate(x[batch], y[batch], network, "cross_entropy")
            network = [
                (w - rate * dw, b - rate * db)
                for (w, b), (dw, db) in zip(network, gradients, strict=True)
            ]
        losses.append(mean_loss(x, y, network, "cross_entropy"))
    return network, losses


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
