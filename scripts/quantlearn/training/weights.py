"""The weights of ensembles on disk: arrays by sample and name, whose first axis is the networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing
from quantlearn.networks.ensemble import Ensemble
from quantlearn.seeds import parts_of_trial, random_stream
from quantlearn.training.members import Member, read_members

__all__ = ["Trained", "read_networks", "read_trained", "read_weights", "write_weights"]


def write_weights(samples: Mapping[int, Mapping[str, np.ndarray]], path: str | Path) -> None:
    """Write the weights of each sample, by its number, as one safetensors file, or nothing at all.

    An array is named by its sample and its name there, such as ``0.layer0.kernel``; its first axis
    is the networks.
    """
    arrays = {
        f"{sample}.{name}": np.ascontiguousarray(array)
        for sample, weights in samples.items()
        for name, array in weights.items()
    }
    content = save(arrays)
    with replacing(path) as beside:
        beside.write_bytes(content)


def read_weights(ensemble: Ensemble, trials: int, path: str | Path, sample: int) -> torch.Tensor:
    """The networks (trials, row) of a sample in a file that `write_weights` wrote, on the CPU.

    Only this sample's arrays are read. Raises `QuantlearnError` when the file is no such file or
    holds other networks.
    """
    prefix = f"{sample}."
    try:
        with safe_open(path, framework="numpy") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
            arrays = {name.removeprefix(prefix): file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as fault:
        raise _unreadable(path, sample, str(fault)) from fault
    found = {name: array.shape for name, array in arrays.items()}
    expected = {name: (trials, *shape) for name, shape in ensemble.shapes.items()}
    if found != expected:
        raise _unreadable(path, sample, f"shapes {found} instead of {expected}")
    # Any start will do: every weight is set below. What is not a weight only fills up the rows.
    flat = ensemble.initialise([np.random.default_rng(0) for _ in range(trials)])
    for name, weights in ensemble.unpack(flat).items():
        weights.copy_(torch.from_numpy(arrays[name]))
    return flat


def read_networks(path: str | Path, sample: int, networks: Sequence[int]) -> dict[str, np.ndarray]:
    """Some networks of a sample in such a file, in this order: arrays (len(networks), …) by name.

    Raises `QuantlearnError` when the file is no such file, or holds fewer networks.
    """
    prefix, rows = f"{sample}.", np.array(networks)
    try:
        with safe_open(path, framework="numpy") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
            found = {name.removeprefix(prefix): file.get_tensor(name)[rows] for name in names}
    except (OSError, SafetensorError, IndexError) as fault:
        raise _unreadable(path, sample, str(fault)) from fault
    if not found:
        raise _unreadable(path, sample, "there are none")
    return found


def _unreadable(path: str | Path, sample: int, why: str) -> QuantlearnError:
    return QuantlearnError(damaged(path, f"the weights of sample {sample}", why))


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
