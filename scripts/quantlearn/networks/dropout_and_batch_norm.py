"""Training and evaluation: where a network does not do the same in both.

Dropout and batch normalisation ask the mode that a forward pass runs in. In an ensemble each
network has masks and statistics of its own, so that its numbers do not depend on its company: masks
are drawn from its own random stream, and statistics are of its own batch.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import torch

from quantlearn.errors import QuantlearnError
from quantlearn.networks.layers import standardise

__all__ = ["EVALUATION", "MOMENTUM", "Evaluation", "Training", "demand_several"]

MOMENTUM = 0.1
"""How far running statistics move at each step towards those of the batch."""


class Evaluation:
    """Nothing is dropped, and batch normalisation uses the running statistics."""

    def of(self, some: slice) -> Self:
        """The mode of some of the ensemble's networks."""
        return self

    def gather(self, parts: Sequence[Self]) -> None:
        """Take over what was noted in the modes of all networks, some in each."""

    def dropout(self, x: torch.Tensor, rate: float) -> torch.Tensor:
        """``x`` as it is."""
        return x

    def batch_norm(
        self, x: torch.Tensor, weights: dict[str, torch.Tensor], name: str
    ) -> torch.Tensor:
        """Units (trials, batch, units), standardised by the running mean and variance."""
        mean = weights[f"{name}.running_mean"][:, None]
        variance = weights[f"{name}.running_variance"][:, None]
        return standardise(x, mean, variance, weights, name)


class Training(Evaluation):
    """Units are dropped at random, and batch normalisation uses the statistics of the batch.

    streams: one for each network, from which its masks are drawn. After a forward pass
    ``statistics`` holds the new running statistics, by the name of the weights they replace.

    >>> mode = Training([np.random.default_rng(0)])
    >>> mode.dropout(torch.ones(1, 1, 6), rate=0.5)
    tensor([[[2., 2., 2., 0., 0., 0.]]])
    """

    def __init__(self, streams: Sequence[np.random.Generator]) -> None:
        self.streams = list(streams)
        self.statistics: dict[str, torch.Tensor] = {}

    def of(self, some: slice) -> Self:
        """The mode of some networks, with their streams."""
        return type(self)(self.streams[some])

    def gather(self, parts: Sequence[Self]) -> None:
        """Join the running statistics of the parts."""
        self.statistics = {
            name: torch.cat([part.statistics[name] for part in parts])
            for name in parts[0].statistics
        }

    def dropout(self, x: torch.Tensor, rate: float) -> torch.Tensor:
        """Each element is 0 with probability ``rate``, and else divided by 1 − rate.

        Its expectation is that of evaluation (Srivastava et al. 2014, section 10, "inverted").
        """
        if rate == 0:
            return x
        shape = x.shape[1:]
        drawn = np.stack([stream.random(shape, dtype=np.float32) for stream in self.streams])
        kept = torch.as_tensor(drawn >= rate).to(x.device, x.dtype)
        return x * (kept / (1 - rate))

    def batch_norm(
        self, x: torch.Tensor, weights: dict[str, torch.Tensor], name: str
    ) -> torch.Tensor:
        """Units (trials, batch, units), standardised over the batch (Ioffe & Szegedy 2015).

        As torch.nn.BatchNorm1d: running statistics move by a tenth of the difference at each step,
        and their variance is the unbiased one.
        """
        scenes = x.shape[1]
        demand_several(scenes)
        mean = x.mean(dim=1, keepdim=True)
        variance = (x - mean).square().mean(dim=1, keepdim=True)
        found = {"running_mean": mean, "running_variance": variance * (scenes / (scenes - 1))}
        for statistic, value in found.items():
            old = weights[f"{name}.{statistic}"].detach()
            new = (1 - MOMENTUM) * old + MOMENTUM * value.detach().squeeze(1)
            self.statistics[f"{name}.{statistic}"] = new
        return standardise(x, mean, variance, weights, name)


def demand_several(scenes: int) -> None:
    """Raise `QuantlearnError` where so many scenes have no variance."""
    if scenes == 1:
        raise QuantlearnError(
            "training.batch_size: 1 scene has no variance to normalise by; use 2 or more, or "
            "network.batch_norm: false"
        )


EVALUATION = Evaluation()
