"""Layers that several architectures share, each network of an ensemble with its own weights.

Weights have a leading trial axis, and so has what they are applied to.
"""

import torch
from torch.nn import functional

__all__ = ["affine", "layer_norm", "standardise"]

_EPSILON = 1e-5


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
    return _scaled(functional.layer_norm(x, x.shape[-1:], eps=_EPSILON), weights, name)


def standardise(
    x: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    weights: dict[str, torch.Tensor],
    name: str,
) -> torch.Tensor:
    """(x − mean) / √(variance + 1e-5) · scale + shift: ``{name}.scale``, ``{name}.shift``."""
    return _scaled((x - mean) / torch.sqrt(variance + _EPSILON), weights, name)


def _scaled(x: torch.Tensor, weights: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    axes = (len(x), *[1] * (x.dim() - 2), x.shape[-1])
    return torch.addcmul(
        weights[f"{name}.shift"].view(axes), x, weights[f"{name}.scale"].view(axes)
    )
