"""SIGTERM and SIGINT as a request to stop, so that a job can save what it has before it ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

__all__ = ["StopSignals", "Stopped"]


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
    quantlearn.signals.Stopped: SIGTERM
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
