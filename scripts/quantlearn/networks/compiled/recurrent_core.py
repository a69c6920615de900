"""The compiled core for recurrent networks: the same functions as `recurrent.read`, by `compiled`.

An architecture says which cell it is made of. Its weights are those of the eager network.
"""

from typing import Any

import torch

from quantlearn.networks.architectures import recurrent
from quantlearn.networks.compiled import core
from quantlearn.networks.compiled.cells import Cell
from quantlearn.networks.compiled.plans import EvaluationPlan, evaluation_plan
from quantlearn.networks.task import Task

__all__ = ["RecurrentCore"]


class RecurrentCore:
    """Networks of one cell and setting on the CPU. ``trains``: it knows no dropout.

    Without dropout, its results are those of the architecture's ``forward`` but for rounding. A
    network's are the same, bit by bit, whatever its company in the ensemble and however many
    ``threads`` the networks are spread over: no number of it is touched by anything else's.
    """

    def __init__(self, cell: Cell, settings: dict[str, Any], task: Task, threads: int = 1) -> None:
        self.shape = core.Shape(cell, settings["layers"], settings["hidden"])
        self.settings = settings
        self.task = task
        self.threads = threads
        self.trains = settings["dropout"] == 0

    def loss_gradient(
        self,
        flat: torch.Tensor,
        tokens: torch.Tensor,
        lengths: torch.Tensor,
        labels: torch.Tensor,
        squared: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean loss of each trial's batch (trials,) and its gradient, as ``flat``.

        The loss is the cross entropy, or where ``squared`` the squared error.
        """
        return core.loss_gradient(
            self.shape,
            flat,
            tokens,
            recurrent.read_until(tokens, lengths, self.settings),
            labels,
            self.task.token_table(flat.dtype, flat.device),
            squared,
            self.threads,
        )

    def plan(
        self, tokens: torch.Tensor, lengths: torch.Tensor, dtype: torch.dtype
    ) -> EvaluationPlan:
        """What is prepared once for scenes that are evaluated again and again."""
        lengths = recurrent.read_until(tokens, lengths, self.settings)
        return evaluation_plan(tokens, lengths, dtype)

    def planned_logits(self, flat: torch.Tensor, plan: EvaluationPlan) -> torch.Tensor:
        """Logits (trials, scenes, 2) of the scenes of a plan, without derivatives."""
        vectors = self.task.token_table(flat.dtype, flat.device)
        return core.evaluate(self.shape, plan, flat, vectors, self.threads)
