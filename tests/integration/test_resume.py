"""Interrupted training: killed, stopped by a signal, with a damaged checkpoint; the same bytes."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pipeline import ROOT, bare_environment, lay_out, run
from training_process import CHECKPOINT, lay_out_job, results_of, start_job

GRACE = 5  # seconds from a signal to the end of the job
PATIENCE = 120  # seconds that anything may take on a busy machine


def finish(process):
    process.join(PATIENCE)
    return process.exitcode


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The results of the job, and the seconds that it took."""
    folder = lay_out_job(tmp_path_factory.mktemp("resume") / "undisturbed")
    assert finish(start_job(folder)) == 0  # the first one waits for torch
    results = results_of(folder)
    started = time.monotonic()
    assert finish(start_job(folder)) == 0
    assert results_of(folder) == results
    return results, time.monotonic() - started


def wait_for(folder, line, process):
    """Wait until the job's log has a line."""
    log = folder / "train.log"
    while not (log.exists() and line in log.read_text()):
        assert process.is_alive()
        time.sleep(0.002)


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.whole)])
def test_killed_at_random_moments_and_resumed(tmp_path, undisturbed, count):
    expected, seconds = undisturbed
    rng = np.random.default_rng()
    runs = kills = resumed = 0
    while kills < count:
        runs += 1
        folder = lay_out_job(tmp_path / str(runs))
        while True:
            process = start_job(folder)
            process.join(rng.uniform(0, seconds) if kills < count else PATIENCE)
            if not process.is_alive():
                break
            process.kill()
            process.join()
            kills += 1
        assert process.exitcode == 0
        assert results_of(folder) == expected
        resumed += "going on from this checkpoint" in (folder / "train.log").read_text()
        assert not list(folder.glob(f"*{CHECKPOINT}*"))
    assert resumed > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_a_checkpoint_and_one_clear_line(tmp_path, undisturbed, number):
    folder = lay_out_job(tmp_path / "job")
    process = start_job(folder, seconds=3600)
    wait_for(folder, "trial 0 ended", process)
    started = time.monotonic()
    os.kill(process.pid, number)
    os.kill(process.pid, number)  # a second one does not spoil the checkpoint
    assert finish(process) == 1
    assert time.monotonic() - started < GRACE
    lines = (folder / "train.log").read_text().splitlines()
    assert lines[-1].endswith(
        f"train: stopped by {number.name}: what it has done is in {CHECKPOINT}; "
        "run the same command again to go on"
    )
    assert not list(folder.glob("curves*"))
    assert finish(start_job(folder, seconds=3600)) == 0
    assert f"{CHECKPOINT}: going on from this checkpoint" in (folder / "train.log").read_text()
    assert results_of(folder) == undisturbed[0]


def cut(folder):
    path = folder / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(folder):
    path = folder / CHECKPOINT
    content = bytearray(path.read_bytes())
    content[-1000] ^= 4
    path.write_bytes(content)


def train_on_other_data(folder):
    other = lay_out_job(folder / "other", seed=1)
    os.replace(folder / CHECKPOINT, other / CHECKPOINT)
    os.replace(folder / "split.parquet", other / "split.parquet.before")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut, "it cannot be read ("),
        (flip_a_bit, "it is damaged (its checksum is another)"),
        (train_on_other_data, "it was written with other data;"),
    ],
    ids=["cut", "flipped", "foreign"],
)
def test_a_checkpoint_that_cannot_be_used_is_told_and_not_used(tmp_path, undisturbed, spoil, said):
    folder = lay_out_job(tmp_path / "job")
    process = start_job(folder, seconds=3600)
    wait_for(folder, "trial 0 ended", process)
    process.terminate()
    assert finish(process) == 1
    spoil(folder)
    foreign = folder / "other"
    folder = foreign if foreign.exists() else folder
    assert finish(start_job(folder)) == 0
    log = (folder / "train.log").read_text()
    assert f"{CHECKPOINT}: checkpoint not used: {said}" in log
    assert log.count("training starts from the beginning") == 1
    assert (results_of(folder) == undisturbed[0]) == (folder != foreign)


WORKFLOW = (
    *("--cores", "1", "--config", "experiments=tiny"),
    "overrides={training: {max_epochs: 60}}",
    *("--", "results/tiny/tables/convergence.csv"),
)


def start_workflow(folder):
    """Start Snakemake in a process group of its own, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", *WORKFLOW],
        cwd=folder,
        env=bare_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def tables_of(folder):
    """The tables of the workflow's experiment, once a run has completed them."""
    run(folder, *WORKFLOW, limit=PATIENCE, fork="jobs")
    return {path.name: path.read_bytes() for path in folder.glob("results/tiny/tables/*")}


def test_ctrl_c_leaves_nothing_that_a_second_run_stumbles_over(finished, tmp_path):
    for name in ("undisturbed", "interrupted"):
        (tmp_path / name).mkdir()
        lay_out(tmp_path / name)
        # However long networks are trained, it is on the same scenes.
        data = "results/tiny/data"
        shutil.copytree(finished / data, tmp_path / name / data)
    expected = tables_of(tmp_path / "undisturbed")
    folder = tmp_path / "interrupted"
    results = folder / "results" / "tiny"
    shutil.copy2(tmp_path / "undisturbed/results/tiny/samples.csv", results)

    running = start_workflow(folder)
    log = results / "logs" / "train" / "0.log"
    while not (log.exists() and "ended" in log.read_text()):
        assert running.poll() is None
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=PATIENCE)
    assert running.returncode != 0
    assert "train: stopped by SIGINT: what it has done is in results/tiny/checkpoints/0" in said
    assert "Traceback" not in said
    assert (results / "checkpoints" / "0.safetensors").exists()

    assert tables_of(folder) == expected
    assert not list((results / "checkpoints").iterdir())
