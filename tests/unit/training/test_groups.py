"""Groups of quantifiers: each shares a network, which knows no other quantifier."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from small_networks import network
from test_train_sample import TRAINING

from balance_data import balance_data
from quantlearn.data.generate import draw_pairs
from quantlearn.data.scene_files import read_trials, write_trials
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.scenes import LabelledScenes, Space
from quantlearn.settings.samples import samples_table
from quantlearn.tables import write_csv
from quantlearn.training.members import read_members
from train import train_samples

LEXICON = load_lexicon("config/quantifiers.yaml")
NAMES = ["some", "at_least_3", "most", "every"]
GROUPS = [["most", "some"], ["at_least_3", "every"]]
TRIALS = 2


def some_scenes(trial):
    rng = np.random.default_rng(trial)
    drawn = draw_pairs(rng, 2000, [LEXICON[name] for name in NAMES], Space(1, 6))
    sides = rng.choice(np.array(["train", "dev", "test"], dtype=object), size=len(drawn))
    return drawn, {"split": sides, "copy": np.zeros(len(drawn), dtype=int)}


def of_group(scenes, group):
    """The scenes of a group, with its quantifiers alone."""
    names = np.array(NAMES)[scenes.quantifiers]
    rows = np.flatnonzero(np.isin(names, group))
    places = np.array([group.index(name) for name in names[rows]])
    own = scenes[rows]
    return LabelledScenes(own.scenes, own.sizes, places, own.truth), rows


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    path = tmp_path_factory.mktemp("groups") / "split.parquet"
    write_trials(path, NAMES, (some_scenes(trial) for trial in range(TRIALS)))
    return path


def test_a_group_is_an_experiment_of_its_own(split, tmp_path):
    members, task = read_members(split, NAMES, together=True, groups=GROUPS)
    assert [member.trial for member in members] == [0, 0, 1, 1]
    assert [member.learns for member in members] == ["most+some", "at_least_3+every"] * 2
    for place, group in enumerate(GROUPS):
        own = []
        for scenes, extra in map(some_scenes, range(TRIALS)):
            kept, rows = of_group(scenes, group)
            own.append((kept, {"split": extra["split"][rows]}))
        write_trials(tmp_path / f"{place}.parquet", group, own)
        alone, task_alone = read_members(tmp_path / f"{place}.parquet", group, together=True)
        assert task == task_alone
        for mine, other in zip(members[place::2], alone, strict=True):
            for side in ("train", "dev", "test"):
                for column in ("tokens", "lengths", "labels", "quantifiers"):
                    np.testing.assert_array_equal(
                        getattr(mine.examples[side], column), getattr(other.examples[side], column)
                    )


@pytest.mark.parametrize("by", ["truth", "truth_and_size"])
def test_each_group_is_balanced_in_itself(split, tmp_path, by):
    balanced = tmp_path / "balanced.parquet"
    settings = {"method": "downsample", "by": by}
    balance_data(split, balanced, settings, NAMES, 1, "any", GROUPS)
    sizes = {}
    for scenes, _ in read_trials(balanced, NAMES):
        for group in GROUPS:
            own, _ = of_group(scenes, group)
            strata = own.sizes if by == "truth_and_size" else np.zeros(len(own), dtype=int)
            counts = pd.crosstab(strata, 2 * own.quantifiers + own.truth)
            assert counts.shape[1] == 4  # both truth values of both quantifiers, everywhere
            assert (counts.to_numpy() == counts.to_numpy()[:, :1]).all()
            sizes.setdefault(tuple(group), []).append(len(own))
    # Nothing is left out of a group because another one has less.
    smallest, largest = sorted(map(min, sizes.values()))
    assert smallest < largest


def test_curves_and_answers_are_of_the_quantifiers_of_each_network(split, tmp_path):
    settings = {"network": network("lstm", hidden=4), "training": TRAINING}
    write_csv(samples_table([settings]), tmp_path / "samples.csv")
    files = ("curves.parquet", "trials.csv", "cells.parquet", "weights.safetensors")
    written = {name.split(".")[0]: str(tmp_path / name) for name in files}
    train_samples(
        *(str(split), str(tmp_path / "samples.csv")),
        **written,
        **{"job_samples": [0], "quantifiers": NAMES, "groups": GROUPS, "seed": 1},
        **{"device": "cpu", "experiment": "small", "threads": 1, "code": ""},
        **{"checkpoint": str(tmp_path / "checkpoint"), "checkpoint_seconds": None},
    )
    trials = pd.read_csv(written["trials"])
    assert trials["quantifier"].tolist() == ["most+some", "at_least_3+every"] * TRIALS
    curves = pd.read_parquet(written["curves"])
    assert not curves.duplicated(["trial", "step", "split", "quantifier"]).any()
    assert set(curves["quantifier"]) == set(NAMES)
    cells = pd.read_parquet(written["cells"])
    tested = cells[cells["split"] == "test"]
    for group, name in zip(GROUPS, ["most+some", "at_least_3+every"], strict=True):
        own = tested[tested["quantifier"].isin(group)].groupby("trial")[["correct", "scenes"]].sum()
        accuracy = trials[trials["quantifier"] == name].set_index("trial")["test_accuracy"]
        np.testing.assert_allclose(accuracy, own["correct"] / own["scenes"], rtol=1e-6)
    shapes = {name: array.shape for name, array in load_file(written["weights"]).items()}
    # The first layer reads zones, the quantifiers of the group and no other, and its 4 units.
    assert shapes["0.layer0.kernel"][1] == 4 + 2 + 4
