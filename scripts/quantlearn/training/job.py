"""A training job: the samples it has trained, where it is with the next, and how it is left.

A job may be left by a signal or a fault of the machine, and goes on from its checkpoint.
"""

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from quantlearn.training.checkpoints import Checkpoints

__all__ = ["StopSignals", "Stopped", "TrainedSample", "TrainingJob", "joined"]


class Stopped(BaseException):
    """The job was asked to stop. No `Exception`, so that nothing takes it for a fault."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)


class StopSignals:
    """While this is entered, SIGTERM and SIGINT raise `Stopped`, and only once.

    Further signals must not disturb what is then saved, so they do nothing. Nor does the first one
    within `deferred`, where `check` or the end of the block raises it.

    >>> import os
    >>> with StopSignals() as signals, signals.deferred():
    ...     os.kill(os.getpid(), signal.SIGTERM)
    ...     not_left_here = True
    Traceback (most recent call last):
    quantlearn.training.job.Stopped: SIGTERM
    >>> not_left_here
    True
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._deferring = False

    def __enter__(self) -> Self:
        self._previous = {
            number: signal.signal(number, self._receive)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise `Stopped` if a signal has come."""
        if self._received is not None:
            raise Stopped(self._received)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """In this block a signal waits for `check` or for the end."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        self.check()

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self._received is None:
            self._received = number
            if not self._deferring:
                self.check()


@dataclass(frozen=True)
class TrainedSample:
    """What a sample leaves: its part of each table, and its weights by name."""

    curves: pa.Table
    trials: pa.Table
    cells: pa.Table
    weights: dict[str, np.ndarray]

    def export(self) -> dict[str, Any]:
        """The tables as bytes in arrow's own format, the weights as they are."""
        parts = {"curves": self.curves, "trials": self.trials, "cells": self.cells}
        return {**{name: _to_bytes(part) for name, part in parts.items()}, "weights": self.weights}

    @classmethod
    def restored(cls, exported: dict[str, Any]) -> Self:
        """The sample that was exported."""
        parts = {name: _from_bytes(exported[name]) for name in ("curves", "trials", "cells")}
        return cls(**parts, weights=exported["weights"])


class TrainingJob:
    """Samples that are trained one after another, with the checkpoint that keeps what is known.

    ``done`` are the samples that are trained, ``exported`` is where training of the next one was
    when the job was interrupted, or None.
    """

    def __init__(self, checkpoints: Checkpoints, signals: StopSignals) -> None:
        self._checkpoints = checkpoints
        self._signals = signals
        known = checkpoints.restore() or {"done": [], "training": None}
        self.done = [TrainedSample.restored(part) for part in known["done"]]
        self.exported = known["training"]

    def whole_rounds(self) -> AbstractContextManager[None]:
        """A block that is left by a signal only where training makes an offer."""
        return self._signals.deferred()

    def offer(self, export: Callable[[], Any]) -> None:
        """Let the training of the next sample be saved, and leave it where a signal asks for that.

        ``export`` tells where the training is; what it tells must not change until the next call.
        """
        self._checkpoints.offer(
            lambda: {"done": [part.export() for part in self.done], "training": export()}
        )
        self._signals.check()

    def finish(self, sample: TrainedSample) -> None:
        """Add a sample that is trained."""
        with self._signals.deferred():
            self.done.append(sample)
            self.exported = None
            self.offer(lambda: None)


def joined(parts: Iterable[pa.Table]) -> pa.Table:
    """The samples' parts of a table, one after another."""
    return pa.concat_tables(parts).combine_chunks()


def _to_bytes(table: pa.Table) -> np.ndarray:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return np.frombuffer(sink.getvalue(), dtype=np.uint8)


def _from_bytes(content: np.ndarray) -> pa.Table:
    return pa.ipc.open_file(pa.py_buffer(content)).read_all()
