"""Truth in scenes against readings by hand and a set-based interpreter; counting; the lexicon."""

import itertools
import subprocess
import sys
from pathlib import Path

import brute_force
import numpy as np
import pytest
from expressions import RANDOMLY, TRUTHS
from hypothesis import given

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.language import parse
from quantlearn.semantics.lexicon import (
    Lexicon,
    LexiconError,
    load_lexicon,
)
from quantlearn.semantics.quantifiers import Quantifier, count_scenes, zone_counts

ROOT = Path(__file__).parents[3]
LEXICON = load_lexicon(ROOT / "config" / "quantifiers.yaml")
# fmt: off
EXPERIMENTS_2019 = [
    "at_least_4", "at_least_6_or_at_most_2", "at_most_3", "between_6_and_10", "at_most_4",
    "at_least_3", "first_3", "last_3", "not_all", "not_only", "most", "M", "first_3_as_run",
    "strictly_between_5_and_9",
]
# fmt: on


def as_arrays(scenes, max_size):
    """Scenes given as sequences of zone codes, as padded array and sizes."""
    padded = [[*scene, *[4] * (max_size - len(scene))] for scene in scenes]
    array = np.array(padded, dtype=np.uint8).reshape(len(scenes), max_size)
    return array, np.array([len(scene) for scene in scenes], dtype=np.int64)


def all_scenes(max_size, zones=range(4)):
    return [
        scene for size in range(max_size + 1) for scene in itertools.product(zones, repeat=size)
    ]


def random_scenes(seed, count, max_size):
    random = np.random.default_rng(seed)
    # Uneven zones, so that rare truths such as "both" and "every" are reached too.
    return [
        tuple(random.choice(4, size=random.integers(max_size + 1), p=random.dirichlet([0.5] * 4)))
        for _ in range(count)
    ]


SMALL = all_scenes(6)
LARGE = random_scenes(2019, 1500, 30)
SMALL_ARRAYS, LARGE_ARRAYS = as_arrays(SMALL, 6), as_arrays(LARGE, 30)
SMALL_SETS, LARGE_SETS = (
    [brute_force.sets_of(scene) for scene in scenes] for scenes in (SMALL, LARGE)
)


def members(name):
    """Numbers to fill into a family's name: few for each place, in all combinations."""
    values = (1, 2, 3, 5) if name in ("multiple_of_{n}", "exactly_{m}_in_{n}") else (0, 1, 3, 6)
    if "percent" in name:
        values = (0, 10, 50, 67, 100)
    return list(itertools.product(values, repeat=name.count("{")))


def test_every_entry_has_a_reading_and_there_are_at_least_thirty():
    assert set(LEXICON.expressions) == set(brute_force.READINGS)
    assert len(LEXICON.expressions) >= 30


@pytest.mark.parametrize("name", LEXICON.expressions)
def test_reading_by_hand(name):
    reading = brute_force.READINGS[name]
    for numbers in members(name):
        filled = name
        for number in numbers:
            start, stop = filled.index("{"), filled.index("}") + 1
            filled = f"{filled[:start]}{number}{filled[stop:]}"
        quantifier = LEXICON[filled]
        assert quantifier.name == filled
        for arrays, sets in ((SMALL_ARRAYS, SMALL_SETS), (LARGE_ARRAYS, LARGE_SETS)):
            expected = [reading(A, B, M, *numbers) for A, B, M in sets]
            np.testing.assert_array_equal(quantifier.verify(*arrays), expected, err_msg=filled)


@pytest.mark.parametrize("name", EXPERIMENTS_2019)
def test_quantifiers_of_2019_exist_and_vary(name):
    truth = LEXICON[name].verify(*LARGE_ARRAYS)
    assert 0 < truth.sum() < len(truth)


def test_first_3_as_run_differs_only_where_the_third_is_the_last_object():
    scenes, sizes = SMALL_ARRAYS
    differ = LEXICON["first_3"].verify(scenes, sizes) & ~LEXICON["first_3_as_run"].verify(
        scenes, sizes
    )
    last = scenes[np.arange(len(scenes)), np.maximum(sizes - 1, 0)]
    third_is_last = (zone_counts(scenes)[:, 0] == 3) & (zone_counts(scenes)[:, 1] == 0)
    np.testing.assert_array_equal(differ, third_is_last & (last == 0))


