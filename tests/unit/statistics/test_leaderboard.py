"""Choosing a sample: ranked by the dev split, tested once."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from leaderboard import leaderboard
from open_test import open_test
from quantlearn import columns, tables
from quantlearn.data import scene_files
from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.networks.weight_files import write_weights
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.statistics.ranking import rank_samples
from quantlearn.training.weights import read_weights
from withhold_test import withhold_test

NAMES = ["some", "every"]
NETWORK = {
    "architecture": "feedforward",
    "layers": 1,
    "hidden": 3,
    "activation": "tanh",
    "dropout": 0.0,
    "batch_norm": False,
    "objects": "one_hot",
    "initialisation": "glorot",
    "precision": "float64",
    "quantifiers": "one_hot",
}


def trials_of(sample, dev, test=None, reasons=("epochs", "epochs", "epochs"), loss=0.5):
    """Rows of tables/trials.csv for one sample, with given accuracies."""
    n = len(dev)
    rows = {name: [np.nan] * n for name in columns.TRIALS if name != "seconds"}
    rows |= {"sample": sample, "trial": range(n), "quantifier": "all", "seed": "0", "steps": 9}
    rows |= {"best_step": 9, "stop_reason": reasons[:n], "device": "cpu", "core": "eager"}
    rows |= {"dev_accuracy": dev, "dev_loss": loss, "train_scenes": 9, "dev_scenes": 10}
    rows |= {"test_accuracy": test or np.nan, "test_loss": 0.1 if test else np.nan}
    rows |= {"test_scenes": 10 if test else 0, "train_loss": 0.1, "train_accuracy": 1.0}
    return pd.DataFrame(rows)


def board_of(folder, parts, search=None, **varying):
    """The leaderboard of some samples, as it is written and read again."""
    n = len(parts)
    settings = {"sample": range(n), "training.loss": "cross_entropy", **varying}
    tables.write_csv(pd.DataFrame(settings), folder / "samples.csv")
    tables.write_csv(pd.concat(parts), folder / "trials.csv")
    paths = folder / "samples.csv", folder / "trials.csv"
    leaderboard(*paths, search, leaderboard=folder / "board.csv")
    return tables.read_csv(folder / "board.csv", columns.LEADERBOARD)


def test_samples_are_ranked_by_mean_dev_accuracy_with_its_interval(tmp_path):
    dev = [[0.6, 0.7, 0.8], [0.9, 0.95, 0.85], [0.7, 0.7, 0.75]]
    parts = [trials_of(i, accuracy) for i, accuracy in enumerate(dev)]
    parts[1] = trials_of(1, dev[1], test=[0.8, 0.9, 0.7])
    board = board_of(tmp_path, parts, **{"network.hidden": [4, 5, 6], "network.layers": 2})
    assert board["sample"].tolist() == [1, 2, 0]
    assert board["chosen"].tolist() == [True, False, False]
    assert board["rank"].tolist() == [1, 2, 3]
    assert board["trials"].tolist() == [3, 3, 3]
    # The settings that vary, of the right sample.
    assert board["network.hidden"].tolist() == [5, 6, 4]
    assert "network.layers" not in board
    mean, low, high = board.loc[0, ["test_accuracy", "test_accuracy_lower", "test_accuracy_upper"]]
    expected = stats.t.interval(0.95, 2, 0.8, 0.1 / np.sqrt(3))
    assert (mean, low, high) == pytest.approx((0.8, expected[0], min(expected[1], 1)))
    assert board.loc[1:, [name for name in board if name.startswith("test_")]].isna().all(axis=None)


def test_ties_go_to_the_lower_loss_and_then_to_the_lower_number():
    tied = [trials_of(0, [0.5], loss=0.4), trials_of(1, [0.5], loss=0.3)]
    assert rank_samples(pd.concat(tied)) == [1, 0]
    assert rank_samples(pd.concat([*tied, trials_of(2, [0.5], loss=0.3)])) == [1, 2, 0]
    # A loss that is no number is the worst.
    assert rank_samples(pd.concat([trials_of(0, [0.5], loss=np.nan), *tied[1:]])) == [1, 0]


def test_losses_of_different_kinds_break_no_tie():
    tied = pd.concat([trials_of(0, [0.5], loss=0.4), trials_of(1, [0.5], loss=0.3)])
    assert rank_samples(tied, losses_compare=False) == [0, 1]
    better = pd.concat([tied, trials_of(2, [0.6], loss=0.9)])
    assert rank_samples(better, losses_compare=False) == [2, 0, 1]


def test_a_diverged_trial_counts(tmp_path):
    reasons = ("epochs", "diverged", "epochs")
    parts = [
        trials_of(0, [1.0, 0.5, 1.0], reasons=reasons),
        trials_of(1, [0.9, 0.9, 0.9], test=[0.9, 0.9, 0.9]),
    ]
    board = board_of(tmp_path, parts)
    assert board["sample"].tolist() == [1, 0]
    assert board["diverged"].tolist() == [0, 1]


def test_networks_of_a_trial_count_by_their_scenes():
    split = trials_of(0, [1.0, 0.5]).assign(trial=0, dev_scenes=[30, 10])
    assert rank_samples(pd.concat([split, trials_of(1, [0.87])])) == [0, 1]
    assert rank_samples(pd.concat([split, trials_of(1, [0.88])])) == [1, 0]


def test_a_single_sample_needs_no_dev_split(tmp_path):
    alone = trials_of(0, [np.nan, np.nan], test=[0.7, 0.9]).assign(dev_scenes=0)
    (row,) = board_of(tmp_path, [alone]).to_dict("records")
    assert (row["sample"], row["chosen"], row["test_accuracy"]) == (0, True, pytest.approx(0.8))
    assert np.isnan(row["dev_accuracy"])
    with pytest.raises(QuantlearnError, match="sample 0 has no dev accuracy"):
        rank_samples(pd.concat([alone, trials_of(1, [0.5])]))


def test_a_test_split_that_was_opened_for_another_sample_is_a_fault(tmp_path):
    with pytest.raises(QuantlearnError, match="samples 0 have test scores"):
        board_of(tmp_path, [trials_of(0, [0.5], test=[0.5]), trials_of(1, [0.6])])


def test_conditions_are_all_tested_and_none_is_chosen(tmp_path):
    tested = [[0.6, 0.7], [0.9, 0.8]]
    by_dev = [trials_of(i, [0.9 - 0.1 * i] * 2, test=test) for i, test in enumerate(tested)]
    board = board_of(tmp_path, by_dev, search={"choose": False})
    assert board["sample"].tolist() == [0, 1]
    assert not board["chosen"].any()
    assert board["test_accuracy"].tolist() == pytest.approx([0.65, 0.85])
    by_test = [part.assign(dev_accuracy=np.nan, dev_loss=np.nan, dev_scenes=0) for part in by_dev]
    assert board_of(tmp_path, by_test, search={"choose": False})["sample"].tolist() == [1, 0]


def test_tables_of_several_samples_are_not_shown_without_a_choice():
    with pytest.raises(QuantlearnError, match=r"leaderboard\.csv"):
        tables.of_chosen(pd.DataFrame({"sample": [0, 1]}), None)


# The test scenes ----------------------------------------------------------------------------------


def write_split(path, test_seed=0):
    """A file of split scenes of two trials; the test scenes depend on ``test_seed``."""

    def trial(number):
        parts = []
        for side, seed in (("train", 10), ("dev", 20), ("test", 30 + test_seed)):
            rng = np.random.default_rng([number, seed])
            scenes = rng.integers(4, size=(40, 5)).astype(np.uint8)
            parts.append((side, scenes))
        scenes = np.concatenate([part for _, part in parts])
        asked = np.arange(len(scenes)) % 2
        sizes = np.full(len(scenes), 5)
        truths = [Quantifier("some", "|A & B| > 0"), Quantifier("every", "A <= B")]
        truth = np.stack([quantifier.verify(scenes, sizes) for quantifier in truths])
        sides = np.repeat([side for side, _ in parts], 40)
        shuffled = np.random.default_rng(number).permutation(len(scenes))
        labelled = LabelledScenes(scenes, sizes, asked, truth[asked, np.arange(len(scenes))])
        return labelled[shuffled], {"split": sides[shuffled]}

    scene_files.write_trials(path, NAMES, [trial(0), trial(1)])
    return path


def test_training_data_of_a_search_do_not_depend_on_the_test_scenes(tmp_path):
    written = []
    for seed in (0, 1):
        split = write_split(tmp_path / f"split{seed}.parquet", test_seed=seed)
        withhold_test(split, tmp_path / f"open{seed}.parquet", NAMES)
        written.append((tmp_path / f"open{seed}.parquet").read_bytes())
        rows = pd.read_parquet(tmp_path / f"open{seed}.parquet")
        assert set(rows["split"]) == {"train", "dev"}
        everything = pd.read_parquet(split)
        kept = everything[everything["split"] != "test"].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, kept, check_categorical=False)
    assert written[0] == written[1]


@pytest.mark.parametrize("together", [True, False])
def test_only_the_chosen_sample_is_tested(tmp_path, together):
    split = write_split(tmp_path / "split.parquet")
    names = [*(f"network.{key}" for key in NETWORK), "training.together"]
    names += ["training.core", "training.loss"]
    values = [*NETWORK.values(), together, "auto", "cross_entropy"]
    row = ",".join(str(value).lower() for value in values)
    header = ",".join(["sample", *names])
    (tmp_path / "samples.csv").write_text(f"{header}\n0,{row}\n1,{row}\n")
    ensemble = Ensemble(NETWORK, Task(5, 2 if together else 1))
    networks = 2 if together else 4
    flat = ensemble.initialise([np.random.default_rng(i) for i in range(networks)])
    write_weights({1: ensemble.unpack(flat)}, tmp_path / "weights.safetensors")
    paths = []
    for number, accuracy in enumerate([0.6, 0.7]):
        trained = trials_of(number, [accuracy] * networks, reasons=["epochs"] * networks)
        trained = trained.assign(seconds=1.0)
        paths.append(tmp_path / f"trials{number}.csv")
        tables.write_csv(trained, paths[-1])
    asked = {
        "samples": tmp_path / "samples.csv",
        "training_trials": paths,
        # The weights of the sample that is not chosen are not even there.
        "training_weights": [tmp_path / "missing.safetensors", tmp_path / "weights.safetensors"],
        **{"quantifiers": NAMES, "device": "cpu", "threads": 1},
        "chosen_trials": tmp_path / "chosen.csv",
        "chosen_cells": tmp_path / "cells.parquet",
    }
    withhold_test(split, tmp_path / "open.parquet", NAMES)
    with pytest.raises(QuantlearnError, match="has no test scenes"):
        open_test(tmp_path / "open.parquet", **asked)
    open_test(split, **asked)
    tested = tables.read_csv(tmp_path / "chosen.csv", columns.CHOSEN_TRIALS)
    cells = tables.read_parquet(tmp_path / "cells.parquet", columns.CELLS)
    assert set(tested["sample"]) == {1}
    assert len(tested) == networks
    assert set(cells["split"]) == {"test"}
    by_trial = cells.groupby("trial")[["scenes", "correct"]].sum()
    assert by_trial["scenes"].tolist() == [40, 40]
    share = (tested["test_accuracy"] * tested["test_scenes"]).groupby(tested["trial"]).sum()
    assert share.tolist() == pytest.approx(by_trial["correct"].tolist())


def test_weights_survive_the_file_and_others_are_refused(tmp_path):
    ensemble = Ensemble(NETWORK, Task(5, 2))
    flat = ensemble.initialise([np.random.default_rng(i) for i in range(3)])
    path = tmp_path / "weights.safetensors"
    write_weights({4: ensemble.unpack(-flat), 14: ensemble.unpack(flat)}, path)
    assert torch.equal(read_weights(ensemble, 3, path, 14), flat)
    assert torch.equal(read_weights(ensemble, 3, path, 4), -flat)
    with pytest.raises(QuantlearnError, match="the weights of sample 14"):
        read_weights(ensemble, 2, path, 14)
    with pytest.raises(QuantlearnError, match="the weights of sample 5"):
        read_weights(ensemble, 3, path, 5)
    with pytest.raises(QuantlearnError, match="the weights of sample 4"):
        read_weights(ensemble, 3, tmp_path / "nothing.safetensors", 4)


@pytest.mark.parametrize("seed", range(20))
def test_accuracies_in_another_order_are_a_tie_that_the_loss_decides(seed):
    """Sums of floating-point numbers depend on their order; which sample is better does not."""
    rng = np.random.default_rng(seed)
    accuracy = rng.integers(0, 7, size=11) / 7
    reasons = ["epochs"] * len(accuracy)
    worse = trials_of(0, accuracy, reasons=reasons, loss=0.4)
    better = trials_of(1, rng.permutation(accuracy), reasons=reasons, loss=0.3)
    assert rank_samples(pd.concat([worse, better])) == [1, 0]
    # As they are read from a file, where they have ten digits.
    rounded = pd.concat([worse, better]).round({"dev_accuracy": 10})
    assert rank_samples(rounded) == [1, 0]


def test_different_accuracies_of_the_same_mean_are_a_tie():
    thirds, one = trials_of(0, [1 / 3, 2 / 3], loss=0.4), trials_of(1, [0.9, 0.1], loss=0.3)
    assert rank_samples(pd.concat([thirds, one])) == [1, 0]
    assert rank_samples(pd.concat([thirds.assign(dev_loss=0.2), one])) == [0, 1]


def test_a_network_without_dev_scenes_counts_nothing():
    without = trials_of(0, [0.9, np.nan]).assign(trial=0, dev_scenes=[10, 0])
    assert rank_samples(pd.concat([trials_of(1, [0.8]), without])) == [0, 1]
