"""What recurrent networks have in common: reading a scene object by object, in several layers.

A layer turns inputs x_1 … x_n into hidden states h_1 … h_n; the next layer reads these. The last
layer's state at the scene's last object is mapped to two logits; in a language model, its state at
every position to logits of the next word. The matrices W for the inputs and U for the previous
hidden state are one kernel [W; U]. Dropout falls on the states that go from one layer to the next,
as in torch.nn.LSTM, and on the state that is read out.
"""

from collections.abc import Callable
from typing import Any

import torch

from quantlearn.networks.layers import affine
from quantlearn.networks.modes import Evaluation
from quantlearn.networks.task import Task

__all__ = ["drive", "read", "read_until"]


def read(
    layer: Callable[[torch.Tensor, str], torch.Tensor],
    weights: dict[str, torch.Tensor],
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    settings: dict[str, Any],
    task: Task,
    mode: Evaluation,
) -> torch.Tensor:
    """Logits (trials, batch, 2) for tokens (trials, batch, positions), lengths (trials, batch).

    Where ``task`` is to write words, logits (trials, batch, positions, words).

    ``layer(x, name)`` gives the hidden states (trials, batch, positions, hidden) of a layer for its
    inputs x, with the weights called ``{name}.…``.
    """
    x = task.one_hot(tokens, weights["readout.kernel"].dtype)
    for number in range(settings["layers"]):
        if number > 0:
            x = mode.dropout(x, settings["dropout"])
        x = layer(x, f"layer{number}")
    if task.writes:
        return affine(mode.dropout(x, settings["dropout"]), weights, "readout")
    last = read_until(tokens, lengths, settings).long() - 1
    hidden = x.gather(2, last[:, :, None, None].expand(-1, -1, 1, x.shape[3])).squeeze(2)
    return affine(mode.dropout(hidden, settings["dropout"]), weights, "readout")


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
