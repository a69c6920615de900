"""Many networks of one architecture as one.

All weights of a network are one row, and the networks of an ensemble are the rows of one matrix
(trials, parameters). An optimiser that works element by element then trains all of them at once,
and dropping a finished trial is dropping a row. No operation mixes rows, so a trial's numbers do
not depend on its company.
"""

import importlib
import math
from typing import Any

import numpy as np
import torch

from quantlearn.errors import QuantlearnError
from quantlearn.networks.loss import cross_entropy
from quantlearn.networks.task import Task

__all__ = ["Ensemble"]

# Rows are filled up to whole vector registers, so that element-wise operations treat each row alike
# wherever it stands: the few elements after the last whole register are rounded differently.
_ROW_MULTIPLE = 64


class Ensemble:
    """An architecture with its settings, for a task.

    >>> import numpy as np, torch
    >>> settings = {"layers": 1, "hidden": 3, "padding": "masked", "initialisation": "glorot",
    ...             "architecture": "lstm", "precision": "float32"}
    >>> ensemble = Ensemble(settings, Task(positions=4, quantifiers=1))
    >>> flat = ensemble.initialise([np.random.default_rng(trial) for trial in range(5)])
    >>> tokens = torch.zeros(5, 7, 4, dtype=torch.uint8)
    >>> ensemble.logits(flat, tokens, torch.full((5, 7), 4)).shape
    torch.Size([5, 7, 2])
    """

    def __init__(
        self,
        settings: dict[str, Any],
        task: Task,
        device: torch.device | str = "cpu",
        core: str = "auto",
    ) -> None:
        self.settings = settings
        self.task = task
        self.dtype = getattr(torch, settings["precision"])
        self.architecture = importlib.import_module(
            f"quantlearn.networks.{settings['architecture']}"
        )
        example = self.architecture.initialise(settings, task, np.random.default_rng(0))
        self.shapes = {name: array.shape for name, array in example.items()}
        self.parameters = sum(array.size for array in example.values())
        self.core = self._choose_core(core, torch.device(device))
        self._row = _ROW_MULTIPLE * math.ceil(self.parameters / _ROW_MULTIPLE)

    def initialise(self, streams: list[np.random.Generator]) -> torch.Tensor:
        """Start weights (trials, row), one random stream for each trial."""
        flat = np.zeros((len(streams), self._row))
        for row, rng in zip(flat, streams, strict=True):
            weights = self.architecture.initialise(self.settings, self.task, rng)
            row[: self.parameters] = np.concatenate([array.ravel() for array in weights.values()])
        return torch.as_tensor(flat, dtype=self.dtype)

    def unpack(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        """Weights by name, each (trials, *shape), views of ``flat`` (trials, row)."""
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        pieces = flat.split([*sizes, self._row - self.parameters], dim=1)
        return {
            name: piece.view(len(flat), *shape)
            for (name, shape), piece in zip(self.shapes.items(), pieces, strict=False)
        }

    def logits(
        self, flat: torch.Tensor, tokens: torch.Tensor, lengths: torch.Tensor
    ) -> torch.Tensor:
        """Logits (trials, batch, 2), false and true, of each network on its own scenes.

        flat (trials, row), tokens (trials, batch, positions), lengths (trials, batch).
        """
        forward = (
            self.architecture.compiled_forward
            if self.core == "compiled"
            else self.architecture.forward
        )
        return forward(self.unpack(flat), tokens, lengths, self.settings, self.task)

    def loss_gradient(
        self, flat: torch.Tensor, tokens: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean cross entropy of each network's batch (trials,) and its gradient (trials, row)."""
        if self.core == "compiled":
            return self.architecture.compiled_gradient(
                flat, tokens, lengths, labels, self.settings, self.task
            )
        flat = flat.detach().requires_grad_()
        loss = cross_entropy(self.logits(flat, tokens, lengths), labels).mean(dim=1)
        (gradient,) = torch.autograd.grad(loss.sum(), flat)
        return loss.detach(), gradient

    def plan(self, tokens: torch.Tensor, lengths: torch.Tensor) -> Any:
        """What the compiled core prepares for scenes that are evaluated again and again."""
        return self.architecture.compiled_plan(tokens, lengths, self.settings, self.dtype)

    @torch.no_grad()
    def planned_logits(self, flat: torch.Tensor, plan: Any) -> torch.Tensor:
        """Logits of the scenes of a plan, without derivatives."""
        return self.architecture.compiled_evaluation(
            self.unpack(flat), plan, self.settings, self.task
        )

    def _choose_core(self, wanted: str, device: torch.device) -> str:
        """``compiled`` where the architecture has such a core and it runs on the device."""
        covered = hasattr(self.architecture, "compiled_forward") and device.type == "cpu"
        if wanted == "compiled" and not covered:
            raise QuantlearnError(
                f"training.core: compiled was asked for, but {self.settings['architecture']} on "
                f"{device.type} has no compiled core; use auto or eager"
            )
        return "compiled" if covered and wanted != "eager" else "eager"
