"""Run Snakemake on a tiny configuration, as a user would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "tests" / "integration" / "config"
SEARCH_CONFIG = ROOT / "tests" / "integration" / "search_config"


def snakemake(folder, *arguments, snakefile=ROOT / "Snakefile", limit=None):
    """Run Snakemake in a folder as a user would, without the environment activated.

    After ``limit`` seconds it is killed, and the test fails.
    """
    # A bare PATH: jobs must find papermill, kernels and python beside the running Snakemake.
    environment = {**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    environment.pop("PYTHONPATH", None)
    command = [Path(sys.executable).with_name("snakemake"), "--snakefile", snakefile, *arguments]
    return subprocess.run(  # noqa: PLW1510 - the caller looks at the exit status
        list(map(str, command)),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=limit,
    )


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
