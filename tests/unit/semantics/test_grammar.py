"""Generated quantifiers against naive enumeration, and ULTK's notation against Python's sets."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from brute_force import sets_of

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.grammar import Meanings, generate, meanings_of
from quantlearn.semantics.language import ExpressionError
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space, enumerate_scenes
from quantlearn.semantics.ultk import read_expressions, translate

FOUR, _ = enumerate_scenes(Space(4, 4))


def up_to(size: int) -> tuple[np.ndarray, np.ndarray]:
    return enumerate_scenes(Space(0, size))


def words(expression: str) -> int:
    return len(re.findall(r"\w+", expression))


# A second, naive implementation of the grammar ----------------------------------------------------

FUNCTIONS = {
    "and": ("bbb", lambda one, other: one and other),
    "or": ("bbb", lambda one, other: one or other),
    "not": ("bb", lambda one: not one),
    "union": ("sss", lambda one, other: one | other),
    "intersection": ("sss", lambda one, other: one & other),
    "difference": ("sss", lambda one, other: one - other),
    "index": ("sis", lambda i, one: frozenset(sorted(one)[i : i + 1])),
    "cardinality": ("is", len),
    "subset_eq": ("bss", lambda one, other: one <= other),
    "equals": ("bii", lambda one, other: one == other),
    "greater_than": ("bii", lambda one, other: one > other),
}


def naive(scenes: list[tuple[int, ...]], depth: int, numbers=()) -> dict[tuple, int]:
    """Truths in all scenes → length of the shortest expression, by trying all combinations."""
    sets = [sets_of(scene) for scene in scenes]
    terminals = {
        "b": {},
        "s": {
            tuple(frozenset(A) for A, _, _ in sets): 1,
            tuple(frozenset(B) for _, B, _ in sets): 1,
        },
        "i": {(number,) * len(scenes): 1 for number in numbers},
    }
    known = terminals
    for _ in range(depth - 1):
        following = {kind: dict(values) for kind, values in terminals.items()}
        for types, function in FUNCTIONS.values():
            for arguments in product(*(known[kind].items() for kind in types[1:])):
                value = tuple(map(function, *(meaning for meaning, _ in arguments)))
                length = 1 + sum(length for _, length in arguments)
                result = following[types[0]]
                result[value] = min(length, result.get(value, length))
        known = following
    return known["b"]


@pytest.mark.parametrize(
    ("size", "depth", "numbers"), [(2, 2, ()), (2, 3, (0, 1)), (3, 3, ()), (2, 4, ())]
)
def test_meanings_are_those_of_naive_enumeration(size, depth, numbers):
    scenes, sizes = up_to(size)
    rows = [tuple(row[:n]) for row, n in zip(scenes.tolist(), sizes, strict=True)]
    expected = naive(rows, depth, numbers)
    found = generate(scenes, depth, numbers=numbers)
    lengths = zip(found.truth().tolist(), found.lengths.tolist(), strict=True)
    assert {tuple(truth): length for truth, length in lengths} == expected


# ULTK's setting -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def four_objects() -> Meanings:
    """All meanings on four objects at depth 5, without numbers."""
    return generate(FOUR, depth=5)


def test_ultk_setting_has_9550_meanings_and_the_one_that_is_never_true(four_objects):
    assert len(four_objects) == 9551
    assert (~four_objects.truth().any(axis=1)).sum() == 1


# The first entries of ULTK's own list at this setting, in its order.
ULTK = """
subset_eq(A, A)
subset_eq(A, B)
subset_eq(B, A)
and(subset_eq(A, B), subset_eq(B, A))
or(subset_eq(A, B), subset_eq(B, A))
not(subset_eq(A, B))
not(subset_eq(B, A))
subset_eq(A, difference(A, A))
subset_eq(A, difference(A, B))
subset_eq(B, difference(A, A))
subset_eq(union(A, B), difference(A, A))
equals(cardinality(A), cardinality(B))
greater_than(cardinality(A), cardinality(B))
greater_than(cardinality(B), cardinality(A))
"""


def test_meanings_of_three_levels_are_those_of_ultk_and_the_one_that_is_never_true():
    sizes = np.full(len(FOUR), 4)
    listed = [Quantifier("listed", translate(text)) for text in ULTK.strip().splitlines()]
    expected = {tuple(quantifier.verify(FOUR, sizes).tolist()) for quantifier in listed}
    found = {tuple(truth) for truth in generate(FOUR, 3).truth().tolist()}
    assert found == expected | {(False,) * len(FOUR)}


def test_meanings_differ_and_the_shortest_come_first(four_objects):
    assert len({row.tobytes() for row in four_objects.packed}) == len(four_objects)
    assert (np.diff(four_objects.lengths) >= 0).all()
    assert four_objects.lengths.tolist() == list(map(words, four_objects.expressions))


def test_translations_have_the_truths_they_were_found_by(four_objects):
    chosen = np.random.default_rng(0).choice(len(four_objects), 300, replace=False)
    truth = four_objects.truth()
    for number in chosen:
        quantifier = four_objects.quantifier(number)
        assert quantifier.name == f"generated_{number}"
        found = quantifier.verify(FOUR, np.full(len(FOUR), 4))
        np.testing.assert_array_equal(found, truth[number])


def test_every_meaning_has_its_negation_one_level_deeper():
    scenes, _ = up_to(3)
    shallow, deep = (generate(scenes, depth) for depth in (3, 4))
    known = {row.tobytes() for row in deep.truth()}
    assert all((~row).tobytes() in known for row in shallow.truth())
    assert all(row.tobytes() in known for row in shallow.truth())


def test_numbers_are_optional():
    assert not any(re.search("[0-9]", text) for text in generate(FOUR, 3).expressions)
    assert any("2" in text for text in generate(FOUR, 3, numbers=[2]).expressions)


def test_objects_outside_m_add_nothing_to_a_grammar_without_m():
    """As in ULTK's universes, where M is a part of a larger set: code 4 stands at any place."""
    grid = np.indices((5,) * 3, dtype=np.uint8).reshape(3, -1).T
    outside = np.ascontiguousarray(grid[(grid != 4).sum(axis=1) == 2])
    assert len(outside) == 3 * 4**2
    # What lies outside M is as good as in neither, so scenes of at most three objects say as much.
    inside, _ = enumerate_scenes(Space(3, 3))
    assert len(generate(np.concatenate([outside, inside]), 4)) == len(generate(inside, 4))
    quantifier = Quantifier("last_is_A", "last(1, M) <= A")
    truth = quantifier.verify(np.array([[0, 4, 3], [3, 0, 4]], dtype=np.uint8), np.array([2, 2]))
    assert truth.tolist() == [False, True]


