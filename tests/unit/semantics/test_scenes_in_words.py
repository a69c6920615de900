"""Sentences against brute force: true of their scenes, and no truth says more."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from quantlearn.data.generate import describe_scenes
from quantlearn.errors import QuantlearnError
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts, zone_counts
from quantlearn.semantics.scenes import Space, enumerate_scenes
from quantlearn.semantics.scenes_in_words import (
    OBJECTS,
    by_informativeness,
    most_informative,
    sentence,
    vocabulary,
)
from quantlearn.yamlfile import read_yaml

CONFIG = Path(__file__).parents[3] / "config"
LEXICON = load_lexicon(CONFIG / "quantifiers.yaml")
NAMES = read_yaml(CONFIG / "experiments" / "description.yaml")["quantifiers"]
QUANTIFIERS = [LEXICON[name] for name in NAMES]


def test_all_zone_counts_are_those_of_all_scenes():
    space = Space(2, 4, (0, 1, 3))
    scenes, _ = enumerate_scenes(space)
    found = {tuple(row) for row in all_zone_counts(2, 4, space.zones).tolist()}
    assert found == {tuple(row) for row in zone_counts(scenes).tolist()}


def test_no_true_sentence_says_more_than_the_most_informative_one():
    space = Space(1, 6)
    scenes, sizes = enumerate_scenes(space)
    models = {tuple(counts) for counts in zone_counts(scenes).tolist()}
    chosen = most_informative(
        QUANTIFIERS, zone_counts(scenes), all_zone_counts(1, 6, zones=space.zones)
    )
    true = np.stack([quantifier.verify(scenes, sizes) for quantifier in QUANTIFIERS])
    # How many combinations of counts a quantifier leaves open, one scene for each.
    first = {tuple(counts): row for row, counts in enumerate(zone_counts(scenes).tolist())}
    representative = [first[counts] for counts in models]
    left_open = true[:, representative].sum(axis=1)
    words = np.array([len(sentence(name)) for name in NAMES])
    rows = np.random.default_rng(0).choice(len(scenes), size=500, replace=False)
    for row in rows:
        able = np.flatnonzero(true[:, row])
        assert chosen[row] in able if len(able) else chosen[row] == -1
        best = min(((left_open[q], words[q], q) for q in able), default=(0, 0, -1))
        assert chosen[row] == best[2]


def test_described_scenes_are_distinct_and_their_sentence_is_true():
    found = describe_scenes(np.random.default_rng(0), 20, QUANTIFIERS, Space(1, 10))
    assert (np.bincount(found.quantifiers, minlength=len(NAMES)) == 20).all()
    assert len({scene.tobytes() for scene in found.scenes}) == len(found)
    for index, quantifier in enumerate(QUANTIFIERS):
        rows = found.quantifiers == index
        assert quantifier.verify(found.scenes[rows], found.sizes[rows]).all()
    assert found.truth.all()


def test_what_is_implied_by_another_quantifier_is_less_informative():
    names = ["at_least_2", "some", "at_least_3"]
    models = all_zone_counts(1, 8, (0, 1, 2, 3))
    order = by_informativeness([LEXICON[name] for name in names], models)
    assert [names[index] for index in order] == ["at_least_3", "at_least_2", "some"]


def test_a_quantifier_that_never_says_most_is_named():
    quantifiers = [Quantifier("no", "|A & B| == 0"), Quantifier("anything", "|M| >= 0")]
    quantifiers.append(Quantifier("some", "|A & B| > 0"))
    with pytest.raises(QuantlearnError, match="true in none of"):
        describe_scenes(np.random.default_rng(0), 2, quantifiers, Space(1, 2))


def test_sentences_are_told_apart_and_so_are_words_and_objects():
    assert len({sentence(name) for name in NAMES}) == len(NAMES)
    words = vocabulary(NAMES)
    assert len(set(words)) == len(words)
    spoken = set(itertools.chain.from_iterable(map(sentence, NAMES)))
    assert not spoken & set(OBJECTS)
