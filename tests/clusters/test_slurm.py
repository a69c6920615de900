"""The tiny configuration on a real Slurm with two simulated GPUs.

Slurm is installed and started here, which needs root on Debian; elsewhere these tests are skipped,
or fail if QUANTLEARN_REQUIRE_SLURM is set. The GPUs are simulated: jobs are given one each, and
CUDA_VISIBLE_DEVICES says which, but networks train on the CPU.
"""

import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import psutil
import pytest

from pipeline import ROOT, lay_out, run
from slurm import Unavailable, end_time_of_running_job, ended_jobs, one_node

PROFILES = ROOT / "workflow" / "profiles"
EXPERIMENTS = ["tiny", "tiny_alone"]
LIMIT = 900  # seconds; a workflow that hangs is a failure
# Slurm of one node may be asked often.
PROMPTLY = [
    *("--seconds-between-status-checks", "1"),
    *("--slurm-init-seconds-before-status-checks", "1"),
]


@pytest.fixture(scope="module")
def slurm():
    """A Slurm that runs."""
    with ExitStack() as running:
        try:
            running.enter_context(one_node())
        except Unavailable as reason:
            if os.environ.get("QUANTLEARN_REQUIRE_SLURM"):
                pytest.fail(f"QUANTLEARN_REQUIRE_SLURM is set, but: {reason}")
            pytest.skip(f"NOT TESTED ON SLURM: {reason}")
        yield


@pytest.fixture(scope="module")
def on_slurm(slurm, finished, tmp_path_factory):
    """A working folder after a run on Slurm, and the jobs that ended there.

    The second experiment, which is trained beside the first, has its data already.
    """
    folder = lay_out(tmp_path_factory.mktemp("slurm"))
    give_data(folder, finished, "samples.csv")
    settings = (
        *("--workflow-profile", PROFILES / "slurm", *PROMPTLY),
        *("--config", f"experiments=[{', '.join(EXPERIMENTS)}]"),
        # One figure is like another.
        "own_overrides={tiny: {figures: [learning_curves]}}",
    )
    inputs = ("results/tiny/data/split.parquet", "results/tiny/samples.csv")
    run(folder, *settings, "--", *inputs, limit=LIMIT)
    # Now that the data of both are there, their networks are ready, and submitted, together.
    results = ["results/chapters/paper/index.html", "results/tiny_alone/training/0/trials.csv"]
    run(folder, *settings, "--slurm-array-jobs", "train", "--", *results, limit=LIMIT)
    return folder, ended_jobs()


def test_slurm_gives_the_same_bytes_as_one_machine(finished, on_slurm):
    folder, _ = on_slurm
    files = [
        path.relative_to(folder)
        for experiment in EXPERIMENTS
        for pattern in ("data/[!.]*", "samples.csv", "training/0/[!.]*", "tables/[!.]*")
        for path in folder.glob(f"results/{experiment}/{pattern}")
        # The timings in training/0/trials.csv differ; the joined table leaves them out.
        if path.parts[-3:] != ("training", "0", "trials.csv")
    ]
    assert {path.name for path in files} >= {"trials.csv", "comparison.csv", "curves.parquet"}
    different = [
        path for path in files if (folder / path).read_bytes() != (finished / path).read_bytes()
    ]
    assert not different


def test_figures_and_report_are_there(on_slurm):
    folder, _ = on_slurm
    made = folder.glob("results/tiny/figures/[!.]*")
    figures = [path.name for path in made if path.stat().st_size]
    assert sorted(figures) == [f"learning_curves.{kind}" for kind in ("pdf", "png", "svg")]
    assert (folder / "results" / "chapters" / "paper" / "experiments" / "tiny.html").is_file()


def test_each_training_job_sees_the_gpu_it_was_given(on_slurm):
    folder, jobs = on_slurm
    logs = [folder / "results" / name / "logs" / "train" / "0.log" for name in EXPERIMENTS]
    given = [re.findall(r"CUDA_VISIBLE_DEVICES: (\S+)", log.read_text())[-1] for log in logs]
    first, second = (job for job in jobs if job.partition == "gpu")
    assert max(first.start, second.start) < min(first.end, second.end)  # at the same time, so
    assert sorted(given) == ["0", "1"]


def test_jobs_of_seconds_share_a_submission_that_reserves_for_one_of_them(on_slurm):
    _, jobs = on_slurm
    others = [job for job in jobs if job.partition == "main"]
    # The data and samples of one experiment, its analysis, and the report.
    assert len(others) == 4
    assert max(job.memory for job in others) == 1500


def test_a_job_out_of_memory_or_time_is_submitted_again(slurm, finished, tmp_path):
    """Slurm ends a job at its limits; submitted again, it goes on, and ends in the same bytes.

    The first attempt gets too little memory. The second is halted once it has a checkpoint, until
    its time limit is over, which is brought forward; the third goes on from there.
    """
    folders = [lay_out(tmp_path / name) for name in ("undisturbed", "limited")]
    for folder in folders:
        give_data(folder, finished)
    slow = "overrides={training: {core: eager, max_epochs: 600, stop_loss: null, patience: null}}"
    settings = ("--config", "experiments=[tiny_alone]", "checkpoint_seconds=1", slow)
    table = "results/tiny_alone/tables/trials.csv"
    run(folders[0], "--cores", "1", *settings, "--", table, limit=LIMIT, fork="jobs")
    before = len(ended_jobs())
    with ThreadPoolExecutor(1) as beside:
        limited = beside.submit(
            run,
            folders[1],
            *("--workflow-profile", PROFILES / "slurm", *PROMPTLY, *settings),
            # As in the profile, but for the memory.
            *("--set-resources", "train:slurm_partition=gpu", "train:gpu=1"),
            "train:mem_mb=1500 * attempt - 1200",
            *("--", table),
            limit=LIMIT,
        )
        checkpoint = folders[1] / "results/tiny_alone/checkpoints/0.safetensors"
        while not checkpoint.exists():
            assert not limited.done()
            time.sleep(0.1)
        halt(folders[1], "train.py")
        end_time_of_running_job("gpu")
        limited.result()
    jobs = [job for job in ended_jobs()[before:] if job.partition == "gpu"]
    assert [job.state for job in jobs] == ["FAILED", "TIMEOUT", "COMPLETED"]
    assert [job.memory for job in jobs] == [300, 1800, 3300]
    assert [job.runtime for job in jobs[::2]] == [240, 720]  # the rule's own; the other was moved
    logs = (folders[1] / ".snakemake" / "slurm_logs").glob("rule_train/**/*.log")
    assert sum("Exceeded job memory limit" in log.read_text() for log in logs) == 1
    log = (folders[1] / "results/tiny_alone/logs/train/0.log").read_text()
    assert "going on from this checkpoint" in log
    for path in (table, "results/tiny_alone/training/0/curves.parquet"):
        expected, found = ((folder / path).read_bytes() for folder in folders)
        assert found == expected


def give_data(folder, finished, *more):
    """Copy the data of tiny_alone, and more of its files, from a finished run."""
    there, here = (place / "results" / "tiny_alone" for place in (finished, folder))
    shutil.copytree(there / "data", here / "data")
    for file in more:
        shutil.copy2(there / file, here)


def halt(folder, script):
    """Stop the Python processes that run a rule's script in this folder, until they are killed."""
    halted = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            command = process.cmdline()
            if command and command[-1].endswith(script) and process.cwd() == str(folder):
                process.suspend()
                halted.append(process)
    assert halted
