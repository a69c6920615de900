"""Distances from the boundary against trying all scenes of the same size."""

from pathlib import Path

import numpy as np
import pytest

from quantlearn.semantics.complexity import boundary_distances
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space, enumerate_scenes, random_scenes

LEXICON = load_lexicon(Path(__file__).parents[3] / "config" / "quantifiers.yaml")


def by_trying(quantifier, scenes, sizes):
    """The fewest places in which a scene differs from one of its size and the other truth value."""
    truth = quantifier.verify(scenes, sizes)
    found = []
    for scene, size, own in zip(scenes, sizes, truth, strict=True):
        others = scenes[(sizes == size) & (truth != own)]
        found.append((others != scene).sum(axis=1).min(initial=99))
    return [0 if distance == 99 else distance for distance in found]


@pytest.mark.parametrize("zones", [(0, 1, 2, 3), (0, 1), (0, 2, 3)])
@pytest.mark.parametrize(
    "name",
    ["at_least_3", "between_2_and_3", "most", "not_only", "even", "first_2", "last_3", "every"],
)
def test_distances_are_those_of_trying_all_scenes(name, zones):
    scenes, sizes = enumerate_scenes(Space(1, 5, zones))
    quantifier = LEXICON[name]
    found = boundary_distances(quantifier, scenes, sizes, zones)
    assert found.tolist() == by_trying(quantifier, scenes, sizes)


def test_of_at_least_4_it_is_how_far_the_count_is_from_the_threshold():
    scenes, sizes = random_scenes(np.random.default_rng(1), 500, Space(1, 20))
    both = (scenes == 0).sum(axis=1)
    expected = np.where(both >= 4, both - 3, 4 - both)
    found = boundary_distances(LEXICON["at_least_4"], scenes, sizes, range(4))
    # Among fewer than 4 objects there are never 4.
    np.testing.assert_array_equal(found, np.where(sizes < 4, 0, expected))


def test_counts_and_states_agree():
    """The same meaning, once by zone counts and once by an automaton, for the order is named."""
    counted = Quantifier("at_least_3", "|A & B| >= 3")
    ordered = Quantifier("in_order", "|first(50, A & B)| >= 3")
    scenes, sizes = random_scenes(np.random.default_rng(2), 500, Space(1, 20))
    of_counts, of_states = (
        boundary_distances(one, scenes, sizes, range(4)) for one in (counted, ordered)
    )
    assert ordered.is_positional
    np.testing.assert_array_equal(of_counts, of_states)


def test_it_is_unknown_where_order_matters_and_no_automaton_is_known():
    scenes, sizes = random_scenes(np.random.default_rng(3), 5, Space(1, 20))
    assert boundary_distances(LEXICON["first_9"], scenes, sizes, range(4)) is None


def test_a_truth_that_nothing_changes_has_no_boundary():
    scenes, sizes = random_scenes(np.random.default_rng(4), 20, Space(1, 20))
    never = Quantifier("never", "|M| < 0")
    assert not boundary_distances(never, scenes, sizes, range(4)).any()
