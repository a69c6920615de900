"""Well-formed expressions at random, as text with every bracket written out."""

from hypothesis import settings
from hypothesis import strategies as st

RANDOMLY = settings(derandomize=True, deadline=None, max_examples=150)


def _infix(operands, operators):
    return st.builds("({} {} {})".format, operands, st.sampled_from(operators), operands)


def _sets(numbers):
    return st.recursive(
        st.sampled_from(["A", "B", "M"]),
        lambda sets: (
            _infix(sets, ["&", "+", "-", "^"])
            | sets.map("~{}".format)
            | st.builds("first({}, {})".format, numbers, sets)
            | st.builds("last({}, {})".format, numbers, sets)
            | st.builds("({})[{}]".format, sets, numbers)
        ),
        max_leaves=5,
    )


_LITERALS = st.integers(0, 12).map(str)
_NUMBERS = st.recursive(
    _LITERALS | _sets(st.integers(-1, 4).map(str)).map("|{}|".format),
    lambda numbers: (
        _infix(numbers, ["+", "-"])
        | st.builds("({} * {})".format, _LITERALS, numbers)
        | st.builds("({} {} |{}|)".format, numbers, st.sampled_from(["//", "%"]), _sets(_LITERALS))
        | numbers.map("(-{})".format)
    ),
    max_leaves=4,
)
TRUTHS = st.recursive(
    _infix(_NUMBERS, ["==", "!=", "<", "<=", ">", ">="])
    | _infix(_sets(_NUMBERS), ["==", "!=", "<", "<="]),
    lambda truths: _infix(truths, ["and", "or"]) | truths.map("(not {})".format),
    max_leaves=3,
)
