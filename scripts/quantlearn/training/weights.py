"""Trained networks from disk, ready to run, and as they were before training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.weight_files import read_arrays, unreadable
from quantlearn.seeds import parts_of_trial, random_stream
from quantlearn.training.members import Member, read_members

__all__ = ["Trained", "read_trained", "read_weights"]


def read_weights(ensemble: Ensemble, trials: int, path: str | Path, sample: int) -> torch.Tensor:
    """The networks (trials, row) of a sample in a file of `networks.weight_files`, on the CPU.

    Only this sample's arrays are read. Raises `QuantlearnError` when the file is no such file or
    holds other networks.
    """
    arrays = read_arrays(path, sample)
    found = {name: array.shape for name, array in arrays.items()}
    expected = {name: (trials, *shape) for name, shape in ensemble.shapes.items()}
    if found != expected:
        raise unreadable(path, sample, f"shapes {found} instead of {expected}")
    # Any start will do: every weight is set below. What is not a weight only fills up the rows.
    flat = ensemble.initialise([np.random.default_rng(0) for _ in range(trials)])
    for name, weights in ensemble.unpack(flat).items():
        weights.copy_(torch.from_numpy(arrays[name]))
    return flat


@dataclass(frozen=True)
class Trained:
    """The networks of a sample: ``after`` and ``before`` training, (networks, row) each.

    ``members`` says which network learned what, with its scenes, in the order of the rows.
    """

    ensemble: Ensemble
    members: list[Member]
    after: torch.Tensor
    before: torch.Tensor

    def rows(self, learns: str) -> list[int]:
        """The rows of the networks that learned this, in the order of their trials."""
        return [row for row, member in enumerate(self.members) if member.learns == learns]


def read_trained(
    settings: Mapping[str, Any],
    sample: int,
    chosen: Mapping[str, Any],
    *,
    split_scenes: str | Path,
    weights: str | Path,
    seed: int,
) -> Trained:
    """The networks of a sample of the experiment with these resolved ``settings``, on the CPU.

    ``chosen`` are the sample's settings network and training, ``weights`` the file that holds its
    networks, ``seed`` the root seed, from which the first weights follow as in training.
    """
    network, training = chosen["network"], chosen["training"]
    members, task = read_members(
        split_scenes,
        settings["quantifiers"],
        training["together"],
        network["quantifiers"],
        groups=settings["groups"],
    )
    ensemble = Ensemble(network, task, core="eager", loss=training["loss"])
    streams = []
    for member in members:
        parts = parts_of_trial(member.trial, settings["crossed"])
        name = (settings["name"], sample, parts.start, member.learns, "initialise")
        streams.append(random_stream(seed + parts.root, *name))
    return Trained(
        ensemble,
        members,
        read_weights(ensemble, len(members), weights, sample),
        ensemble.initialise(streams),
    )
