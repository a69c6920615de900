"""What a run says: Snakemake's events as a bar or few lines, what is wrong, what was found.

Snakemake logs all that happens with the record's ``event``, as to its logger plugins. The display
is a handler of its logger as they are, but the workflow sets it up by itself, so that nothing has
to be installed or asked for on the command line.
"""

import logging
import math
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.faults import in_one_line
from quantlearn.pipeline.live_page import RunEnd, write_live_page
from quantlearn.pipeline.run_progress import Job, RunProgress, duration
from quantlearn.pipeline.terminal import Lines, Screen
from quantlearn.words import counted

__all__ = ["Display", "set_up"]

_SECONDS_BETWEEN_BARS, _SECONDS_BETWEEN_PAGES = 1, 4
_MOST_SAID = 50  # warnings and errors on the live page

# What Snakemake tells before and after a run that readers of the display are spared.
_SPARED = re.compile(
    r"Assuming unrestricted|Building DAG|Using shell|Provided |Rules claiming|Group jobs|Conda env"
    r"|Singularity|Config file|host: |Using workflow specific profile|Using profile|Elapsed time"
    r"|Exiting because a job execution failed|\S*\s*At least one job did not complete"
    r"|WorkflowError:\s+At least one job|Select jobs|Job rate limit"
)
# And what it tells during a run that they are not.
_TOLD = re.compile(r"Terminating|Shutting down|Will exit after|Trying to restart")


