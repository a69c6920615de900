"""Run Snakemake on a tiny configuration, as a user would."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from forks import forking_jobs, start_forked

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "tests" / "integration" / "config"
SEARCH_CONFIG = ROOT / "tests" / "integration" / "search_config"
TRANSFER_CONFIG = ROOT / "tests" / "integration" / "transfer_config"


def bare_environment():
    """A bare PATH: jobs must find papermill, kernels and python beside the running Snakemake."""
    environment = {**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    environment.pop("PYTHONPATH", None)
    return environment


def start(folder, *arguments, **environment):
    """Start Snakemake in a folder as a user would, without the environment activated."""
    command = [
        Path(sys.executable).with_name("snakemake"),
        *("--snakefile", ROOT / "Snakefile", *arguments),
    ]
    return subprocess.Popen(
        list(map(str, command)),
        cwd=folder,
        env={**bare_environment(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def snakemake(
    folder, *arguments, limit=None, snakefile=ROOT / "Snakefile", fork=None, **environment
):
    """Run Snakemake, forked from a process that has loaded it; the caller looks at the status.

    After ``limit`` seconds it is killed, and the test fails. Without ``snakefile``, Snakemake
    looks for one in the folder. With ``fork`` "jobs", it forks them as well: sooner than programs,
    which they are for a user; with "later jobs", all but the first of each script.
    """
    command = ["snakemake", *(["--snakefile", snakefile] if snakefile else []), *arguments]
    command = list(map(str, command))
    own = snakefile is None or snakefile.parent == ROOT
    environment = {**bare_environment(), **environment}
    with tempfile.TemporaryDirectory() as place:
        said = [Path(place) / name for name in ("output", "messages")]
        running = start_forked(_as_a_program, command, folder, environment, said, own, fork)
        running.join(limit)
        if running.exitcode is None:
            running.kill()
            raise subprocess.TimeoutExpired(command, limit)
        texts = [path.read_text(encoding="utf-8") for path in said]
    return subprocess.CompletedProcess(command, running.exitcode, *texts)


def _as_a_program(command, folder, environment, said, own, fork):
    """Be a program in a folder, whose output and messages go to two files."""
    for stream, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if not own:  # The library that was loaded is not that of a copy of the project.
        for name in [name for name in sys.modules if name.partition(".")[0] == "quantlearn"]:
            del sys.modules[name]
    sys.argv = command
    from snakemake.cli import main
    from snakemake_executor_plugin_slurm import Executor

    # It would wait ten seconds longer each time that no job has ended.
    Executor.next_seconds_between_status_checks = property(lambda _: 1, lambda *_: None)
    with forking_jobs(programs_first=fork == "later jobs") if fork else nullcontext():
        main()


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
