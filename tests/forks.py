"""Processes forked from one that has loaded what takes seconds to load: torch and Snakemake."""

import multiprocessing
import os
import sys
from unittest.mock import patch

PRELOADED = ["train", "warm", "snakemake.cli", "quantlearn.settings.load"]


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
