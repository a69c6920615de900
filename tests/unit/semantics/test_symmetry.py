"""Symmetry against hand-made readings on all small scenes, and known orbits of quantifiers."""

from functools import cache
from itertools import combinations, permutations, product
from pathlib import Path

import numpy as np
import pytest
from brute_force import READINGS, sets_of
from expressions import RANDOMLY, TRUTHS
from hypothesis import given
from hypothesis import strategies as st

from quantlearn.semantics.complexity import truth_sets
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import ZONES, Space, enumerate_scenes
from quantlearn.semantics.symmetry import (
    Symmetry,
    canonical,
    group_of,
    labels,
    orbit,
    orbits,
    relabelling,
    same_meaning,
    same_orbit,
    symmetries,
)
from quantlearn.semantics.truth_tables import tabulate
from quantlearn.semantics.universals import DIRECTIONS, degrees, degrees_of_orbit
from quantlearn.settings.load import load_settings
from quantlearn.yamlfile import read_mapping

CONFIG = Path(__file__).parents[3] / "config"
LEXICON = load_lexicon(CONFIG / "quantifiers.yaml")
SPACE = Space(1, 20)  # 10,625 combinations of zone counts
SMALL = Space(0, 4)
ALL = symmetries(range(4))


def named(*names):
    return [LEXICON[name] for name in names]


def written(*expressions):
    return [Quantifier("", expression) for expression in expressions]


# Symmetries ---------------------------------------------------------------------------------------


@RANDOMLY
@given(TRUTHS, st.sampled_from(ALL))
def test_a_quantifier_says_of_relabelled_scenes_what_it_said_before(expression, symmetry):
    quantifier = Quantifier("", expression)
    scenes, sizes = enumerate_scenes(Space(0, 3))
    relabelled = np.array([*symmetry.zones, 4], dtype=np.uint8)[scenes]
    before = quantifier.verify(scenes, sizes) ^ symmetry.negates
    after = symmetry.of(quantifier)
    assert (after.verify(relabelled, sizes) == before).all()
    assert (symmetry.of_scenes(quantifier, relabelled, sizes) == before).all()
    assert same_meaning(quantifier, after, Space(0, 3), symmetry)


def test_zone_counts_are_relabelled_as_scenes_are():
    counts = np.array([[5, 1, 0, 0], [1, 5, 0, 0], [1, 0, 5, 0]])
    moved = relabelling(both="a_only", a_only="b_only", b_only="both")  # every object goes on
    (at_least_4,) = named("at_least_4")
    assert moved.of_counts(at_least_4, counts).tolist() == [False, True, False]
    assert moved.of(at_least_4).verify_counts(counts).tolist() == [False, True, False]


# One orbit or two ---------------------------------------------------------------------------------

LEARNED_ALIKE = [
    named("not_all", "not_only"),
    named("most", "M"),
    named("most", "fewer_than_half"),
    named("most", "at_least_half"),
    named("at_least_6_or_at_most_2", "between_3_and_5"),
    named("at_least_4", "at_most_3"),
    named("every", "only"),
    named("some", "no"),
    named("even", "odd"),
    written("|A| > |M - A|", "|A & B| + |~(A + B)| > |A - B| + |B - A|"),
    [LEXICON["first_3"], Quantifier("", "not (|B| >= 3 and first(3, B) <= ~A)")],
]
APART = [
    named("at_least_4", "at_least_6_or_at_most_2"),
    named("at_least_3", "first_3"),
    named("first_3", "last_3"),  # order is not relabelled
    named("first_3", "first_3_as_run"),
    named("most", "at_least_4"),
    named("every", "even"),
    # Alike in all scenes that a minimal automaton sees.
    written("|A[1] & B| == 1 and |A| >= 9", "|A[1] & B| == 1 and |A| >= 10"),
    written("|A[1] & B| == 1 and |A| >= 9", "|A[1] & B| == 1"),
]


@pytest.mark.parametrize(("first", "second"), LEARNED_ALIKE)
def test_these_are_one_learning_problem(first, second):
    assert same_orbit(first, second, SPACE) is True
    assert same_orbit(second, first, SPACE) is True


