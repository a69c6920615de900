"""Networks that train on a GPU, all steps of a round in one launch for many networks."""

import importlib.util
import os
from typing import Any

import numpy as np
import torch
from torch import Tensor

from quantlearn.errors import QuantlearnError
from quantlearn.networks.architectures.recurrent import read_until
from quantlearn.networks.architectures.transformer import waves
from quantlearn.networks.compiled.batches import Adam
from quantlearn.networks.dropout_and_batch_norm import demand_several
from quantlearn.networks.fused.limits import MOST_INPUTS, demand_trainable
from quantlearn.networks.fused.sizes import Round, sizes_of
from quantlearn.networks.task import Task
from quantlearn.semantics.scenes import ZONES

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
        rounding. Running statistics of batch normalisation, which are numbers of the row, move by
        the batches; Adam's averages of them are not kept.

        Raises `QuantlearnError` where one scene is to be normalised.
        """
        # Triton takes a second, which whoever trains by another core saves.
        from quantlearn.networks.fused.kernels.descend import descend  # noqa: PLC0415

        if not flat.is_contiguous():
            raise ValueError("weights that are moved must be contiguous")
        steps, networks, batch, positions = tokens.shape
        if positions != self.task.positions:
            raise ValueError(f"scenes have {positions} positions, not {self.task.positions}")
        if self.settings.get("batch_norm"):
            demand_several(batch)
        sizes = sizes_of(self.settings, self.task, batch, squared)
        until, inputs, position_waves = lengths, None, None
        if self.settings["architecture"] == "feedforward":
            inputs = torch.as_tensor(_inputs_of_scenes(self.settings, self.task)).to(flat.device)
        else:
            until = read_until(tokens.flatten(0, 1), lengths.flatten(0, 1), self.settings)
        if self.settings.get("position") == "sinusoidal":
            position_waves = waves(positions, sizes.width, flat.dtype, flat.device)
        batches = Round(
            tokens=tokens.contiguous(),
            lengths=until.to(torch.int32).contiguous(),
            labels=labels.contiguous(),
            vectors=self.task.token_table(flat.dtype, flat.device).contiguous(),
            losses=flat.new_empty(steps, networks),
            inputs=inputs,
            waves=position_waves,
        )
        together = max(1, min(networks, _MOST_BYTES // (4 * sizes.memory)))
        memory = flat.new_empty(together, sizes.memory)
        for first in range(0, networks, together):
            descend[(min(together, networks - first),)](
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


def _inputs_of_scenes(settings: dict[str, Any], task: Task) -> np.ndarray:
    """The positions, and the places in the vectors of their tokens, of a scene's inputs (2, N)."""
    places = task.scene_inputs(settings["objects"])
    behind = places - len(ZONES) * task.positions  # from 0 on, those of the quantifier
    positions = np.where(behind < 0, places // len(ZONES), 0)
    numbers = np.where(behind < 0, places % len(ZONES), len(ZONES) + behind)
    return np.stack([positions, numbers]).astype(np.int32)
