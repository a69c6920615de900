"""Real training finds no difference between quantifiers that are one learning problem.

A sample of `make calibrate`, in seconds.
"""

import numpy as np
import pytest
import torch
from small_networks import network

from quantlearn.figures.error_rates import chance_range, disjoint_ensembles, signed_rank_p
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space, random_scenes
from quantlearn.training.examples import Examples, stack
from quantlearn.training.loop import train

TRIALS, SCENES = 50, 160
SPACE = Space(1, 8)
QUANTIFIERS = {"every": "A <= B", "only": "B <= A", "even": "|A & B| % 2 == 0"}
TRAINING = {
    **{"optimiser": "adam", "weight_decay": 0.0, "learning_rate": 0.01, "batch_size": 8},
    "shuffle_buffer": None,
    **{"max_epochs": 5, "evaluate_every": 20, "monitor": "test"},
    **{"stop_loss": None, "patience": None},
}


def examples(task: Task, name: str, trial: int, side: str) -> Examples:
    scenes, sizes = random_scenes(random_stream(1, name, trial, side), SCENES, SPACE, skewed=True)
    asked = np.zeros(SCENES, dtype=np.int64)
    truth = Quantifier(name, QUANTIFIERS[name]).verify(scenes, sizes)
    return Examples(task.tokens(scenes, asked), sizes, truth.astype(np.int64), asked)


@pytest.fixture(scope="module")
def mean_loss() -> dict[str, np.ndarray]:
    """The mean test loss of networks that learn a quantifier, each from scenes of its own."""
    task = Task(SPACE.max_size, 1)
    ensemble = Ensemble(network("feedforward", precision="float32", hidden=8), task, core="eager")
    names = [(name, trial) for name in QUANTIFIERS for trial in range(TRIALS)]
    train_scenes, test_scenes = (
        stack([examples(task, *each, side) for each in names], torch.device("cpu"))
        for side in ("train", "test")
    )
    outcome = train(
        ensemble,
        ensemble.initialise([random_stream(1, *each, "start") for each in names]),
        train_scenes,
        {"test": test_scenes},
        [random_stream(1, *each, "order") for each in names],
        TRAINING,
    )
    losses = np.mean([evaluation.scores.loss[:, 0] for evaluation in outcome.curve], axis=0)
    return dict(zip(QUANTIFIERS, losses.reshape(-1, TRIALS), strict=True))


@pytest.mark.parametrize(("second", "differs"), [("only", False), ("even", True)])
def test_equal_quantifiers_are_not_told_apart_and_others_are(mean_loss, second, differs):
    drawn = disjoint_ensembles(np.random.default_rng(2), TRIALS, 10, resamples=200)
    found = signed_rank_p((mean_loss[second] - mean_loss["every"])[drawn])
    share = np.mean(found < 0.05)
    assert share > 0.9 if differs else share <= chance_range(TRIALS // 10)[1]
