"""Measure how the loss's derivative by a network's state falls with the distance from the end."""

from typing import Any

import numpy as np
import torch

from quantlearn import columns, tables
from quantlearn.figures.course.gradients_through_time import gradients_table, relative_norms
from quantlearn.figures.course.sequence_lengths import architecture_of
from quantlearn.networks.states import state_gradients
from quantlearn.pipeline.jobs import run_job
from quantlearn.training.weights import Trained, read_trained

MOST_SCENES = 100


def analyse_gradients_through_time(
    settings: dict[str, Any],
    samples: str,
    split_scenes: str,
    training_weights: list[str],
    seed: int,
    *,
    numbers: str,
) -> None:
    """Write the norms for test scenes of the largest size that was trained, or that there is."""
    torch.set_num_threads(1)
    data = settings["data"]
    size = data["split"]["only_test"]["sizes_above"] or data["generate"]["max_size"]
    norms = {}
    architectures = architecture_of(tables.read_csv(samples, columns.SAMPLES))
    for sample, architecture in architectures.items():
        trained = read_trained(settings, sample, samples, split_scenes, training_weights, seed)
        for network, flat in (("untrained", trained.before), ("trained", trained.after)):
            for part, found in zip("hc", norms_of(trained, flat, size), strict=False):
                norms[architecture, part, network] = found
    tables.write_csv(gradients_table(norms), numbers)


def norms_of(trained: Trained, flat: torch.Tensor, size: int) -> list[np.ndarray]:
    """Relative norms (networks, size) for each part of the state."""
    examples = [member.examples["test"] for member in trained.members]
    full = [np.flatnonzero(part.lengths == size) for part in examples]
    count = min(MOST_SCENES, *map(len, full))
    chosen = [part[rows[:count]] for part, rows in zip(examples, full, strict=True)]
    tokens = torch.from_numpy(np.stack([part.tokens[:, :size] for part in chosen]))
    labels = torch.from_numpy(np.stack([part.labels for part in chosen]))
    found = [
        norm.double().numpy() for norm in state_gradients(trained.ensemble, flat, tokens, labels)
    ]
    return [relative_norms(norms, found[0][:, :, -1]) for norms in found]


if __name__ == "__main__":
    run_job(analyse_gradients_through_time, snakemake)
