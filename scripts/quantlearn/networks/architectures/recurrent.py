"""What recurrent networks have in common: reading a scene object by object, in several layers.

A layer turns inputs x_1 … x_n into hidden states h_1 … h_n; the next layer reads these. The last
layer's state at the scene's last object is mapped to two logits; in a language model, its state at
every position to logits of the next word. The matrices W for the inputs and U for the previous
hidden state are one kernel [W; U]. Dropout falls on the states that go from one layer to the next,
as in torch.nn.LSTM, and on the state that is read out.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from quantlearn.networks.dropout_and_batch_norm import Evaluation
from quantlearn.networks.layers import affine, bias, kernel
from quantlearn.networks.task import Task
from quantlearn.networks.text_task import TextTask

__all__ = [
    "StartWeights",
    "State",
    "Unroll",
    "drive",
    "initialise",
    "read",
    "read_until",
    "start_readout",
    "unroll_layers",
]

State = tuple[torch.Tensor, ...]
"""What a layer keeps at a position: its hidden state h, of an LSTM also its cell state c."""

Unroll = Callable[[torch.Tensor, dict[str, torch.Tensor], str, dict[str, Any]], list[State]]
"""The states of a layer at each position, from its inputs, the weights, its name, the settings.

Each tensor is (trials, batch, hidden), the inputs are (trials, batch, positions, inputs).
"""


StartWeights = Callable[[dict[str, Any], int, str, np.random.Generator], dict[str, np.ndarray]]
"""The start weights of a layer, from the settings, the numbers that it reads, and its name."""


def initialise(
    start_weights: StartWeights, settings: dict[str, Any], task: Task, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one network by name: layers as the architecture says, and the read-out."""
    weights = {}
    for layer in range(settings["layers"]):
        inputs = settings["hidden"] if layer else task.inputs
        weights |= start_weights(settings, inputs, f"layer{layer}", rng)
    return weights | start_readout(settings, task, rng)


def start_readout(
    settings: dict[str, Any], task: Task | TextTask, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The read-out: Glorot-uniform, or as torch.nn.Linear starts with as many inputs."""
    scheme, hidden = settings["initialisation"], settings["hidden"]
    return {
        "readout.kernel": kernel(rng, hidden, task.outputs, scheme, fan_in=hidden),
        "readout.bias": bias(rng, task.outputs, scheme, fan_in=hidden),
    }


def read(
    unroll: Unroll,
    weights: dict[str, torch.Tensor],
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    settings: dict[str, Any],
    task: Task,
    mode: Evaluation,
) -> torch.Tensor:
    """Logits (trials, batch, 2) for tokens (trials, batch, positions), lengths (trials, batch).

    Where ``task`` is to write words, logits (trials, batch, positions, words). ``unroll`` is that
    of the architecture.
    """
    *_, top = unroll_layers(unroll, weights, tokens, settings, task, mode)
    x = _hidden(top)
    if task.writes:
        return affine(mode.dropout(x, settings["dropout"]), weights, "readout")
    last = read_until(tokens, lengths, settings).long() - 1
    hidden = x.gather(2, last[:, :, None, None].expand(-1, -1, 1, x.shape[3])).squeeze(2)
    return affine(mode.dropout(hidden, settings["dropout"]), weights, "readout")


def unroll_layers(
    unroll: Unroll,
    weights: dict[str, torch.Tensor],
    tokens: torch.Tensor,
    settings: dict[str, Any],
    task: Task,
    mode: Evaluation,
) -> list[list[State]]:
    """The states at each position of each layer, from the lowest to the highest."""
    x = task.one_hot(tokens, weights["readout.kernel"].dtype)
    layers = []
    for number in range(settings["layers"]):
        if number > 0:
            x = mode.dropout(_hidden(layers[-1]), settings["dropout"])
        layers.append(unroll(x, weights, f"layer{number}", settings))
    return layers


def read_until(
    tokens: torch.Tensor, lengths: torch.Tensor, settings: dict[str, Any]
) -> torch.Tensor:
    """The position after which each scene is read out."""
    if settings["padding"] == "read":
        return torch.full_like(lengths, tokens.shape[2])
    return lengths


def drive(
    x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor
) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    """x_t W + b of each position t, (trials, batch, columns) each, and U, cut from the kernel.

    The inputs' part does not wait for the recurrence: one product for all positions.
    """
    trials, batch, positions, inputs = x.shape
    sums = torch.baddbmm(
        bias[:, None], x.reshape(trials, batch * positions, inputs), kernel[:, :inputs]
    )
    return sums.view(trials, batch, positions, -1).unbind(2), kernel[:, inputs:]


def _hidden(states: list[State]) -> torch.Tensor:
    """The hidden states of a layer, (trials, batch, positions, hidden)."""
    return torch.stack([hidden for hidden, *_ in states], dim=2)
