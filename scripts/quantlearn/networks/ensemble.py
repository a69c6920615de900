"""Many networks of one architecture as one.

All weights of a network are one row, and the networks of an ensemble are the rows of one matrix
(trials, parameters). An optimiser that works element by element then trains all of them at once,
and dropping a finished trial is dropping a row. No operation mixes rows. The compiled core gives a
trial the same numbers, bit by bit, whatever its company; the eager core, whose matrix products may
round by a matrix's place among others on some processors, the same within 1e-6 in each step.
"""

import importlib
import logging
import math
from typing import Any

import numpy as np
import torch

from quantlearn.errors import QuantlearnError
from quantlearn.networks import architectures
from quantlearn.networks.dropout_and_batch_norm import EVALUATION, Evaluation, Training
from quantlearn.networks.fused.core import FusedCore
from quantlearn.networks.loss import LOSSES, mean_loss, squared_error
from quantlearn.networks.task import Task
from quantlearn.networks.text_task import TextTask

__all__ = ["Ensemble"]

log = logging.getLogger("quantlearn")

# Rows are filled up to whole vector registers, so that element-wise operations treat each row alike
# wherever it stands: the few elements after the last whole register are rounded differently.
_ROW_MULTIPLE = 64

_TRIALS = 16
"""Networks that the eager core trains at once on a CPU. What a step keeps until the gradient is
known then takes a bounded part of the memory, and most of it fits into the caches."""


