"""A small transformer encoder (Vaswani et al. 2017), with the layer norm before each part.

A scene is a row of vectors: a read-out token, and the embedding of each object with its position.
Each layer, in which every vector x looks at all of them,

    x' = x + attention(norm(x)),     x'' = x' + f(norm(x') W¹ + b¹) W² + b²

is torch.nn.TransformerEncoderLayer with norm_first; the logits are read from the normalised
read-out token. A mean over the objects would not do: attention and mean are both averages, which
tell proportions but not numbers (a scene and the same scene twice look alike). The read-out token
is there once whatever the size, so that the attention it gets shows how many objects there are.
Dropout falls on the units of f alone.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import torch

from quantlearn.networks.dropout_and_batch_norm import Evaluation
from quantlearn.networks.layers import ACTIVATIONS, affine, bias, kernel, layer_norm
from quantlearn.networks.task import Task
from quantlearn.semantics.scenes import ZONES


def compiled_core(settings: dict[str, Any], task: Task, threads: int) -> Any:
    """The same network, compiled for the CPU."""
    # numba takes half a second, which the eager core saves.
    from quantlearn.networks.compiled.transformer import TransformerCore  # noqa: PLC0415

    told = None
    if settings["position"] == "sinusoidal":
        width = settings["heads"] * settings["head_size"]
        told = waves(task.positions, width, torch.float64, torch.device("cpu"))
    return TransformerCore(settings, task, threads, told)


def initialise(
    settings: dict[str, Any], task: Task, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one network by name.

    ``glorot``: kernels Glorot-uniform, biases zero. ``torch``: as torch.nn.TransformerEncoderLayer,
    and torch.nn.Linear and torch.nn.Embedding for what is around it. The read-out token has an
    input of its own, the last row of the embedding.
    """
    scheme, hidden = settings["initialisation"], settings["hidden"]
    width = settings["heads"] * settings["head_size"]
    weights = {}

    def add(name: str, inputs: int, outputs: int) -> None:
        weights[f"{name}.kernel"] = kernel(rng, inputs, outputs, scheme)
        weights[f"{name}.bias"] = bias(rng, outputs, scheme, fan_in=inputs)

    def add_norm(name: str) -> None:
        weights[f"{name}.scale"] = np.ones(width)
        weights[f"{name}.shift"] = np.zeros(width)

    add("embedding", task.inputs + 1, width)
    if settings["position"] == "learned":
        places = task.positions, width
        weights["position"] = (
            kernel(rng, *places, scheme) if scheme == "glorot" else rng.normal(size=places)
        )
    for layer in (f"layer{number}" for number in range(settings["layers"])):
        add_norm(f"{layer}.attention.norm")
        # torch.nn.MultiheadAttention has a Glorot-uniform kernel and no biases at the start.
        weights[f"{layer}.attention.inputs.kernel"] = kernel(rng, width, 3 * width, "glorot")
        weights[f"{layer}.attention.inputs.bias"] = np.zeros(3 * width)
        weights[f"{layer}.attention.outputs.kernel"] = kernel(rng, width, width, scheme)
        weights[f"{layer}.attention.outputs.bias"] = np.zeros(width)
        add_norm(f"{layer}.feedforward.norm")
        add(f"{layer}.feedforward.hidden", width, hidden)
        add(f"{layer}.feedforward.outputs", hidden, width)
    add_norm("readout.norm")
    add("readout", width, task.outputs)
    return weights


def forward(
    weights: dict[str, torch.Tensor],
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    settings: dict[str, Any],
    task: Task,
    mode: Evaluation,
) -> torch.Tensor:
    """Logits (trials, batch, 2) for tokens (trials, batch, positions), lengths (trials, batch)."""
    x = _embed(weights, tokens, settings, task)
    mask = _mask(tokens, lengths, settings, x.dtype)
    activation = ACTIVATIONS[settings["activation"]]
    for number in range(settings["layers"]):
        part = f"layer{number}.attention"
        normed = layer_norm(x, weights, f"{part}.norm")
        if number == settings["layers"] - 1:  # only the read-out token is still asked for
            x = x[:, :, :1]
        x = x + _attention(normed, x.shape[2], mask, weights, part, settings["heads"])
        part = f"layer{number}.feedforward"
        units = activation(
            affine(layer_norm(x, weights, f"{part}.norm"), weights, f"{part}.hidden")
        )
        x = x + affine(mode.dropout(units, settings["dropout"]), weights, f"{part}.outputs")
    return affine(layer_norm(x.squeeze(2), weights, "readout.norm"), weights, "readout")


