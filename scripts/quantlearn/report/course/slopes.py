"""Derivatives by hand of the activation functions and losses that the networks have."""

import math
from collections.abc import Callable

import torch

from quantlearn.networks.layers import sigmoid
from quantlearn.networks.loss import LOSSES

__all__ = ["DERIVATIVES", "LOSS_SLOPES", "NAMES", "loss_by_sum", "slope"]

NAMES = {
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "softplus": "softplus",
    "elu": "ELU",
    "gelu": "GELU",
}

LOSS_SLOPES = {
    "cross_entropy": lambda right: right - 1,
    "squared_error": lambda right: -2 * right * (1 - right) ** 2,
}
"""Derivative of a loss by the sum before the sigmoid, for the probability ŷ_true it has given."""


def _step(x: torch.Tensor, below: float = 0.0) -> torch.Tensor:
    return torch.where(x > 0, torch.ones_like(x), below)


def _normal_density(x: torch.Tensor) -> torch.Tensor:
    return torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi)


DERIVATIVES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": lambda x: sigmoid(x) * (1 - sigmoid(x)),
    "tanh": lambda x: 1 - torch.tanh(x).square(),
    "relu": _step,
    "leaky_relu": lambda x: _step(x, below=0.01),
    "softplus": sigmoid,
    "elu": lambda x: torch.where(x > 0, 1.0, torch.exp(x)),
    "gelu": lambda x: 0.5 * (1 + torch.erf(x * math.sqrt(0.5))) + x * _normal_density(x),
}
"""f′ of each of `quantlearn.networks.layers.ACTIVATIONS`."""


def slope(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """f′(x) (n,) by automatic differentiation, for f that treats every element by itself.

    >>> slope(torch.square, torch.tensor([3.0]))
    tensor([6.])
    """
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(f(x).sum(), x)
    return gradient


def loss_by_sum(name: str, z: torch.Tensor) -> torch.Tensor:
    """The training code's loss (n,) where the true answer has the sum z (n,) and the false one 0.

    ŷ_true is then σ(z).

    >>> loss_by_sum("squared_error", torch.zeros(1))
    tensor([0.2500])
    """
    logits = torch.stack([torch.zeros_like(z), z], dim=-1)
    return LOSSES[name](logits, torch.ones(len(z), dtype=torch.int64))
