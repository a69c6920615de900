"""What machine this is, in words that name no host and no user."""

import os
import platform
from functools import cache
from pathlib import Path

__all__ = ["describe_machine", "gpus", "processor", "processor_kind"]


def describe_machine() -> dict[str, str | int]:
    """The processor, how many cores it shows, its architecture and the operating system."""
    return {
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "architecture": platform.machine(),
        "system": platform.system(),
    }


def processor() -> str:
    """The processor's model; blank where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


@cache
def processor_kind() -> str:
    """The processor, and the instructions that PyTorch and compiled code use: how they round.

    >>> "; PyTorch with " in processor_kind()
    True
    """
    import torch  # noqa: PLC0415
    from llvmlite.binding import get_host_cpu_name  # noqa: PLC0415
    from numba.core import config  # noqa: PLC0415

    compiled = config.CPU_NAME or get_host_cpu_name()
    if config.CPU_FEATURES is not None:
        compiled += f" with {config.CPU_FEATURES or 'no more'}"
    uses = f"PyTorch with {torch.backends.cpu.get_cpu_capability()}, compiled code for {compiled}"
    return f"{processor()}; {uses}"


def gpus() -> list[str]:
    """The models of the GPUs that torch sees here."""
    import torch  # noqa: PLC0415 - costs seconds, and most runs train on the CPU

    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
