"""Complexity against closed forms, known automata and a naive reading of the definitions."""

from itertools import permutations, product
from math import log2
from pathlib import Path

import numpy as np
import pytest
from brute_force import READINGS, sets_of
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlearn.semantics.automata import minimal_automaton, minimal_states
from quantlearn.semantics.complexity import (
    boundaries,
    boundary_density,
    lempel_ziv_complexity,
    phrases,
    truth_sets,
)
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space, enumerate_scenes, random_scenes
from quantlearn.semantics.truth_tables import tabulate, tree_of_numbers

LEXICON = load_lexicon(Path(__file__).parents[3] / "config" / "quantifiers.yaml")


def in_tree(name: str, max_size: int = 6):
    table = tabulate([LEXICON[name]], max_size)
    return boundaries(tree_of_numbers(table, name))


# Lempel–Ziv ---------------------------------------------------------------------------------------


@settings(deadline=None)  # the first call loads compiled code
@given(st.binary(max_size=60))
def test_phrases_are_new_and_make_up_the_sequence(sequence):
    cut, start = [], 0
    for stop in range(1, len(sequence) + 1):
        if sequence[start:stop] not in cut:
            cut.append(sequence[start:stop])
            start = stop
    assert phrases(sequence) == len(cut)


def test_phrases_of_a_constant_grow_with_the_root():
    # 1 + 2 + … + k symbols make k phrases.
    assert [phrases(bytes(k * (k + 1) // 2)) for k in range(6)] == list(range(6))


def test_lempel_ziv_of_a_constant_is_the_logarithm():
    table = tabulate([Quantifier("always", "|A| >= 0")], 3)
    assert lempel_ziv_complexity(table, "always") == log2(1 + 4 + 16 + 64)


@pytest.mark.parametrize("name", ["every", "first_and_last"])
def test_lempel_ziv_is_that_of_all_orders_of_zones(name):
    reading = READINGS[name]
    counts = []
    for order in permutations(range(4)):
        if order[0] > order[-1]:
            continue
        scenes = [scene for size in range(1, 5) for scene in product(order, repeat=size)]
        sequence = bytes(bool(reading(*sets_of(scene))) for scene in scenes)
        counts += [phrases(sequence), phrases(sequence[::-1])]
    assert len(counts) == 24
    table = tabulate([LEXICON[name]], 4, min_size=1)
    expected = log2(4 + 16 + 64 + 256) * sum(counts) / 24
    assert lempel_ziv_complexity(table, name) == pytest.approx(expected)


def test_a_quantifier_is_simpler_than_truths_at_random():
    table = tabulate([LEXICON["at_least_3"]], 5)
    shuffled = np.random.default_rng(0).permuted(table.truth, axis=1)
    mixed = type(table)(table.names, 0, 5, shuffled, table.scenes, table.sizes)
    assert lempel_ziv_complexity(table, "at_least_3") < lempel_ziv_complexity(mixed, "at_least_3")


# Boundaries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("some", (6, 1)),  # one in each row but that of no A
        ("every", (6, 1)),
        ("most", (6, 1)),
        ("at_least_3", (4, 1)),  # rows with 3 to 6 As
        ("exactly_3", (7, 2)),  # two in rows 4 to 6, one in row 3
        ("some_but_not_all", (10, 2)),  # two in rows 2 to 6
        ("even", (21, 6)),  # at every step
        ("M", None),
        ("first_3", None),
        ("everything", None),
    ],
)
def test_boundaries_in_the_tree_of_numbers(name, expected):
    assert in_tree(name) == expected


def test_boundary_density_counts_pairs_one_object_apart():
    for name in ("most", "first_3", "only"):
        table = tabulate([LEXICON[name]], 3)
        value = {
            tuple(scene[:size]): truth
            for scene, size, truth in zip(
                table.scenes.tolist(), table.sizes, table[name], strict=True
            )
        }
        moved = {0: 1, 2: 3}
        pairs = [
            (scene, (*scene[:place], moved[zone], *scene[place + 1 :]))
            for scene in value
            for place, zone in enumerate(scene)
            if zone in moved
        ]
        share = sum(value[one] != value[other] for one, other in pairs) / len(pairs)
        assert boundary_density(table, name) == pytest.approx(share)


def test_boundary_density_of_parity_is_that_of_the_moves_in_a():
    # Every move in A changes the parity of card(A∩B), none outside A does.
    assert boundary_density(tabulate([LEXICON["even"]], 4), "even") == 0.5


def test_statistics_of_the_truth_set_are_those_of_its_scenes():
    for name in ("most", "first_3", "only"):
        table = tabulate([LEXICON[name]], 4)
        found = truth_sets(table).loc[name]
        scenes = [
            tuple(scene[:size])
            for scene, size in zip(table.scenes.tolist(), table.sizes, strict=True)
        ]
        value = dict(zip(scenes, table[name].tolist(), strict=True))
        changes = [
            np.mean(
                [
                    value[scene] != value[(*scene[:place], zone, *scene[place + 1 :])]
                    for place in range(len(scene))
                    for zone in range(4)
                    if zone != scene[place]
                ]
                or [False]
            )
            for scene in scenes
        ]
        assert found["boundary"] == pytest.approx(np.mean(changes))
        rate = np.mean(list(value.values()))
        assert found["sensitivity"] == pytest.approx(np.mean(changes) / (2 * rate * (1 - rate)))
        counts = {
            truth: np.array([[s.count(z) for z in range(4)] for s in scenes if value[s] == truth])
            for truth in (True, False)
        }
        apart = counts[True].mean(axis=0) - counts[False].mean(axis=0)
        assert found["class_separation"] == pytest.approx(np.linalg.norm(apart))
        assert found["true_size"] == pytest.approx(counts[True].sum(axis=1).mean())
        assert found["true_size_variance"] == pytest.approx(counts[True].sum(axis=1).var())
        assert found["true_count_variance"] == pytest.approx(counts[True].var(axis=0).mean())


# Automata -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "states"),
    [
        # van Benthem 1986, chapter 8: these are recognised by finite automata
        ("every", 2),
        ("some", 2),
        ("no", 2),
        ("not_all", 2),
        ("even", 2),
        ("some_but_not_all", 4),
        ("the", 3),
        *((f"at_least_{n}", n + 1) for n in range(5)),
        ("at_least_15", 16),
        ("exactly_3", 5),
        ("multiple_of_7", 7),
        ("everything", 2),
        # with order
        ("first_3", 5),  # 0, 1 or 2 found, true, false
        ("last_3", 4),  # how many of the last As in a row are B, up to 3
        ("number_2", 4),
        ("scene_begins_with_A", 3),
        # and these by none
        ("most", None),
        ("exactly_half", None),
        ("equal_number", None),
        ("more_than_25_percent", None),
    ],
)
def test_states_of_the_smallest_automaton(name, states):
    assert minimal_states(LEXICON[name]) == states


