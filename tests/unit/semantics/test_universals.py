"""Degrees of universals against a brute-force reading of the definitions, ULTK and the textbook."""

import re
from collections import Counter
from functools import cache
from itertools import product
from math import log2
from pathlib import Path

import numpy as np
import pytest
from brute_force import READINGS, sets_of

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.truth_tables import TruthTable, tabulate, tree_of_numbers
from quantlearn.semantics.ultk import translate
from quantlearn.semantics.universals import (
    DIRECTIONS,
    SIGNATURES,
    VARIANTS,
    degrees,
    minimal_pairs,
    monotonicity_variants,
    violation_rates,
)

LEXICON = load_lexicon(Path(__file__).parents[3] / "config" / "quantifiers.yaml")
NUMERALS = {"{n}": 2, "{m}": 1}
SCENES = [scene for size in range(5) for scene in product(range(4), repeat=size)]
SETS = [sets_of(scene) for scene in SCENES]


def quantifier(entry: str) -> Quantifier:
    """An entry of the lexicon; of a family the member with n = 2 and m = 1."""
    for placeholder, number in NUMERALS.items():
        entry = entry.replace(placeholder, str(number))
    return LEXICON[entry]


def truths(entry: str) -> list[bool]:
    """What the entry says of every scene, read by hand."""
    numbers = {mark[1]: number for mark, number in NUMERALS.items() if mark in entry}
    return [bool(READINGS[entry](A, B, M, **numbers)) for A, B, M in SETS]


def random_table(seed: int, rows: int = 20, max_size: int = 3) -> TruthTable:
    """Meanings at random, most of which no expression is short for."""
    empty = tabulate([Quantifier("every", "A <= B")] * rows, max_size)
    rng = np.random.default_rng(seed)
    rates = rng.random((rows, 1))
    truth = rng.random((rows, len(empty.scenes))) < rates
    names = tuple(f"random_{row}" for row in range(rows))
    return TruthTable(names, 0, max_size, truth, empty.scenes, empty.sizes)


# By the definitions -------------------------------------------------------------------------------


def is_below(first, second, direction: str) -> bool:
    (A, B, M), (A2, B2, M2) = first, second
    if M != M2:
        return False
    side, way = direction.split("_")
    fixed, moving = ((A, A2), (B, B2)) if side == "right" else ((B, B2), (A, A2))
    low, high = moving if way == "upward" else moving[::-1]
    return fixed[0] == fixed[1] and low <= high


@cache
def all_below(direction: str) -> list[list[int]]:
    """The places of the scenes below each scene."""
    return [
        [place for place, low in enumerate(SETS) if is_below(low, high, direction)] for high in SETS
    ]


BY_HAND = {
    "quantity": [(len(A & B), len(A - B), len(B - A), len(M - A - B)) for A, B, M in SETS],
    "conservativity": [(tuple(sorted(A)), tuple(sorted(A & B)), len(M)) for A, B, M in SETS],
    "extensionality": [tuple(zone for zone in scene if zone != 3) for scene in SCENES],
}


def uncertainty(values: list) -> float:
    return -sum(n / len(values) * log2(n / len(values)) for n in Counter(values).values())


def degree_by_hand(truth: list[bool], signature: list) -> float:
    if len(set(truth)) == 1:
        return 1.0
    left = 0.0
    for cell in set(signature):
        inside = [value for value, mark in zip(truth, signature, strict=True) if mark == cell]
        left += len(inside) / len(truth) * uncertainty(inside)
    return 1 - left / uncertainty(truth)


@pytest.mark.parametrize("entry", LEXICON.expressions)
def test_degrees_are_those_of_the_definitions(entry):
    truth = truths(entry)
    signatures = BY_HAND | {
        direction: [any(truth[place] for place in below) for below in all_below(direction)]
        for direction in DIRECTIONS
    }
    found = degrees(tabulate([quantifier(entry)], max_size=4)).iloc[0]
    assert set(found.index) == set(signatures)
    for universal, signature in signatures.items():
        assert found[universal] == pytest.approx(degree_by_hand(truth, signature), abs=1e-12)


@pytest.mark.parametrize("entry", ["most", "even", "first_{n}", "only"])
def test_violation_rates_count_pairs(entry):
    truth = truths(entry)
    found = violation_rates(tabulate([quantifier(entry)], max_size=4)).iloc[0]
    for direction in DIRECTIONS:
        pairs = [
            (truth[low], truth[high])
            for high, below in enumerate(all_below(direction))
            for low in below
            if low != high
        ]
        assert found[direction] == pytest.approx(1 - pairs.count((True, False)) / len(pairs))


