"""Baselines give what their keys allow: against brute force, closed forms and each other."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import brentq

from generate_data import generate_data
from measure_baselines import measure_baselines
from quantlearn import columns, tables
from quantlearn.data import scene_files
from quantlearn.data.balance import balance, cell_names
from quantlearn.data.baselines import BASELINES, answer_by_key, baseline_accuracy, baseline_cells
from quantlearn.data.generate import draw_pairs
from quantlearn.data.split import SIDES, split
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import LabelledScenes, Space

AT_LEAST_4 = Quantifier("at_least_4", "|A & B| >= 4")
AT_LEAST_6_OR_AT_MOST_2 = Quantifier("at_least_6_or_at_most_2", "|A & B| >= 6 or |A & B| <= 2")
AT_LEAST_2 = Quantifier("at_least_2", "|A & B| >= 2")
FIRST_2 = Quantifier("first_2", "|A| >= 2 and first(2, A) <= B")


def drawn(quantifiers, draws, max_size, seed=1):
    """Scenes drawn and balanced by truth, as in 2019, and their sides."""
    rng = np.random.default_rng(seed)
    scenes = draw_pairs(rng, draws, quantifiers, Space(1, max_size))
    names = cell_names([quantifier.name for quantifier in quantifiers])
    cells = 2 * scenes.quantifiers + scenes.truth
    kept = balance(cells, np.zeros_like(cells), "downsample", rng, names)
    scenes = scenes[kept.rows]
    return scenes, np.array(SIDES)[split(np.arange(len(scenes)), (0.6, 0.1, 0.3), rng)]


def accuracies(scenes, sides, quantifiers):
    """Accuracy by split, quantifier and baseline of one trial."""
    cells = baseline_cells(scenes, sides, [quantifier.name for quantifier in quantifiers])
    table = baseline_accuracy(cells.assign(trial=0))
    return table.set_index(["split", "quantifier", "baseline"])["accuracy"]


def test_the_rule_is_the_best_of_all_that_know_the_key():
    random = np.random.default_rng(3)
    keys, truth = random.integers(0, 5, 60), random.random(60) < 0.4
    best = max(
        (np.array(rule)[keys] == truth).sum() for rule in itertools.product([False, True], repeat=5)
    )
    answer, _ = answer_by_key(keys, truth, keys, np.full(60, True))
    assert (answer == truth).sum() == best


def test_a_finer_rule_is_no_worse_on_the_scenes_it_was_learned_from():
    quantifiers = [AT_LEAST_4, FIRST_2]
    found = accuracies(*drawn(quantifiers, 3000, 8), quantifiers)["train"]
    for name in ("at_least_4", "first_2", "all"):
        majority, size, counts = (found[name, baseline] for baseline in BASELINES)
        assert majority <= size <= counts


def test_zone_counts_decide_what_depends_on_them_alone():
    quantifiers = [AT_LEAST_2, FIRST_2]
    scenes, sides = drawn(quantifiers, 8000, 6)
    cells = baseline_cells(scenes, sides, [quantifier.name for quantifier in quantifiers])
    by_counts = cells[(cells["baseline"] == "zone_counts") & (cells["split"] == "test")]
    assert by_counts["unseen"].sum() < 0.05 * by_counts["scenes"].sum()
    assert accuracies(scenes, sides, quantifiers)["test", "at_least_2", "zone_counts"] > 0.95
    # Which objects come first is not in the counts.
    assert accuracies(scenes, sides, quantifiers)["test", "first_2", "zone_counts"] < 0.9


def sizes_of_distinct_scenes(draws, quantifiers):
    """Expected number of distinct scenes of each size 1..20 for one of the quantifiers.

    Sizes are drawn uniformly, but repeated pairs are rejected, and there are few small scenes. Of
    the K scenes of a size, n draws are expected to hit K (1 - (1 - 1/K)ⁿ).
    """
    scenes = 4.0 ** np.arange(1, 21)

    def distinct(drawn):
        return -scenes * np.expm1(drawn / 20 / quantifiers * np.log1p(-1 / scenes))

    drawn = brentq(lambda n: quantifiers * distinct(n).sum() - draws, draws, 10 * draws)
    return distinct(drawn)


def right_by_size(true_counts, sizes):
    """Accuracy of the size alone when A∩B holds each object with probability 1/4."""
    true = [stats.binom(size, 0.25).pmf(true_counts).sum() for size in range(1, 21)]
    cells = np.array([sizes * true, sizes * (1 - np.array(true))])
    # Each truth value is as frequent as the other after balancing.
    return (cells / (2 * cells.sum(axis=1, keepdims=True))).max(axis=0).sum()


@pytest.mark.parametrize(
    ("quantifier", "true_counts", "known"),
    [
        (AT_LEAST_4, range(4, 21), 0.72),
        (AT_LEAST_6_OR_AT_MOST_2, [0, 1, 2, *range(6, 21)], 0.62),
    ],
    ids=["at_least_4", "at_least_6_or_at_most_2"],
)
def test_size_alone_gives_what_the_binomial_distribution_says(quantifier, true_counts, known):
    # In experiment 1(a) as published: 100,000 draws for two quantifiers.
    assert round(right_by_size(true_counts, sizes_of_distinct_scenes(100_000, 2)), 2) == known
    scenes, sides = drawn([quantifier], 20_000, 20)
    found = accuracies(scenes, sides, [quantifier])["test", quantifier.name, "size"]
    expected = right_by_size(true_counts, sizes_of_distinct_scenes(20_000, 1))
    assert found == pytest.approx(expected, abs=0.02)


def test_only_training_scenes_teach():
    scenes, sides = drawn([AT_LEAST_4], 2000, 10)
    flipped = LabelledScenes(
        scenes.scenes,
        scenes.sizes,
        scenes.quantifiers,
        np.where(sides == "train", scenes.truth, ~scenes.truth),
    )
    as_is, turned = (accuracies(some, sides, [AT_LEAST_4]) for some in (scenes, flipped))
    for side, baseline in itertools.product(("dev", "test"), BASELINES):
        right, wrong = (found[side, "at_least_4", baseline] for found in (as_is, turned))
        assert right + wrong == pytest.approx(1)


def test_a_quantifier_without_training_scenes_is_always_called_true():
    scenes, sides = drawn([AT_LEAST_4, FIRST_2], 2000, 10)
    sides = np.where(scenes.quantifiers == 1, "test", sides)
    cells = baseline_cells(scenes, sides, ["at_least_4", "first_2"])
    new = cells[cells["quantifier"] == "first_2"]
    assert (new["unseen"] == new["scenes"]).all()
    trues = np.bincount(scenes.sizes[(scenes.quantifiers == 1) & scenes.truth], minlength=11)
    for _, rows in new.groupby("baseline"):
        assert (rows["correct"].to_numpy() == trues[rows["size"]]).all()


def test_a_large_key_does_not_run_over():
    """Zone counts of the longest scenes that the config allows stay apart."""
    scenes = np.zeros((2, 100), dtype=np.uint8)
    scenes[1, :50] = 3
    pair = LabelledScenes(scenes, np.full(2, 100), np.zeros(2, dtype=int), np.array([True, False]))
    found = baseline_cells(pair, np.array(["train", "train"]), ["most"])
    assert found.set_index("baseline")["correct"]["zone_counts"] == 2


def test_the_two_tables_agree(tmp_path):
    names = {"at_least_4": "|A & B| >= 4", "first_2": FIRST_2.expression}
    space = {"method": "sample", "draws": 800, "min_size": 1, "max_size": 8}
    space["zones"] = ["both", "a_only", "b_only", "neither"]
    generate_data(tmp_path / "generated.parquet", space, names, 7, "any", 2)
    scene_files.write_trials(
        tmp_path / "split.parquet",
        list(names),
        (
            (scenes, {"split": np.where(np.arange(len(scenes)) % 3 == 0, "test", "train")})
            for scenes, _ in scene_files.read_trials(tmp_path / "generated.parquet", list(names))
        ),
    )
    paths = {"baselines": tmp_path / "a.csv", "baseline_cells": tmp_path / "b.parquet"}
    measure_baselines(tmp_path / "split.parquet", list(names), **paths)
    summary = tables.read_csv(paths["baselines"], columns.BASELINES)
    cells = tables.read_parquet(paths["baseline_cells"], columns.BASELINE_CELLS)
    assert len(summary) == 2 * 2 * 3 * len(BASELINES)  # trials, splits, quantifiers and all
    keys = ["trial", "split", "quantifier", "baseline"]
    sums = cells.groupby(keys)[["correct", "scenes"]].sum()
    own = summary[summary["quantifier"] != "all"].set_index(keys)["accuracy"].sort_index()
    pd.testing.assert_series_equal(
        own, (sums["correct"] / sums["scenes"]).sort_index(), check_names=False
    )
    total = summary[summary["quantifier"] == "all"].groupby("trial")["scenes"].sum()
    assert (total == 800 * len(BASELINES)).all()