@pytest.mark.parametrize(("first", "second"), APART)
def test_these_are_two_learning_problems(first, second):
    assert same_orbit(first, second, SPACE) is False
    assert same_orbit(second, first, SPACE) is False


def test_what_neither_counts_nor_automata_decide_is_open():
    (first,) = written("|A & B| > |A - B| and |A[1] & B| == 1")
    assert same_orbit(first, relabelling(a_only="both", both="a_only").of(first), SPACE) is None
    assert same_orbit(first, Symmetry(negates=True).of(first), SPACE) is True


def test_sizes_and_zones_say_what_is_alike():
    most, at_least_3 = named("most", "at_least_3")
    assert not same_orbit(most, at_least_3, Space(1, 5))
    assert same_orbit(most, at_least_3, Space(5, 5, zones=(0, 1)))  # 3 to 5 of 5
    every, only = named("every", "only")
    assert not same_orbit(every, only, Space(1, 5, zones=(0, 1)))


@cache
def naive_orbit(name: str) -> frozenset:
    """Truths in all scenes of at most four objects, of each relabelling and its negation."""
    found = set()
    scenes = [scene for size in range(5) for scene in product(range(4), repeat=size)]
    for zones in permutations(range(4)):
        moved = [[zones[zone] for zone in scene] for scene in scenes]
        truth = tuple(bool(READINGS[name](*sets_of(scene))) for scene in moved)
        found |= {truth, tuple(not each for each in truth)}
    return frozenset(found)


PLAIN = [name for name in READINGS if "{" not in name]


@pytest.mark.parametrize("name", PLAIN)
def test_orbits_are_those_of_the_readings_in_all_scenes_of_four_objects(name):
    (quantifier,) = named(name)
    members = orbit(quantifier, SMALL)
    assert len(members) == len(naive_orbit(name))
    assert members[0].expression == str(quantifier.tree)
    for other in PLAIN[PLAIN.index(name) :]:
        alike = naive_orbit(name) == naive_orbit(other)
        assert same_orbit(quantifier, LEXICON[other], SMALL) is alike


@pytest.mark.parametrize(
    ("expression", "members"),
    [
        ("|A & B| >= 1 and |A - B| >= 2 and |B - A| >= 3", 48),
        ("|A & B| > |A - B|", 24),  # 12 ordered pairs of zones, and ties on either side
        ("|A & B| >= 4", 8),
        ("|A| > |M - A|", 12),
        ("A == A", 2),
        ("|A| >= 3 and first(3, A) <= B", 24),
    ],
)
def test_orbits_have_as_many_members_as_follow_from_the_zones_named(expression, members):
    (quantifier,) = written(expression)
    assert len(orbit(quantifier, SPACE)) == members


def test_all_members_of_an_orbit_have_one_canonical_member():
    members = orbit(LEXICON["more_than_2_in_3"], Space(1, 8))
    first, *others = [canonical(each, Space(1, 8)) for each in members]
    assert all(same_meaning(first, other, Space(1, 8)) for other in others)


def test_orbits_of_many_are_those_of_each_pair():
    quantifiers = [LEXICON[name] for name in PLAIN]
    found = orbits(quantifiers, SMALL)
    assert list(found) == PLAIN
    for one, other in combinations(PLAIN, 2):
        assert (found[one] == found[other]) == (naive_orbit(one) == naive_orbit(other))


# Experiments --------------------------------------------------------------------------------------


def experiment(*quantifiers, generate=None, split=None, training=None, **changes):
    """The settings that the symmetry of an experiment hangs on; without changes as in 2019."""
    kept = {"sizes_above": None, "counts": 0.0, "quantifiers": [], **(split or {})}
    by = kept.pop("by", "scene")
    space = {"method": "sample", "min_size": 1, "max_size": 20, "zones": [*ZONES], "draws": 9}
    return {
        "task": "verification",
        "quantifiers": [*quantifiers],
        "expressions": {name: LEXICON[name].expression for name in quantifiers},
        "groups": None,
        "data": {"generate": {**space, **(generate or {})}, "split": {"by": by, "only_test": kept}},
        "network": {"quantifiers": "one_hot"},
        "training": {"together": True, "start": None, **(training or {})},
        **changes,
    }


