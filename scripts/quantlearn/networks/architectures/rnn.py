"""Simple recurrent network (Elman 1990) that reads a scene object by object.

At each position, with input x and the previous hidden state h,

    h' = f(x W + h U + b)

where f is tanh or ReLU. The rest is as `recurrent` says.
"""

from functools import partial
from typing import Any

import numpy as np
import torch

from quantlearn.networks.architectures import recurrent
from quantlearn.networks.layers import ACTIVATIONS, bias, kernel
from quantlearn.networks.task import Task


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


def compiled_core(settings: dict[str, Any], task: Task, threads: int) -> Any:
    """The same network, compiled for the CPU."""
    # numba takes half a second, which the eager core saves.
    from quantlearn.networks.compiled.recurrent.cells import ELMAN_RELU, ELMAN_TANH  # noqa: PLC0415
    from quantlearn.networks.compiled.recurrent.core import RecurrentCore  # noqa: PLC0415

    cell = {"tanh": ELMAN_TANH, "relu": ELMAN_RELU}[settings["activation"]]
    return RecurrentCore(cell, settings, task, threads)


def start_weights(
    settings: dict[str, Any], inputs: int, name: str, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one layer, by name, as `recurrent.StartWeights` says.

    ``glorot``: kernels Glorot-uniform over [inputs + hidden, hidden], biases zero. ``torch``: as
    torch.nn.RNN, whose two biases add up to the one here.
    """
    scheme, hidden = settings["initialisation"], settings["hidden"]
    matrix = kernel(rng, inputs + hidden, hidden, scheme, fan_in=hidden)
    first, second = (bias(rng, hidden, scheme, fan_in=hidden) for _ in range(2))
    return {f"{name}.kernel": matrix, f"{name}.bias": first + second}


initialise = partial(recurrent.initialise, start_weights)
forward = partial(recurrent.read, unroll)
