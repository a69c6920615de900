"""The weights of an ensemble on disk: arrays by name, whose first axis is the networks."""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.tables import replacing

__all__ = ["read_weights", "write_weights"]


def write_weights(ensemble: Ensemble, flat: torch.Tensor, path: str | Path) -> None:
    """Write the networks ``flat`` (trials, row) as a safetensors file, whole or not at all."""
    arrays = ensemble.unpack(flat.cpu())
    with replacing(path) as beside:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, beside)


def read_weights(ensemble: Ensemble, trials: int, path: str | Path) -> torch.Tensor:
    """The networks (trials, row) of a file that `write_weights` wrote, on the CPU.

    Raises `QuantlearnError` when the file is no such file or holds other networks.
    """
    try:
        arrays = load_file(path)
    except (OSError, SafetensorError) as fault:
        raise _unreadable(path, str(fault)) from fault
    found = {name: array.shape for name, array in arrays.items()}
    expected = {name: (trials, *shape) for name, shape in ensemble.shapes.items()}
    if found != expected:
        raise _unreadable(path, f"shapes {found} instead of {expected}")
    # Any start will do: every weight is set below. What is not a weight only fills up the rows.
    flat = ensemble.initialise([np.random.default_rng(0) for _ in range(trials)])
    for name, weights in ensemble.unpack(flat).items():
        weights.copy_(torch.from_numpy(arrays[name]))
    return flat


def _unreadable(path: str | Path, why: str) -> QuantlearnError:
    return QuantlearnError(
        f"{path}: not the weights of this sample ({why}); delete it and run again"
    )
