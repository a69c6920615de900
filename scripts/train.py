"""Train the hyperparameter samples of a job, all trials of a sample as one ensemble."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from quantlearn import tables
from quantlearn.devices import choose_device
from quantlearn.evaluation import correct_answers, evaluate
from quantlearn.examples import stack, stratified_subset
from quantlearn.jobs import run_job
from quantlearn.members import read_members
from quantlearn.networks.ensemble import Ensemble
from quantlearn.seeds import random_stream, seed_sequence
from quantlearn.space import Sample, read_sample
from quantlearn.split import SIDES
from quantlearn.training import train
from quantlearn.training_tables import cells_table, curves_table, trials_table
from quantlearn.weights import write_weights


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
) -> None:
    """Train the samples ``job_samples`` of the table ``samples`` on the file ``split_scenes``.

    Writes the learning curves, one row for each network, the final answers counted by cell, and the
    final weights, whose first axis is the rows of ``trials`` that are of the sample.
    """
    torch.set_num_threads(threads)
    where = choose_device(device)
    trained = {
        sample: train_sample(
            sample, read_sample(samples, sample), split_scenes, quantifiers, seed, where, experiment
        )
        for sample in job_samples
    }
    parts = trained.values()
    tables.write_parquet(pd.concat([part.curves for part in parts], ignore_index=True), curves)
    tables.write_csv(pd.concat([part.trials for part in parts], ignore_index=True), trials)
    tables.write_parquet(pd.concat([part.cells for part in parts], ignore_index=True), cells)
    write_weights({sample: part.weights for sample, part in trained.items()}, weights)


@dataclass(frozen=True)
class Trained:
    """What a sample leaves: its part of each table, and its weights by name."""

    curves: pd.DataFrame
    trials: pd.DataFrame
    cells: pd.DataFrame
    weights: dict[str, np.ndarray]


def train_sample(
    sample: int,
    settings: Sample,
    split_scenes: str,
    quantifiers: list[str],
    seed: int,
    where: torch.device,
    experiment: str,
) -> Trained:
    """Train all trials of one sample with its ``settings``."""
    training = settings["training"]
    members, task = read_members(split_scenes, quantifiers, training["together"])
    ensemble = Ensemble(settings["network"], task, where, training["core"], training["loss"])
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

        start = ensemble.initialise(streams("initialise")).to(where)
        outcome = train(
            ensemble, start, whole["train"], evaluated, streams("shuffle"), training, progress
        )

    scores = {side: evaluate(ensemble, outcome.weights, whole[side]) for side in sides}
    correct = {
        side: correct_answers(ensemble, outcome.weights, whole[side])
        for side in sides
        if side != "train"
    }
    seeds = [f"{seed_sequence(seed, *name).generate_state(1, np.uint64)[0]:016x}" for name in names]
    return Trained(
        curves_table(sample, outcome, members, quantifiers),
        trials_table(sample, outcome, members, scores, seeds, str(where), ensemble.core),
        cells_table(sample, members, correct, quantifiers),
        {name: array.numpy() for name, array in ensemble.unpack(outcome.weights.cpu()).items()},
    )


if __name__ == "__main__":
    run_job(train_samples, snakemake)
