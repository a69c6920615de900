"""Run one function as one Snakemake job.

A script is a function with plain arguments and an end of two lines that hands it to `run_job`.
The function can so be called from a test or a notebook, and knows nothing of Snakemake.
"""

import inspect
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quantlearn.errors import QuantlearnError

__all__ = ["run_job"]


def run_job(function: Callable[..., None], snakemake: Any) -> None:
    """Call ``function`` with the job's inputs, outputs, params, wildcards and threads, by name.

    Only arguments that the function names are passed. Messages of `logging` and an unexpected
    exception go to the rule's log; a `QuantlearnError` ends the job with its one clear message,
    on the terminal and in the log.
    """
    offered = {
        "threads": snakemake.threads,
        **dict(snakemake.wildcards.items()),
        **dict(snakemake.params.items()),
        **dict(snakemake.input.items()),
        **dict(snakemake.output.items()),
    }
    wanted = inspect.signature(function).parameters
    with _logging_to(snakemake.log[0] if snakemake.log else None) as log:
        try:
            function(**{name: _plain(offered[name]) for name in wanted if name in offered})
        except QuantlearnError as fault:
            message = f"{snakemake.rule}: {fault}"
            log.error(message)
            print(message, file=sys.stderr)
            sys.exit(1)
        except Exception:
            log.exception("%s: unexpected error", snakemake.rule)
            raise


def _plain(value: Any) -> Any:
    """Snakemake's named lists of paths as plain lists, everything else as it is."""
    return list(value) if isinstance(value, list | tuple) else value


@contextmanager
def _logging_to(path: str | None) -> Iterator[logging.Logger]:
    log = logging.getLogger("quantlearn")
    log.setLevel(logging.INFO)
    handler: logging.Handler = logging.NullHandler()
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, mode="w", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    try:
        yield log
    finally:
        log.removeHandler(handler)
        handler.close()