@RANDOMLY
@given(TRUTHS)
def test_any_expression_against_sets(text):
    quantifier = Quantifier("random", text)
    scenes = SMALL[:1365:13] + LARGE[:20]
    expected = [brute_force.value(quantifier.tree, *brute_force.sets_of(scene)) for scene in scenes]
    arrays = as_arrays(scenes, 30)
    np.testing.assert_array_equal(quantifier.verify(*arrays), expected)
    if not quantifier.is_positional:
        np.testing.assert_array_equal(quantifier.verify_counts(zone_counts(arrays[0])), expected)


@pytest.mark.parametrize(
    "law",
    [
        "~(A & B) == ~A + ~B",
        "~(A + B) == ~A & ~B",
        "~~A == A",
        "A - B == A & ~B",
        "A ^ B == (A - B) + (B - A)",
        "|A| + |B| == |A + B| + |A & B|",
        "|A ^ B| == |A| + |B| - 2 * |A & B|",
        "|M| == |A| + |~A|",
        "A & B <= A <= A + B <= M",
        "A < B or not A <= B or A == B",
        "first(|A|, A) == A and last(|A|, A) == A",
        "first(3, A) + last(|A| - 3, A) == A",
        "|first(3, A)| <= 3 and |A[2]| <= 1",
        "first(1, A) == A[1] and last(1, A) == A[|A|]",
        "first(2, A) == A[1] + A[2]",
        "first(0, A) == A - A and last(-1, A) == A - A and A[0] == A - A and A[-1] == A - A",
        "first(1000000, A) == A and last(1000000, A) == A and A[1000000] == A - A",
        "A[1 + |A|] == A - A",
        "first(2, first(3, A)) == first(2, A)",
        "|A| == |B| * (|A| // |B|) + |A| % |B|",
        "-|A| == |B| * (-|A| // |B|) + -|A| % |B|",
        "|A| // |A - A| == 0 and |A| % |A - A| == |A|",
        "(-7) // 2 == -4 and (-7) % 2 == 1 and 7 // (-2) == -4 and 7 % (-2) == -1",
        "1 < 2",
        "M == M",
    ],
)
def test_laws_hold_in_every_scene(law):
    for arrays in (SMALL_ARRAYS, LARGE_ARRAYS):
        assert Quantifier("law", law).verify(*arrays).all()
        assert not Quantifier("negation", f"not ({law})").verify(*arrays).any()


@pytest.mark.parametrize("max_size", [0, 1, 254, 255, 256, 600])
@pytest.mark.parametrize(
    "expression",
    ["2 * |A & B| > |A|", "last(|A| // 2, A) <= B", "A[300] == last(|A| - 299, A)", "|A| % 2 == 0"],
)
def test_sizes_around_the_limits_of_small_integers(max_size, expression):
    random = np.random.default_rng(max_size)
    # Nearly all objects in A∩B, so that counts and ranks come near max_size.
    scenes = [
        tuple(random.choice(4, size=size, p=[0.97, 0.01, 0.01, 0.01]))
        for size in [max_size] * 30 + list(random.integers(max_size + 1, size=10))
    ]
    tree = parse(expression)
    expected = [brute_force.value(tree, *brute_force.sets_of(scene)) for scene in scenes]
    truth = Quantifier("q", expression).verify(*as_arrays(scenes, max_size))
    np.testing.assert_array_equal(truth, expected)


@pytest.mark.parametrize("name", ["most", "first_3"])
def test_scenes_in_chunks_are_scenes_at_once(name, monkeypatch):
    whole = LEXICON[name].verify(*SMALL_ARRAYS)
    monkeypatch.setattr("quantlearn.semantics.quantifiers._CHUNK", 7)
    np.testing.assert_array_equal(LEXICON[name].verify(*SMALL_ARRAYS), whole)


def test_no_scenes_have_no_truths():
    truth = LEXICON["most"].verify(np.zeros((0, 5), dtype=np.uint8), np.zeros(0, dtype=int))
    assert truth.shape == (0,)
    assert truth.dtype == bool


