"""Simple recurrent network (Elman 1990) that reads a scene object by object.

At each position, with input x and the previous hidden state h,

    h' = f(x W + h U + b)

where f is tanh or ReLU. The rest is as `recurrent` says.
"""

from typing import Any

import numpy as np
import torch

from quantlearn.networks.architectures import recurrent
from quantlearn.networks.compiled.cells import ELMAN_RELU, ELMAN_TANH
from quantlearn.networks.compiled.recurrent_core import RecurrentCore
from quantlearn.networks.layers import ACTIVATIONS, bias, kernel
from quantlearn.networks.modes import Evaluation
from quantlearn.networks.task import Task


def initialise(
    settings: dict[str, Any], task: Task, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one network by name.

    ``glorot``: kernels Glorot-uniform over [inputs + hidden, hidden], biases zero. ``torch``: as
    torch.nn.RNN, whose two biases add up to the one here.
    """
    scheme, hidden = settings["initialisation"], settings["hidden"]
    weights = {}
    inputs = task.inputs
    for layer in range(settings["layers"]):
        weights[f"layer{layer}.kernel"] = kernel(
            rng, inputs + hidden, hidden, scheme, fan_in=hidden
        )
        weights[f"layer{layer}.bias"] = bias(rng, hidden, scheme, fan_in=hidden) + bias(
            rng, hidden, scheme, fan_in=hidden
        )
        inputs = hidden
    weights["readout.kernel"] = kernel(rng, hidden, task.outputs, scheme, fan_in=hidden)
    weights["readout.bias"] = bias(rng, task.outputs, scheme, fan_in=hidden)
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
    return recurrent.read(unroll, weights, tokens, lengths, settings, task, mode)


def unroll(
    x: torch.Tensor, weights: dict[str, torch.Tensor], name: str, settings: dict[str, Any]
) -> list[recurrent.State]:
    """Hidden states at each position of the layer ``name``, as `recurrent.Unroll` says."""
    activation = ACTIVATIONS[settings["activation"]]
    driven, matrix = recurrent.drive(x, weights[f"{name}.kernel"], weights[f"{name}.bias"])
    h = torch.zeros_like(driven[0])
    states = []
    for sums in driven:
        h = activation(torch.baddbmm(sums, h, matrix))
        states.append((h,))
    return states


def compiled_core(settings: dict[str, Any], task: Task, threads: int) -> RecurrentCore:
    """The same network without dropout, compiled for the CPU."""
    cell = {"tanh": ELMAN_TANH, "relu": ELMAN_RELU}[settings["activation"]]
    return RecurrentCore(cell, settings, task, threads)
