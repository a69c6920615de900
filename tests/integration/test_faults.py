"""Faults of the machine: each ends in one line that names file and remedy, and spoils nothing else.

Crashes and faults at each operation on a disk are in test_crash.py.

Disks that are full or read-only are mounted for these tests, which takes root on Linux.
"""

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch

from pipeline import ROOT, lay_out, run, snakemake, start
from quantlearn import columns, tables
from quantlearn.data import scene_files
from quantlearn.data.generate import enumerate_pairs
from quantlearn.errors import QuantlearnError
from quantlearn.figures import style
from quantlearn.files import write_page
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.networks.weight_files import write_weights
from quantlearn.pipeline.faults import impossible_place
from quantlearn.pipeline.jobs import run_job
from quantlearn.pipeline.notebooks import read_notebook, write_notebook
from quantlearn.report.pages import embedded_figure
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.settings.samples import read_sample, samples_table
from quantlearn.training.weights import read_weights

FULL = "No space left on device; free some space and run again"
READ_ONLY = "Read-only file system; make its folder writable and run again"
DAMAGED = "delete it and run again"


# Disks --------------------------------------------------------------------------------------------


def mount(*arguments):
    """Mount, or skip the test with a word on what it takes."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"faults of disks need root and mount: {done.stderr.strip()}")


@contextmanager
def mounted(folder, *arguments):
    folder.mkdir(parents=True, exist_ok=True)
    mount(*arguments, str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def full_disk(folder, pages=2):
    """A disk that holds so many pages of 4096 bytes and no more."""
    return mounted(folder, "-t", "tmpfs", "-o", f"size={4 * pages}k", "tmpfs")


@contextmanager
def read_only_disk(folder):
    """The folder itself, which cannot be written any more."""
    with mounted(folder, "--bind", str(folder)):
        mount("-o", "remount,bind,ro", str(folder))
        yield folder


# Every writer, on a disk that is full or read-only ------------------------------------------------


def many_numbers():
    return pd.DataFrame({"number": np.random.default_rng(0).random(10_000)})


def scenes():
    return enumerate_pairs([Quantifier("most", "|A & B| > |A - B|")], Space(1, 7))


def networks():
    settings = {"layers": 1, "hidden": 40, "padding": "masked", "dropout": 0.0}
    settings |= {"initialisation": "glorot", "architecture": "lstm", "precision": "float32"}
    ensemble = Ensemble(settings, Task(positions=4, quantifiers=1))
    return ensemble, ensemble.initialise([np.random.default_rng(trial) for trial in range(3)])


def write_networks(path):
    ensemble, flat = networks()
    write_weights({0: ensemble.unpack(flat)}, path)


def write_figure(path):
    figure = style.new_figure(2, 2)
    figure.subplots().plot(np.random.default_rng(0).random((40, 40)))
    others = [path.with_name("second"), path.with_name("third")]
    style.save_figure(figure, path, *others)


def write_html(path):
    template = path.parents[1] / "page.j2"
    template.write_text("{{ text }}")
    write_page(template, path, {"text": "x" * 100_000})


WRITERS = {
    "csv": lambda path: tables.write_csv(many_numbers(), path),
    "parquet": lambda path: tables.write_parquet(many_numbers(), path),
    "scenes": lambda path: scene_files.write_trials(path, ["most"], [(scenes(), {})]),
    "weights": write_networks,
    "figure": write_figure,
    "page": write_html,
    "notebook": lambda path: write_notebook(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("x" * 100_000)]), path
    ),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_full_disk_leaves_what_was_there(tmp_path, write):
    with full_disk(tmp_path / "disk") as folder:
        path = folder / "file"
        path.write_text("before")
        with pytest.raises(QuantlearnError) as caught:
            write(path)
        assert str(caught.value) == f"{path}: cannot be written: {FULL}"
        assert path.read_text() == "before"
        assert os.listdir(folder) == ["file"]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_read_only_disk_leaves_what_was_there(tmp_path, write):
    path = tmp_path / "disk" / "file"
    path.parent.mkdir()
    path.write_text("before")
    with read_only_disk(path.parent):
        with pytest.raises(QuantlearnError) as caught:
            write(path)
        assert str(caught.value) == f"{path}: cannot be written: {READ_ONLY}"
    assert path.read_text() == "before"


# Every reader, of a truncated or edited file, where no job looks at its digest before -------------

SAMPLE = {
    "network": {"architecture": "lstm", "hidden": 4},
    "training": {"learning_rate": 0.01, "batch_size": 8},
}
CURVES = pd.DataFrame(
    {"sample": 0, "trial": [0, 0], "step": [1, 2], "split": "test", "quantifier": "all"}
    | {"loss": [0.5, 0.4], "accuracy": [0.5, 0.6]}
)
CHOSEN = pd.DataFrame(
    {"sample": [0], "trial": 0, "quantifier": "all"}
    | {"test_loss": 0.5, "test_accuracy": 0.5, "test_scenes": 9}
)


# How each kind of file is written and read again.
KINDS = {
    "csv": (
        lambda path: tables.write_csv(CHOSEN, path),
        lambda path: tables.read_csv(path, columns.CHOSEN_TRIALS),
    ),
    "samples": (
        lambda path: tables.write_csv(samples_table([SAMPLE]), path),
        lambda path: read_sample(path, 0),
    ),
    "parquet": (
        lambda path: tables.write_parquet(CURVES, path),
        lambda path: tables.read_parquet(path, columns.CURVES),
    ),
    "scenes": (
        WRITERS["scenes"],
        lambda path: list(scene_files.read_trials(path, ["most"])),
    ),
    "weights": (WRITERS["weights"], lambda path: read_weights(networks()[0], 3, path, 0)),
    "notebook": (WRITERS["notebook"], read_notebook),
    "figure": (write_figure, lambda path: embedded_figure(path, "caption", "what it shows")),
}


@pytest.mark.parametrize(("write", "read"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_named(tmp_path, write, read, kept):
    path = tmp_path / "file"
    write(path)
    read(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(QuantlearnError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith(DAMAGED)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("write", "read"), KINDS.values(), ids=KINDS)
def test_a_file_with_other_bytes_is_read_or_named(tmp_path, write, read):
    path = tmp_path / "file"
    write(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        spoilt = bytearray(whole)
        for place in rng.integers(len(spoilt), size=rng.integers(1, 9)):
            spoilt[place] = rng.integers(256)
        path.write_bytes(bytes(spoilt))
        message = ""
        try:
            read(path)
        except QuantlearnError as error:
            message = str(error)
        if message:
            assert message.startswith(f"{path}: ")
            assert message.endswith(DAMAGED)
            assert "\n" not in message


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sample", "x"),
        ("network.hidden", "many"),
        ("network.hidden", "0"),
        ("network.architecture", "lstn"),
        ("training.batch_size", "1e9"),
        ("training.bach_size", "8"),
        ("nothing", "8"),
    ],
)
def test_an_edited_sample_is_named(tmp_path, column, value):
    path = tmp_path / "samples.csv"
    table = samples_table([SAMPLE]).astype(str)
    table[column] = value
    tables.write_csv(table, path)
    with pytest.raises(QuantlearnError) as caught:
        read_sample(path, 0)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith(DAMAGED)


@pytest.mark.parametrize("write", [write for write, _ in KINDS.values()], ids=KINDS)
def test_a_job_reads_no_file_that_was_edited_since(tmp_path, capsys, write):
    path = tmp_path / "file"
    write(path)
    read = {"first": str(path), "others": [str(path)]}
    as_job(lambda: None, tmp_path, read)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SystemExit):
        as_job(lambda: None, tmp_path, read)
    assert capsys.readouterr().err == (
        f"train: {path}: is not what was written: it was cut off or edited since; {DAMAGED}\n"
    )


@pytest.mark.parametrize("digest", ["", "1f"])
def test_a_file_without_a_whole_digest_is_read(tmp_path, digest):
    path = tmp_path / "file"
    path.write_text("of no run")
    path.with_name(".file.sha256").write_text(digest)
    as_job(lambda: None, tmp_path, {"first": str(path)})


# A job without memory -----------------------------------------------------------------------------


def as_job(function, folder, read=None):
    """Run a function as the job of a rule whose log is in the folder, and which reads files."""
    log = folder / "rule.log"
    nothing = SimpleNamespace(items=dict)
    run_job(
        function,
        SimpleNamespace(
            rule="train",
            threads=1,
            log=[str(log)],
            wildcards={"experiment": "exp1a"},
            params=nothing,
            input=read or {},
            output=nothing,
        ),
    )


def numpy_runs_out():
    np.zeros(10**15)


def torch_runs_out():
    torch.zeros(10**15)


def python_runs_out():
    bytearray(10**17)


@pytest.mark.parametrize("function", [numpy_runs_out, torch_runs_out, python_runs_out])
def test_a_job_without_memory_says_what_to_lower(tmp_path, capsys, function):
    with pytest.raises(SystemExit):
        as_job(function, tmp_path)
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("train: out of memory")
    assert "lower trials, data.generate.draws" in line
    assert line.endswith("in config/experiments/exp1a.yaml")
    assert line in (tmp_path / "rule.log").read_text()


def test_a_temporary_file_that_cannot_be_written(tmp_path, capsys):
    def fill():
        with open("/dev/full", "w", encoding="utf-8") as full:
            full.write("x")

    with pytest.raises(SystemExit):
        as_job(fill, tmp_path)
    assert FULL in capsys.readouterr().err
    assert FULL in (tmp_path / "rule.log").read_text()


def test_a_log_that_cannot_be_written_hides_nothing(tmp_path, capsys):
    def fail():
        raise QuantlearnError("the one clear line")

    with full_disk(tmp_path / "disk") as folder:
        (folder / "taken").write_bytes(b"x" * 8192)
        with pytest.raises(SystemExit):
            as_job(fail, folder)
    assert capsys.readouterr().err == "train: the one clear line\n"


# The whole workflow -------------------------------------------------------------------------------


def stage(experiment, name="split"):
    return f"results/{experiment}/data/{name}.parquet"


def log_of(folder, experiment, rule):
    return (folder / "results" / experiment / "logs" / f"{rule}.log").read_text()


def test_a_full_disk_and_a_damaged_file_stop_only_what_needs_them(tmp_path):
    folder = lay_out(tmp_path)
    run(folder, "--cores", "1", stage("tiny", "generated"), fork="jobs")
    damaged = folder / stage("tiny", "generated")
    damaged.write_bytes(damaged.read_bytes()[:5000])
    targets = [stage(name) for name in ("tiny", "tiny_as_run", "tiny_alone")]
    with full_disk(folder / "results" / "tiny_as_run", pages=1) as disk:
        done = snakemake(folder, "--cores", "1", "--keep-going", *targets, fork="jobs")
        assert [path.name for path in disk.rglob("*.*")] == ["generate_data.log"]
        log = log_of(folder, "tiny_as_run", "generate_data")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    full = f"generate_data: {stage('tiny_as_run', 'generated')}: cannot be written: {FULL}"
    assert full in lines
    assert full in log
    [line] = [line for line in lines if line.startswith("balance_data: ")]
    assert line.startswith(f"balance_data: {stage('tiny', 'generated')}: ")
    assert line.endswith(DAMAGED)
    assert line in log_of(folder, "tiny", "balance_data")
    assert "Traceback" not in done.stderr
    assert (folder / stage("tiny_alone")).exists()
    # The remedies.
    damaged.unlink()
    run(folder, "--cores", "1", *targets, fork="jobs")


def test_read_only_results_are_refused_before_anything_runs(tmp_path):
    folder = lay_out(tmp_path)
    with read_only_disk(folder / "results"):
        done = snakemake(folder, "--cores", "1", stage("tiny", "generated"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("results: cannot be written: make it writable")


def test_neither_the_shell_nor_a_space_in_the_way_reaches_jobs(tmp_path):
    """PYTHONPATH as by "module load", "quantlearn" as of another clone; no UTF-8; spaces."""
    shell = tmp_path / "shell"
    for package in ("pyarrow", "numba", "quantlearn"):
        (shell / package).mkdir(parents=True)
        (shell / package / "__init__.py").write_text("raise ImportError('of the shell')\n")
    folder = lay_out(tmp_path / "my run")
    (tmp_path / "My Drive").symlink_to(ROOT)
    target = stage("tiny_alone", "generated")
    bare = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C", "PYTHONPATH": str(shell)}
    clone = ("--snakefile", tmp_path / "My Drive" / "Snakefile")
    with start(folder, *clone, "--cores", "1", target, **bare) as running:
        messages = running.communicate()[1]
    assert running.returncode == 0, messages
    assert (folder / target).exists()


def test_a_job_that_is_killed_is_explained_and_the_rest_goes_on(tmp_path):
    folder = lay_out(tmp_path)
    large = folder / "config" / "experiments" / "tiny.yaml"
    large.write_text(large.read_text().replace("draws: 600, max_size: 6", "draws: 2000000"))
    targets = [stage(name, "generated") for name in ("tiny", "tiny_alone")]
    with start(folder, "--cores", "1", "--keep-going", *targets) as running:
        kill_job(folder / "results" / "tiny" / "logs" / "generate_data.log")
        messages = running.communicate()[1]
    assert running.returncode == 1
    line = "generate_data: results/tiny/logs/generate_data.log: the job was killed (SIGKILL)"
    assert f"\n{line}" in messages
    assert line in log_of(folder, "tiny", "generate_data")
    assert "Traceback" not in messages
    assert [path.name for path in (folder / "results").rglob("*.parquet")] == ["generated.parquet"]


def kill_job(log):
    """Kill the Python process of the job with this log, as the kernel does."""
    deadline = time.monotonic() + 100
    while not log.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    [job] = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if runs_script(process, log.parents[3], "generate_data")
    ]
    os.kill(job, signal.SIGKILL)


def runs_script(process, folder, script):
    """Whether a process in /proc is the Python of a job with this script, in this folder."""
    try:
        program, *_, last = (process / "cmdline").read_text().rstrip("\0").split("\0")
        place = (process / "cwd").readlink()
    except (OSError, ValueError):  # it has ended, or has no arguments
        return False
    return "python" in program and last.endswith(f".{script}.py") and place == folder


@pytest.mark.parametrize(
    ("system", "python", "words"),
    [
        ("nt", "C:/python.exe", "on Windows within WSL"),
        ("posix", "/srv/my env/bin/python", "Python in a folder with a space"),
        ("posix", "/srv/env/bin/python", "there is no config/config.yaml: copy clone/config"),
    ],
)
def test_where_nothing_can_run_is_said_at_once(tmp_path, monkeypatch, system, python, words):
    monkeypatch.chdir(tmp_path)
    assert words in impossible_place(Path("clone"), system, python)
    lay_out(tmp_path)
    said = impossible_place(Path("clone"), system, python)
    assert said is None or words in said


def test_a_missing_gpu_is_named(tmp_path, monkeypatch):
    """Also where a GPU is counted, as by the profile, and --config says something else; where none
    is, auto takes the CPU.
    """
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # on a machine that has one
    folder = lay_out(tmp_path)
    options = ("--cores", "1", "--config", "device=auto", "trials=2", "--")
    targets = ("results/tiny_alone/training/0/trials.csv", stage("tiny"))
    profile = ("--workflow-profile", ROOT / "workflow/profiles/gpu")
    done = snakemake(folder, *profile, *options, *targets, fork="jobs")
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("train: ")]
    assert "device: cuda was asked for, but torch sees no GPU" in line
    assert "use auto or cpu" in line
    assert line in log_of(folder, "tiny_alone", "train/0")
    assert "Traceback" not in done.stderr
    assert (folder / stage("tiny")).exists()
    run(folder, *options, *targets, fork="jobs")
