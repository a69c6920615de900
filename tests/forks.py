"""Processes forked from one that has loaded what takes seconds to load: torch and Snakemake."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn
from unittest.mock import patch

PRELOADED = ["warm"]


def start_forked(target, *arguments) -> multiprocessing.Process:
    """Start a process that calls a function of a module of these tests.

    All of a test run's are forked from one process, which finds modules as pytest does and has one
    thread.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=target, args=arguments)
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), OMP_NUM_THREADS="1"):
        process.start()
    return process


def forking_jobs(programs_first: bool = False):
    """Let the Snakemake of this process fork its jobs from itself, in a with block.

    They so have what it has loaded, where a job is otherwise a Python that starts anew, as the
    first job of each script still is with ``programs_first``.
    """
    from snakemake.script import PythonScript

    as_program = PythonScript.execute_script
    seen = set()

    def execute(script: PythonScript, path: str, edit: bool = False) -> None:
        name = script.path.get_filename()
        first = programs_first and name not in seen
        seen.add(name)
        (as_program if first else _execute_forked)(script, path, edit)

    return patch.object(PythonScript, "execute_script", execute)


def _execute_forked(script: Any, path: str, edit: bool = False) -> None:
    """Run a script as `PythonScript.execute_script` does, sooner."""
    from snakemake.benchmark import benchmarked

    process = os.fork()
    if process == 0:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        # Another thread may have just held the locks of the old ones.
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        end_as_program(lambda: runpy.run_path(path, run_name="__main__"))
    with benchmarked(process, script.bench_record):
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if status:
        raise subprocess.CalledProcessError(status, path)


def end_as_program(function: Callable[[], object]) -> NoReturn:
    """Call a function, and end this process as a program that is no more than the function ends."""
    status = 1
    try:
        function()
        status = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
