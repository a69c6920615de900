"""A small training job as a process of its own, to be interrupted."""

import logging
import os
from multiprocessing import Process
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from forks import start_forked
from quantlearn.data.scene_files import write_trials
from quantlearn.pipeline.jobs import run_job
from quantlearn.semantics.scenes import PADDING, LabelledScenes
from quantlearn.settings.samples import samples_table
from quantlearn.tables import write_csv
from train import train_samples

FILES = ("curves.parquet", "trials.csv", "cells.parquet", "weights.safetensors")
CHECKPOINT = "checkpoint.safetensors"
TRIALS = 2

_COMMON = {
    **{"initialisation": "glorot", "quantifiers": "one_hot", "precision": "float32"},
    **{"layers": 2, "hidden": 4},
}
_LSTM = {**_COMMON, "architecture": "lstm", "padding": "masked", "dropout": 0.3}
_FEEDFORWARD = {
    **_COMMON,
    **{"architecture": "feedforward", "activation": "tanh", "dropout": 0.2, "batch_norm": True},
    "objects": "one_hot",
}
_TRAINING = {
    **{"together": True, "start": None, "start_readout": True, "scenes": None},
    **{"core": "eager", "loss": "cross_entropy", "learning_rate": 0.01},
    **{"weight_decay": 0.0, "batch_size": 8, "evaluate_every": 6, "evaluate_splits": ["test"]},
    **{"eval_scenes": 20, "monitor": "test", "stop_loss": None, "patience": 6},
    "shuffle_buffer": None,
}
SAMPLES = [
    {"network": _LSTM, "training": _TRAINING | {"optimiser": "adam", "max_epochs": 9}},
    {
        "network": _FEEDFORWARD,
        "training": _TRAINING
        | {"optimiser": "sgd", "momentum": 0.9, "max_epochs": 20, "patience": None},
    },
]
"""One that stops by patience, with masks; one with batch statistics and an optimiser of its own."""


def lay_out_job(folder: Path, seed: int = 0) -> Path:
    """A folder with what the job reads; its scenes depend on ``seed``."""

    def scenes(trial: int) -> tuple[LabelledScenes, dict[str, np.ndarray]]:
        rng = np.random.default_rng([seed, trial])
        sizes = rng.integers(1, 5, size=100, endpoint=True)
        zones = rng.integers(4, size=(100, 5)).astype(np.uint8)
        zones[np.arange(5) >= sizes[:, None]] = PADDING
        split = np.where(np.arange(100) < 70, "train", "test").astype(object)
        truth = (zones == 0).any(axis=1)
        return LabelledScenes(zones, sizes, np.zeros(100, dtype=np.int64), truth), {"split": split}

    folder.mkdir()
    write_csv(samples_table(SAMPLES), folder / "samples.csv")
    write_trials(folder / "split.parquet", ["some"], map(scenes, range(TRIALS)))
    return folder


def start_job(folder: Path, seconds: float = 1e-9) -> Process:
    """Start the job of a folder, with a checkpoint as often as every ``seconds``."""
    return start_forked(_train, folder, seconds)


def results_of(folder: Path) -> dict[str, bytes]:
    """The bytes of what the job wrote, but for the times in trials.csv."""
    found = {name: (folder / name).read_bytes() for name in FILES if name != "trials.csv"}
    trials = pd.read_csv(folder / "trials.csv", dtype=str)
    assert trials["seconds"].astype(float).gt(0).all()
    return {**found, "trials.csv": trials.drop(columns="seconds").to_csv().encode()}


def _train(folder: Path, seconds: float) -> None:
    os.chdir(folder)
    logging.getLogger("quantlearn").propagate = False
    job = SimpleNamespace(
        rule="train",
        threads=1,
        wildcards={"experiment": "small", "job": "0"},
        input={"split_scenes": "split.parquet", "samples": "samples.csv"},
        output={name.split(".")[0]: name for name in FILES},
        log=["train.log"],
        params={
            "job_samples": list(range(len(SAMPLES))),
            "quantifiers": ["some"],
            **{"seed": 1, "device": "cpu", "code": "0", "checkpoint": CHECKPOINT},
            "checkpoint_seconds": seconds,
        },
    )
    run_job(train_samples, job)
