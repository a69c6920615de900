"""Balancing and splitting: counts, strata, copies, and who may stand on which side."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlearn.data import scene_files
from quantlearn.data.balance import balance
from quantlearn.data.generate import draw_pairs
from quantlearn.data.split import split
from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import Quantifier, zone_counts
from quantlearn.semantics.scenes import Space
from split_data import split_data

NAMES = ["a is false", "a is true", "b is false", "b is true"]


def cells_with(*counts):
    return np.repeat(np.arange(len(counts)), counts)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=4), st.integers(0, 9))
def test_downsampling_cuts_every_cell_to_the_smallest(counts, seed):
    cells = cells_with(*counts)
    chosen = balance(
        cells, np.zeros_like(cells), "downsample", np.random.default_rng(seed), NAMES[: len(counts)]
    )
    assert np.bincount(cells[chosen.rows]).tolist() == [min(counts)] * len(counts)
    assert len(set(chosen.rows)) == len(chosen.rows)
    assert (chosen.copies == 0).all()


@given(st.lists(st.integers(1, 30), min_size=2, max_size=4), st.integers(0, 9))
def test_upsampling_repeats_every_cell_to_the_largest(counts, seed):
    cells = cells_with(*counts)
    chosen = balance(
        cells, np.zeros_like(cells), "upsample", np.random.default_rng(seed), NAMES[: len(counts)]
    )
    assert np.bincount(cells[chosen.rows]).tolist() == [max(counts)] * len(counts)
    # Every row stays, its copies are numbered, and no row is repeated twice more than another.
    assert set(chosen.rows[chosen.copies == 0]) == set(range(len(cells)))
    assert len(set(zip(chosen.rows, chosen.copies, strict=True))) == len(chosen.rows)
    for cell in range(len(counts)):
        repeats = np.bincount(chosen.rows)[cells == cell]
        assert repeats.max() - repeats.min() <= 1


def test_without_balancing_nothing_changes():
    cells = cells_with(3, 5)
    chosen = balance(cells, np.zeros_like(cells), "none", np.random.default_rng(0), NAMES[:2])
    assert chosen.rows.tolist() == list(range(8))


def test_balancing_by_size_makes_size_tell_nothing():
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 6, size=2_000)
    truth = (rng.random(2_000) < sizes / 6).astype(int)
    chosen = balance(truth, sizes, "downsample", rng, NAMES[:2])
    for size in range(1, 6):
        of_size = truth[chosen.rows][sizes[chosen.rows] == size]
        assert of_size.mean() == 0.5


def test_a_stratum_with_an_empty_cell_is_left_out():
    cells, sizes = np.array([0, 0, 0, 1]), np.array([1, 1, 2, 2])
    chosen = balance(cells, sizes, "downsample", np.random.default_rng(2), NAMES[:2])
    assert chosen.rows.tolist() == [2, 3]


def test_an_empty_cell_is_named_with_its_count():
    with pytest.raises(QuantlearnError, match=r"a is false in 7, a is true in 0"):
        balance(
            cells_with(7), np.zeros(7, dtype=int), "downsample", np.random.default_rng(3), NAMES[:2]
        )


@given(st.integers(10, 400), st.integers(0, 9))
def test_train_has_the_ceiling_of_its_fraction(n, seed):
    sides = split(np.arange(n), (0.7, 0.0, 0.3), np.random.default_rng(seed))
    assert (sides == 0).sum() == math.ceil(7 * n / 10)
    assert (sides == 1).sum() == 0


@given(st.integers(5, 60), st.integers(0, 9))
def test_units_are_never_torn_apart(n_units, seed):
    rng = np.random.default_rng(seed)
    units = rng.integers(n_units, size=600)
    sides = split(units, (0.5, 0.2, 0.3), rng)
    for unit in np.unique(units):
        assert len(set(sides[units == unit])) == 1


def test_every_trial_has_its_own_split():
    first, second = (
        split(np.arange(100), (0.7, 0.1, 0.2), np.random.default_rng(seed)) for seed in (0, 1)
    )
    assert (first != second).any()


@pytest.mark.parametrize(
    ("kept", "is_kept"),
    [
        ({"sizes_above": 4, "counts": 0, "quantifiers": []}, lambda rows: rows["size"] > 4),
        (
            {"sizes_above": None, "counts": 0, "quantifiers": ["first_2"]},
            lambda rows: rows["quantifier"] == "first_2",
        ),
        (
            {"sizes_above": 5, "counts": 0, "quantifiers": ["at_least_2"]},
            lambda rows: (rows["size"] > 5) | (rows["quantifier"] == "at_least_2"),
        ),
    ],
    ids=["sizes", "quantifiers", "both"],
)
def test_what_is_for_testing_only_is_divided_by_no_fraction(tmp_path, kept, is_kept):
    names = ["at_least_2", "first_2"]
    space, rng = Space(1, 6), np.random.default_rng(5)
    quantifiers = [
        Quantifier("at_least_2", "|A & B| >= 2"),
        Quantifier("first_2", "|A| >= 2 and first(2, A) <= B"),
    ]
    scenes = draw_pairs(rng, 800, quantifiers, space)
    balanced = tmp_path / "balanced.parquet"
    copies = {"copy": np.zeros(len(scenes), dtype=int)}
    scene_files.write_trials(balanced, names, [(scenes, copies)])
    settings = {"by": "scene", "train": 0.6, "dev": 0.1, "test": 0.3}
    split_data(balanced, tmp_path / "a.parquet", settings | {"only_test": kept}, names, 7, "any")
    rows = pd.read_parquet(tmp_path / "a.parquet")
    assert (rows.loc[is_kept(rows), "split"] == "test").all()
    others = rows[~is_kept(rows)]["split"].value_counts()
    assert others["train"] == math.ceil(0.6 * others.sum())
    assert others["dev"] == math.ceil(0.1 * others.sum())


def test_pairs_of_counts_are_for_testing_only(tmp_path):
    rng = np.random.default_rng(5)
    drawn = draw_pairs(rng, 3000, [Quantifier("some", "|A & B| > 0")], Space(1, 6))
    balanced = tmp_path / "balanced.parquet"
    copies = {"copy": np.zeros(len(drawn), dtype=int)}
    scene_files.write_trials(balanced, ["some"], [(drawn, copies)] * 2)
    settings = {"by": "scene", "train": 0.8, "dev": 0.1, "test": 0.1}
    kept = {"only_test": {"sizes_above": None, "counts": 0.25, "quantifiers": []}}
    split_data(balanced, tmp_path / "a.parquet", settings | kept, ["some"], 7, "any")
    chosen = []
    for _, rows in pd.read_parquet(tmp_path / "a.parquet").groupby("trial"):
        codes = np.stack([np.frombuffer(scene, np.uint8) for scene in rows["scene"]])
        pairs = pd.Series(map(tuple, zone_counts(codes)[:, :2].tolist()), index=rows.index)
        trained = set(pairs[rows["split"] != "test"])
        new = set(pairs) - trained
        # Some rare pairs may have come to the test side by the fractions.
        assert len(new) >= round(0.25 * pairs.nunique())
        assert (rows.loc[pairs.isin(new), "split"] == "test").all()
        assert rows.loc[pairs.isin(trained), "split"].value_counts(normalize=True)["test"] < 0.15
        chosen.append(new)
    assert chosen[0] != chosen[1]


def test_noise_turns_the_truth_of_training_scenes_alone(tmp_path):
    """That share of them, each with all of its copies."""
    some = Quantifier("some", "|A & B| > 0")
    drawn = draw_pairs(np.random.default_rng(5), 2000, [some], Space(1, 8))
    twice, copies = np.repeat(np.arange(2000), 2), np.tile([0, 1], 2000)
    balanced = tmp_path / "balanced.parquet"
    scene_files.write_trials(balanced, ["some"], [(drawn[twice], {"copy": copies})])
    settings = {"by": "scene", "train": 0.8, "dev": 0.1, "test": 0.1}
    settings |= {"only_test": {"sizes_above": None, "counts": 0, "quantifiers": []}}
    split_data(balanced, tmp_path / "a.parquet", settings, ["some"], 7, "any", noise=0.2)
    rows = pd.read_parquet(tmp_path / "a.parquet")
    codes = np.stack([np.frombuffer(scene, np.uint8) for scene in rows["scene"]])
    rows["turned"] = some.verify(codes, rows["size"].to_numpy()) != rows["truth"]
    assert not rows.loc[rows["split"] != "train", "turned"].any()
    trained = rows[rows["split"] == "train"]
    assert trained.groupby("scene")["turned"].mean().isin([0, 1]).all()
    # Within four standard errors.
    assert abs(trained["turned"].mean() - 0.2) < 4 * math.sqrt(0.2 * 0.8 / 1600)


def test_an_empty_side_is_an_error():
    with pytest.raises(QuantlearnError, match=r"data.split.test: 0.3 of 8 rows in 1 units"):
        split(np.zeros(8, dtype=int), (0.7, 0.0, 0.3), np.random.default_rng(4))


def test_a_share_of_counts_that_is_none_is_refused(tmp_path):
    drawn = draw_pairs(
        np.random.default_rng(5), 300, [Quantifier("some", "|A & B| > 0")], Space(1, 4)
    )
    balanced = tmp_path / "balanced.parquet"
    copies = {"copy": np.zeros(len(drawn), dtype=int)}
    scene_files.write_trials(balanced, ["some"], [(drawn, copies)])
    settings = {"by": "scene", "train": 0.8, "dev": 0.1, "test": 0.1}
    kept = {"only_test": {"sizes_above": None, "counts": 0.01, "quantifiers": []}}
    with pytest.raises(QuantlearnError, match=r"counts: 0\.01 of the 15 pairs .* is none"):
        split_data(balanced, tmp_path / "a.parquet", settings | kept, ["some"], 7, "any")