ALONE = {"together": False}
LABELS = [
    (experiment("not_all", "not_only"), True, True),
    (experiment("not_all", "not_only", training=ALONE), True, True),
    (experiment("most", "M"), True, False),  # a tie makes most false, and so it does M
    (experiment("most", "M", training=ALONE), True, True),
    (experiment("at_least_4", "at_most_3"), True, True),
    (experiment("at_least_4", "at_least_6_or_at_most_2"), False, False),
    (experiment("at_least_6_or_at_most_2", "between_3_and_5"), True, True),
    (experiment("at_least_4", "between_3_and_5", training=ALONE), False, False),
    (experiment("at_least_3", "first_3"), False, False),
    (experiment("first_3", "last_3"), False, False),
    # Another quantifier in the network has to stay in it: most tells A∖B from B∖A.
    (experiment("not_all", "not_only", "most"), True, False),
    (experiment("not_all", "not_only", "exactly_3"), True, True),
    (experiment("not_all", "not_only", "most", training=ALONE), True, True),
    (experiment("not_all", "not_only", "most", "M", "even", "odd"), True, False),
    (
        experiment(
            *("not_all", "not_only", "most", "first_3"),
            groups=[["not_all", "not_only"], ["most", "first_3"]],
        ),
        True,
        True,
    ),
    # The same where zone counts of all quantifiers are divided together.
    (experiment("not_all", "not_only", "most", training=ALONE, split={"by": "size"}), True, True),
    (
        experiment("not_all", "not_only", "most", training=ALONE, split={"by": "zone_counts"}),
        True,
        False,
    ),
    (experiment("not_all", "not_only", split={"by": "zone_counts"}), True, True),
    (experiment("not_all", "not_only", split={"counts": 0.2}), True, False),
    (experiment("at_least_4", "at_most_3", split={"counts": 0.2}), True, True),
    (experiment("every", "only", generate={"zones": ["both", "a_only"]}), False, False),
    (experiment("every", "no", generate={"zones": ["both", "a_only"]}), True, True),
    (experiment("every", "not_all", task="text_verification"), True, False),
    (experiment("every", "not_all", training={"start": "all"}), True, False),
]


@pytest.mark.parametrize(("settings", "alike", "swapped"), LABELS)
def test_comparisons_are_labelled(settings, alike, swapped):
    assert labels(settings["quantifiers"][:2], settings) == (alike, swapped)
    assert labels(settings["quantifiers"][1::-1], settings) == (alike, swapped)


def test_exchangeable_is_open_where_a_quantifier_of_the_network_is():
    settings = experiment("not_all", "not_only", "every")
    ordered = "|A - B| > |B - A| and |M[1] & (A ^ B)| == 1"
    settings["expressions"]["every"] = ordered
    assert labels(["not_all", "not_only"], settings) == (True, False)
    again = relabelling(a_only="b_only", b_only="a_only").of(Quantifier("", ordered)).expression
    settings["expressions"]["only"] = again
    settings["quantifiers"] = [*settings["quantifiers"], "only"]
    assert labels(["not_all", "not_only"], settings) == (True, None)
    assert labels(["not_all", "not_only"], settings | {"expressions": {}}) == (None, None)