def test_too_many_combinations_are_refused():
    scenes, _ = up_to(4)
    with pytest.raises(QuantlearnError, match="lower the depth"):
        generate(scenes, 5, numbers=range(5))


# The shortest expression --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "shortest"),
    [
        ("A <= B", "subset_eq(A, B)"),
        ("not B <= A", "not(subset_eq(B, A))"),
        (
            "2 * |A & B| > |A|",
            "greater_than(cardinality(intersection(A, B)), cardinality(difference(A, B)))",
        ),
        ("|A & B| >= 2", "greater_than(cardinality(intersection(A, B)), 1)"),
        (
            "1 <= |A & B| <= 2",
            "and(greater_than(3, cardinality(intersection(A, B))), "
            "greater_than(cardinality(intersection(A, B)), 0))",
        ),
        ("|A & B| % 2 == 0", None),
    ],
)
def test_shortest_expression(expression, shortest):
    scenes, sizes = up_to(5)
    truth = Quantifier("sought", expression).verify(scenes, sizes)
    found = generate(scenes, 4, numbers=range(4)).shortest(truth)
    if shortest is None:
        assert found is None
    else:
        assert found[1] == words(found[0]) == words(shortest)
        again = Quantifier("found", translate(found[0])).verify(scenes, sizes)
        np.testing.assert_array_equal(again, truth)


