"""Jobs take GPUs by themselves: evenly, and only for as long as they live."""

import logging
import os
import re
import signal
import subprocess
import sys
import types
from collections import Counter
from pathlib import Path

import pytest
import torch

from quantlearn.errors import QuantlearnError
from quantlearn.pipeline import devices
from quantlearn.pipeline.devices import choose_device, reserve

SCRIPTS = Path(__file__).parents[3] / "scripts"

# A job that takes one of three GPUs that torch seems to see, says which, and goes on until its
# input ends.
JOB = """
import sys, types, torch
torch.cuda.is_available = lambda: True
torch.cuda.device_count = lambda: 3
torch.cuda.get_device_properties = lambda i: types.SimpleNamespace(uuid="abc"[i])
torch.cuda.set_device = lambda i: print(i, flush=True)
from quantlearn.pipeline.devices import choose_device
choose_device("auto")
sys.stdin.read()
"""


@pytest.fixture
def job(tmp_path):
    """A function that starts a job and returns it with the GPU it took."""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "TMPDIR": str(tmp_path)}
    running = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", JOB],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        running.append(process)
        return process, int(process.stdout.readline())

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def two_gpus(monkeypatch, tmp_path):
    """Two GPUs that torch seems to see; the list of those that were made the current one."""
    current = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda index: types.SimpleNamespace(uuid=f"GPU-{index}"),
    )
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    devices._own_gpu.cache_clear()
    yield current
    devices._own_gpu.cache_clear()


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_processes_take_different_gpus_and_one_that_is_killed_leaves_its_own(job):
    first, first_gpu = job()
    _, second_gpu = job()
    assert first_gpu != second_gpu
    first.send_signal(signal.SIGKILL)
    first.wait()
    _, third_gpu = job()
    assert third_gpu == first_gpu


@pytest.mark.parametrize("jobs", [1, 4, 5, 8])
def test_jobs_share_gpus_evenly(tmp_path, jobs):
    taken = [reserve(["GPU-a", "GPU-b", "GPU-c", "GPU-d"], tmp_path) for _ in range(jobs)]
    counts = Counter(one.index for one in taken)
    assert max(counts.values()) == -(-jobs // 4)
    assert len(counts) == min(jobs, 4)
    for one in taken:
        os.close(one.lock)


def test_a_job_takes_the_gpu_that_is_least_used_once_others_have_ended(tmp_path):
    first, second, third, fourth = (reserve(["GPU-a", "GPU-b"], tmp_path) for _ in range(4))
    assert [one.index for one in (first, second, third, fourth)] == [0, 1, 0, 1]
    # Of the two jobs on the first GPU the first one ends, on the second GPU both.
    for ended in (first, second, fourth):
        os.close(ended.lock)
    fifth = reserve(["GPU-a", "GPU-b"], tmp_path)
    assert (fifth.index, fifth.others) == (1, 0)
    for one in (third, fifth):
        os.close(one.lock)


def test_gpus_are_told_apart_by_their_uuid_and_not_by_their_place(tmp_path):
    # Two jobs in containers of their own: to each, the one GPU it sees is number 0.
    first, second = (reserve([gpu], tmp_path) for gpu in ("GPU-a", "GPU-b"))
    assert (first.others, second.others) == (0, 0)
    # Two jobs that see the same GPUs in another order.
    third, fourth = (reserve(order, tmp_path) for order in (["GPU-c", "GPU-d"], ["GPU-c", "GPU-e"]))
    assert (third.index, fourth.index) == (0, 1)
    for one in (first, second, third, fourth):
        os.close(one.lock)


def test_a_process_keeps_its_gpu(two_gpus):
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert two_gpus == [0, 0]


def test_the_name_of_the_device_does_not_depend_on_which_gpu_was_free(two_gpus, tmp_path):
    elsewhere = reserve(["GPU-0"], tmp_path / f"quantlearn-{os.getuid()}")
    assert str(choose_device("cuda")) == "cuda"
    assert two_gpus == [1]
    os.close(elsewhere.lock)


def test_the_cpu_takes_no_gpu(two_gpus, tmp_path):
    assert choose_device("cpu") == torch.device("cpu")
    assert not two_gpus
    assert not list(tmp_path.iterdir())


def test_the_log_says_which_device_the_job_was_given(monkeypatch, caplog, no_gpu):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with caplog.at_level(logging.INFO, logger="quantlearn"):
        assert choose_device("cpu") == torch.device("cpu")
    assert caplog.messages == ["device: cpu, CUDA_VISIBLE_DEVICES: 3"]


def test_auto_does_not_hide_that_a_given_gpu_is_not_seen(monkeypatch, caplog, no_gpu):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert choose_device("auto") == torch.device("cpu")
    assert "torch sees no GPU, although this job was given one" in caplog.text
    caplog.clear()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert choose_device("auto") == torch.device("cpu")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_cuda_without_a_gpu_is_one_clear_line(no_gpu):
    with pytest.raises(QuantlearnError, match=r"^device: cuda was asked for, but .*CUDA_VISIBLE"):
        choose_device("cuda")


def test_a_folder_that_cannot_hold_locks_is_one_clear_line(tmp_path):
    (tmp_path / "locks").touch()
    with pytest.raises(QuantlearnError, match=re.escape(f"{tmp_path / 'locks'}: ") + ".*TMPDIR"):
        reserve(["GPU-a"], tmp_path / "locks")