@pytest.mark.parametrize(
    ("scenes", "sizes", "problem"),
    [
        (np.zeros((2, 3)), np.array([3, 3]), "must be uint8"),
        (np.zeros(3, dtype=np.uint8), np.array([3]), "shape"),
        (np.zeros((2, 3), dtype=np.uint8), np.array([3]), "sizes must be"),
        (np.zeros((1, 3), dtype=np.uint8), np.array([3.0]), "sizes must be"),
        (np.array([[0, 5]], dtype=np.uint8), np.array([2]), "zone codes"),
        (np.array([[0, 4]], dtype=np.uint8), np.array([2]), "sizes differ"),
        (np.zeros((1, 10_001), dtype=np.uint8), np.array([10_001]), "at most 10000"),
    ],
)
@pytest.mark.parametrize("name", ["most", "first_3"])
def test_wrong_arrays_are_refused(name, scenes, sizes, problem):
    with pytest.raises(ValueError, match=problem):
        LEXICON[name].verify(scenes, sizes)


def test_wrong_counts_are_refused():
    with pytest.raises(ValueError, match="order of objects"):
        LEXICON["first_3"].verify_counts(np.zeros((1, 4), dtype=int))
    with pytest.raises(ValueError, match="shape"):
        LEXICON["most"].verify_counts(np.zeros((1, 3), dtype=int))


# Counting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zones", [[0, 1, 2, 3], [0, 1], [3, 0, 2], [2], []])
@pytest.mark.parametrize(("min_size", "max_size"), [(0, 5), (3, 3), (1, 6), (4, 2)])
@pytest.mark.parametrize("name", ["most", "every", "even", "M", "first_2", "last_1", "number_2"])
def test_counted_scenes_are_the_enumerated_ones(name, zones, min_size, max_size):
    scenes = [scene for scene in all_scenes(max_size, zones) if len(scene) >= min_size]
    truth = LEXICON[name].verify(*as_arrays(scenes, max_size))
    counted = count_scenes(LEXICON[name], min_size, max_size, zones)
    assert counted == {True: int(truth.sum()), False: int((~truth).sum())}


def test_counts_known_in_closed_form():
    # Two zones and odd size: most is true of exactly half. Some is false of 3^s scenes of 4^s.
    assert count_scenes(LEXICON["most"], 99, 99, [0, 1]) == {True: 2**98, False: 2**98}
    assert count_scenes(LEXICON["some"], 40, 40, [0, 1, 2, 3]) == {
        True: 4**40 - 3**40,
        False: 3**40,
    }


def test_too_many_scenes_of_a_positional_quantifier_are_not_counted():
    assert count_scenes(LEXICON["first_3"], 1, 11, [0, 1, 2, 3]) is None
    # 2^11 for the size 11: false where fewer than 3 of the objects are in A, or not the first 3.
    assert count_scenes(LEXICON["first_3"], 11, 11, [0, 1]) == {True: 2**8, False: 2**11 - 2**8}


@pytest.mark.parametrize(("zones", "min_size"), [([0, 0], 1), ([0, 4], 1), ([0], -1)])
def test_senseless_counting_is_refused(zones, min_size):
    with pytest.raises(ValueError, match=r"zones must be|sizes begin"):
        count_scenes(LEXICON["most"], min_size, 3, zones)


# The lexicon --------------------------------------------------------------------------------------


def test_exact_name_wins_over_family():
    lexicon = Lexicon({"at_least_{n}": "|A & B| >= {n}", "at_least_2": "|A| >= 2"})
    assert lexicon["at_least_2"].expression == "|A| >= 2"
    assert lexicon["at_least_3"] == Quantifier("at_least_3", "|A & B| >= 3")
    assert lexicon.names == ["at_least_2"]


def test_placeholders_are_filled_by_name():
    lexicon = Lexicon({"x_{m}_{n}_y": "{n} < |A| + {n} < {m}"})
    assert lexicon["x_3_41_y"].expression == "41 < |A| + 41 < 3"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("at_leest_4", "at_least_4"),
        ("mosst", "most"),
        ("Every", "every"),
        ("between_3_und_5", "between_3_and_5"),
        ("at_least_07", "at_least_7"),
        ("at_least", "at_least_{n}"),
        ("mutiple_of_0", "multiple_of_0"),
        ("at_leest_" + "9" * 5000, None),
        ("", None),
        ("qqq", None),
    ],
)
def test_unknown_name(name, meant):
    with pytest.raises(QuantlearnError) as caught:
        LEXICON[name]
    message = str(caught.value)
    assert repr(name) in message
    assert "quantifiers.yaml" in message
    assert "\n" not in message
    assert meant is None or meant in message