def test_shortest_pairs_are_those_of_the_next_level():
    scenes, _ = up_to(2)
    shallow, deep = generate(scenes, 3), generate(scenes, 4)
    joined = [
        (truth, length)
        for truth, length, text in zip(deep.truth(), deep.lengths, deep.expressions, strict=True)
        if text.startswith(("and", "or", "not"))
    ]
    assert joined
    for truth, length in joined:
        assert shallow.shortest(truth)[1] <= length


# ULTK's notation ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "ours"),
    [
        ("subset_eq(A, A)", "A <= A"),
        (
            "and(subset_eq(A, B), equals(cardinality(A), cardinality(B)))",
            "A <= B and |A| == |B|",
        ),
        ("not(or(subset_eq(A, B), subset_eq(B, A)))", "not (A <= B or B <= A)"),
        (
            "subset_eq(index(cardinality(A), union(A, B)), difference(B, A))",
            "(A + B)[|A| + 1] <= B - A",
        ),
        ("greater_than( cardinality(intersection(A,B)) ,2)", "|A & B| > 2"),
        ("subset_eq(difference(A, difference(B, A)), M)", "A - (B - A) <= M"),
        ("implies(subset_eq_sw(A, B), proper_subset(A, B))", "not B <= A or A < B"),
        ("subset_eq(difference_sw(A, B), complement(A))", "B - A <= ~A"),
        ("not_equals(cardinality(A), 2)", "|A| != 2"),
        ("|A ∩ B| / |A| > 1/2", "2 * |A & B| > |A|"),
    ],
)
def test_translation(prefix, ours):
    assert translate(prefix) == ours


@pytest.mark.parametrize(
    ("prefix", "problem", "column"),
    [
        ("subset_eq(A, B", "expected prefix notation", 14),
        ("A & B", "but A & B is a set", 1),
        ("|A & B| >", "expected", 10),
        ("complement(subset_eq(A, B))", "complement takes a set, but A", 1),
        ("", "expected prefix notation", 1),
        ("cardinality(A)", "a quantifier is a truth", 1),
        ("subset_eq(A)", "takes a set and a set, found 1", 1),
        ("not(greater_than(A, 2))", "greater_than takes an integer and an integer, but A", 5),
        ("superset(A, B)", "unknown function superset", 1),
        ("subset_eq(A, C)", "unknown name C", 14),
    ],
)
def test_faults_name_their_place(prefix, problem, column):
    with pytest.raises(ExpressionError, match=problem) as fault:
        translate(prefix)
    assert fault.value.column == column


def test_lists_in_ultk_formats(tmp_path):
    table = tmp_path / "sample.csv"
    table.write_text('index,term_expression\n0,"subset_eq(A, B)"\n1,"not(subset_eq(A, B))"\n')
    lines = tmp_path / "sample.txt"
    lines.write_text("subset_eq(A, B)\n\nnot(subset_eq(A, B))\nsubset_eq(A, B)\n")
    objects = tmp_path / "sample.yml"
    objects.write_text(
        "- grammatical_expression: subset_eq(A, B)\n  meaning:\n    referents:\n"
        "    - &id1\n      A: !!python/object/apply:builtins.frozenset\n      - - 0\n"
        "- grammatical_expression: not(subset_eq(A, B))\n  meaning: [*id1]\n"
    )
    with_semicolons = tmp_path / "sample;.csv"
    with_semicolons.write_text(
        "\ufeff# a list\nn;Expression\n0;subset_eq(A, B)\n1;\n2;A\n3;not(subset_eq(A, B))\n"
    )
    words = tmp_path / "words.json"
    words.write_text('["subset_eq(A, B)",\t"cardinality(A)", "not(subset_eq(A, B))"]')
    keys = tmp_path / "keys.json"
    keys.write_text(
        '{"a": [{"EXPRESSION": "subset_eq(A, B)"}, {"Expression": "not(subset_eq(A, B))"}]}'
    )
    expected = [("subset_eq(A, B)", "A <= B"), ("not(subset_eq(A, B))", "not A <= B")]
    for path in (table, lines, objects, with_semicolons, words, keys):
        found = [(each.name, each.expression) for each in read_expressions(path)]
        assert found == expected


