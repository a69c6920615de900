"""Scenes that a presupposition restricts, and truth values that are turned by chance."""

import numpy as np
import pytest

from balance_data import balance_data
from generate_data import generate_data
from quantlearn.data.generate import draw_pairs, enumerate_pairs, fill_cells
from quantlearn.data.scene_files import read_trials
from quantlearn.semantics.quantifiers import Quantifier, zone_counts
from quantlearn.settings.protocol import space_of
from split_data import split_data

THE = Quantifier("the", "A <= B")
GENERATE = {"min_size": 1, "max_size": 4, "zones": ["both", "a_only", "b_only", "neither"]}


def one_a(scenes):
    """Whether a scene has exactly one A, by its zone codes."""
    return np.isin(scenes, (0, 1)).sum(axis=1) == 1


def test_restricted_scenes_are_those_that_the_presupposition_allows():
    """All of them, each once, where all are taken: sum over n of n · 2 zones · 2^(n − 1)."""
    space = space_of({"method": "enumerate", "where": "|A| == 1"} | GENERATE)
    pairs = enumerate_pairs([THE], space)
    assert len(pairs) == space.count == sum(n * 2 * 2 ** (n - 1) for n in range(1, 5))
    assert len(np.unique(pairs.scenes, axis=0)) == len(pairs)
    assert one_a(pairs.scenes).all()
    np.testing.assert_array_equal(pairs.truth, zone_counts(pairs.scenes)[:, 1] == 0)


@pytest.mark.parametrize("draw", [draw_pairs, fill_cells])
def test_restricted_scenes_are_drawn_as_all_are(draw):
    """Each scene of a size is as probable as any other of it: also the truths are."""
    space = space_of({"method": "sample", "where": "|A| == 1"} | GENERATE | {"max_size": 8})
    found = draw(np.random.default_rng(0), 900, [THE], space)
    assert one_a(found.scenes).all()
    if draw is draw_pairs:
        assert abs(found.truth.mean() - 0.5) < 4 * 0.5 / 30


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_noise_turns_training_scenes_alone_and_all_copies_of_one(tmp_path, noise):
    paths = [tmp_path / f"{name}.parquet" for name in ("generated", "balanced", "split")]
    names = ["most", "few"]
    expressions = dict(zip(names, ["|A & B| > |A - B|", "|A & B| < 2"], strict=True))
    generate_data(
        paths[0], {"method": "sample", "draws": 4000} | GENERATE | {"max_size": 8},
        expressions, seed=1, experiment="any", trials=2,
    )  # fmt: skip
    balance_data(*paths[:2], {"method": "upsample", "by": "truth"}, names, 1, "any")
    only_test = {"sizes_above": None, "counts": 0.0, "quantifiers": []}
    split = {"by": "scene", "train": 0.6, "dev": 0.2, "test": 0.2, "only_test": only_test}
    split_data(*paths[1:], split, names, 1, "any", noise=noise)
    for scenes, extra in read_trials(paths[2], names):
        known = [
            Quantifier(*item).verify(scenes.scenes, scenes.sizes) for item in expressions.items()
        ]
        turned = scenes.truth != np.choose(scenes.quantifiers, known)
        train = extra["split"] == "train"
        assert not turned[~train].any()
        rows = np.column_stack([scenes.scenes, scenes.quantifiers])[train]
        _, scene = np.unique(rows, axis=0, return_inverse=True)
        counts = np.bincount(scene.ravel(), weights=turned[train]), np.bincount(scene.ravel())
        share = counts[0] / counts[1]
        assert set(share) <= {0.0, 1.0}
        deviation = np.sqrt(noise * (1 - noise) / len(share))
        assert abs(share.mean() - noise) <= 4 * deviation