def test_name_of_two_families():
    lexicon = Lexicon({"x_{n}_1": "|A| == {n}", "x_1_{n}": "|B| == {n}"})
    assert lexicon["x_2_1"].expression == "|A| == 2"
    with pytest.raises(QuantlearnError, match=r"x_1_1 belongs to x_\{n\}_1 and x_1_\{n\}"):
        lexicon["x_1_1"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [("multiple_of_0", "division by zero"), ("at_least_1000001", "numbers go up to")],
)
def test_number_that_a_family_does_not_allow(name, problem):
    with pytest.raises(LexiconError, match=f"quantifiers.yaml: {name}: {problem}"):
        LEXICON[name]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('most: "|A & B| > "', ["most: expected a set"]),
        ('most: "A > 3"', ["most: '>' compares two integers"]),
        ('x_{n}: "A <= B"', ["{n} is in the name but not in the expression"]),
        ('x: "|A| > {n}"', ["{n} is in the expression", "add it to the name"]),
        ('x_{n}: "|A| > {m}"', ["{n} is in the name", "\n", "{m} is in the expression"]),
        ('x_{n}_{n}: "|A| > {n}"', ["stands twice in the name"]),
        ('x_{n}: "|A| > {n}"\nx_{m}: "|A| < {m}"', ["x_{m}: names the same as x_{n}"]),
        ('a: "A <= B"\n\na: "B <= A"', ["lexicon.yaml: line 3", '"a" is given twice']),
        ("a: 5", ["lexicon.yaml: a: expected an expression in quotes, found 5"]),
        ("a:", ["found nothing"]),
        ("a: [A, B]", ["found ['A', 'B']"]),
        ("[a]: A <= B", ["a key must be a single word"]),
        ("2x: A <= B", ["2x: not a name"]),
        ("x-y: A <= B", ["x-y: not a name"]),
        ("x_{n}{m}: '|A| > {n} + {m}'", ["not a name", "something between any two"]),
        ("x_{}: A <= B", ["not a name"]),
        ("most: |A & B| > 3", ["lexicon.yaml: line 1", "in quotes"]),
        ('a: "A <= B"\nb: "A', ["lexicon.yaml: line 2"]),
        ("a: \x07", ["not YAML"]),
        ("just text", ["expected lines such as"]),
        ("", ["expected lines such as"]),
    ],
)
def test_faulty_file(tmp_path, text, lines):
    path = tmp_path / "lexicon.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LexiconError) as caught:
        load_lexicon(path)
    message = str(caught.value)
    assert all(part in message for part in lines)
    assert len(caught.value.lines) == 1 + lines.count("\n") == 1 + message.count("\n")
    assert all(line.startswith(str(path)) for line in caught.value.lines)


def test_all_faults_at_once(tmp_path):
    path = tmp_path / "lexicon.yaml"
    path.write_text('a: "A <"\nb: 3\nc: "A <= B"\nd_{n}: "A <= B"\n')
    with pytest.raises(LexiconError) as caught:
        load_lexicon(path)
    assert len(caught.value.lines) == 3
    assert isinstance(caught.value, QuantlearnError)


def test_unreadable_file(tmp_path):
    with pytest.raises(LexiconError, match="cannot be read: No such file"):
        load_lexicon(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"\xe9: A")
    with pytest.raises(LexiconError, match="UTF-8"):
        load_lexicon(tmp_path / "latin.yaml")


def test_yaml_words_are_names(tmp_path):
    path = tmp_path / "lexicon.yaml"
    path.write_text('no: "|A & B| == 0"\nyes: "A <= B"\nnull: "B <= A"\n')
    assert load_lexicon(path).names == ["no", "yes", "null"]


def test_import_is_light():
    heavy = "import sys, quantlearn.semantics; print({'torch', 'pandas', 'scipy'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", heavy],
        env={"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"
