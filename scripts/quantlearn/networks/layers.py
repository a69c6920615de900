"""Layers that several architectures share: start weights, sums, normalisation, activations.

Weights have a leading trial axis, and so has what they are applied to. Activations are those of
torch.nn.functional, to within rounding. But torch's own sigmoid, softplus, ELU and GELU round the
elements after the last whole vector register differently from the others, so that a trial's numbers
would depend on its place in the ensemble. Those here are made of operations that do not: tanh, exp,
expm1, log1p, erf and arithmetic. Derivatives at 0 are torch's too.
"""

import math

import numpy as np
import torch
from torch.nn import functional
from torch.nn.functional import leaky_relu

__all__ = [
    "ACTIVATIONS",
    "EPSILON",
    "affine",
    "bias",
    "elu",
    "gelu",
    "kernel",
    "layer_norm",
    "sigmoid",
    "softplus",
    "standardise",
]

EPSILON = 1e-5
"""What is added to a variance by whose root numbers are divided."""


def affine(x: torch.Tensor, weights: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    """x W + b (trials, …, outputs) for x (trials, …, inputs): ``{name}.kernel``, ``{name}.bias``.

    >>> weights = {"readout.kernel": torch.ones(3, 5, 2), "readout.bias": torch.ones(3, 2)}
    >>> affine(torch.ones(3, 7, 4, 5), weights, "readout").shape
    torch.Size([3, 7, 4, 2])
    """
    kernel, bias = weights[f"{name}.kernel"], weights[f"{name}.bias"]
    rows = x.reshape(len(x), -1, x.shape[-1])
    return torch.baddbmm(bias[:, None], rows, kernel).view(*x.shape[:-1], -1)


def layer_norm(x: torch.Tensor, weights: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    """x (trials, …, units) standardised over its units (Ba, Kiros & Hinton 2016).

    >>> weights = {"norm.scale": torch.ones(1, 2), "norm.shift": torch.zeros(1, 2)}
    >>> layer_norm(torch.tensor([[[1.0, 5.0]]]), weights, "norm")
    tensor([[[-1.0000,  1.0000]]])
    """
    return _scaled(functional.layer_norm(x, x.shape[-1:], eps=EPSILON), weights, name)


def standardise(
    x: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    weights: dict[str, torch.Tensor],
    name: str,
) -> torch.Tensor:
    """(x − mean) / √(variance + 1e-5) · scale + shift: ``{name}.scale``, ``{name}.shift``."""
    return _scaled((x - mean) / torch.sqrt(variance + EPSILON), weights, name)


def _scaled(x: torch.Tensor, weights: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    axes = (len(x), *[1] * (x.dim() - 2), x.shape[-1])
    return torch.addcmul(
        weights[f"{name}.shift"].view(axes), x, weights[f"{name}.scale"].view(axes)
    )


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


def kernel(
    rng: np.random.Generator, inputs: int, outputs: int, scheme: str, fan_in: int | None = None
) -> np.ndarray:
    """A matrix (inputs, outputs).

    ``glorot``: uniform on ±√(6 / (inputs + outputs)) (Glorot & Bengio 2010, eq. 16).
    ``torch``: uniform on ±1/√fan_in, where fan_in is ``inputs`` if not given, as torch.nn.Linear
    and torch.nn.LSTM start.

    >>> w = kernel(np.random.default_rng(0), 4, 2, "glorot")
    >>> w.shape, bool(abs(w).max() <= 1)
    ((4, 2), True)
    """
    glorot = scheme == "glorot"
    bound = np.sqrt(6 / (inputs + outputs)) if glorot else 1 / np.sqrt(fan_in or inputs)
    return rng.uniform(-bound, bound, size=(inputs, outputs))


def bias(rng: np.random.Generator, outputs: int, scheme: str, fan_in: int) -> np.ndarray:
    """A vector (outputs,): zeros for ``glorot``, uniform on ±1/√fan_in for ``torch``."""
    if scheme == "glorot":
        return np.zeros(outputs)
    return rng.uniform(-1, 1, size=outputs) / np.sqrt(fan_in)
