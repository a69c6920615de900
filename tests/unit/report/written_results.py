"""Results of networks that write and have learned nothing, for tests of what the course shows."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from quantlearn import tables
from quantlearn.data.generate import draw_pairs
from quantlearn.data.scene_files import write_trials
from quantlearn.figures.experiment import Experiment
from quantlearn.networks.weight_files import write_weights
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.settings.samples import samples_table
from quantlearn.training.decoding import texts_of_sample
from quantlearn.training.job import Assignment

SCENES = 300  # of each trial, a third of them for testing


def write_untrained(folder: Path, settings: dict[str, Any], **network: Any) -> Experiment:
    """Write scenes, one sample, its networks as training would find them, and their texts.

    ``network`` are the sample's settings where those of the experiment vary.
    """
    experiment = Experiment(settings, folder)
    names = list(settings["quantifiers"])
    quantifiers = [Quantifier(name, settings["expressions"][name]) for name in names]
    space = Space(1, settings["data"]["generate"]["max_size"])
    split = np.where(np.arange(SCENES) % 3 > 0, "train", "test").astype(object)
    drawn = [
        draw_pairs(np.random.default_rng(trial), SCENES, quantifiers, space)
        for trial in range(settings["trials"])
    ]
    for result in ("scenes", "weights", "texts"):
        experiment.path(result).parent.mkdir(parents=True, exist_ok=True)
    write_trials(experiment.path("scenes"), names, [(own, {"split": split}) for own in drawn])
    sample = {"network": settings["network"] | network, "training": settings["training"]}
    tables.write_csv(samples_table([sample]), experiment.path("samples"))
    assignment = Assignment(
        experiment=experiment.name,
        split_scenes=str(experiment.path("scenes")),
        quantifiers=names,
        task=settings["task"],
        groups=None,
        seed=1,
        device=torch.device("cpu"),
        threads=1,
    )
    members, ensemble = assignment.networks(sample, core="eager")
    flat = ensemble.initialise(assignment.streams(0, members, "initialise", "start"))
    weights = {name: array.numpy() for name, array in ensemble.unpack(flat).items()}
    write_weights({0: weights}, experiment.path("weights"))
    texts = texts_of_sample(0, sample, assignment, str(experiment.path("weights")), quantifiers)
    tables.write_parquet(texts, experiment.path("texts"))
    return experiment