# The degrees that ULTK gives, in examples/learn_quant/outputs/monotonicity_values.csv: right and
# left upward, right and left downward, over the scenes of exactly four objects.
ULTK = {
    "subset_eq(A, A)": (1, 1, 1, 1),
    "subset_eq(A, B)": (1, 0, 0, 1),
    "not(subset_eq(A, B))": (0.12265103249181153, 1, 1, 0.12265103249181153),
    "and(subset_eq(A, B), subset_eq(B, A))": (0.3274295335058224,) * 4,
    "or(subset_eq(A, B), subset_eq(B, A))": (0, 0, 0, 0),
    "equals(cardinality(A), cardinality(B))": (0.2585332880754543,) * 4,
    "greater_than(cardinality(A), cardinality(B))": (
        0.04485415499027745,
        1,
        1,
        0.04485415499027745,
    ),
    "equals(3, cardinality(A))": (1, 0.7219171541168985, 1, 0.03319136567036207),
    "subset_eq(index(0, A), B)": (1, 0, 0, 0.5102091098991903),
    "subset_eq(A, index(0, B))": (0.6698098006392883, 0, 0.6926300777028094, 1),
    "subset_eq(index(0, A), index(0, B))": (
        0.5483204103904731,
        0,
        0.25316915965633924,
        0.3261638365103722,
    ),
    "subset_eq(index(3, A), index(0, B))": (0.4418898300930877, 0, 0.8864117240057774, 1),
}


@pytest.mark.parametrize("expression", ULTK)
def test_degrees_are_those_of_ultk(expression):
    table = tabulate([Quantifier(expression, translate(expression))], 4, min_size=4)
    found = degrees(table).iloc[0]
    order = ["right_upward", "left_upward", "right_downward", "left_downward"]
    assert found[order].tolist() == pytest.approx(ULTK[expression], abs=1e-12)


# What the textbook says ---------------------------------------------------------------------------

TEXTBOOK = {
    # Barwise & Cooper 1981; Peters & Westerståhl 2006, Quantifiers in Language and Logic, chapter 5
    "every": {"left_downward", "right_upward"},
    "some": {"left_upward", "right_upward"},
    "no": {"left_downward", "right_downward"},
    "not_all": {"left_upward", "right_downward"},
    "only": {"left_upward", "right_downward"},
    "at_least_3": {"left_upward", "right_upward"},
    "at_most_3": {"left_downward", "right_downward"},
    "exactly_3": set(),
    "even": set(),
    "most": {"right_upward"},
    "at_most_half": {"right_downward"},
    "exactly_half": set(),
    "the": {"right_upward"},
    "M": {"left_upward", "right_downward"},
    "first_3": {"right_upward"},
    "everything": {"left_upward", "left_downward", "right_upward"},
    "not_only": {"left_downward", "right_upward"},
    "all_and_only": set(),
    "some_but_not_all": {"left_upward"},
    "all_or_none": {"left_downward"},
    "not_exactly_3": set(),
    "more_than_2": {"left_upward", "right_upward"},
    "fewer_than_3": {"left_downward", "right_downward"},
    "between_2_and_3": set(),
    "strictly_between_1_and_4": set(),
    "at_least_4_or_at_most_2": set(),
    "all_but_2": set(),
    "all_but_at_most_2": {"left_downward", "right_upward"},
    "all_but_at_least_2": {"left_upward", "right_downward"},
    "both": {"right_upward"},
    "neither": {"right_downward"},
    "all_3": {"right_upward"},
    "exactly_2_of_the_4": set(),
    "odd": set(),
    "multiple_of_3": set(),
    "more_than_half": {"right_upward"},
    "at_least_half": {"right_upward"},
    "fewer_than_half": {"right_downward"},
    "more_than_75_percent": {"right_upward"},
    "at_least_25_percent": {"right_upward"},
    "exactly_1_in_3": set(),
    "more_than_2_in_3": {"right_upward"},
    "fewer_As_than_Bs": {"left_downward", "right_upward"},
    "at_least_as_many": {"left_upward", "right_downward"},
    "equal_number": set(),
    "most_reversed": {"left_upward"},
    "last_3": {"right_upward"},
    "first_3_as_run": {"right_upward"},
    "number_3": {"right_upward"},
    "first_and_last": {"right_upward"},
    "scene_begins_with_A": {"left_upward", "right_upward", "right_downward"},
}
NOT_CONSERVATIVE = {"M", "only", "everything", "all_and_only", "equal_number", "most_reversed"} | {
    *("not_only", "fewer_As_than_Bs", "at_least_as_many"),
}
NOT_QUANTITATIVE = {"first_3", "last_3", "number_3", "first_and_last", "scene_begins_with_A"}
NOT_EXTENSIONAL = {"everything", "scene_begins_with_A", "first_3_as_run"}


def test_the_textbook_covers_the_lexicon():
    named = {LEXICON[name].expression for name in TEXTBOOK}
    patterns = [
        re.sub(r"\\{\w\\}", r"\\d+", re.escape(text)) for text in LEXICON.expressions.values()
    ]
    assert all(any(re.fullmatch(pattern, text) for text in named) for pattern in patterns)


def test_textbook_monotonicity():
    found = degrees(tabulate([LEXICON[name] for name in TEXTBOOK], 6))[list(DIRECTIONS)] == 1
    assert {name: set(row.index[row]) for name, row in found.iterrows()} == TEXTBOOK


