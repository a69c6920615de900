"""Probe the states of recurrent networks along test scenes for counts and the automaton's state."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from quantlearn import tables
from quantlearn.figures.course.probes import counts_along, probe, probes_table
from quantlearn.networks.states import top_states
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import random_stream
from quantlearn.semantics.automata import minimal_automaton
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import PADDING
from quantlearn.training.weights import Trained, read_trained

MOST_SCENES = 300  # half of them to fit the probes, half to score them
FEWER_POSITIONS = 1500  # for logistic regression, which is slow


def analyse_probes(
    settings: dict[str, Any],
    samples: str,
    split_scenes: str,
    training_weights: list[str],
    seed: int,
    *,
    numbers: str,
) -> None:
    """Write the scores of the probes of an experiment in which each quantifier has networks."""
    torch.set_num_threads(1)
    trained = read_trained(settings, 0, samples, split_scenes, training_weights, seed)
    scores: dict[tuple[str, str, str, str, str], list[float]] = {}
    for name, expression in settings["expressions"].items():
        automaton = minimal_automaton(Quantifier(name, expression))
        for row in trained.rows(name):
            stream = random_stream(seed, settings["name"], row, "probes")
            scenes = stream.permutation(trained.members[row].scenes["test"].scenes)[:MOST_SCENES]
            targets = counts_along(scenes)
            if automaton is not None:
                targets["automaton"] = automaton.run(scenes)
            first_half = np.arange(len(scenes))[:, None] < len(scenes) // 2
            fitted, scored = ((scenes != PADDING) & half for half in (first_half, ~first_half))
            for network, part, states in states_of(trained, row, scenes):
                for target, values in targets.items():
                    classes = target == "automaton"
                    few = slice(FEWER_POSITIONS if classes else None)
                    found = probe(
                        states[fitted][few], values[fitted][few], states[scored], values[scored],
                        classes,
                    )  # fmt: skip
                    for metric, value in found.items():
                        key = (name, target, network, part, metric)
                        scores.setdefault(key, []).append(value)
    tables.write_csv(probes_table(scores), numbers)


@torch.no_grad()
def states_of(
    trained: Trained, row: int, scenes: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """What is probed, each (n, positions, units): the network's states, and the size so far."""
    task = trained.ensemble.task
    tokens = torch.from_numpy(task.tokens(scenes, np.zeros(len(scenes), dtype=int)))[None]
    for network, flat in (("trained", trained.after), ("untrained", trained.before)):
        weights = trained.ensemble.unpack(flat[[row]])
        parts = zip(*top_states(trained.ensemble, weights, tokens), strict=True)
        for part, states in zip("hc", parts, strict=False):
            yield network, part, torch.stack(states, dim=2)[0].double().numpy()
    size = np.broadcast_to(np.arange(1.0, scenes.shape[1] + 1), scenes.shape)
    yield "size", "", size[:, :, None]


if __name__ == "__main__":
    run_job(analyse_probes, snakemake)
