"""The compiled core for transformer encoders: the same functions as `architectures.transformer`."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from quantlearn.networks.compiled import transformer_kernels
from quantlearn.networks.compiled.batches import Batches
from quantlearn.networks.compiled.layers import ACTIVATIONS
from quantlearn.networks.compiled.scene_core import Layout, SceneCore, filled
from quantlearn.networks.compiled.transformer_kernels import Sizes
from quantlearn.networks.task import Task

__all__ = ["TransformerCore"]


class TransformerCore(SceneCore):
    """Transformers of one setting; ``waves`` (positions, width) tell places, if they do."""

    kernel = staticmethod(transformer_kernels.run)

    def __init__(
        self, settings: dict[str, Any], task: Task, threads: int, waves: Tensor | None
    ) -> None:
        super().__init__(settings, task, threads)
        self.sizes = _sizes(settings, task)
        layout = _layout(self.sizes, settings, task)
        self.places, self.packed = layout.places, np.zeros(layout.size)
        if waves is not None:
            start = (self.sizes.inputs + 1) * self.sizes.width
            rows = self.packed[start : start + task.positions * self.sizes.width]
            rows.reshape(task.positions, -1)[:, : self.sizes.units] = waves

    def read_until(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Positions (trials, batch) of each scene that attention is paid to."""
        if self.settings["padding"] == "masked":
            return lengths
        return torch.full_like(lengths, tokens.shape[2])

    def order(self, lengths: np.ndarray) -> np.ndarray:
        """The scenes (trials, batch) by length, so that no lane waits for long ones."""
        return np.argsort(lengths, axis=1, kind="stable").astype(np.int32)

    def vectors_needed(self, batches: Batches, lanes: int, train: bool) -> int:
        """Vectors of memory for a block of the longest scenes."""
        rows = (int(batches.lengths.max(initial=0)) + 2) // 2 * 2
        return transformer_kernels.workspace(self.sizes, rows, self.sizes.layers if train else 1)

    def units_drawn(self, scenes: int, positions: int) -> int:
        """Units that dropout keeps or drops: hidden ones of all rows, at last of the read-out."""
        return scenes * self.sizes.drawn * ((self.sizes.layers - 1) * (1 + positions) + 1)


def _sizes(settings: dict[str, Any], task: Task) -> Sizes:
    heads, head = settings["heads"], settings["head_size"]
    head_width = head + head % 2
    return Sizes(
        layers=settings["layers"],
        heads=heads,
        head=head,
        head_width=head_width,
        found=filled(heads * head_width),
        units=heads * head,
        width=filled(heads * head),
        hidden=filled(settings["hidden"]),
        drawn=settings["hidden"],
        inputs=filled(task.inputs + 1),
        places=task.positions + 1,
        activation=ACTIVATIONS.index(settings["activation"]),
    )


def _layout(sizes: Sizes, settings: dict[str, Any], task: Task) -> Layout:
    model, hidden, norm = np.arange(sizes.units), np.arange(settings["hidden"]), np.arange(2)
    answers = np.arange(sizes.heads)[:, None] * sizes.head_width + np.arange(sizes.head)
    answers = answers.ravel()
    parts = (np.arange(3)[:, None] * sizes.found + answers).ravel()
    learned = np.arange(task.positions if settings["position"] == "learned" else 0)
    width, layout = sizes.width, Layout()
    layout.add_layer(np.arange(task.inputs + 1), model, sizes.inputs, width)
    layout.add(learned, model, sizes.places, width)
    for _ in range(sizes.layers):
        layout.add(norm, model, 2, width)
        layout.add_layer(model, parts, width, 3 * sizes.found)
        layout.add_layer(answers, model, sizes.found, width)
        layout.add(norm, model, 2, width)
        layout.add_layer(model, hidden, width, sizes.hidden)
        layout.add_layer(hidden, model, sizes.hidden, width)
    layout.add(norm, model, 2, width)
    layout.add_layer(model, np.arange(task.outputs), width, 4)
    return layout