def _embed(
    weights: dict[str, torch.Tensor], tokens: torch.Tensor, settings: dict[str, Any], task: Task
) -> torch.Tensor:
    """The read-out token and the objects, (trials, batch, 1 + positions, width)."""
    vectors = task.one_hot(tokens, weights["readout.kernel"].dtype)
    readout = torch.nn.functional.pad(vectors[:, :, :1, len(ZONES) :], (len(ZONES), 0))
    inputs = torch.cat(
        [
            torch.nn.functional.pad(readout, (0, 1), value=1.0),
            torch.nn.functional.pad(vectors, (0, 1)),
        ],
        dim=2,
    )
    x = affine(inputs, weights, "embedding")
    if settings["position"] == "none":
        return x
    if settings["position"] == "learned":
        places = weights["position"]
    else:
        places = waves(task.positions, x.shape[3], x.dtype, x.device)[None]
    return x + torch.nn.functional.pad(places, (0, 0, 1, 0))[:, None]


@cache
def waves(positions: int, width: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Return sines and cosines of each position, (positions, width).

    As in section 3.5 of Vaswani et al. (2017).
    """
    rates = 10000.0 ** (-np.arange(0, width, 2) / width)
    angles = np.arange(positions)[:, None] * rates
    both = np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(positions, -1)
    return torch.as_tensor(both[:, :width], dtype=dtype, device=device)


def _mask(
    tokens: torch.Tensor, lengths: torch.Tensor, settings: dict[str, Any], dtype: torch.dtype
) -> torch.Tensor | None:
    """What is added to the attention's scores, (trials, batch, 1, 1, 1 + positions): 0 or −∞."""
    if settings["padding"] == "read":
        return None
    places = torch.arange(1 + tokens.shape[2], device=tokens.device)
    padding = places > lengths[:, :, None]
    mask = torch.zeros(padding.shape, dtype=dtype, device=tokens.device)
    return mask.masked_fill(padding, -math.inf)[:, :, None, None]


def _attention(
    x: torch.Tensor,
    asked: int,
    mask: torch.Tensor | None,
    weights: dict[str, torch.Tensor],
    name: str,
    heads: int,
) -> torch.Tensor:
    """What the first ``asked`` vectors of x (trials, batch, vectors, width) find in all of them."""
    trials, batch, vectors, width = x.shape
    part = f"{name}.inputs"
    of_queries, of_keys, of_values = weights[f"{part}.bias"].split(width, dim=1)
    # A key's bias adds the same to all scores of a query, so it changes no share: its derivative is
    # 0, and what rounding would leave of it Adam would make into whole steps.
    biases = torch.cat([of_queries, of_keys.detach(), of_values], dim=1)
    inputs = affine(x, {f"{part}.kernel": weights[f"{part}.kernel"], f"{part}.bias": biases}, part)
    inputs = inputs.view(trials, batch, vectors, 3, heads, -1)
    queries, keys, values = inputs.transpose(2, 4).unbind(3)
    queries = queries[:, :, :, :asked] / math.sqrt(width // heads)
    scores = queries @ keys.transpose(3, 4)
    shares = _softmax(scores if mask is None else scores + mask)
    found = (shares @ values).transpose(2, 3).reshape(trials, batch, asked, width)
    return affine(found, weights, f"{name}.outputs")


def _softmax(scores: torch.Tensor) -> torch.Tensor:
    """exp(scores) along the last axis, divided by its sum there.

    torch.softmax takes several times as long with rows as short as these, and what its derivative
    rounds to depends on the number of threads.
    """
    powers = (scores - scores.detach().amax(dim=-1, keepdim=True)).exp()
    return powers * powers.sum(dim=-1, keepdim=True).reciprocal()
