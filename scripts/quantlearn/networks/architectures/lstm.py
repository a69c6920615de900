"""Long short-term memory (Hochreiter & Schmidhuber 1997) that reads a scene object by object.

At each position t, with input x and the previous hidden state h and cell state c,

    i, f, g, o = split(x W + h U + b)
    c' = σ(f) c + σ(i) tanh(g)
    h' = σ(o) tanh(c')

The rest is as `recurrent` says.
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
    """Hidden and cell states at each position of the layer ``name``, as `recurrent.Unroll` says."""
    return list(zip(*states(x, weights, name), strict=True))


def compiled_core(settings: dict[str, Any], task: Task, threads: int) -> Any:
    """The same network, compiled for the CPU."""
    # numba takes half a second, which the eager core saves.
    from quantlearn.networks.compiled.recurrent.cells import LSTM  # noqa: PLC0415
    from quantlearn.networks.compiled.recurrent.core import RecurrentCore  # noqa: PLC0415

    return RecurrentCore(LSTM, settings, task, threads)


def states(
    x: torch.Tensor,
    weights: dict[str, torch.Tensor],
    name: str,
    start: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Hidden and cell states at each position, (trials, batch, hidden), of the layer ``name``.

    x (trials, batch, positions, inputs); ``start`` are the states before the first position, zeros
    if not given.
    """
    driven, matrix = recurrent.drive(x, weights[f"{name}.kernel"], weights[f"{name}.bias"])
    if start is None:
        zeros = torch.zeros_like(driven[0][:, :, : matrix.shape[1]])
        start = zeros, zeros
    h, c = start
    hidden, cells = [], []
    for sums in driven:
        i, f, g, o = torch.baddbmm(sums, h, matrix).chunk(4, dim=2)
        c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
        h = sigmoid(o) * torch.tanh(c)
        hidden.append(h)
        cells.append(c)
    return hidden, cells


def start_weights(
    settings: dict[str, Any], inputs: int, name: str, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one layer that reads ``inputs`` numbers at each position, by name.

    ``glorot``: kernels Glorot-uniform over [inputs + hidden, 4 · hidden], biases zero but for the
    forget gate's, which is 1 (the 2019 code adds the 1 inside the cell; as a start value it is the
    same network). ``torch``: as torch.nn.LSTM, whose two biases add up to the one here.
    """
    scheme, hidden = settings["initialisation"], settings["hidden"]
    matrix = kernel(rng, inputs + hidden, 4 * hidden, scheme, fan_in=hidden)
    if scheme == "glorot":
        start = np.zeros(4 * hidden)
        start[hidden : 2 * hidden] = 1.0
    else:
        start = sum(bias(rng, 4 * hidden, scheme, fan_in=hidden) for _ in range(2))
    return {f"{name}.kernel": matrix, f"{name}.bias": start}


initialise = partial(recurrent.initialise, start_weights)
forward = partial(recurrent.read, unroll)