def test_a_negation_needs_as_many_states():
    assert minimal_states(LEXICON["not_exactly_3"]) == minimal_states(LEXICON["exactly_3"])


def test_states_are_exact_up_to_what_continuations_tell_apart():
    assert minimal_states(LEXICON["at_least_25"]) == 26
    assert minimal_states(LEXICON["multiple_of_25"]) == 25


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("at_least_30", "|A & B| >= 30"),  # 31 states
        ("at_least_100", "|A & B| >= 100"),
        ("not_30_of_A", "|A| != 30"),
        # 1 state in all that 6 more objects can show, and wrong on larger scenes
        ("first_A_of_many", "first(1, A) <= B and |A| >= 9"),
    ],
)
def test_an_automaton_that_larger_scenes_prove_wrong_is_none(name, expression):
    assert minimal_states(Quantifier(name, expression)) is None


def test_automata_are_right_on_scenes_that_did_not_make_them():
    scenes, sizes = random_scenes(np.random.default_rng(5), 4000, Space(1, 60), skewed=True)
    for name in ("at_least_25", "multiple_of_25", "first_3", "last_3", "some_but_not_all"):
        automaton = minimal_automaton(LEXICON[name])
        ends = automaton.run(scenes)[:, -1]
        truth = LEXICON[name].verify(scenes, sizes)
        np.testing.assert_array_equal(automaton.accepting[ends], truth)


@pytest.mark.parametrize("name", ["at_least_3", "even", "every", "first_3", "exactly_2", "last_3"])
def test_an_automaton_ends_where_the_quantifier_is_true(name):
    automaton = minimal_automaton(LEXICON[name])
    scenes, sizes = enumerate_scenes(Space(1, 5))
    ends = automaton.run(scenes)[:, -1]
    np.testing.assert_array_equal(automaton.accepting[ends], LEXICON[name].verify(scenes, sizes))