class Display(logging.Handler):
    """Shows a run from the records of Snakemake's ``logger``.

    default: the handler that is shown instead if the display fails; page: the path of the live
    page; ending: gives what was found and the reports, as lines and paths, when all is done.
    """

    def __init__(
        self,
        logger: logging.Logger,
        default: logging.Handler,
        page: str,
        ending: Callable[[], tuple[Sequence[str], Sequence[str]]],
    ) -> None:
        super().__init__()
        self._logger, self._default = logger, default
        self._page: Path | None = Path(page)
        self._ending = ending
        self._screen: Screen = Lines(default.stream)
        self._run: RunProgress | None = None
        self._over = threading.Event()
        self._said: list[str] = []  # of warnings and errors
        self._told = {"", "None"}  # what was said once
        self._stopped = True  # or not begun
        self._succeeded = False
        self._interrupted = False
        self._local = True  # jobs write to this terminal

    # Called by the workflow -----------------------------------------------------------------------

    def begin(self, jobs: Mapping[int, Job], cores: int, *, local: bool) -> None:
        """Show a run of these jobs from now on; those that are ``local`` write to the terminal."""
        self._guarded(self._begin, jobs, cores, local)

    def say(self, line: str) -> None:
        """Show a warning or an error, also on the live page."""
        self._guarded(self._say, line)

    def end(self, word: str) -> None:
        """Show that the run is over, and how: done, or failed."""
        self._guarded(self._end, word)

    # Called by logging ----------------------------------------------------------------------------

    def emit(self, record: logging.LogRecord) -> None:
        """Show what a record says, or leave it to the default handler from now on."""
        if not self._guarded(self._take, record):
            self._default.handle(record)

    def close(self) -> None:
        """Take the bar away, also where the run ends by an exception."""
        if not self._stopped:
            self._guarded(self._end, "stopped")
        super().close()

    # The rest -------------------------------------------------------------------------------------

    def _guarded(self, function: Callable[..., None], *arguments: Any) -> bool:
        """Call a function; if it fails, give up the display and not the run. Whether it did."""
        try:
            with self.lock:
                function(*arguments)
        except Exception as fault:
            self._give_up(fault)
            return False
        return True

    def _give_up(self, fault: Exception) -> None:
        if self not in self._logger.handlers:
            return
        self._logger.removeHandler(self)
        self._logger.addHandler(self._default)
        self._over.set()
        self._stopped = True
        try:
            self._screen.close()
        finally:
            self._screen = Lines(self._default.stream)
            # Whole: Snakemake's formatter puts nothing into a message.
            self._logger.warning(
                f"The display of the run failed ({type(fault).__name__}: {fault}); "
                "Snakemake's own lines follow."
            )

    def _begin(self, jobs: Mapping[int, Job], cores: int, local: bool) -> None:
        self._local = local
        self._run = RunProgress(jobs, cores, time.monotonic())
        self._stopped = False
        stream = self._default.stream
        left = duration(self._run.seconds_left(self._run.began))
        self._screen.say(f"{counted(len(jobs), 'job')} on {counted(cores, 'core')}, about {left}.")
        if stream is sys.stderr and stream.isatty() and os.environ.get("TERM") != "dumb":
            # Only there: whatever else reads the settings does not load the library that draws it.
            from quantlearn.pipeline.bar import Bar  # noqa: PLC0415

            self._screen = Bar(color=not self._default.nocolor)
        threading.Thread(target=self._keep_showing, daemon=True).start()

    def _keep_showing(self) -> None:
        written = -math.inf
        while not self._over.is_set():
            now = time.monotonic()
            if now - written >= _SECONDS_BETWEEN_PAGES:
                written = now
                self._guarded(self._read_logs_and_write_page, now)
            self._guarded(self._show, now)
            self._over.wait(_SECONDS_BETWEEN_BARS)

    def _show(self, now: float) -> None:
        if not self._over.is_set():
            self._screen.show(self._run, now)

    def _read_logs_and_write_page(self, now: float, end: RunEnd | None = None) -> None:
        if self._over.is_set() and end is None:
            return
        for number in self._run.running:
            self._run.read_log(number)
        if self._page is None:
            return
        try:
            write_live_page(self._page, self._run, now, self._said, end)
        except OSError as fault:  # a page less is no reason to end the run, or its display
            self._page = None
            self._say(f"No live page: {fault}")

    def _say(self, line: str) -> None:
        self._said = [*self._said, line][-_MOST_SAID:]
        self._screen.say(line)

    def _end(self, word: str) -> None:
        if self._run is None or self._stopped:
            return
        self._stopped, self._succeeded = True, word == "done"
        self._over.set()
        now = time.monotonic()
        self._screen.close()
        self._screen = Lines(self._default.stream)
        found, reports = self._ended() if self._succeeded else ([], [])
        done, jobs, failed = self._run.done, len(self._run.jobs), len(self._run.failed)
        what = f"{word}, {counted(failed, 'job')} failed" if failed else word
        left = "" if self._succeeded else "; the same command goes on from there"
        spent = duration(now - self._run.began)
        for line in found:
            self._screen.say(line)
        self._screen.say(f"{what.capitalize()}: {done} of {counted(jobs, 'job')} in {spent}{left}.")
        for report in reports:
            self._screen.say(f"The report is in {report}")
        folder = self._page.parent if self._page else Path()
        pages = [os.path.relpath(report, folder) for report in reports]
        self._read_logs_and_write_page(now, RunEnd(what, found, pages))

    def _ended(self) -> tuple[Sequence[str], Sequence[str]]:
        try:
            return self._ending()
        except QuantlearnError as fault:
            return [str(fault)], []

    def _take(self, record: logging.LogRecord) -> None:
        event, now = getattr(record, "event", None), time.monotonic()
        run = None if self._stopped else self._run
        match event:
            case "job_info" if run:
                run.start(record.jobid, now)
            case "job_finished" if run:
                run.finish(record.job_id, now)
            case "job_error" if run and self._interrupted:
                run.running.pop(record.jobid, None)
            case "job_error" if run:
                run.fail(record.jobid)
                self._say_failed(record)
            case None | "error" | "group_error":
                self._pass_on(record)

    def _say_failed(self, record: logging.LogRecord) -> None:
        job = self._run.jobs[record.jobid]
        if last := _last_line(job.log):
            # Here a job has said so itself.
            self._said.append(last) if self._local else self._say(last)
        self._say(f"{job.name} failed" + (f"; all that it said: {job.log}" if job.log else ""))

    def _pass_on(self, record: logging.LogRecord) -> None:
        """Say a message that is no event of a job, if it is for readers."""
        message = in_one_line(record.getMessage().strip())
        # A job that failed by itself has said why.
        by_itself = self._run is not None and "CalledProcessError" in message
        spared = _SPARED.match(message) or (self._succeeded and message.startswith("Complete log"))
        if spared or by_itself or message in self._told:
            return
        self._told.add(message)
        self._interrupted |= message.startswith("Terminating processes on user request")
        if record.levelno >= logging.WARNING:
            self._say(message)
        elif self._stopped or _TOLD.match(message):
            self._screen.say(message)
        if message.startswith("Nothing to be done"):
            for report in self._ended()[1]:
                self._screen.say(f"The report is in {report}")


def set_up(
    logger: logging.Logger,
    output: Any,
    page: str,
    ending: Callable[[], tuple[Sequence[str], Sequence[str]]],
) -> Display | None:
    """Let a display take the place of the handler that writes to the terminal.

    output: Snakemake's settings of its output. None where they ask for more or for less than the
    display shows, or for another logger.
    """
    asked = output.dryrun or output.verbose or output.printshellcmds or output.debug_dag
    quiet = {"ALL", "PROGRESS"} & {one.name for one in output.quiet or ()}
    default = next((one for one in logger.handlers if one.name == "DefaultStreamHandler"), None)
    if asked or quiet or default is None:
        return None
    display = Display(logger, default, page, ending)
    logger.removeHandler(default)
    logger.addHandler(display)
    return display


def _last_line(log: str) -> str:
    """The last line of a job's log, without its time: why the job failed."""
    try:
        lines = Path(log).read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return re.sub(r"^\d\d:\d\d:\d\d ", "", next(filter(str.strip, reversed(lines)), ""))
