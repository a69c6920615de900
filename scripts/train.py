"""Train all trials of one hyperparameter sample as one ensemble."""

import numpy as np
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
from quantlearn.space import read_sample
from quantlearn.split import SIDES
from quantlearn.training import train
from quantlearn.training_tables import cells_table, curves_table, trials_table
from quantlearn.weights import write_weights


def train_sample(
    split_scenes: str,
    samples: str,
    curves: str,
    trials: str,
    cells: str,
    weights: str,
    quantifiers: list[str],
    seed: int,
    device: str,
    experiment: str,
    sample: str,
    threads: int,
) -> None:
    """Train sample number ``sample`` of the table ``samples`` on the file ``split_scenes``.

    Writes the learning curves, one row for each network, the final answers counted by cell, and the
    final weights, whose first axis is the rows of ``trials``.
    """
    torch.set_num_threads(threads)
    where = choose_device(device)
    settings = read_sample(samples, int(sample))
    training = settings["training"]
    coding = settings["network"]["quantifiers"]
    members, task = read_members(split_scenes, quantifiers, training["together"], coding)
    ensemble = Ensemble(settings["network"], task, where, training["core"], training["loss"])
    names = [(experiment, int(sample), member.trial, member.learns) for member in members]

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
    tables.write_parquet(curves_table(outcome, members, quantifiers), curves)
    tables.write_csv(
        trials_table(outcome, members, scores, seeds, str(where), ensemble.core), trials
    )
    tables.write_parquet(cells_table(members, correct, quantifiers), cells)
    write_weights(ensemble, outcome.weights, weights)


if __name__ == "__main__":
    run_job(train_sample, snakemake)
