"""A network of any architecture that reads a scene, and an LSTM that writes a sentence about it.

What the reader would say of the scene's truth is here a vector of 2 · hidden numbers, the hidden
and the cell state from which the LSTM starts; all that the sentence can tell goes through them. As
networks that caption images do (Vinyals et al. 2015, "Show and tell"), whose readers are
convolutional. The reader sees zones, no words; the writer is the same whatever the reader is.
"""

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from quantlearn.networks import architectures
from quantlearn.networks.architectures import lstm, recurrent
from quantlearn.networks.dropout_and_batch_norm import Evaluation
from quantlearn.networks.layers import affine
from quantlearn.networks.settings import ARCHITECTURES
from quantlearn.networks.task import Task
from quantlearn.networks.text_task import TextTask
from quantlearn.semantics.scenes import PADDING, ZONES

_READER = "reader."


@dataclass(frozen=True)
class Reading(Task):
    """Scenes of so many ``positions``, from which a network makes so many numbers."""

    outputs: int = 2


def initialise(
    settings: dict[str, Any], task: TextTask, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights of one network by name: those of the reader, the writer's layer and its read-out."""
    reader = _module(settings).initialise(_of_reader(settings), _reading(settings, task), rng)
    return {
        **{f"{_READER}{name}": array for name, array in reader.items()},
        **lstm.start_weights(settings, task.inputs, "writer.layer0", rng),
        **recurrent.start_readout(settings, task, rng),
    }


def forward(
    weights: dict[str, torch.Tensor],
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    settings: dict[str, Any],
    task: TextTask,
    mode: Evaluation,
) -> torch.Tensor:
    """Logits (trials, batch, words, vocabulary) of the word after each that the writer reads.

    tokens (trials, batch, positions), those of the scene before those of the sentence; lengths
    (trials, batch), the number of objects.
    """
    of_scene, of_sentence = tokens.split(
        [task.scene_positions, task.positions - task.scene_positions], dim=2
    )
    reader = {
        name.removeprefix(_READER): array
        for name, array in weights.items()
        if name.startswith(_READER)
    }
    # Of a scene's words the first are the zones, by their codes; behind it there is padding.
    scene = torch.where(of_scene < len(ZONES), of_scene, PADDING)
    read = _module(settings).forward(
        reader, scene, lengths, _of_reader(settings), _reading(settings, task), mode
    )
    words = task.one_hot(of_sentence, weights["readout.kernel"].dtype)
    hidden, _ = lstm.states(words, weights, "writer.layer0", read.chunk(2, dim=2))
    states = mode.dropout(torch.stack(hidden, dim=2), settings["dropout"])
    return affine(states, weights, "readout")


def _module(settings: dict[str, Any]) -> Any:
    return importlib.import_module(f"{architectures.__name__}.{settings['reader']}")


def _of_reader(settings: dict[str, Any]) -> dict[str, Any]:
    own = ARCHITECTURES[settings["reader"]].settings
    given = {
        name: value for name, value in settings.items() if name not in ("architecture", "reader")
    }
    return {name: part["default"] for name, part in own.items()} | given


def _reading(settings: dict[str, Any], task: TextTask) -> Reading:
    return Reading(task.scene_positions, 1, outputs=2 * settings["hidden"])
