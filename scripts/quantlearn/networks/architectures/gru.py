"""Gated recurrent unit (Cho et al. 2014) that reads a scene object by object.

At each position, with input x and the previous hidden state h,

    r, z = σ(x W_rz + h U_rz + b_rz)
    n = tanh(x W_n + b_n + r (h U_n + c_n))
    h' = (1 − z) n + z h

This is the variant of torch.nn.GRU, in which the reset gate r falls on h U_n rather than on h. The
matrices are columns of one kernel, in the order r, z, n. The rest is as `recurrent` says.
"""

from functools import partial
from typing import Any

import numpy as np
import torch

from quantlearn.networks.architectures import recurrent
from quantlearn.networks.layers import bias, kernel, sigmoid
from quantlearn.networks.task import Task


def unroll(
    x: torch.Tensor, weights: dict[str, torch.Tensor], name: str, settings: dict[str, Any]
) -> list[recurrent.State]:
    """Hidden states at each position of the layer ``name``, as `recurrent.Unroll` says."""
    hidden = settings["hidden"]
    driven, matrix = recurrent.drive(x, weights[f"{name}.kernel"], weights[f"{name}.bias"])
    gates, candidate = matrix.split([2 * hidden, hidden], dim=2)
    start = weights[f"{name}.reset_bias"][:, None]
    h = torch.zeros_like(driven[0][:, :, :hidden])
    states = []
    for sums in driven:
        gate_sums, candidate_sums = sums.split([2 * hidden, hidden], dim=2)
        r, z = sigmoid(torch.baddbmm(gate_sums, h, gates)).chunk(2, dim=2)
        n = torch.tanh(candidate_sums + r * torch.baddbmm(start, h, candidate))
        h = n + z * (h - n)
        states.append((h,))
    return states


def compiled_core(settings: dict[str, Any], task: Task, threads: int) -> Any:
    """The same network, compiled for the CPU."""
    # numba takes half a second, which the eager core saves.
    from quantlearn.networks.compiled.recurrent.cells import GRU  # noqa: PLC0415
    from quantlearn.networks.compiled.recurrent.core import RecurrentCore  # noqa: PLC0415

    return RecurrentCore(GRU, settings, task, threads)


def start_weights(
    settings: dict[str, Any], inputs: int, name: str, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one layer, by name, as `recurrent.StartWeights` says.

    ``glorot``: kernels Glorot-uniform over [inputs + hidden, 3 · hidden], biases zero. ``torch``:
    as torch.nn.GRU, whose two biases of a gate add up to the one here.
    """
    scheme, hidden = settings["initialisation"], settings["hidden"]
    matrix = kernel(rng, inputs + hidden, 3 * hidden, scheme, fan_in=hidden)
    driven, recurring = (bias(rng, 3 * hidden, scheme, fan_in=hidden) for _ in range(2))
    driven[: 2 * hidden] += recurring[: 2 * hidden]
    return {
        f"{name}.kernel": matrix,
        f"{name}.bias": driven,
        f"{name}.reset_bias": recurring[2 * hidden :],
    }


initialise = partial(recurrent.initialise, start_weights)
forward = partial(recurrent.read, unroll)
