"""Checkpoints: what a training job knows, on disk, so that it can go on after an interruption.

What is known is made of mappings, lists, numbers, words, None and arrays. The arrays are those of a
safetensors file, all the rest is JSON in its header, so that reading it runs no code. A checksum
tells a damaged file, and a fingerprint one that belongs to other settings, data or code.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from quantlearn.errors import QuantlearnError
from quantlearn.files import replacing
from quantlearn.pipeline.machine import processor_kind

__all__ = ["CheckpointError", "Checkpoints", "read_checkpoint", "write_checkpoint"]

log = logging.getLogger(__name__)

_ARRAY = "$array"  # in the JSON, the only key of a mapping that stands for an array


class CheckpointError(QuantlearnError):
    """A checkpoint that is not to be used, and why."""


def write_checkpoint(path: str | Path, known: Any, fingerprint: Mapping[str, str]) -> None:
    """Write ``known`` so that ``path`` is always a whole checkpoint, the old or the new one.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_checkpoint(f"{folder}/c", {"step": 3, "best": [np.ones(2), None]}, {"seed": "7"})
    ...     read_checkpoint(f"{folder}/c", {"seed": "7"})
    {'step': 3, 'best': [array([1., 1.]), None]}
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps({"fingerprint": dict(fingerprint), "known": _take_out(known, arrays)})
    content = save(arrays, {"text": text, "checksum": _checksum(text, arrays)})
    with replacing(path, result=False) as beside, open(beside, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_checkpoint(path: str | Path, fingerprint: Mapping[str, str]) -> Any:
    """What `write_checkpoint` wrote to ``path`` with the same fingerprint.

    Raises `CheckpointError` when the file is damaged or has another fingerprint.
    """
    return _read(path, fingerprint)[0]


def _read(path: str | Path, fingerprint: Mapping[str, str]) -> tuple[Any, Mapping[str, str]]:
    """What is known, and what the file was written with, of which there may be more."""
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name).copy() for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, TypeError, ValueError) as fault:
        raise CheckpointError(f"it cannot be read ({fault})") from fault
    text = header.get("text", "")
    if header.get("checksum") != _checksum(text, arrays):
        raise CheckpointError("it is damaged (its checksum is another)")
    content = json.loads(text)
    written = content["fingerprint"]
    others = [name for name, value in fingerprint.items() if written.get(name) != value]
    if others:
        raise CheckpointError(f"it was written with other {' and '.join(others)}")
    return _put_back(content["known"], arrays), written


class Checkpoints:
    """The checkpoint of one job: read when it starts, written at intervals, removed at its end.

    ``seconds`` is the time from one to the next; 0 or None never writes any. ``processors`` are the
    kinds that the job has run on, so far. One that comes after another goes on all the same: what
    it makes differs by rounding.
    """

    def __init__(
        self, path: str | Path, fingerprint: Mapping[str, str], seconds: float | None
    ) -> None:
        self.path = Path(path)
        self._fingerprint = fingerprint
        self._seconds = seconds
        self._last = time.monotonic()
        self._export: Callable[[], Any] | None = None
        self._usable = False
        self.processors = [processor_kind()]

    def restore(self) -> Any:
        """What the job knew when it was interrupted, or None; the log says what was found."""
        if not self.path.exists():
            return None
        try:
            known, written = _read(self.path, self._fingerprint)
        except CheckpointError as fault:
            log.warning(
                "%s: checkpoint not used: %s; training starts from the beginning", self.path, fault
            )
            return None
        self._usable = True
        before = json.loads(written.get("processors", "[]"))
        if before and before[-1] != self.processors[0]:
            log.warning(
                "%s: written on another kind of processor (%s), which rounds in another way than "
                "this one (%s)",
                self.path,
                before[-1],
                self.processors[0],
            )
        self.processors = list(dict.fromkeys([*before, *self.processors]))
        log.info("%s: going on from this checkpoint", self.path)
        return known

    def offer(self, export: Callable[[], Any]) -> None:
        """To be called wherever ``export()`` tells what is known: writes it when it is time.

        What ``export`` tells must not change until the next call, so that `save` may use it.
        """
        self._export = export
        if self._seconds and time.monotonic() - self._last >= self._seconds:
            self.save()

    def save(self) -> bool:
        """Write what was offered last; whether there is now a checkpoint to go on from.

        A disk that is full or read-only is told in the log and does not end the training.
        """
        if self._seconds and self._export is not None:
            try:
                processors = {"processors": json.dumps(self.processors)}
                write_checkpoint(self.path, self._export(), {**self._fingerprint, **processors})
            except OSError as fault:
                log.warning("%s: checkpoint not written: %s", self.path, fault)
            else:
                self._usable = True
            self._last = time.monotonic()
        return self._usable

    def discard(self) -> None:
        """Remove the checkpoint of a job that is done, and what a kill left half-written."""
        for file in (self.path, *self.path.parent.glob(f".{self.path.name}.*")):
            file.unlink(missing_ok=True)


def _take_out(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """``value`` with numbered marks in place of its arrays, which are put into ``arrays``."""
    if isinstance(value, np.ndarray):
        name = str(len(arrays))
        arrays[name] = np.asarray(value, order="C")
        return {_ARRAY: name}
    if isinstance(value, Mapping):
        return {name: _take_out(item, arrays) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_take_out(item, arrays) for item in value]
    return value


def _put_back(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_ARRAY}:
            return arrays[value[_ARRAY]]
        return {name: _put_back(item, arrays) for name, item in value.items()}
    if isinstance(value, list):
        return [_put_back(item, arrays) for item in value]
    return value


def _checksum(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