def test_textbook_quantity_conservativity_and_extensionality():
    breaking = NOT_CONSERVATIVE | NOT_QUANTITATIVE | NOT_EXTENSIONAL
    names = [*TEXTBOOK, *sorted(breaking - set(TEXTBOOK)), "all_3", "both", "number_2"]
    found = degrees(tabulate([LEXICON[name] for name in names], 5))
    assert set(found.index[found["conservativity"] < 1]) == NOT_CONSERVATIVE
    assert set(found.index[found["quantity"] < 1]) == NOT_QUANTITATIVE | {
        "number_2",
        "first_3_as_run",
    }
    assert set(found.index[found["extensionality"] < 1]) == NOT_EXTENSIONAL


def test_constants_have_every_degree():
    never = Quantifier("never", "|A| < 0")
    table = tabulate([never, Quantifier("always", "|A| >= 0")], 3)
    assert (degrees(table) == 1).all(axis=None)
    assert (monotonicity_variants(table) == 1).all(axis=None)


def test_degrees_lie_between_0_and_1():
    found = degrees(random_table(1))
    assert ((found >= 0) & (found <= 1)).all(axis=None)


# Symmetries, on meanings at random ----------------------------------------------------------------


def test_exchanging_the_arguments_exchanges_left_and_right():
    table = random_table(2)
    exchanged = np.array([0, 2, 1, 3, 4], dtype=np.uint8)[table.scenes]
    place = {scene.tobytes(): row for row, scene in enumerate(table.scenes)}
    rows = [place[scene.tobytes()] for scene in exchanged]
    mirrored = TruthTable(table.names, 0, 3, table.truth[:, rows], table.scenes, table.sizes)
    for way in ("upward", "downward"):
        np.testing.assert_allclose(degrees(table)[f"left_{way}"], degrees(mirrored)[f"right_{way}"])


def test_the_negation_has_the_same_degree_of_what_sorts_scenes_into_cells():
    table = random_table(3)
    columns = list(SIGNATURES)
    np.testing.assert_allclose(degrees(table)[columns], degrees(table.negated)[columns])


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_say_whether_the_negation_has_the_same_degree(name):
    table = random_table(4)
    own, negated = (monotonicity_variants(each)[name] for each in (table, table.negated))
    assert np.allclose(own, negated) == VARIANTS[name].same_for_negation


def test_all_variants_agree_on_what_is_monotone_in_one_argument():
    names = ["every", "most", "first_3", "M"]
    found = monotonicity_variants(tabulate([LEXICON[name] for name in names], 5))
    assert list(found.columns) == list(VARIANTS)
    assert (found.drop(columns="mean_of_arguments") == 1).all(axis=None)
    assert found["mean_of_arguments"].to_dict() == pytest.approx(
        {"every": 1, "most": 0.7, "first_3": 0.7, "M": 1}, abs=0.2
    )


# Larger scenes ------------------------------------------------------------------------------------


def test_too_large_scenes_are_refused():
    with pytest.raises(QuantlearnError, match="at most 10"):
        tabulate([LEXICON["every"]], 11)


# Scenes that break a universal, and trees of numbers ----------------------------------------------


@pytest.mark.parametrize("entry", LEXICON.expressions)
def test_minimal_pairs_break_what_is_broken_and_nothing_smaller_does(entry):
    table = tabulate([quantifier(entry)], 4)
    name = table.names[0]
    degree = degrees(table).iloc[0]
    pairs = minimal_pairs(table, name)
    assert set(pairs) == set(degree.index[degree < 1])
    value = dict(zip(SCENES, table[name].tolist(), strict=True))
    marks = {
        universal: dict(zip(SCENES, signature, strict=True))
        for universal, signature in BY_HAND.items()
    }
    for universal, pair in pairs.items():
        assert value[pair.true]
        assert not value[pair.false]
        if universal in DIRECTIONS:
            assert is_below(sets_of(pair.true), sets_of(pair.false), universal)
            assert sum(a != b for a, b in zip(pair.true, pair.false, strict=True)) == 1
        else:
            assert marks[universal][pair.true] == marks[universal][pair.false]
        size = max(len(pair.true), len(pair.false))
        if size > 1:
            smaller = degrees(tabulate([quantifier(entry)], size - 1)).iloc[0]
            assert smaller[universal] == 1


def test_tree_of_numbers_of_most():
    tree = tree_of_numbers(tabulate([LEXICON["most"]], 4), "most")
    assert not tree["mixed"].any()
    true = tree[tree["true"] > 0]
    assert (true["both"] > true["a_only"]).all()
    assert (true["true"] == true["scenes"]).all()


def test_tree_of_numbers_is_mixed_where_more_matters():
    table = tabulate([LEXICON[name] for name in ("M", "first_3")], 4)
    for name in table.names:
        tree = tree_of_numbers(table, name)
        assert tree["mixed"].any()
        assert tree["scenes"].sum() == len(table.scenes)
        assert tree["true"].sum() == table[name].sum()
