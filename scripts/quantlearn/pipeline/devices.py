"""Where a job trains: on the CPU, or on a GPU that it takes for itself.

Snakemake counts GPUs but does not say which one is whose. So each job takes the least used GPU
among those that it may see, and marks it by a locked file that the kernel gives up when the
process ends, however it ends. A job never waits: where there are more jobs than GPUs they share,
evenly. How many train at a time is for Snakemake to say (``--resources gpu=4``).
"""

import fcntl
import functools
import itertools
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from quantlearn.errors import QuantlearnError

__all__ = ["Reservation", "choose_device", "reserve"]

log = logging.getLogger("quantlearn")


def choose_device(name: str) -> torch.device:
    """The device that ``auto``, ``cpu`` or ``cuda`` stands for.

    ``auto`` is a GPU where torch sees one and the CPU elsewhere; ``cuda`` without a GPU raises
    `QuantlearnError`. Of several GPUs, the least used one becomes the current device of the
    process, so that ``cuda`` means it; its number is logged and kept out of results, since it
    says nothing about them.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if name == "cuda" and not torch.cuda.is_available():
        raise QuantlearnError(
            "device: cuda was asked for, but torch sees no GPU here; use auto or cpu, or look at "
            "CUDA_VISIBLE_DEVICES and the driver"
        )
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cpu" and visible:
            log.warning("torch sees no GPU, although this job was given one")
    if name == "cuda":
        torch.cuda.set_device(_own_gpu().index)
    log.info("device: %s, CUDA_VISIBLE_DEVICES: %s", name, visible)
    return torch.device(name)


@functools.cache  # A process takes one GPU, once, and keeps it until it ends.
def _own_gpu() -> "Reservation":
    # Not their indices: jobs that see different GPUs may each call theirs 0.
    gpus = [
        str(torch.cuda.get_device_properties(index).uuid)
        for index in range(torch.cuda.device_count())
    ]
    own = reserve(gpus, Path(tempfile.gettempdir()) / f"quantlearn-{os.getuid()}")
    log.info("GPU %d of %d, %s, shared with %d", own.index, len(gpus), gpus[own.index], own.others)
    return own


@dataclass(frozen=True)
class Reservation:
    """A GPU that was taken, until the process ends."""

    index: int
    """Its place among the GPUs to choose from."""
    others: int
    """How many jobs had it already."""
    lock: int
    """Descriptor of the locked file; closing it gives the GPU up."""


def reserve(gpus: Sequence[str], folder: Path) -> Reservation:
    """Take the least used of some GPUs, at least one, known by their UUIDs; the first of equals.

    The locked files are in ``folder``, which is made, for its owner alone: processes know of each
    other if they use the same one. Raises `QuantlearnError` where it cannot be used.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     taken = [reserve(["GPU-a", "GPU-b"], Path(folder)) for _ in range(3)]
    >>> [(one.index, one.others) for one in taken]
    [(0, 0), (1, 0), (0, 1)]
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError("it belongs to another user")
        # One job at a time counts and takes; that is done in no time, and ends with the job.
        with open(folder / "counting", "w", encoding="utf-8") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            used = [_jobs_on(gpu, folder) for gpu in gpus]
            index = used.index(min(used))
            free = (_try_lock(folder / f"{gpus[index]}.{place}") for place in itertools.count())
            return Reservation(index, used[index], next(lock for lock in free if lock is not None))
    except OSError as fault:
        raise QuantlearnError(
            f"{folder}: cannot keep account of GPUs here ({fault}); let TMPDIR name another folder"
        ) from fault


def _jobs_on(gpu: str, folder: Path) -> int:
    """How many jobs have the GPU: each has locked a place of it, and gives it up when it ends."""
    locks = [_try_lock(path) for path in folder.glob(f"{gpu}.*")]
    free = [lock for lock in locks if lock is not None]
    for lock in free:
        os.close(lock)
    return len(locks) - len(free)


def _try_lock(path: Path) -> int | None:
    """The descriptor of a file that this process has locked, or None if another one has."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
