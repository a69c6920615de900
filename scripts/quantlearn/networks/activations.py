"""Activation functions that treat every element alike.

They are those of torch.nn.functional, to within rounding. But torch's own sigmoid, softplus, ELU
and GELU round the elements after the last whole vector register differently from the others, so
that a trial's numbers would depend on its place in the ensemble. Those here are made of operations
that do not: tanh, exp, expm1, log1p, erf and arithmetic. Derivatives at 0 are torch's too.
"""

import math

import torch
from torch.nn.functional import leaky_relu

__all__ = ["ACTIVATIONS", "elu", "gelu", "sigmoid", "softplus"]


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """The logistic function 1 / (1 + exp(−x)), through tanh.

    >>> sigmoid(torch.tensor([0.0]))
    tensor([0.5000])
    """
    return 0.5 * torch.tanh(0.5 * x) + 0.5


def softplus(x: torch.Tensor) -> torch.Tensor:
    """ln(1 + exp(x)), as max(x, 0) + ln(1 + exp(−|x|)), which cannot overflow.

    torch's returns x itself above 20, where the difference is less than 3e-9.

    >>> softplus(torch.tensor([0.0, 1000.0]))
    tensor([6.9315e-01, 1.0000e+03])
    """
    size = x.abs()
    return 0.5 * (x + size) + torch.log1p(torch.exp(-size))


def elu(x: torch.Tensor) -> torch.Tensor:
    """x above 0, exp(x) − 1 below (Clevert, Unterthiner & Hochreiter 2016, with α = 1).

    >>> elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return torch.where(x > 0, x, torch.expm1(x.clamp(max=0)))


def gelu(x: torch.Tensor) -> torch.Tensor:
    """x Φ(x), Φ the normal distribution function, by erf (Hendrycks & Gimpel 2016).

    >>> gelu(torch.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """
    return 0.5 * x * (1 + torch.erf(x * math.sqrt(0.5)))


ACTIVATIONS = {
    "sigmoid": sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": leaky_relu,  # slope 0.01 below 0
    "softplus": softplus,
    "elu": elu,
    "gelu": gelu,
}
