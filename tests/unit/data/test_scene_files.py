"""Scenes on disk are read as they were written."""

import numpy as np
import pytest

from quantlearn.data.scene_files import read_trials, write_trials
from quantlearn.errors import QuantlearnError
from quantlearn.semantics.scenes import LabelledScenes

MANY = [f"generated_{number}" for number in range(1000)]


def scenes_of_each(seed):
    """A random scene for each quantifier, in random order."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, size=len(MANY))
    scenes = rng.integers(4, size=(len(MANY), 5)).astype(np.uint8)
    scenes[np.arange(5) >= sizes[:, None]] = 4
    truth = rng.integers(2, size=len(MANY)).astype(bool)
    return LabelledScenes(scenes, sizes, rng.permutation(len(MANY)), truth)


def test_hundreds_of_quantifiers_are_read_as_written(tmp_path):
    path = tmp_path / "split.parquet"
    written = [scenes_of_each(seed) for seed in range(3)]
    split = np.where(np.arange(len(MANY)) % 2, "train", "test").astype(object)
    copy = np.arange(len(MANY))
    write_trials(path, MANY, [(scenes, {"copy": copy, "split": split}) for scenes in written])
    found = list(read_trials(path, MANY))
    assert len(found) == len(written)
    for (scenes, extra), expected in zip(found, written, strict=True):
        np.testing.assert_array_equal(scenes.scenes, expected.scenes)
        np.testing.assert_array_equal(scenes.sizes, expected.sizes)
        np.testing.assert_array_equal(scenes.quantifiers, expected.quantifiers)
        np.testing.assert_array_equal(scenes.truth, expected.truth)
        np.testing.assert_array_equal(extra["split"], split)
        np.testing.assert_array_equal(extra["copy"], copy)


def test_other_quantifiers_are_refused(tmp_path):
    write_trials(tmp_path / "split.parquet", MANY, [(scenes_of_each(0), {})])
    with pytest.raises(QuantlearnError, match="cannot be read as a table of scenes"):
        list(read_trials(tmp_path / "split.parquet", MANY[:500]))