def test_what_a_list_holds_beside_truths_is_counted(tmp_path, caplog):
    path = tmp_path / "list.txt"
    path.write_text("A\nsubset_eq(A, B);\ncardinality(B)\n# no more\n")
    with caplog.at_level("INFO"):
        assert len(read_expressions(path)) == 1
    assert f"{path}: 2 of 3 entries are sets or numbers, left out" in caplog.text


def test_all_faults_of_a_list_are_told_at_once(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("subset_eq(A, C)\nsubset_eq(A, B)\nnever(A)\n")
    with pytest.raises(QuantlearnError) as caught:
        read_expressions(path)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{path}: expression 1: subset_eq(A, C): unknown name C")
    assert second.startswith(f"{path}: expression 3: never(A): unknown function never")


def test_the_projects_own_table_is_such_a_list():
    found = read_expressions(Path(__file__).parents[3] / "config" / "generated.csv")
    assert len(found) > 1_000


def test_a_list_of_all_meanings_is_what_the_grammar_generates(tmp_path):
    """Written down in any order, with longer expressions of the same, and read again."""
    scenes, sizes = enumerate_scenes(Space(1, 3))
    generated = generate(scenes, 4)
    longer = [f"not(not({expression}))" for expression in generated.expressions]
    path = tmp_path / "list.txt"
    path.write_text("\n".join([*longer, *reversed(generated.expressions)]))
    found = meanings_of(read_expressions(path), scenes, sizes)
    assert len(found) == len(generated)
    known = dict(zip(map(bytes, generated.packed), generated.lengths, strict=True))
    assert [known[bytes(row)] for row in found.packed] == found.lengths.tolist()


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("empty.csv", "a,b\n1,2\n", "has no expressions"),
        ("empty.txt", "\n", "has no expressions"),
        ("empty.yml", "", "has no expressions"),
        (
            "wrong.txt",
            "subset_eq(A, B)\nsubset(A, B)\n",
            "expression 2: subset.* unknown function subset",
        ),
        ("wrong.yml", "a: [", "cannot be read"),
        ("nothing.csv", "", "has no expressions"),
        ("nothing.json", "", "has no expressions"),
        ("wrong.json", "{", "cannot be read"),
        ("blank.csv", "i,term_expression\n0,\n", "has no expressions"),
        ("sets.txt", "A\nB\n", "has no expressions"),
        ("long.txt", f"equals(cardinality(A), {'9' * 5000})", "numbers go up to 1000000, found 99"),
        ("deep.txt", "not(" * 500 + "subset_eq(A, B)" + ")" * 500, "nested at most 50 deep"),
        ("huge.txt", "not(" * 50_000, "at most 10000 characters"),
        ("deep.yml", "[" * 50_000, "nested too deep"),
        ("cycle.yml", "&a [*a]", "has no expressions|cannot be read"),
        (
            "aliases.yml",
            "a0: &a0 [x]\n"
            + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)),
            "has no expressions",
        ),
    ],
)
def test_faults_of_lists(tmp_path, name, text, problem):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(QuantlearnError, match=problem) as fault:
        read_expressions(path)
    assert str(path) in str(fault.value)
    assert max(map(len, str(fault.value).splitlines())) < 400


def test_a_list_that_is_missing(tmp_path):
    with pytest.raises(QuantlearnError, match="cannot be read"):
        read_expressions(tmp_path / "none.txt")
