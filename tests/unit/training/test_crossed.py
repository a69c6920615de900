"""Crossed designs: trials share exactly what is random in the parts that they share."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from small_networks import network
from test_train_sample import TRAINING

from balance_data import balance_data
from generate_data import generate_data
from quantlearn.data.scene_files import read_trials
from quantlearn.seeds import parts_of_trial
from quantlearn.settings.samples import samples_table
from quantlearn.tables import write_csv
from quantlearn.training.job import Assignment
from quantlearn.training.members import read_members, with_training_scenes
from quantlearn.training.weights import read_trained
from split_data import split_data
from train import train_samples

CROSSED = {"roots": 2, "data": 2, "starts": 3, "orders": 2}
TRIALS = 24
NAMES = {"at_least_2": "|A & B| >= 2", "every": "A <= B"}
SPACE = {"max_size": 5, "min_size": 1, "zones": ["both", "a_only", "b_only", "neither"]}
SPLIT = {"by": "scene", "train": 0.6, "dev": 0.2, "test": 0.2}
ONLY_TEST = {"sizes_above": None, "counts": 0.0, "quantifiers": []}


def split_scenes(folder, *, seed, trials, crossed=None):
    """The split scenes of some trials, as the scripts make them."""
    folder.mkdir()
    paths = [folder / f"{name}.parquet" for name in ("generated", "balanced", "split")]
    fill = {"method": "fill", "scenes_per_cell": 30} | SPACE
    balance = {"method": "downsample", "by": "truth_and_size"}
    generate_data(paths[0], fill, NAMES, seed, "any", trials, crossed)
    balance_data(*paths[:2], balance, list(NAMES), seed, "any", crossed=crossed)
    split = SPLIT | {"only_test": ONLY_TEST}
    split_data(*paths[1:], split, list(NAMES), seed, "any", crossed)
    return paths[2]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crossed") / "data"
    return split_scenes(folder, seed=7, trials=TRIALS, crossed=CROSSED)


def contents(path):
    return [
        (trial.scenes.tobytes(), trial.truth.tobytes(), tuple(extra["split"]))
        for trial, extra in read_trials(path, list(NAMES))
    ]


def assert_shared_by(values, *parts):
    """Two trials have the same value if, and only if, they have the same parts."""
    keys = [
        tuple(getattr(parts_of_trial(trial, CROSSED), part) for part in parts)
        for trial in range(TRIALS)
    ]
    for one, other in itertools.combinations(range(TRIALS), 2):
        assert (values[one] == values[other]) == (keys[one] == keys[other])


def test_every_combination_of_parts_is_one_trial():
    levels = [range(number) for number in CROSSED.values()]
    found = [parts_of_trial(trial, CROSSED) for trial in range(TRIALS)]
    assert found == list(itertools.product(*levels))


def test_without_a_design_a_trial_has_its_own_number_under_the_root_seed():
    assert parts_of_trial(5, None) == (0, 5, 5, 5)


def test_scenes_balance_and_split_are_shared_by_root_and_data(path):
    assert_shared_by(contents(path), "root", "data")


def test_the_data_of_a_root_are_those_of_a_run_with_its_seed(path, tmp_path):
    plain = contents(split_scenes(tmp_path / "plain", seed=8, trials=2))
    own = {parts_of_trial(trial, CROSSED)[:2]: one for trial, one in enumerate(contents(path))}
    assert plain == [own[1, 0], own[1, 1]]


def test_subsets_for_training_are_shared_by_root_and_data(path):
    members, _ = read_members(path, list(NAMES), together=True)
    fewer = with_training_scenes(members, 20, 7, "any", CROSSED)
    taken = [member.scenes["train"].scenes.tobytes() for member in fewer]
    assert_shared_by(taken, "root", "data")


@pytest.mark.parametrize("part", ["data", "start", "order"])
def test_streams_are_shared_by_root_and_part(part):
    assignment = Assignment(
        experiment="any",
        split_scenes="",
        quantifiers=list(NAMES),
        task="verification",
        groups=None,
        seed=7,
        device=torch.device("cpu"),
        threads=1,
        crossed=CROSSED,
    )
    members = [SimpleNamespace(trial=trial, learns="all") for trial in range(TRIALS)]
    streams = assignment.streams(0, members, "any purpose", part)
    drawn = [stream.random(4).tobytes() for stream in streams]
    assert_shared_by(drawn, "root", part)
    if part == "start":
        assert_shared_by(assignment.seeds(0, members), "root", "start")
    else:
        assert len(set(drawn)) == 4


@pytest.fixture(scope="module")
def trained(path, tmp_path_factory):
    """Networks that have hardly left their first weights, with their curves."""
    folder = tmp_path_factory.mktemp("trained")
    chosen = {
        "network": network("lstm", hidden=4),
        "training": TRAINING | {"scenes": 20, "learning_rate": 1e-8, "evaluate_every": 1},
    }
    write_csv(samples_table([chosen]), folder / "samples.csv")
    train_samples(
        str(path),
        str(folder / "samples.csv"),
        *(str(folder / name) for name in ("curves", "trials.csv", "cells", "weights")),
        job_samples=[0],
        quantifiers=list(NAMES),
        seed=7,
        device="cpu",
        experiment="any",
        threads=1,
        checkpoint=str(folder / "checkpoint"),
        checkpoint_seconds=None,
        code="",
        crossed=CROSSED,
    )
    settings = {"name": "any", "quantifiers": list(NAMES), "groups": None, "crossed": CROSSED}
    weights = folder / "weights"
    found = read_trained(settings, 0, chosen, split_scenes=path, weights=weights, seed=7)
    return found, pd.read_parquet(folder / "curves")


def test_first_weights_are_shared_by_root_and_start(trained):
    networks, _ = trained
    assert_shared_by([row.numpy().tobytes() for row in networks.before], "root", "start")
    np.testing.assert_allclose(networks.after, networks.before, atol=1e-6)


def test_the_first_loss_of_a_run_is_that_of_its_data_and_start_in_any_order(trained):
    """The later ones hang on the order."""
    _, curves = trained
    losses = curves[curves["quantifier"] == "all"].pivot_table("loss", "trial", "step")
    assert_shared_by(list(losses[1].round(6)), "root", "data", "start")
    assert_shared_by(list(losses.iloc[:, -1]), "root", "data", "start", "order")
