"""Where a run shows how far it is: a bar at the foot of a terminal, or few lines elsewhere."""

import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Protocol, TextIO

from quantlearn.pipeline.run_progress import RunProgress, counted, duration

__all__ = ["Bar", "Lines", "Screen"]

_MOST_RUNNING = 5  # jobs that are named
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


class Bar:
    """A bar below all that is written to the terminal while it is there, by whatever process.

    Jobs write to the terminal as they like, which would tear the bar: what comes for it is
    taken here and written above.
    """

    def __init__(self, *, color: bool) -> None:
        # Only where there is a terminal: what else reads the settings does not load it.
        from rich.console import Console  # noqa: PLC0415
        from rich.live import Live  # noqa: PLC0415

        self._terminals = {number: os.dup(number) for number in (1, 2) if os.isatty(number)}
        self._file = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
        console = Console(file=self._file, no_color=not color, highlight=False, markup=False)
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        taken, given = os.pipe()
        for number in self._terminals:
            os.dup2(given, number)
        os.close(given)
        self._reader = threading.Thread(target=self._take, args=[taken], daemon=True)
        self._reader.start()
        self._live.start()

    def show(self, run: RunProgress, now: float) -> None:
        """Draw the bar anew."""
        from rich.console import Group  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        bar = Table.grid(padding=(0, 1), expand=True)
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True)
        share = ProgressBar(total=1, completed=run.share(now), complete_style="cyan")
        bar.add_row(share, summary(run, now))
        jobs = Table.grid(padding=(0, 2))
        jobs.add_column(no_wrap=True, overflow="ellipsis")
        jobs.add_column(no_wrap=True, overflow="ellipsis", style="dim")
        running = list(run.said_of_running(now))
        size = os.get_terminal_size(self._file.fileno())  # another one by now, perhaps
        if size.columns:
            self._live.console.size = size
        for name, progress in running[:_MOST_RUNNING]:
            jobs.add_row(Text(name), Text(progress))
        if len(running) > _MOST_RUNNING:
            jobs.add_row(f"and {len(running) - _MOST_RUNNING} more")
        self._live.update(Group(bar, jobs), refresh=True)

    def say(self, line: str) -> None:
        """Add a line above the bar."""
        from rich.text import Text  # noqa: PLC0415

        self._live.console.print(Text.from_ansi(line), soft_wrap=True)

    def close(self) -> None:
        """Take the bar away, after all that was written for the terminal."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, terminal in self._terminals.items():
            os.dup2(terminal, number)  # which ends what the reader reads, unless a job lives on
            os.close(terminal)
        self._reader.join(timeout=1)
        self._live.stop()
        self._file.flush()

    def _take(self, taken: int) -> None:
        with os.fdopen(taken, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    self.say(line.rstrip("\n"))
                except Exception:  # a job that writes must never wait for a bar
                    self._file.write(line)


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
    running = [
        f"{name} ({progress})" if progress.startswith(("step", "sample")) else name
        for name, progress in run.said_of_running(now)
    ]
    return "".join([": " if running else "", _listed(running)])


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - _MOST_RUNNING} more"] if len(names) > _MOST_RUNNING else []
    return ", ".join([*names[:_MOST_RUNNING], *more])
