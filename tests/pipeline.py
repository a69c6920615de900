"""Run Snakemake on a tiny configuration, as a user would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "tests" / "integration" / "config"
SEARCH_CONFIG = ROOT / "tests" / "integration" / "search_config"
TRANSFER_CONFIG = ROOT / "tests" / "integration" / "transfer_config"


def start(folder, *arguments, snakefile=ROOT / "Snakefile"):
    """Start Snakemake in a folder as a user would, without the environment activated."""
    # A bare PATH: jobs must find papermill, kernels and python beside the running Snakemake.
    environment = {**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    environment.pop("PYTHONPATH", None)
    command = [Path(sys.executable).with_name("snakemake"), "--snakefile", snakefile, *arguments]
    return subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def snakemake(folder, *arguments, limit=None, **more):
    """Run Snakemake; the caller looks at the exit status.

    After ``limit`` seconds it is killed, and the test fails.
    """
    with start(folder, *arguments, **more) as running:
        try:
            output, messages = running.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            running.kill()
            raise
    return subprocess.CompletedProcess(running.args, running.returncode, output, messages)


def run(folder, *arguments, **more):
    """Run Snakemake and insist that it succeeds."""
    done = snakemake(folder, *arguments, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def lay_out(folder, config=CONFIG):
    """A working folder with the tiny configuration, or another one."""
    shutil.copytree(config, folder / "config")
    shutil.copy(ROOT / "config" / "quantifiers.yaml", folder / "config")
    return folder
