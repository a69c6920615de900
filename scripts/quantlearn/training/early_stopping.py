"""Early stopping: when a trial's monitored loss ends its training, and which weights are kept."""

from typing import Any

import numpy as np
import torch

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """The best monitored loss of each running trial, with the step and the weights it came from.

    Args:
        flat: start weights (trials, row).
        patience: evaluations without improvement after which a trial ends; None for no such end.
        stop_loss: a trial ends once its loss is below; None for no such end.

    >>> stopping = EarlyStopping(torch.zeros(1, 3), patience=2, stop_loss=None)
    >>> for step, loss in enumerate([0.5, 0.6, 0.7]):
    ...     reasons = stopping.look(np.array([0]), np.array([loss]), step, torch.zeros(1, 3))
    >>> reasons.tolist(), stopping.best_step.tolist()
    (['patience'], [0])
    """

    def __init__(self, flat: torch.Tensor, patience: int | None, stop_loss: float | None) -> None:
        self.patience = patience
        self.stop_loss = stop_loss
        self.best_loss = np.full(len(flat), np.inf)
        self.best_step = np.zeros(len(flat), dtype=np.int64)
        self.best = flat.clone()
        self.waited = np.zeros(len(flat), dtype=np.int64)

    def look(
        self, positions: np.ndarray, loss: np.ndarray, step: int, flat: torch.Tensor
    ) -> np.ndarray:
        """Note the loss of the trials at ``positions`` at a step; why each is to end, or "".

        flat (trials, row): the weights of all running trials.
        """
        better = loss < self.best_loss[positions]
        improved = positions[better]
        self.best_loss[improved] = loss[better]
        self.best_step[improved] = step
        self.best[improved] = flat[improved]
        self.waited[positions] += 1
        self.waited[improved] = 0
        reasons = np.full(len(positions), "", dtype=object)
        if self.patience is not None:
            reasons[self.waited[positions] >= self.patience] = "patience"
        if self.stop_loss is not None:
            reasons[loss < self.stop_loss] = "threshold"
        return reasons

    def keep(self, positions: np.ndarray) -> None:
        """Go on with the trials at ``positions`` only."""
        self.best = self.best[torch.as_tensor(positions, device=self.best.device)]
        self.best_loss = self.best_loss[positions]
        self.best_step = self.best_step[positions]
        self.waited = self.waited[positions]

    def export(self) -> dict[str, Any]:
        """What changes as training goes on, as arrays."""
        return {
            "best_loss": self.best_loss,
            "best_step": self.best_step,
            "best": self.best.cpu().numpy(),
            "waited": self.waited,
        }

    def restore(self, exported: dict[str, Any]) -> None:
        """Go on from what was exported."""
        self.best_loss = exported["best_loss"]
        self.best_step = exported["best_step"]
        self.best = torch.tensor(exported["best"], device=self.best.device)
        self.waited = exported["waited"]
