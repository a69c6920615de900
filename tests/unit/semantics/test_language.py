"""The expression language: what it accepts, how it groups, and how it refuses."""

import contextlib
import time
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne

import pytest
from expressions import RANDOMLY, TRUTHS
from hypothesis import given
from hypothesis import strategies as st

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.language import ExpressionError, parse
from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts
from quantlearn.semantics.syntax import LARGEST_NUMBER, MAX_DEPTH, MAX_LENGTH


@pytest.mark.parametrize(
    ("text", "bracketed"),
    [
        ("A & B + A - B <= M", "(((A & B) + A) - B) <= M"),
        ("A - B & M == A", "(A - (B & M)) == A"),
        ("A ^ B ^ M == A", "((A ^ B) ^ M) == A"),
        ("A - B - M == A", "((A - B) - M) == A"),
        ("~A & B == M", "((~A) & B) == M"),
        ("~A[1] <= B", "~(A[1]) <= B"),
        ("A[1][2] <= B", "(A[1])[2] <= B"),
        ("|A| + 2 * |B| % 3 > -1 - 2", "(|A| + ((2 * |B|) % 3)) > ((-1) - 2)"),
        ("|A| // 2 * 3 == 1", "((|A| // 2) * 3) == 1"),
        ("not A <= B and A < B or B < A", "((not (A <= B)) and (A < B)) or (B < A)"),
        ("not not A <= B", "not (not (A <= B))"),
        ("A < B or B < A and A == M", "(A < B) or ((B < A) and (A == M))"),
        ("5 < |A & B| < 9", "5 < |A & B| and |A & B| < 9"),
        ("A <= B <= M != A", "(A <= B and B <= M) and M != A"),
        ("A[|B|] <= first(|A| - 1, last(2, B))", "(A[|B|]) <= (first((|A| - 1), last(2, B)))"),
        (" |A|>\n3", "|A| > 3"),
        ("|A| > 007", "|A| > 7"),
        (
            "len(A ∩ B) ≥ 2 && ¬ A ∪ B ⊆ M ∨ A ∖ B ⊊ M",
            "(|A & B| >= 2 and not A + B <= M) or A - B < M",
        ),
        ("|A & B| / |A| > 2 / 3", "3 * |A & B| > 2 * |A|"),
        ("|A & B| > 0.75 * |A|", "4 * |A & B| > 3 * |A|"),
        ("0.1 < |A & B| / |A| ≤ .50", "|A| < 10 * |A & B| and 2 * |A & B| <= |A|"),
        ("|A| > 4 / 2", "|A| > 2"),
    ],
)
def test_grouping(text, bracketed):
    assert parse(text) == parse(bracketed)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("A - (B - A) == M", "A - B - A == M"),
        ("|A| - (|B| - 1) > 2", "|A| - |B| - 1 > 2"),
        ("(~A)[1] <= B", "~A[1] <= B"),
        ("A < B and (B < A or A == M)", "A < B and B < A or A == M"),
    ],
)
def test_brackets_matter(text, other):
    assert parse(text) != parse(other)


