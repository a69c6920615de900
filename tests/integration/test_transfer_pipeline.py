"""Two tiny experiments of which one starts from the networks of the other."""

import re
import shutil

import pandas as pd
import pytest
import yaml

from pipeline import TRANSFER_CONFIG, lay_out, run
from quantlearn import tables
from quantlearn.figures.course.transfer import TABLES

STARTS = ["null", "most", "even"]
TARGET = "results/tiny_transfer/tables/transfer.csv"
OF_JOB = ("weights.safetensors", "curves.parquet", "cells.parquet")


@pytest.fixture(scope="module")
def transferred(tmp_path_factory):
    """The folder of the two experiments, after a run on two cores."""
    folder = lay_out(tmp_path_factory.mktemp("transfer"), TRANSFER_CONFIG)
    run(folder, "--cores", "2", TARGET, fork="jobs")
    return folder


@pytest.fixture
def copied(transferred, tmp_path):
    return shutil.copytree(transferred, tmp_path / "copied")


def trained(folder):
    """The bytes that each training job of the second experiment left."""
    jobs = sorted((folder / "results" / "tiny_transfer" / "training").iterdir())
    return {job.name: [(job / file).read_bytes() for file in OF_JOB] for job in jobs}


def test_a_sample_is_a_start_and_its_networks_are_targets(transferred):
    results = transferred / "results" / "tiny_transfer"
    samples = pd.read_csv(results / "samples.csv", dtype=str, keep_default_na=False)
    assert samples["training.start"].tolist() == STARTS
    trials = pd.read_csv(results / "tables" / "trials.csv")
    assert len(trials) == len(STARTS) * 2 * 2
    assert set(trials["train_scenes"]) == {40}
    numbers = tables.read_csv(transferred / TARGET, TABLES["transfer"])
    assert (numbers["kind"].isin(["pair", "same"])).sum() == 4
    assert set(numbers.loc[numbers["kind"] == "pair", "n"]) == {2}


def test_the_log_says_what_was_taken_over(transferred):
    logs = transferred / "results" / "tiny_transfer" / "logs" / "train"
    assert "started from" not in (logs / "0.log").read_text()
    for job, start in enumerate(STARTS[1:], start=1):
        text = (logs / f"{job}.log").read_text()
        assert f"started from {start} in results/tiny_source/training/0/weights" in text
        assert "readout.bias; initialised nothing" in text


def test_training_again_gives_the_same_bytes(copied):
    before = trained(copied)
    job = copied / "results" / "tiny_transfer" / "training" / "1"
    shutil.rmtree(job)
    weights = (job / "weights.safetensors").relative_to(copied)
    run(copied, "--cores", "1", weights, fork="jobs")
    assert trained(copied) == before


def test_what_starts_from_none_is_as_without_the_key(copied):
    before = trained(copied)["0"]
    path = copied / "config" / "experiments" / "tiny_transfer.yaml"
    experiment = yaml.safe_load(path.read_text())
    for key in ("start_from", "search", "figures"):
        del experiment[key]
    del experiment["training"]["start"]
    path.write_text(yaml.safe_dump(experiment))
    target = "results/tiny_transfer/tables/trials.csv"
    run(copied, "--cores", "1", "--forcerun", "train", "--", target, fork="jobs")
    assert trained(copied)["0"] == before


def test_the_source_is_an_input_and_is_recorded(transferred):
    assert "Nothing to be done" in run(transferred, "--cores", "1", TARGET).stderr
    plan = run(transferred, "--dry-run", "--forceall", "--cores", "1", "course").stdout
    jobs = re.findall(r"rule (\w+):\n    input: (.+)\n", plan)
    source = "results/tiny_source/training/0/weights.safetensors"
    assert sum(rule == "train" and source in files for rule, files in jobs) == len(STARTS)
    (recorded,) = (files for rule, files in jobs if rule == "record_run" and "course" in plan)
    assert source in recorded
