"""The compiled core for recurrent networks: the same functions as `recurrent.read`, by `compiled`.

An architecture says which cell it is made of. Its weights are those of the eager network; here they
are cut into what the core takes.
"""

from typing import Any

import torch

from quantlearn.networks import compiled, recurrent
from quantlearn.networks.cells import Cell
from quantlearn.networks.layers import affine
from quantlearn.networks.task import Task

__all__ = ["RecurrentCore"]


class RecurrentCore:
    """Networks of one cell and setting on the CPU. ``trains``: it knows no dropout.

    Without dropout, its results are those of the architecture's ``forward`` but for rounding. They
    do not depend on ``threads``, over which the networks of an ensemble are spread.
    """

    def __init__(self, cell: Cell, settings: dict[str, Any], task: Task, threads: int = 1) -> None:
        self.cell = cell
        self.settings = settings
        self.task = task
        self.threads = threads
        self.trains = settings["dropout"] == 0

    def logits(
        self, weights: dict[str, torch.Tensor], tokens: torch.Tensor, lengths: torch.Tensor
    ) -> torch.Tensor:
        """Logits (trials, batch, 2) for tokens (trials, batch, positions), differentiable."""
        lengths = recurrent.read_until(tokens, lengths, self.settings)
        parts = self._parts(weights)
        hidden = compiled.hidden_over_tokens(
            self.cell, tokens, lengths, *parts, threads=self.threads
        )
        return affine(hidden, weights, "readout")

    def loss_gradient(
        self,
        flat: torch.Tensor,
        tokens: torch.Tensor,
        lengths: torch.Tensor,
        labels: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean cross entropy of each trial's batch (trials,) and its gradient, as ``flat``."""
        return compiled.loss_gradient(
            self.cell,
            flat,
            tokens,
            recurrent.read_until(tokens, lengths, self.settings),
            labels,
            self.task.token_table(flat.dtype, flat.device),
            self.settings["layers"],
            self.settings["hidden"],
            self.threads,
        )

    def plan(
        self, tokens: torch.Tensor, lengths: torch.Tensor, dtype: torch.dtype
    ) -> compiled.EvaluationPlan:
        """What is prepared once for scenes that are evaluated again and again."""
        lengths = recurrent.read_until(tokens, lengths, self.settings)
        return compiled.evaluation_plan(tokens, lengths, dtype)

    def planned_logits(
        self, weights: dict[str, torch.Tensor], plan: compiled.EvaluationPlan
    ) -> torch.Tensor:
        """Logits of the scenes of a plan, without derivatives."""
        parts = self._parts(weights)
        hidden = compiled.evaluate_over_tokens(self.cell, plan, *parts, threads=self.threads)
        return affine(hidden, weights, "readout")

    def _parts(
        self, weights: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor], list[torch.Tensor]]:
        """What `compiled.hidden_over_tokens` takes: table, inputs, recurrents, biases.

        The first layer sees only a few different inputs, so what each adds to the gates is a table.
        """
        driven, recurrents, biases = [], [], []
        for layer in range(self.settings["layers"]):
            kernel, bias = weights[f"layer{layer}.kernel"], weights[f"layer{layer}.bias"]
            rows = kernel.shape[1] - self.settings["hidden"]
            driven.append(self._by_gate(kernel[:, :rows], self.cell.driven))
            recurrents.append(self._by_gate(kernel[:, rows:], self.cell.recurrent))
            more = weights.get(f"layer{layer}.reset_bias")
            biases.append(bias if more is None else torch.cat([bias, more], dim=1))
        vectors = self.task.token_table(biases[0].dtype, biases[0].device)
        table = torch.baddbmm(biases[0][:, None], vectors.expand(len(biases[0]), -1, -1), driven[0])
        return table, driven[1:], recurrents, biases[1:]

    def _by_gate(self, matrix: torch.Tensor, blocks: tuple[int | None, ...]) -> torch.Tensor:
        """A matrix with a block of columns for each gate, from one that leaves out what is zero."""
        stored = matrix.split(self.settings["hidden"], dim=2)
        if len(stored) == len(blocks):
            return matrix
        zeros = torch.zeros_like(stored[0])
        return torch.cat([zeros if block is None else stored[block] for block in blocks], dim=2)