@pytest.mark.parametrize(
    ("text", "problem", "marks"),
    [
        ("A > 3", "A is a set and 3 is an integer", "^   ^"),
        ("|A| & B == A", "|A| is an integer and B is a set", "^^^   ^"),
        ("A * B == A", "'*' takes two integers", "^   ^"),
        ("A + 1 == A", "'+' takes two sets or two integers", "^   ^"),
        ("A > B", "write B < A", "^   ^"),
        ("A == B == (A <= B)", "A <= B is a truth", "     ^     ^^^^^^"),
        ("||A|| > 2", "|A| is an integer", " ^^^"),
        ("~|A| > 2", "'~' takes a set", " ^^^"),
        ("-A <= B", "'-' without a left operand takes an integer", " ^"),
        ("not A", "'not' takes a truth", "    ^"),
        ("A <= B and |A|", "'and' takes two truths", "           ^^^"),
        ("first(A, 3) <= B", "takes an integer first", "      ^"),
        ("first(3, |A|) <= B", "a set after the comma", "         ^^^"),
        ("A[B] <= M", "an integer in its brackets", "  ^"),
        ("|A|[1] <= M", "picks an object of a set", "^^^"),
        ("A & B", "an expression is true or false", "^^^^^"),
        ("0.7", "without degrees, as A <= B, but 7 / 10 is a fraction", "^^^"),
        ("|A & B| > many", "nothing is vague here", "          ^^^^"),
        ("|A| > 1 || |B| > 1", "found '|'; write or", "        ^"),
        ("|A| / (|B| - 1) > 2", "may be negative: multiply out", "       ^^^^^^^"),
        ("|A| / 0 > 1", "division by zero", "      ^"),
        ("first(|A| / 2, A) <= B", "|A| / 2 is a fraction", "      ^^^^^^^"),
        ("|A| > 0.1234567", "go up to 1000000, also multiplied out", "      ^^^^^^^^^"),
        ("A ⊂ B", "write <= or <", "  ^"),
        ("A ⊇ B", "write B <= A", "^   ^"),
        ("(A <= B", "expected an operator or ')', found the end", "       ^"),
        ("A <= B)", "expected an operator or the end, found ')'", "      ^"),
        ("|A & B", "expected an operator or '|', found the end", "      ^"),
        ("A[1", "expected an operator or ']', found the end", "   ^"),
        ("A <=", "expected a set", "    ^"),
        ("A <= & B", "expected a set (A, B, M, first(…), last(…)), a number", "     ^"),
        ("A B", "found 'B'", "  ^"),
        ("", "found the end", "^"),
        ("first(3) <= B", "takes an integer and a set", "       ^"),
        ("A <= C", "there is no third", "     ^"),
        ("a <= B", "did you mean A?", "^"),
        ("frist(3, A) <= B", "unknown function frist", "^^^^^"),
        ("A = B", "unexpected character '='; write ==", "  ^"),
        ("|A| > 1.", "unexpected character '.'", "       ^"),
        ("|A| % 0 == 1", "division by zero", "      ^"),
        ("|A| > 1000001", "numbers go up to 1000000", "      ^^^^^^^"),
    ],
)
def test_errors_name_problem_and_place(text, problem, marks):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    message, shown, marked = str(caught.value).split("\n")
    assert problem in message
    assert shown == f"  {text}"
    assert marked == f"  {marks}"
    assert isinstance(caught.value, QuantlearnError)
    assert caught.value.column == marks.index("^") + 1


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000,
        "(" * 1900,
        "~" * 1000 + "A <= B",
        "A & " * 400 + "B <= A",
        "not " * 400 + "A <= B",
        "A" + "[1]" * 400 + " <= B",
        "|A| > " + "9" * 1900,
        "A" * MAX_LENGTH,
        "|A| > 1" + " " * MAX_LENGTH,
        "|A|" + " * |A|" * 10 + " > 3",
        f"{' * '.join([str(LARGEST_NUMBER)] * 20)} > 1",
        "A <= B\x00",
        "A\n<=\n\tC",
        "😀" * 500,
    ],
)
def test_excess_is_refused_in_few_lines(text):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    lines = str(caught.value).split("\n")
    assert len(lines) == 3
    assert max(map(len, lines)) < 200
    assert "^" in lines[2]


def test_brackets_alone_do_not_count_as_depth():
    assert parse("(" * 900 + "A <= B" + ")" * 900) == parse("A <= B")


def test_depth_is_bounded_exactly():
    names = MAX_DEPTH - 1  # a chain of so many names under a comparison
    assert parse(f"{' & '.join(['A'] * names)} <= B").depth == MAX_DEPTH
    with pytest.raises(ExpressionError, match="nested at most"):
        parse(f"{' & '.join(['A'] * (names + 1))} <= B")


def test_fractions_are_those_of_exact_arithmetic():
    """Also next to a third; where A is empty, nothing is more or less than the number."""
    counts = all_zone_counts(0, 9, zones=[0, 1])
    for sign, holds in (("<", lt), ("<=", le), (">", gt), (">=", ge), ("==", eq), ("!=", ne)):
        for number in ("1 / 3", "0.333333", "2 / 3", "0.5", "1"):
            found = Quantifier("share", f"|A & B| / |A| {sign} {number}").verify_counts(counts)
            share = Fraction(number.replace(" ", ""))
            assert found.tolist() == [
                holds(Fraction(both, both + rest) if both + rest else share, share)
                for both, rest in counts[:, :2].tolist()
            ]


# Expressions at random ----------------------------------------------------------------------------


@RANDOMLY
@given(TRUTHS)
def test_text_of_a_tree_parses_to_the_tree(text):
    tree = parse(text)
    assert parse(str(tree)) == tree
    assert len(str(tree)) <= len(text)  # no brackets but the needed ones


# fmt: off
_TOKENS = [
    "A", "B", "M", "C", "first", "last", "|A|", "0", "1", "3", "99999999", "|", "(", ")", "[", "]",
    ",", "&", "+", "-", "^", "~", "*", "//", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or",
    "not", "=", ".", "{", "}", "/", "!", "é", "\n", "0.5", "len(", "∩", "⊆", "¬", "&&", "||", "∨",
]
# fmt: on


def _parses_or_refuses(text):
    begin = time.perf_counter()
    # Any other error than ExpressionError goes through and fails the test.
    with contextlib.suppress(ExpressionError):
        tree = parse(text)
        assert parse(str(tree)) == tree
    assert time.perf_counter() - begin < 2


@RANDOMLY
@given(st.lists(st.sampled_from(_TOKENS), max_size=30), st.sampled_from(["", " "]))
def test_token_soup(tokens, glue):
    _parses_or_refuses(glue.join(tokens))


@RANDOMLY
@given(st.text(max_size=60))
def test_any_text(text):
    _parses_or_refuses(text)


@RANDOMLY
@given(TRUTHS, st.data())
def test_damaged_expressions(text, data):
    place = data.draw(st.integers(0, len(text)))
    dropped = data.draw(st.integers(0, 3))
    added = data.draw(st.sampled_from(["", *_TOKENS]))
    _parses_or_refuses(text[:place] + added + text[place + dropped :])