class Ensemble:
    """An architecture with its settings, for a task, and the loss that it is to make small.

    ``core`` is what computes training: ``compiled`` (on a CPU), ``eager`` (plain PyTorch),
    ``graph`` (the eager core's updates, recorded as a CUDA graph by whoever trains) or ``fused``
    (on a GPU, many updates in a launch; it leaves evaluation to the eager core), and ``planned``
    whether the compiled core evaluates, which it can also do for networks that it cannot train. It
    spreads the networks over ``threads`` threads, which changes no number.

    >>> import numpy as np, torch
    >>> settings = {"layers": 1, "hidden": 3, "padding": "masked", "dropout": 0.0,
    ...             "initialisation": "glorot", "architecture": "lstm", "precision": "float32"}
    >>> ensemble = Ensemble(settings, Task(positions=4, quantifiers=1))
    >>> flat = ensemble.initialise([np.random.default_rng(trial) for trial in range(5)])
    >>> tokens = torch.zeros(5, 7, 4, dtype=torch.uint8)
    >>> ensemble.logits(flat, tokens, torch.full((5, 7), 4)).shape
    torch.Size([5, 7, 2])
    """

    def __init__(
        self,
        settings: dict[str, Any],
        task: Task | TextTask,
        device: torch.device | str = "cpu",
        core: str = "auto",
        loss: str = "cross_entropy",
        threads: int = 1,
    ) -> None:
        self.settings = settings
        self.task = task
        self.threads = threads
        self.loss = LOSSES[loss]
        self.dtype = getattr(torch, settings["precision"])
        self.architecture = importlib.import_module(
            f"{architectures.__name__}.{settings['architecture']}"
        )
        example = self.architecture.initialise(settings, task, np.random.default_rng(0))
        self.shapes = {name: array.shape for name, array in example.items()}
        self.parameters = sum(array.size for array in example.values())
        slow = core in ("eager", "fused")
        self.compiled = None if slow else self._compiled_core(torch.device(device))
        self.fused = FusedCore(settings, task, torch.device(device)) if core == "fused" else None
        self.core = self._choose_core(core, torch.device(device))
        self.planned = self.compiled is not None
        self._row = _ROW_MULTIPLE * math.ceil(self.parameters / _ROW_MULTIPLE)

    def share_threads(self) -> None:
        """Let torch itself use as many threads as there is use for.

        The eager core needs all; beside the compiled one torch does little but the optimiser's
        steps, which are so short that threads would wait for one another most of the time.
        """
        torch.set_num_threads(1 if self.core == "compiled" else self.threads)

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
        self,
        flat: torch.Tensor,
        tokens: torch.Tensor,
        lengths: torch.Tensor,
        mode: Evaluation = EVALUATION,
    ) -> torch.Tensor:
        """Logits (trials, batch, 2), false and true, of each network on its own scenes.

        flat (trials, row), tokens (trials, batch, positions), lengths (trials, batch). Of networks
        that write, logits (trials, batch, words, vocabulary): of each word after those before it.
        The compiled core's have no derivatives: `loss_gradient` gives these.
        """
        if self.core == "compiled":
            return self.planned_logits(flat, self.plan(tokens, lengths))
        weights = self.unpack(flat)
        return self.architecture.forward(weights, tokens, lengths, self.settings, self.task, mode)

    def loss_gradient(
        self,
        flat: torch.Tensor,
        tokens: torch.Tensor,
        lengths: torch.Tensor,
        labels: torch.Tensor,
        mode: Evaluation = EVALUATION,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean loss of each network's batch (trials,) and its gradient (trials, row)."""
        if self.core == "compiled":
            squared = self.loss is squared_error
            return self.compiled.loss_gradient(flat, tokens, lengths, labels, mode, squared)
        if self.core != "eager" or flat.is_cuda:
            return self._loss_gradient(flat, tokens, lengths, labels, mode)
        places = [slice(first, first + _TRIALS) for first in range(0, len(flat), _TRIALS)]
        modes = [mode.of(some) for some in places]
        found = [
            self._loss_gradient(flat[some], tokens[some], lengths[some], labels[some], own)
            for some, own in zip(places, modes, strict=True)
        ]
        mode.gather(modes)
        return tuple(torch.cat(parts) for parts in zip(*found, strict=True))

    @property
    def descends(self) -> bool:
        """Whether `descend` takes all steps of a round at once."""
        return self.core == "fused" or (self.core == "compiled" and self.compiled.descends)

    def descend(
        self,
        flat: torch.Tensor,
        tokens: torch.Tensor,
        lengths: torch.Tensor,
        labels: torch.Tensor,
        mode: Evaluation,
        adam: Any,
    ) -> torch.Tensor:
        """Move ``flat`` by a step for each batch (steps, trials, …); losses (steps, trials)."""
        squared = self.loss is squared_error
        if self.core == "fused":
            return self.fused.descend(flat, tokens, lengths, labels, adam, squared)
        return self.compiled.descend(flat, tokens, lengths, labels, mode, adam, squared)

    def _loss_gradient(
        self,
        flat: torch.Tensor,
        tokens: torch.Tensor,
        lengths: torch.Tensor,
        labels: torch.Tensor,
        mode: Evaluation,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        flat = flat.detach().requires_grad_()
        loss = mean_loss(self.loss, self.logits(flat, tokens, lengths, mode), labels)
        (gradient,) = torch.autograd.grad(loss.sum(), flat)
        return loss.detach(), gradient

    @torch.no_grad()
    def update_statistics(self, flat: torch.Tensor, mode: Training) -> None:
        """Put the running statistics of the last forward pass in ``mode`` into ``flat``.

        They are numbers of the row that follow no gradient. To be called after the optimiser's
        step, which moves the whole row, so that what it did to them is undone.
        """
        if mode.statistics:
            weights = self.unpack(flat)
            for name, values in mode.statistics.items():
                weights[name].copy_(values)

    def plan(self, tokens: torch.Tensor, lengths: torch.Tensor) -> Any:
        """What the compiled core prepares for scenes that are evaluated again and again."""
        return self.compiled.plan(tokens, lengths, self.dtype)

    @torch.no_grad()
    def planned_logits(self, flat: torch.Tensor, plan: Any) -> torch.Tensor:
        """Logits of the scenes of a plan, without derivatives."""
        return self.compiled.planned_logits(flat, plan)

    def _compiled_core(self, device: torch.device) -> Any:
        """What computes the architecture's networks on the device faster, None if nothing does."""
        make = getattr(self.architecture, "compiled_core", None)
        if make is None or device.type != "cpu" or self.task.writes:
            return None
        return make(self.settings, self.task, self.threads)

    def _choose_core(self, wanted: str, device: torch.device) -> str:
        """The faster core of this kind of device, where it can train with these settings."""
        if wanted in ("eager", "fused"):
            return wanted
        name = self.settings["architecture"]
        fast = "graph" if device.type == "cuda" else "compiled"
        if wanted not in ("auto", fast):
            lacking = f"{name} on {device.type} has no {wanted} core"
        elif fast == "graph" and self.settings.get("dropout", 0) > 0:
            lacking = f"{name} with dropout, whose masks the CPU draws, is no CUDA graph"
        elif fast == "compiled" and self.task.writes:
            lacking = f"there is no compiled core for {name} that writes words"
        elif fast == "compiled" and self.compiled is None:
            lacking = f"{name} on {device.type} has no compiled core"
        else:
            return fast
        if wanted != "auto":
            raise QuantlearnError(
                f"training.core: {wanted} was asked for, but {lacking}; use auto or eager"
            )
        log.info("trained by the eager core: %s", lacking)
        return "eager"
