"""The training script: every architecture, from split scenes to its result files."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file
from small_networks import ARCHITECTURES, network, start

from quantlearn import tables
from quantlearn.columns import CELLS
from quantlearn.data.scene_files import write_trials
from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.networks.weight_files import write_weights
from quantlearn.semantics.scenes import PADDING, LabelledScenes
from quantlearn.settings.samples import samples_table
from quantlearn.statistics.convergence import convergence_table
from quantlearn.tables import write_csv
from quantlearn.training.checkpoints import Checkpoints
from quantlearn.training.warm_start import find_source, take_over
from train import train_samples

TRIALS = 2
TRAINING = {
    "together": True,
    "start": None,
    "start_readout": True,
    "scenes": None,
    "core": "auto",
    "loss": "cross_entropy",
    "optimiser": "adam",
    "learning_rate": 0.01,
    "weight_decay": 0.0,
    "batch_size": 8,
    "max_epochs": 2,
    "shuffle_buffer": None,
    "evaluate_every": 10,
    "evaluate_splits": ["test"],
    "eval_scenes": 20,
    "monitor": "test",
    "stop_loss": None,
    "patience": None,
}


def some_scenes(trial):
    rng = np.random.default_rng(trial)
    n, positions = 100, 5
    sizes = rng.integers(1, positions, size=n, endpoint=True)
    scenes = rng.integers(4, size=(n, positions)).astype(np.uint8)
    scenes[np.arange(positions) >= sizes[:, None]] = PADDING
    truth = (scenes == 0).any(axis=1)
    split = np.where(np.arange(n) < 70, "train", "test").astype(object)
    return LabelledScenes(scenes, sizes, np.zeros(n, dtype=np.int64), truth), {"split": split}


def train_here(folder, architecture, training, threads=1, source=None, name="small", scenes=None):
    """Train a small network of an architecture in a folder, and read what is written there.

    ``source`` is the folder of a run from whose networks these may start.
    """
    folder.mkdir(exist_ok=True)
    settings = {"network": network(architecture, hidden=4), "training": TRAINING | training}
    write_csv(samples_table([settings]), folder / "samples.csv")
    write_trials(folder / "split.parquet", ["some"], map(scenes or some_scenes, range(TRIALS)))
    written = {
        "curves": folder / "curves.parquet",
        "trials": folder / "trials.csv",
        "cells": folder / "cells.parquet",
        "weights": folder / "weights.safetensors",
    }
    train_samples(
        str(folder / "split.parquet"),
        str(folder / "samples.csv"),
        **{name: str(path) for name, path in written.items()},
        job_samples=[0],
        quantifiers=["some"],
        seed=1,
        device="cpu",
        experiment=name,
        threads=threads,
        checkpoint=str(folder / "checkpoint.safetensors"),
        checkpoint_seconds=None,
        code="",
        **sources(source),
    )
    return pd.read_parquet(written["curves"]), pd.read_csv(written["trials"]), written["weights"]


def sources(*jobs):
    """What training is told of the folders of a source's jobs."""
    folders = [folder for folder in jobs if folder is not None]
    return {
        "source_samples": [str(folder / "samples.csv") for folder in folders[:1]],
        "source_weights": [str(folder / "weights.safetensors") for folder in folders],
        "source_trials": [str(folder / "trials.csv") for folder in folders],
    }


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_trains_from_file_to_file(tmp_path, architecture):
    curves, trials, weights = train_here(tmp_path, architecture, {})
    assert trials["core"].tolist() == ["compiled"] * TRIALS
    assert trials["steps"].tolist() == [2 * 70 // 8] * TRIALS
    assert sorted(curves["step"].unique()) == [1, 11, 17]
    assert np.isfinite(curves["loss"]).all()
    assert all(len(array) == TRIALS for array in load_file(weights).values())


@pytest.mark.parametrize("optimiser", ["sgd", "rmsprop"])
def test_curves_show_the_loss_that_is_trained(tmp_path, optimiser):
    training = {"loss": "squared_error", "optimiser": optimiser, "momentum": 0.9}
    curves, trials, _ = train_here(tmp_path, "lstm", training)
    assert trials["core"].tolist() == ["compiled"] * TRIALS
    assert curves["loss"].between(0, 1).all()
    # An untrained network says about one half.
    assert curves.loc[curves["step"] == 1, "loss"].between(0.15, 0.4).all()


@pytest.mark.usefixtures("threads_as_before")
@pytest.mark.parametrize(
    ("architecture", "changes"),
    [
        *(("lstm", changes) for changes in ({}, {"loss": "squared_error"}, {"core": "eager"})),
        *((architecture, {}) for architecture in ("feedforward", "gru", "transformer")),
    ],
)
def test_the_number_of_threads_changes_no_result(tmp_path, architecture, changes):
    found = []
    for threads in (1, 2, 3):
        folder = tmp_path / str(threads)
        curves, trials, weights = train_here(folder, architecture, changes, threads)
        found.append((curves, trials.drop(columns="seconds"), weights.read_bytes()))
    for curves, trials, weights in found[1:]:
        pd.testing.assert_frame_equal(curves, found[0][0], check_exact=True)
        pd.testing.assert_frame_equal(trials, found[0][1], check_exact=True)
        assert weights == found[0][2]


def test_networks_start_where_those_of_the_source_ended(tmp_path):
    """With steps of no length to speak of, a network stays what it was."""
    still = {"learning_rate": 1e-8, "max_epochs": 1}
    _, _, trained = train_here(tmp_path / "source", "lstm", {})
    source = tmp_path / "source"
    curves, _, weights = train_here(
        tmp_path / "from", "lstm", still | {"start": "all"}, source=source, name="other"
    )
    for name, array in load_file(weights).items():
        np.testing.assert_allclose(array, load_file(trained)[name], atol=1e-6)
    # The scenes are the same here, and so are the answers.
    ends = pd.read_csv(source / "trials.csv")["test_loss"]
    curves, *_ = train_here(
        tmp_path / "all", "lstm", still | {"start": "all", "eval_scenes": 0}, source=source
    )
    starts = curves[(curves["step"] == 1) & (curves["quantifier"] == "all")]
    assert starts["loss"].tolist() == pytest.approx(ends.tolist(), abs=1e-6)


def write_search(folder, settings, weights):
    """A search as its jobs leave it: job by job the samples with these networks and weights."""
    folder.mkdir()
    samples = [{"network": each, "training": TRAINING} for each in settings]
    write_csv(samples_table(samples), folder / "samples.csv")
    _, trials, _ = train_here(folder / "like", "lstm", {})
    for job, numbers in enumerate(weights):
        (folder / str(job)).mkdir()
        parts = pd.concat(trials.assign(sample=number) for number in numbers)
        write_csv(parts, folder / str(job) / "trials.csv")
        write_weights(numbers, folder / str(job) / "weights.safetensors")
    jobs = [folder / str(job) for job in range(len(weights))]
    return str(folder / "samples.csv"), *(
        [str(job / name) for job in jobs] for name in ("weights.safetensors", "trials.csv")
    )


def test_a_search_is_the_source_of_networks_by_their_settings(tmp_path):
    settings = [network("lstm", hidden=hidden) for hidden in (4, 8, 16)]
    ensembles = [Ensemble(own, Task(5, 1)) for own in settings]
    found = [
        ensemble.unpack(
            ensemble.initialise([np.random.default_rng([hidden, n]) for n in range(TRIALS)])
        )
        for hidden, ensemble in enumerate(ensembles)
    ]
    arrays = [{name: array.numpy() for name, array in own.items()} for own in found]
    weights = [{0: arrays[0], 1: arrays[1]}, {2: arrays[2]}]
    search = write_search(tmp_path / "search", settings, weights)
    for number, (own, ensemble) in enumerate(zip(settings, ensembles, strict=True)):
        # Neither where weights come from nor what dropout does in training tells networks apart.
        source = find_source(own | {"dropout": 0.5, "initialisation": "glorot"}, *search)
        assert source.sample == number
        flat = start(ensemble, TRIALS)
        assert take_over(ensemble, flat, source, "all", [1, 0]) == list(ensemble.shapes)
        for name, array in ensemble.unpack(flat).items():
            np.testing.assert_array_equal(array, arrays[number][name][[1, 0]])
    with pytest.raises(QuantlearnError, match=r"start_from: 0 samples of .*samples\.csv"):
        find_source(network("lstm", hidden=5), *search)


def test_a_source_of_which_nothing_is_taken_changes_no_byte(tmp_path):
    train_here(tmp_path / "source", "lstm", {})
    found = [
        train_here(tmp_path / str(source), "lstm", {}, source=source)[2].read_bytes()
        for source in (None, tmp_path / "source")
    ]
    assert found[0] == found[1]


def test_a_checkpoint_belongs_to_the_weights_that_are_started_from(tmp_path, monkeypatch):
    fingerprints = []

    def noted(path, fingerprint, seconds):
        fingerprints.append(fingerprint)
        return Checkpoints(path, fingerprint, seconds)

    for name, training in {"one": {}, "other": {"max_epochs": 1}}.items():
        train_here(tmp_path / name, "lstm", training)
    monkeypatch.setattr("train.Checkpoints", noted)
    for name in ("one", "one", "other"):
        train_here(tmp_path / "from", "lstm", {"start": "all"}, source=tmp_path / name)
    one, again, other = fingerprints
    assert one == again
    assert {key for key in one if one[key] != other[key]} == {"source"}


def test_training_with_some_of_the_scenes(tmp_path):
    results = {}
    for scenes in (None, 10, 40):
        _, trials, _ = train_here(tmp_path / str(scenes), "lstm", {"scenes": scenes})
        results[scenes] = trials
    assert results[None]["train_scenes"].tolist() == [70] * TRIALS
    for scenes in (10, 40):
        assert results[scenes]["train_scenes"].tolist() == [scenes] * TRIALS
        assert results[scenes]["steps"].tolist() == [2 * scenes // 8] * TRIALS
        assert (results[scenes]["test_scenes"] == 30).all()
    with pytest.raises(QuantlearnError, match=r"71 is more than the 70 training scenes .* trial 0"):
        train_here(tmp_path / "more", "lstm", {"scenes": 71})


@pytest.mark.parametrize("bad", [[0, 1], [1]], ids=["all", "some"])
def test_networks_that_diverge_at_once_have_rows_that_say_so(tmp_path, bad):
    """They start from networks that had diverged, and are never evaluated."""
    train_here(tmp_path / "source", "feedforward", {})
    path = tmp_path / "source" / "weights.safetensors"
    weights = load_file(path)
    for array in weights.values():
        array[bad] = np.nan
    save_file(weights, path)
    curves, trials, _ = train_here(
        tmp_path / "from", "feedforward", {"start": "all"}, source=tmp_path / "source", name="other"
    )
    assert trials.loc[bad, "stop_reason"].tolist() == ["diverged"] * len(bad)
    assert trials.loc[bad, "steps"].tolist() == [1] * len(bad)
    assert set(curves["trial"]) == {0, 1}
    of_bad = curves[curves["trial"].isin(bad)]
    assert of_bad["step"].tolist() == [1] * len(of_bad)
    assert of_bad[["loss", "accuracy"]].isna().all(axis=None)
    assert set(of_bad["quantifier"]) == {"some", "all"}
    watched = curves[curves["quantifier"] == "some"]
    table = convergence_table(watched, 0.9, 3)
    assert table["converged"].isna().tolist() == [trial in bad for trial in range(TRIALS)]
    assert table["last_step"].tolist() == trials["steps"].tolist()


@pytest.mark.parametrize("side", ["train", "test"])
def test_a_network_without_scenes_is_refused(tmp_path, side):
    def scenes(trial):
        found, _ = some_scenes(trial)
        return found, {"split": np.full(len(found), "dev" if side == "train" else "train")}

    with pytest.raises(
        QuantlearnError, match=f"network of trial 0 has no scenes on the side {side}"
    ):
        train_here(tmp_path, "lstm", {}, scenes=scenes)


def test_a_network_without_scenes_on_a_side_that_is_not_evaluated_has_blanks_there(tmp_path):
    """The others have their scores all the same."""

    def scenes(trial):
        found, extra = some_scenes(trial)
        split = extra["split"].copy()
        if trial == 0:
            split[np.flatnonzero(split == "test")[::2]] = "dev"
        return found, {"split": split}

    _, trials, _ = train_here(tmp_path, "lstm", {}, scenes=scenes)
    assert trials["dev_scenes"].tolist() == [15, 0]
    assert trials["dev_accuracy"].isna().tolist() == [False, True]
    cells = pd.read_parquet(tmp_path / "cells.parquet")
    assert cells.groupby(["trial", "split"])["scenes"].sum().tolist() == [15, 15, 30]


def test_without_held_out_scenes_there_are_no_cells(tmp_path):
    def scenes(trial):
        found, _ = some_scenes(trial)
        return found, {"split": np.full(len(found), "train")}

    train_here(tmp_path, "lstm", {"evaluate_splits": ["train"], "monitor": "train"}, scenes=scenes)
    assert tables.read_parquet(tmp_path / "cells.parquet", CELLS).empty
