"""Train the hyperparameter samples of a job, all trials of a sample as one ensemble."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from tqdm import tqdm

from quantlearn import tables
from quantlearn.data.split import SIDES
from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.pipeline.devices import choose_device
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import random_stream, seed_sequence
from quantlearn.settings.samples import Sample, read_sample
from quantlearn.training.checkpoints import Checkpoints
from quantlearn.training.evaluation import answers, evaluate
from quantlearn.training.examples import stack, stratified_subset
from quantlearn.training.job import Stopped, StopSignals, TrainedSample, TrainingJob, joined
from quantlearn.training.loop import train
from quantlearn.training.members import read_members, with_training_scenes
from quantlearn.training.tables import cells_table, curves_table, trials_table
from quantlearn.training.warm_start import find_source, take_over
from quantlearn.training.weights import write_weights

# What decides the bytes of results beside the settings, the data and the code.
LIBRARIES = ("torch", "numpy", "numba")


def train_samples(
    split_scenes: str,
    samples: str,
    curves: str,
    trials: str,
    cells: str,
    weights: str,
    job_samples: list[int],
    quantifiers: list[str],
    seed: int,
    device: str,
    experiment: str,
    threads: int,
    checkpoint: str,
    checkpoint_seconds: float | None,
    code: str,
    source_samples: Sequence[str] = (),
    source_weights: Sequence[str] = (),
    source_trials: Sequence[str] = (),
    task: str = "verification",
    groups: list[list[str]] | None = None,
) -> None:
    """Train the samples ``job_samples`` of the table ``samples`` on the file ``split_scenes``.

    Writes the learning curves, one row for each network, the final answers counted by cell, and the
    final weights, whose first axis is the rows of ``trials`` that are of the sample.

    A job that is interrupted goes on from the file ``checkpoint``, which is written every
    ``checkpoint_seconds`` and on SIGTERM or SIGINT, and removed when the job is done. It is used
    only for the same settings, data, source, seed, kind of device, libraries and ``code`` (a
    digest). Where networks may start from those of another experiment, ``source_samples`` holds the
    path of its samples, and the other two lists one path for each of its training jobs.
    """
    where = choose_device(device)
    settings = {sample: read_sample(samples, sample) for sample in job_samples}
    fingerprint = {
        "settings": _digest(json.dumps([experiment, quantifiers, groups, task, settings])),
        "data": _digest_of_file(split_scenes),
        "source": " ".join(map(_digest_of_file, [*source_samples, *source_weights])),
        "seed": str(seed),
        "code": code,
        "device": where.type,
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }
    source = (*source_samples, source_weights, source_trials)
    checkpoints = Checkpoints(checkpoint, fingerprint, checkpoint_seconds)
    with StopSignals() as signals:
        try:
            job = TrainingJob(checkpoints, signals)
            for sample in job_samples[len(job.done) :]:
                job.finish(
                    train_sample(
                        *(sample, settings[sample], split_scenes, quantifiers, groups, task),
                        *(seed, where, threads, experiment, job, source),
                    )
                )
            tables.write_parquet(joined(part.curves for part in job.done), curves)
            tables.write_csv(joined(part.trials for part in job.done).to_pandas(), trials)
            tables.write_parquet(joined(part.cells for part in job.done), cells)
            done = zip(job_samples, job.done, strict=True)
            write_weights({sample: part.weights for sample, part in done}, weights)
            checkpoints.discard()
        except Stopped as stopped:
            raise _interruption(stopped, checkpoints) from None


def train_sample(
    sample: int,
    settings: Sample,
    split_scenes: str,
    quantifiers: list[str],
    groups: list[list[str]] | None,
    task: str,
    seed: int,
    where: torch.device,
    threads: int,
    experiment: str,
    job: TrainingJob,
    source: tuple[Any, ...],
) -> TrainedSample:
    """Train all trials of one sample with its ``settings``, from where ``job`` was interrupted.

    ``source`` is where `find_source` looks for networks that those of the sample start from.
    """
    training = settings["training"]
    coding = settings["network"]["quantifiers"]
    members, network_task = read_members(
        split_scenes, quantifiers, training["together"], coding, task, groups
    )
    members = with_training_scenes(members, training["scenes"], seed, experiment)
    ensemble = Ensemble(
        settings["network"], network_task, where, training["core"], training["loss"], threads
    )
    ensemble.share_threads()
    names = [(experiment, sample, member.trial, member.learns) for member in members]

    def streams(purpose: str) -> list[np.random.Generator]:
        return [random_stream(seed, *name, purpose) for name in names]

    sides = [side for side in SIDES if all(len(member.examples[side]) for member in members)]
    whole = {side: stack([member.examples[side] for member in members], where) for side in sides}
    evaluated = {
        side: stack(
            [
                stratified_subset(member.examples[side], training["eval_scenes"], rng)
                for member, rng in zip(members, streams(f"evaluate {side}"), strict=True)
            ],
            where,
        )
        for side in training["evaluate_splits"]
    }
    if ensemble.planned:
        for examples in evaluated.values():
            examples.plan(ensemble.plan)
    with tqdm(desc=f"{experiment} {sample}", unit=" steps", disable=None) as bar:

        def progress(step: int, limit: int) -> None:
            bar.total = limit
            bar.update(step - bar.n)

        start = ensemble.initialise(streams("initialise"))
        if training["start"] is not None:
            trials = [member.trial for member in members]
            readout = training["start_readout"]
            found = find_source(settings["network"], *source)
            take_over(ensemble, start, found, training["start"], trials, readout=readout)
        start = start.to(where)
        with job.whole_rounds():
            outcome = train(
                *(ensemble, start, whole["train"], evaluated, streams("shuffle"), training),
                *(progress, job.exported, job.offer),
            )

    scores = {side: evaluate(ensemble, outcome.weights, whole[side]) for side in sides}
    given = {
        side: answers(ensemble, outcome.weights, whole[side]) for side in sides if side != "train"
    }
    seeds = [f"{seed_sequence(seed, *name).generate_state(1, np.uint64)[0]:016x}" for name in names]
    found = (
        curves_table(sample, outcome, members),
        trials_table(sample, outcome, members, scores, seeds, str(where), ensemble.core),
        cells_table(sample, members, given, quantifiers),
    )
    return TrainedSample(
        *(pa.Table.from_pandas(table, preserve_index=False) for table in found),
        {name: array.numpy() for name, array in ensemble.unpack(outcome.weights.cpu()).items()},
    )


def _interruption(stopped: Stopped, checkpoints: Checkpoints) -> QuantlearnError:
    if checkpoints.save():
        remedy = f"what it has done is in {checkpoints.path}; run the same command again to go on"
    else:
        remedy = "there is no checkpoint; run the same command again to start anew"
    return QuantlearnError(f"stopped by {stopped}: {remedy}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_of_file(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    run_job(train_samples, snakemake)
