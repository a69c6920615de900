"""Generating scenes: the paper's sampling, enumeration, and filling of rare cells."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlearn.data.generate import draw_pairs, enumerate_pairs, fill_cells
from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import Quantifier, count_scenes
from quantlearn.semantics.scenes import PADDING, Space, enumerate_scenes, random_scenes
from quantlearn.settings.protocol import space_of

MOST = Quantifier("most", "|A & B| > |A - B|")
EVERY = Quantifier("every", "A <= B")
FIRST_3 = Quantifier("first_3", "|A| >= 3 and first(3, A) <= B")


def rows(labelled):
    return [
        (quantifier, *scene)
        for quantifier, scene in zip(
            labelled.quantifiers.tolist(), labelled.scenes.tolist(), strict=True
        )
    ]


def check_layout(scenes, sizes, space):
    assert scenes.dtype == np.uint8
    assert sizes.min() >= space.min_size
    assert sizes.max() <= space.max_size
    real = np.arange(space.max_size) < sizes[:, None]
    assert np.isin(scenes[real], space.zones).all()
    assert (scenes[~real] == PADDING).all()


@pytest.mark.parametrize("skewed", [False, True])
def test_random_scenes_have_the_layout_of_their_space(skewed):
    space = Space(2, 7, zones=(0, 3))
    scenes, sizes = random_scenes(np.random.default_rng(0), 500, space, skewed)
    check_layout(scenes, sizes, space)


def test_sizes_and_zones_are_uniform():
    scenes, sizes = random_scenes(np.random.default_rng(1), 40_000, Space(1, 20))
    # Standard error of a share p is sqrt(p (1 - p) / n); five of them.
    shares = np.bincount(sizes, minlength=21)[1:] / len(sizes)
    assert abs(shares - 1 / 20).max() < 5 * np.sqrt(0.05 * 0.95 / 40_000)
    zones = np.bincount(scenes[scenes != PADDING], minlength=4)
    assert abs(zones / zones.sum() - 1 / 4).max() < 5 * np.sqrt(0.25 * 0.75 / zones.sum())


@given(st.integers(1, 3), st.integers(0, 2), st.sampled_from([(0, 1), (0, 1, 2, 3), (2,)]))
def test_enumeration_is_the_product_of_zones(min_size, more, zones):
    space = Space(min_size, min_size + more, zones)
    scenes, sizes = enumerate_scenes(space)
    expected = [
        (*objects, *[PADDING] * (space.max_size - size))
        for size in range(space.min_size, space.max_size + 1)
        for objects in itertools.product(zones, repeat=size)
    ]
    assert [tuple(scene) for scene in scenes.tolist()] == expected
    assert len(scenes) == space.count
    check_layout(scenes, sizes, space)


def test_the_tutorial_has_all_scenes_of_sixteen_objects_in_two_zones():
    labelled = enumerate_pairs([MOST, EVERY], Space(16, 16, zones=(0, 1)))
    assert len(labelled) == 2 * 65_536
    # most of 16: more than half of a symmetric distribution without its middle, C(16, 8) = 12870.
    most = labelled.truth[labelled.quantifiers == 0]
    assert most.sum() == (65_536 - 12_870) // 2


def test_drawn_pairs_are_distinct_and_true_to_their_quantifier():
    space = Space(1, 20)
    labelled = draw_pairs(np.random.default_rng(2), 5_000, [MOST, EVERY], space)
    assert len(labelled) == 5_000
    assert len(set(rows(labelled))) == 5_000
    check_layout(labelled.scenes, labelled.sizes, space)
    for index, quantifier in enumerate((MOST, EVERY)):
        of = labelled.quantifiers == index
        truth = quantifier.verify(labelled.scenes[of], labelled.sizes[of])
        assert (labelled.truth[of] == truth).all()


def test_distinctness_counts_every_position_of_long_scenes():
    # 30 positions do not fit into one 64-bit word.
    space = Space(30, 30, zones=(0, 1))
    labelled = draw_pairs(np.random.default_rng(3), 2_000, [MOST], space)
    assert len(set(rows(labelled))) == 2_000


def test_drawing_can_exhaust_a_small_space():
    space = Space(1, 3)
    labelled = draw_pairs(np.random.default_rng(4), 2 * space.count, [MOST, EVERY], space)
    assert set(rows(labelled)) == set(rows(enumerate_pairs([MOST, EVERY], space)))


def test_drawing_more_than_there_are_says_how_many_there_are():
    with pytest.raises(QuantlearnError, match=r"draws: 9 distinct pairs .* there are 8"):
        draw_pairs(np.random.default_rng(5), 9, [MOST], Space(3, 3, zones=(0, 1)))


def test_filling_reaches_truths_that_random_scenes_rarely_have():
    # At size 20 "every" is true of a random scene with probability (3/4)^20 = 0.3 %, and first_3 of
    # at_least_18 practically never.
    rare = Quantifier("at_least_18", "|A & B| >= 18")
    space = Space(20, 20)
    labelled = fill_cells(np.random.default_rng(6), 300, [EVERY, rare, FIRST_3], space)
    cells = np.bincount(2 * labelled.quantifiers + labelled.truth)
    assert cells.tolist() == [300] * 6
    assert len(set(rows(labelled))) == 1_800
    check_layout(labelled.scenes, labelled.sizes, space)


def test_filling_a_small_space_takes_every_scene_there_is():
    # Of the 4 + 16 scenes of one or two objects, "every" is true in 3 + 9.
    space = Space(1, 2)
    labelled = fill_cells(np.random.default_rng(7), 8, [EVERY], space)
    assert len(set(rows(labelled))) == 16
    with pytest.raises(QuantlearnError, match=r"every is false .* 9 were asked for, 8 such scenes"):
        fill_cells(np.random.default_rng(7), 9, [EVERY], space)


def test_a_cell_without_scenes_is_named():
    never = Quantifier("never", "|A| > 30")
    with pytest.raises(QuantlearnError, match=r"never is true .* 0 such scenes exist"):
        fill_cells(np.random.default_rng(8), 1, [never], Space(1, 20))


def sizes_of_true_scenes(space, seeds, per_cell=50):
    """How often each size occurs among the scenes of "most is true" that cells are filled with."""
    sizes = []
    for seed in range(seeds):
        filled = fill_cells(np.random.default_rng(seed), per_cell, [MOST], space)
        sizes.append(filled.sizes[filled.truth])
    return np.bincount(np.concatenate(sizes), minlength=space.max_size + 1)


def test_small_spaces_are_filled_with_the_sizes_that_drawing_gives(monkeypatch):
    """Which way scenes are found must not show in them."""
    space = Space(1, 8)
    enumerated = sizes_of_true_scenes(space, 60)
    monkeypatch.setattr("quantlearn.data.generate._ENUMERABLE", 0)
    drawn = sizes_of_true_scenes(space, 60)
    n = drawn.sum()
    assert enumerated.sum() == n == 3_000
    # Five standard errors of the difference of two shares.
    share = (enumerated + drawn) / (2 * n)
    assert (np.abs(enumerated - drawn) / n <= 5 * np.sqrt(2 * share * (1 - share) / n)).all()
    assert enumerated[8] / n < 0.3


@pytest.mark.parametrize("limit", [0, 200_000], ids=["drawn", "enumerated"])
def test_sizes_may_be_as_probable_as_they_have_scenes(monkeypatch, limit):
    monkeypatch.setattr("quantlearn.data.generate._ENUMERABLE", limit)
    space = Space(1, 8, sizes="proportional")
    found = sizes_of_true_scenes(space, 20)
    true = np.array(
        [0] + [count_scenes(MOST, size, size, space.zones)[True] for size in range(1, 9)]
    )
    expected = true / true.sum()
    n = found.sum()
    assert (np.abs(found / n - expected) <= 5 * np.sqrt(expected * (1 - expected) / n)).all()
    drawn = draw_pairs(np.random.default_rng(0), 4_000, [MOST], space)
    assert abs((drawn.sizes == 8).mean() - 4**8 / space.count) < 0.04


def test_a_space_may_have_more_scenes_than_fit_into_64_bits():
    space = Space(32, 100)
    filled = fill_cells(np.random.default_rng(0), 20, [MOST], space)
    assert filled.truth.sum() == 20
    assert space.count == sum(4**size for size in range(32, 101))
    with pytest.raises(QuantlearnError, match=r"0 such scenes exist"):
        fill_cells(np.random.default_rng(0), 1, [Quantifier("never", "|A| > 100")], Space(99, 100))


@pytest.mark.parametrize("per_cell", [5, 25])
def test_a_few_rare_scenes_are_found_as_well_as_many(per_cell):
    rare = Quantifier("at_least_18", "|A & B| >= 18")
    filled = fill_cells(np.random.default_rng(0), per_cell, [rare], Space(1, 20))
    assert np.bincount(filled.truth).tolist() == [per_cell] * 2


def test_scenes_that_exist_and_were_not_found_are_not_called_too_few(monkeypatch):
    monkeypatch.setattr("quantlearn.data.generate._ROUNDS", 1)
    rare = Quantifier("at_least_18", "|A & B| >= 18")
    with pytest.raises(QuantlearnError, match="only 0 were found of the 1830 that exist"):
        fill_cells(np.random.default_rng(0), 5, [rare], Space(1, 20))


@pytest.mark.parametrize("share", [0.85, 1.0])
def test_no_more_scenes_are_drawn_than_it_takes(monkeypatch, share):
    """Near the end of a space, drawing would hit hardly anything that was not there before."""
    drawn = []

    def counted(rng, n, *more):
        drawn.append(n)
        return random_scenes(rng, n, *more)

    monkeypatch.setattr("quantlearn.data.generate.random_scenes", counted)
    space = Space(1, 7)
    wanted = round(share * space.count)
    pairs = draw_pairs(np.random.default_rng(0), wanted, [MOST], space)
    assert len(set(rows(pairs))) == wanted
    # A size is one of seven, and for a share s of its scenes −ln(1 − s) draws a scene are needed.
    assert sum(drawn) < 3 * 7 * space.count


def test_pairs_are_the_same_in_kind_where_nearly_all_are_taken(monkeypatch):
    """All sizes but the largest are used up, by drawing and by shuffling."""
    space = Space(1, 3)
    left = []
    for drawable in (1, 0):
        monkeypatch.setattr("quantlearn.data.generate._DRAWABLE", drawable)
        found = [
            draw_pairs(np.random.default_rng(seed), 60, [MOST, EVERY], space) for seed in range(400)
        ]
        sizes = np.concatenate([pairs.sizes for pairs in found])
        left.append(np.bincount(sizes, minlength=4)[1:] / len(found))
    # From trial to trial the numbers of scenes of a size have a standard deviation below 4.
    assert np.abs(left[0] - left[1]).max() < 5 * 4 * np.sqrt(2 / 400)


# Scenes of which something is presupposed ---------------------------------------------------------

ONE_A = {"min_size": 1, "max_size": 4, "zones": ["both", "a_only", "b_only", "neither"]}


def one_a(method):
    return space_of({**ONE_A, "method": method, "where": "|A| == 1"})


def test_restricted_scenes_are_those_that_are_left():
    """Each is drawn as often as random scenes have it, given that they meet the condition."""
    space, free = one_a("sample"), Space(1, 4)
    allowed = enumerate_scenes(space)[0].tolist()
    everything = enumerate_scenes(free)[0]
    assert allowed == everything[(everything < 2).sum(axis=1) == 1].tolist()
    assert space.count == len(allowed) == sum(2 * size * 2 ** (size - 1) for size in range(1, 5))
    scenes, sizes = random_scenes(np.random.default_rng(0), 20_000, space)
    check_layout(scenes, sizes, space)
    assert ((scenes < 2).sum(axis=1) == 1).all()
    odds = np.array([size * 2.0**-size for size in range(1, 5)])  # of one A among so many objects
    shares = np.bincount(sizes, minlength=5)[1:] / 20_000
    np.testing.assert_allclose(shares, odds / odds.sum(), atol=0.015)


def test_every_method_that_makes_scenes_keeps_to_the_restriction():
    quantifiers = [EVERY, MOST]
    made = [
        draw_pairs(np.random.default_rng(0), 30, quantifiers, one_a("sample")),
        draw_pairs(np.random.default_rng(0), 2 * 98 - 1, quantifiers, one_a("sample")),
        enumerate_pairs(quantifiers, one_a("enumerate")),
        fill_cells(np.random.default_rng(0), 20, quantifiers, one_a("fill")),
    ]
    assert [len(each) for each in made] == [30, 195, 196, 80]
    for each in made:
        assert ((each.scenes < 2).sum(axis=1) == 1).all()
    with pytest.raises(QuantlearnError, match="49 such scenes exist"):
        fill_cells(np.random.default_rng(0), 50, [EVERY], one_a("fill"))