@pytest.mark.parametrize(
    ("changes", "state", "size"),
    [
        ({}, "whole", 48),
        ({"generate": {"zones": ["both", "a_only", "b_only"]}}, "reduced", 12),
        ({"generate": {"zones": ["both"]}}, "reduced", 2),
        ({"generate": {"method": "fill", "scenes_per_cell": 5}}, "whole", 48),
        ({"generate": {"method": "enumerate"}}, "whole", 48),
        ({"generate": {"method": "describe"}}, "broken", 0),
        ({"generate": {"method": "table"}}, "broken", 0),
        ({"generate": {"where": "|A| == 1"}}, "broken", 0),
        ({"generate": {"where": None}}, "whole", 48),
        ({"split": {"counts": 0.2}}, "reduced", 8),
        ({"split": {"sizes_above": 12}}, "whole", 48),
        ({"split": {"by": "zone_counts"}}, "whole", 48),
        ({"split": {"by": "size"}}, "whole", 48),
        ({"split": {"quantifiers": ["no"]}}, "broken", 0),
        ({"training": {"start": {"choice": [None, "all"]}}}, "broken", 0),
        ({"training": ALONE}, "whole", 48),
        ({"network": {"quantifiers": "number"}}, "broken", 0),
        ({"network": {"quantifiers": {"choice": ["one_hot", "number"]}}}, "broken", 0),
        ({"network": {"quantifiers": "number"}, "training": ALONE}, "whole", 48),
        ({"task": "language_model"}, "broken", 0),
    ],
)
def test_settings_say_which_symmetries_an_experiment_has(changes, state, size):
    group = group_of(experiment("some", "no", **changes))
    assert (group.state, len(group.symmetries)) == (state, size)
    assert bool(group.reason) == (state != "whole")


@pytest.mark.parametrize("count", range(1, 5))
def test_counts_kept_for_testing_leave_what_keeps_scenes_together(count):
    for zones in combinations(ZONES, count):
        codes = [ZONES[name] for name in zones]
        scenes = [scene for size in (1, 2, 3) for scene in product(codes, repeat=size)]

        def parts(relabelled, scenes=scenes):
            cells = {}
            for scene in scenes:
                moved = [relabelled[zone] for zone in scene]
                cells.setdefault((moved.count(0), moved.count(1)), set()).add(scene)
            return {frozenset(cell) for cell in cells.values()}

        kept = {each.zones for each in symmetries(codes) if parts(each.zones) == parts(range(4))}
        settings = experiment("some", generate={"zones": [*zones]}, split={"counts": 0.2})
        assert {each.zones for each in group_of(settings).symmetries} == kept


def test_the_experiments_of_2019_are_labelled():
    run = read_mapping(CONFIG / "config.yaml")
    experiments = load_settings(run, CONFIG).experiments
    found = {
        name: labels(experiments[name]["comparisons"][0], experiments[name])
        for name in ("exp1a", "exp1b", "exp2a", "exp2b", "exp3a", "exp3b")
    }
    checks = {name: (False, False) for name in found} | {
        "exp3a": (True, True),  # conservativity
        "exp3b": (True, False),
    }
    assert found == checks


def test_a_quantifier_and_its_negation_are_one_orbit_in_either_order():
    # No automaton says so: it compares positions with numbers that may grow.
    expression = "B[|A & B| + 1] <= B - A"
    pair = [Quantifier("it", expression), Quantifier("not_it", f"not ({expression})")]
    for each in (pair, pair[::-1]):
        assert set(orbits(each, Space(1, 12)).values()) == {each[0].name}


def test_measures_of_orbits_are_the_same_for_all_members():
    members = [
        Quantifier(f"{first}, {number}", each.expression)
        for first in ("|A| > |M - A|", "B[|A| + 1] <= A - B")
        for number, each in enumerate(orbit(Quantifier(first, first), Space(0, 3)))
    ]
    table = tabulate(members, 3)
    found = degrees_of_orbit(table)[["mean", "max"]].join(truth_sets(table))
    found = found[["mean", "max", "boundary", "sensitivity", "class_separation"]].to_numpy()
    own = degrees(table)[list(DIRECTIONS)].max(axis=1).to_numpy()
    border = len(orbit(Quantifier("", "|A| > |M - A|"), Space(0, 3)))
    for part in (slice(None, border), slice(border, None)):
        assert np.ptp(found[part], axis=0) == pytest.approx(0, abs=1e-9)
        assert found[part][0, :2] == pytest.approx([own[part].mean(), own[part].max()])
    assert np.ptp(own[:border]) > 0.5
