"""Recurrent networks that train on a GPU, all steps of a round in one launch for many networks."""

import importlib.util
import os
from typing import Any

import torch
from torch import Tensor

from quantlearn.errors import QuantlearnError
from quantlearn.networks.architectures import recurrent
from quantlearn.networks.compiled.batches import Adam
from quantlearn.networks.fused.limits import MOST_INPUTS, demand_trainable
from quantlearn.networks.fused.sizes import Round, sizes_of
from quantlearn.networks.task import Task

__all__ = ["FusedCore"]

_MOST_BYTES = 2**32
"""Of memory on the way back. Networks for which there is no room wait for the next launch."""


class FusedCore:
    """Networks of one setting on a GPU, trained by Adam or AdamW.

    Each is a program of its own, which computes in an order that its own scenes decide: the numbers
    of a network do not depend on its company.

    Raises `QuantlearnError` for settings, tasks and devices that it cannot train with.
    """

    def __init__(self, settings: dict[str, Any], task: Task, device: torch.device) -> None:
        demand_trainable("network", settings)
        if task.writes or task.inputs > MOST_INPUTS:
            raise QuantlearnError(
                "training.core: fused trains networks that read at most "
                f"{MOST_INPUTS} numbers for an object or word and write none; use auto"
            )
        # An environment variable of Triton's own.
        if device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
            raise QuantlearnError(
                f"training.core: fused is for a GPU, and the device is {device.type}; use auto"
            )
        if importlib.util.find_spec("triton") is None:
            raise QuantlearnError(
                "training.core: fused needs the package triton, which comes with PyTorch for CUDA "
                "on Linux, and it is not installed; use auto"
            )
        self.settings = settings
        self.task = task

    def descend(
        self,
        flat: Tensor,
        tokens: Tensor,
        lengths: Tensor,
        labels: Tensor,
        adam: Adam,
        squared: bool = False,
    ) -> Tensor:
        """Move ``flat`` by a step for each batch (steps, trials, …); losses (steps, trials) before.

        The same as a gradient of the eager core and a step of the optimiser in turn, but for
        rounding.
        """
        # Triton takes a second, which whoever trains by another core saves.
        from quantlearn.networks.fused import kernels  # noqa: PLC0415

        if not flat.is_contiguous():
            raise ValueError("weights that are moved must be contiguous")
        steps, networks, batch, positions = tokens.shape
        sizes = sizes_of(self.settings, self.task.inputs, batch, positions, squared)
        until = recurrent.read_until(tokens.flatten(0, 1), lengths.flatten(0, 1), self.settings)
        batches = Round(
            tokens=tokens.contiguous(),
            lengths=until.to(torch.int32).contiguous(),
            labels=labels.contiguous(),
            vectors=self.task.token_table(flat.dtype, flat.device).contiguous(),
            losses=flat.new_empty(steps, networks),
        )
        together = max(1, min(networks, _MOST_BYTES // (4 * sizes.memory)))
        memory = flat.new_empty(together, sizes.memory)
        for first in range(0, networks, together):
            kernels.descend[(min(together, networks - first),)](
                flat.detach(),
                flat.shape[1],
                batches,
                adam,
                memory,
                sizes.memory,
                first,
                networks,
                steps,
                sizes,
                num_warps=sizes.warps,
                num_stages=1,  # no load ahead of a store that it waits for
            )
        return batches.losses
