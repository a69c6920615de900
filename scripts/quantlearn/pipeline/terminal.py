"""What a run shows itself on: a bar where there is a terminal (`bar`), few lines elsewhere."""

import time
from typing import Protocol, TextIO

from quantlearn.pipeline.run_progress import RunProgress, duration
from quantlearn.words import counted

__all__ = ["MOST_NAMED", "Lines", "Screen", "summary"]

MOST_NAMED = 5
"""Of the jobs that run, so many are named."""

_LEAST_SECONDS, _MOST_SECONDS, _LEAST_SHARE = 10, 120, 0.04  # between lines


class Screen(Protocol):
    """What shows a run."""

    def show(self, run: RunProgress, now: float) -> None:
        """Show how far the run is."""

    def say(self, line: str) -> None:
        """Add a line that stays."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Lines:
    """A line when some percent more are done, at most one in ten seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = 0.0
        self._share = 0.0

    def show(self, run: RunProgress, now: float) -> None:
        """Write a line if it is time for one."""
        since, share = now - max(self._last, run.began), run.share(now)
        due = share - self._share >= _LEAST_SHARE or since >= _MOST_SECONDS
        if since < _LEAST_SECONDS or not due:
            return
        self._last, self._share = now, share
        self.say(f"{time.strftime('%H:%M:%S')} {summary(run, now)}{_names(run, now)}")

    def say(self, line: str) -> None:
        """Add a line."""
        print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the stream as it is."""


def summary(run: RunProgress, now: float) -> str:
    """Say how far a run is.

    >>> from quantlearn.pipeline.run_progress import Job
    >>> run = RunProgress({1: Job("train", "a", 60)}, cores=1, now=0)
    >>> run.start(1, 0); summary(run, 15)
    ' 25 %, about 45 s left, 0 of 1 job'
    """
    share = min(run.share(now), 0.99)
    left = duration(run.seconds_left(now))
    return f"{100 * share:3.0f} %, about {left} left, {run.done} of {counted(len(run.jobs), 'job')}"


def _names(run: RunProgress, now: float) -> str:
    names = [
        f"{name} ({progress})" if progress.startswith(("step", "sample")) else name
        for name, progress in run.said_of_running(now)
    ]
    more = [f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return ": " * bool(names) + ", ".join([*names[:MOST_NAMED], *more])
