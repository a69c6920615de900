"""Where a job trains."""

import torch

from quantlearn.errors import QuantlearnError

__all__ = ["choose_device"]


def choose_device(name: str) -> torch.device:
    """The device that ``auto``, ``cpu`` or ``cuda`` stands for.

    ``auto`` is a GPU where torch sees one and the CPU elsewhere; ``cuda`` without a GPU raises
    `QuantlearnError`.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise QuantlearnError(
            "device: cuda was asked for, but torch sees no GPU here; use auto or cpu, or look at "
            "CUDA_VISIBLE_DEVICES and the driver"
        )
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
