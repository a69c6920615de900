"""An LSTM that reads a scene, and another that goes on from its states and writes a sentence.

Sequence to sequence (Sutskever, Vinyals & Le 2014). Each layer of the decoder starts from the
hidden and the cell state that the encoder's layer has after the last object. At each position the
decoder reads a word, and its last layer's state s is mapped to logits of the next word.

With ``attention: dot`` (Luong, Pham & Manning 2015, equations 5 to 8) the decoder also looks back
at the encoder's states h_1 … h_n, which stand for the objects:

    α_i = softmax_i(s · h_i),     c = Σ_i α_i h_i,     s̃ = tanh([s; c] W)

and s̃ takes the place of s.
"""

import math
from typing import Any

import numpy as np
import torch

from quantlearn.networks.architectures import lstm, recurrent
from quantlearn.networks.dropout_and_batch_norm import Evaluation
from quantlearn.networks.layers import affine, kernel
from quantlearn.networks.text_task import TextTask


def initialise(
    settings: dict[str, Any], task: TextTask, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one network by name: layers as those of `lstm`, the rest as its read-out."""
    scheme, hidden = settings["initialisation"], settings["hidden"]
    weights = {}
    for part in ("encoder", "decoder"):
        for layer in range(settings["layers"]):
            inputs = hidden if layer else task.inputs
            weights |= lstm.start_weights(settings, inputs, f"{part}.layer{layer}", rng)
    if settings["attention"] == "dot":
        weights["attention.kernel"] = kernel(rng, 2 * hidden, hidden, scheme)
    return weights | recurrent.start_readout(settings, task, rng)


def forward(
    weights: dict[str, torch.Tensor],
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    settings: dict[str, Any],
    task: TextTask,
    mode: Evaluation,
) -> torch.Tensor:
    """Logits (trials, batch, words, vocabulary) of the word after each that the decoder reads.

    tokens (trials, batch, positions), those of the scene before those of the sentence; lengths
    (trials, batch), the number of objects.
    """
    one_hot = task.one_hot(tokens, weights["readout.kernel"].dtype)
    x, words = one_hot[:, :, : task.scene_positions], one_hot[:, :, task.scene_positions :]
    last = (lengths.long() - 1)[:, :, None, None].expand(-1, -1, 1, settings["hidden"])
    for number in range(settings["layers"]):
        if number > 0:
            x, words = (mode.dropout(part, settings["dropout"]) for part in (x, words))
        hidden, cells = (
            torch.stack(states, dim=2)
            for states in lstm.states(x, weights, f"encoder.layer{number}")
        )
        start = tuple(states.gather(2, last).squeeze(2) for states in (hidden, cells))
        written, _ = lstm.states(words, weights, f"decoder.layer{number}", start)
        x, words = hidden, torch.stack(written, dim=2)
    if settings["attention"] == "dot":
        words = _attend(words, x, lengths, weights["attention.kernel"])
    return affine(mode.dropout(words, settings["dropout"]), weights, "readout")


def _attend(
    asking: torch.Tensor, states: torch.Tensor, lengths: torch.Tensor, matrix: torch.Tensor
) -> torch.Tensor:
    """tanh([s; c] W) for each s (trials, batch, words, hidden), c from ``states`` of the scene."""
    padding = torch.arange(states.shape[2], device=lengths.device) >= lengths[:, :, None]
    scores = (asking @ states.transpose(2, 3)).masked_fill(padding[:, :, None], -math.inf)
    # torch.softmax would do, but what its derivative rounds to depends on the number of threads.
    found = scores.log_softmax(dim=-1).exp() @ states
    both = torch.cat([asking, found], dim=3)
    return torch.tanh(both.flatten(1, 2) @ matrix).view_as(asking)
