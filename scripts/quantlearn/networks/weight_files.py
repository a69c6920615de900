"""The weights of ensembles on disk: arrays by sample and name, whose first axis is the networks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing

__all__ = ["read_arrays", "read_networks", "unreadable", "write_weights"]


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


def read_arrays(path: str | Path, sample: int) -> dict[str, np.ndarray]:
    """All arrays of a sample in such a file, by their name there; no other sample's are read.

    Raises `QuantlearnError` when the file is no such file.
    """
    prefix = f"{sample}."
    try:
        with safe_open(path, framework="numpy") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as fault:
        raise unreadable(path, sample, str(fault)) from fault


def read_networks(path: str | Path, sample: int, networks: Sequence[int]) -> dict[str, np.ndarray]:
    """Some networks of a sample in such a file, in this order: arrays (len(networks), …) by name.

    Raises `QuantlearnError` when the file is no such file, or holds fewer networks.
    """
    rows = np.array(networks)
    try:
        found = {name: array[rows] for name, array in read_arrays(path, sample).items()}
    except IndexError as fault:
        raise unreadable(path, sample, str(fault)) from fault
    if not found:
        raise unreadable(path, sample, "there are none")
    return found


def unreadable(path: str | Path, sample: int, why: str) -> QuantlearnError:
    """Say that a file does not hold the weights of a sample."""
    return QuantlearnError(damaged(path, f"the weights of sample {sample}", why))
