"""Run one function as one Snakemake job.

A script is a function with plain arguments and an end of two lines that hands it to `run_job`.
The function can so be called from a test or a notebook, and knows nothing of Snakemake.
"""

import gc
import inspect
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from quantlearn.errors import QuantlearnError, is_unwritable, unwritable
from quantlearn.files import demand_as_written

__all__ = ["run_job"]

# How PyTorch's allocators begin to say that there is no memory; it has no one class for it.
_OUT_OF_MEMORY = ("DefaultCPUAllocator: ", "out of memory")


def run_job(function: Callable[..., None], snakemake: Any) -> None:
    """Call ``function`` with the job's inputs, outputs, params, wildcards and threads, by name.

    Only arguments that the function names are passed. Messages of `logging` and an unexpected
    exception go to the rule's log. A `QuantlearnError`, a lack of memory, and a file that cannot be
    written end the job with one clear message, on the terminal and in the log; so does an input
    that was cut off or edited since a job wrote it.
    """
    offered = {
        "threads": snakemake.threads,
        **dict(snakemake.wildcards.items()),
        **dict(snakemake.params.items()),
        **dict(snakemake.input.items()),
        **dict(snakemake.output.items()),
    }
    wanted = inspect.signature(function).parameters
    with _libraries_kept(), _logging_to(snakemake.log[0] if snakemake.log else None) as log:
        try:
            demand_as_written(_paths(dict(snakemake.input.items()).values()))
            function(**{name: _plain(offered[name]) for name in wanted if name in offered})
        except Exception as fault:
            explained = _explained(fault, offered.get("experiment"))
            if explained is None:
                log.exception("%s: unexpected error", snakemake.rule)
                raise
            message = f"{snakemake.rule}: {explained}"
            log.error(message)
            print(message, file=sys.stderr)
            sys.exit(1)


@contextmanager
def _libraries_kept() -> Iterator[None]:
    """Leave what is loaded by now, and what is left at the end, out of garbage collections.

    None of it becomes garbage, and to look through all of torch takes as long as a short job.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.freeze()


def _plain(value: Any) -> Any:
    """Snakemake's named lists of paths as plain lists, everything else as it is."""
    return list(value) if isinstance(value, list | tuple) else value


def _paths(inputs: Iterable[Any]) -> Iterator[str]:
    """The paths of a job's inputs, of which each is one or several."""
    for value in inputs:
        yield from [value] if isinstance(value, str) else value


def _explained(fault: Exception, experiment: str | None) -> QuantlearnError | None:
    """The fault as an error that the user can mend; None where it is a mistake in the program."""
    if isinstance(fault, QuantlearnError):
        return fault
    if isinstance(fault, OSError) and is_unwritable(fault):
        return unwritable(fault.filename or "a temporary file", fault)
    if isinstance(fault, MemoryError) or (
        isinstance(fault, RuntimeError) and any(words in str(fault) for words in _OUT_OF_MEMORY)
    ):
        place = f" in config/experiments/{experiment}.yaml" if experiment else ""
        asked = str(fault).strip().partition("\n")[0]
        return QuantlearnError(
            f"out of memory{f' ({asked})' if asked else ''}: run fewer jobs at once (--cores), or "
            f"lower trials, data.generate.draws, training.eval_scenes or training.batch_size{place}"
        )
    return None


class _LogFile(logging.FileHandler):
    """The rule's log; where the disk is full, the terminal has the message all the same."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Leave the message out, instead of printing a traceback."""

    def close(self) -> None:
        """Close the file, and leave out what could not be written."""
        with suppress(OSError):
            super().close()


@contextmanager
def _logging_to(path: str | None) -> Iterator[logging.Logger]:
    log = logging.getLogger("quantlearn")
    log.setLevel(logging.INFO)
    handler: logging.Handler = logging.NullHandler()
    if path is not None:
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            handler = _LogFile(path, mode="w", encoding="utf-8")
        except OSError as fault:
            sys.exit(str(unwritable(path, fault)))
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    try:
        yield log
    finally:
        log.removeHandler(handler)
        handler.close()
