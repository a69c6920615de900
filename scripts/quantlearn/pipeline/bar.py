"""A bar at the foot of a terminal, below all that is written there while it stands."""

import os
import sys
import threading
from collections.abc import Iterable, Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from quantlearn.pipeline.run_progress import RunProgress
from quantlearn.pipeline.terminal import MOST_NAMED, summary

__all__ = ["Bar"]


class Bar:
    """Shows how far a run is, and takes for the lines above it what any process writes.

    Jobs write to the terminal as they like, which would tear the bar: until it is closed they and
    this process write into a pipe, which is read here.
    """

    def __init__(self, *, color: bool) -> None:
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
        """Draw the bar anew, with the jobs that run."""
        size = os.get_terminal_size(self._file.fileno())  # another one by now, perhaps
        if size.columns:
            self._live.console.size = size
        bar = Table.grid(padding=(0, 1), expand=True)
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True)
        share = ProgressBar(total=1, completed=run.share(now), complete_style="cyan")
        bar.add_row(share, summary(run, now))
        jobs = Table.grid(padding=(0, 2))
        jobs.add_column(no_wrap=True, overflow="ellipsis")
        jobs.add_column(no_wrap=True, overflow="ellipsis", style="dim")
        running = list(run.said_of_running(now))
        for name, progress in running[:MOST_NAMED]:
            jobs.add_row(Text(name), Text(progress))
        if len(running) > MOST_NAMED:
            jobs.add_row(f"and {len(running) - MOST_NAMED} more")
        self._live.update(Group(bar, jobs), refresh=True)

    def say(self, line: str) -> None:
        """Add a line above the bar."""
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
        with os.fdopen(taken, encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in without_interrupts(lines):
                try:
                    self.say(line)
                except Exception:  # a job that writes must never wait for a bar
                    print(line, file=self._file, flush=True)


def without_interrupts(lines: Iterable[str]) -> Iterator[str]:
    """Leave out the tracebacks of jobs that are stopped by Ctrl-C: whoever stops them knows.

    >>> traceback = ["Traceback (most recent call last):\\n", "  File x\\n", "KeyboardInterrupt\\n"]
    >>> list(without_interrupts(["10 %\\r20 %\\n", *traceback, "stopped\\n"]))
    ['20 %', 'stopped']
    """
    held: list[str] = []  # of a traceback, until it is known what was raised
    interrupted = False  # from then on tracebacks of several jobs may be mixed
    for line in lines:
        last = line.rstrip("\r\n").rpartition("\r")[2]  # of what is written over itself
        indented = last.startswith((" ", "\t"))
        if last == "KeyboardInterrupt":
            held, interrupted = [], True
        elif last.startswith("Traceback (most recent") or (indented and (held or interrupted)):
            held = [] if interrupted else [*held, last]
        else:
            yield from (*held, last)
            held = []
    yield from held
