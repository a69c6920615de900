"""The language of quantifier expressions: from text to a typed syntax tree (``syntax``).

An expression speaks about a scene ⟨M, A, B⟩ and has one of three types.

==========  ======================================================================================
set         ``A``, ``B``, ``M`` (all objects); ``&`` intersection, ``+`` union, ``-`` difference,
            ``^`` symmetric difference, ``~S`` complement in M; ``first(n, S)``, ``last(n, S)``;
            ``S[i]``, the i-th object of S in scene order, counted from 1
integer     ``|S|`` and numbers; ``+``, ``-``, ``*``, ``//`` and ``%`` (both round down), ``-n``
truth       ``==  !=  <  <=  >  >=`` on integers; ``==  !=  <  <=`` on sets (``<=`` is inclusion);
            ``and``, ``or``, ``not``
==========  ======================================================================================

The signs ``∩ ∪ ∖ ⊆ ⊊ ⊇ ⊋ ≤ ≥ ≠ ∧ ∨ ¬ &&`` and ``len(S)`` are other spellings. Both sides of a
comparison may be fractions, ``|A & B| / |A| > 2 / 3`` or ``|A & B| > 0.75 * |A|``. They are
multiplied out, exactly: ``p / q > r / s`` is ``p * s > r * q``. That decides what is divided by
zero, too: where A is empty, ``|A & B| / |A|`` is neither more nor less than any number.

From tight to loose: ``S[i]``; ``~`` and unary ``-``; ``* / // % &``; ``+ - ^``; comparisons;
``not``; ``and``; ``or``. Operators of one rank group to the left. A chain such as
``5 < |A & B| < 9`` means ``5 < |A & B| and |A & B| < 9``.

Every expression has a value in every scene. ``S[i]`` holds at most one object and is empty when
there is no i-th object, so also when i is 0 or negative; ``first(n, S)`` and ``last(n, S)`` are
empty when n is 0 or negative, and all of S when n exceeds its size. ``x // 0`` is 0 and ``x % 0``
is x, so that ``x == y * (x // y) + x % y`` holds throughout; dividing by a literal 0 is an error.

    >>> node = parse("|A & B| > |A - B|")
    >>> node.operator, str(node.left)
    ('>', '|A & B|')
    >>> str(parse("|A ∩ B| / |A| > 2 / 3"))
    '3 * |A & B| > 2 * |A|'
    >>> parse("A > 3")
    Traceback (most recent call last):
    quantlearn.semantics.language.ExpressionError: '>' compares two integers, but A is a set and 3
    is an integer, at column 1 of the expression:
      A > 3
      ^   ^
"""

import math
from functools import cache, lru_cache

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.syntax import (
    LARGEST_NUMBER,
    MAX_DEPTH,
    MAX_LENGTH,
    Arithmetic,
    Cardinality,
    Complement,
    Connective,
    First,
    Index,
    Integer,
    IntegerComparison,
    Last,
    Negative,
    Node,
    Not,
    Number,
    Quotient,
    Set,
    SetComparison,
    SetName,
    SetOperation,
    Span,
    Truth,
)

__all__ = ["ExpressionError", "parse"]

_LARGEST_INTEGER = 2**62


class ExpressionError(QuantlearnError):
    """An expression that cannot be understood.

    ``problem`` says in one line what is wrong, ``column`` (from 1) where, ``expression`` holds the
    whole text. The message shows them with the place marked.
    """

    def __init__(self, problem: str, expression: str, *spans: Span) -> None:
        self.problem = problem
        self.expression = expression
        self.column = spans[0][0] + 1
        super().__init__(
            f"{problem}, at column {self.column} of the expression:\n{_marked(expression, spans)}"
        )


# The grammar knows no types, so that a wrong type is met by the builder, which can name it.
_GRAMMAR = r"""
    ?start: disjunction
    ?disjunction: conjunction | disjunction OR conjunction -> connective
    ?conjunction: negation | conjunction AND negation -> connective
    ?negation: comparison | NOT negation -> negate
    ?comparison: sum | sum (COMPARE sum)+ -> compare
    ?sum: product | sum (PLUS | MINUS | CARET) product -> operate
    ?product: unary | product (STAR | SLASHES | SLASH | PERCENT | AMPERSAND) unary -> operate
    ?unary: postfix | (TILDE | MINUS) unary -> prefix
    ?postfix: atom | postfix "[" disjunction CLOSE -> index
    ?atom: NAME -> name
        | NUMBER -> number
        | BAR disjunction BAR -> cardinality
        | NAME "(" disjunction ["," disjunction] RIGHT -> call
        | "(" disjunction ")"

    OR.2: /or\b|∨/
    AND.2: /and\b|∧|&&/
    NOT.2: /not\b|¬/
    COMPARE: /==|!=|<=|>=|<|>|[⊆⊊⊇⊋≤≥≠]/
    PLUS: /[+∪]/
    MINUS: /[-−∖\\]/
    CARET: "^"
    STAR: "*"
    SLASHES: "//"
    SLASH: "/"
    PERCENT: "%"
    AMPERSAND: /[&∩]/
    TILDE: "~"
    BAR: "|"
    CLOSE: "]"
    RIGHT: ")"
    NAME: /[A-Za-z_][A-Za-z0-9_]*/
    NUMBER: /[0-9]*\.[0-9]+|[0-9]+/
    %ignore /\s+/
"""

# Other spellings of an operator.
_SPELT = {
    **{"∩": "&", "∪": "+", "∖": "-", "\\": "-", "−": "-", "¬": "not", "∧": "and", "&&": "and"},
    **{"∨": "or", "⊆": "<=", "⊊": "<", "⊇": ">=", "⊋": ">", "≤": "<=", "≥": ">=", "≠": "!="},
}

# What people write who have another notation in mind.
_MEANT = {"=": "==", "⊂": "<= or <", "⊃": ">= or >", "!": "!= or not", "→": "not … or …"}
_MEANT |= {"∅": "|S| == 0 for a set S that is empty", "#": "|S| for the number of objects of S"}
_VAGUE = ("many", "few", "several", "about", "roughly", "nearly", "almost")


class _Fault(Exception):
    """A problem found while building, at places of the text."""

    def __init__(self, problem: str, *spans: Span) -> None:
        super().__init__(problem)
        self.problem = problem
        self.spans = spans


@v_args(inline=True)
class _Builder(Transformer):
    """Builds the tree from below while lark parses, and checks each node's types and bounds."""

    def name(self, token: Token) -> Set:
        if token not in ("A", "B", "M"):
            raise _Fault(f"unknown name {_short(token)}; {_of_name(token)}", _at(token))
        return SetName(str(token), span=_at(token))

    def number(self, token: Token) -> Integer:
        whole, _, decimals = token.partition(".")
        digits, decimals = (whole.lstrip("0") or "0"), decimals.rstrip("0")
        # The length comes first: int() itself refuses very long texts.
        if max(len(digits), len(decimals) + 1) > len(str(LARGEST_NUMBER)):
            raise _Fault(_too_large(token), _at(token))
        number = _number(int(digits + decimals), _at(token))
        return _divided(number, Number(10 ** len(decimals)), _at(token))

    def cardinality(self, opening: Token, operand: Node, closing: Token) -> Integer:
        _require(operand, Set, "|…| counts the objects of a set")
        return _bounded(Cardinality(operand, span=(opening.start_pos, closing.end_pos)))

    def call(self, function: Token, count: Node, operand: Node | None, closing: Token) -> Node:
        functions = {"first": First, "last": Last}
        if function in ("len", "card") and operand is None:
            _require(count, Set, f"{function}(S) counts the objects of a set")
            return _bounded(Cardinality(count, span=(function.start_pos, closing.end_pos)))
        if function not in functions:
            known = "there are first(n, S), last(n, S) and len(S)"
            raise _Fault(f"unknown function {_short(function)}; {known}", _at(function))
        if operand is None:
            raise _Fault(f"{function}(n, S) takes an integer and a set", _at(closing))
        _require(count, Integer, f"{function}(n, S) takes an integer first")
        _require(operand, Set, f"{function}(n, S) takes a set after the comma")
        span = (function.start_pos, closing.end_pos)
        return _bounded(functions[function](count, operand, span=span))

    def index(self, operand: Node, position: Node, closing: Token) -> Set:
        _require(operand, Set, "S[i] picks an object of a set")
        _require(position, Integer, "S[i] takes an integer in its brackets")
        return _bounded(Index(operand, position, span=(operand.span[0], closing.end_pos)))

    def prefix(self, operator: Token, operand: Node) -> Node:
        span = (operator.start_pos, operand.span[1])
        if operator == "~":
            _require(operand, Set, "'~' takes a set")
            return _bounded(Complement(operand, span=span))
        _require(operand, Integer | Quotient, "'-' without a left operand takes an integer")
        if isinstance(operand, Quotient):
            return Quotient(Negative(operand.left, span=span), operand.right, span=span)
        return _bounded(Negative(operand, span=span))

    def operate(self, left: Node, operator: Token, right: Node) -> Node:
        span = (left.span[0], right.span[1])
        set_only, integer_only = operator in ("&", "^"), operator in ("*", "//", "%", "/")
        if isinstance(left, Set) and isinstance(right, Set) and not integer_only:
            return _bounded(SetOperation(str(operator), left, right, span=span))
        whole = isinstance(left, Integer) and isinstance(right, Integer)
        numbers = isinstance(left, Integer | Quotient) and isinstance(right, Integer | Quotient)
        if operator in ("/", "//", "%") and right == Number(0):
            raise _Fault("division by zero", right.span)
        if operator == "/" and numbers:
            return _over(left, right, span)
        if operator in ("+", "-", "*") and numbers and not whole:
            return _of_fractions(str(operator), left, right, span)
        if whole and not set_only:
            return _bounded(Arithmetic(str(operator), left, right, span=span))
        wanted = "two integers" if integer_only else "two sets"
        if not set_only and not integer_only:
            wanted = "two sets or two integers"
        raise _mismatch(f"'{operator}' takes {wanted}", left, right)

    def compare(self, *parts: Node | Token) -> Truth:
        operands, operators = parts[::2], parts[1::2]
        links = zip(operands, operators, operands[1:], strict=False)
        chain, *rest = (_comparison(*link) for link in links)
        for comparison in rest:
            chain = self.connective(chain, "and", comparison)
        return chain

    def negate(self, operator: Token, operand: Node) -> Truth:
        _require(operand, Truth, "'not' takes a truth (~S is what is not in a set)")
        return _bounded(Not(operand, span=(operator.start_pos, operand.span[1])))

    def connective(self, left: Node, operator: str, right: Node) -> Truth:
        for operand in (left, right):
            _require(operand, Truth, f"'{operator}' takes two truths")
        span = (left.span[0], right.span[1])
        return _bounded(Connective(str(operator), left, right, span=span))


# Settings name the same quantifiers again and again; a tree never changes.
@lru_cache(maxsize=10_000)
def parse(expression: str) -> Truth:
    """The syntax tree of an expression that is true or false of a scene.

    Raises ExpressionError when the text does not follow the grammar, mixes types, or exceeds the
    bounds MAX_LENGTH, MAX_DEPTH and LARGEST_NUMBER.

    >>> str(parse("(A&B) != M or not (|A| >= 2*|B|)"))
    'A & B != M or not |A| >= 2 * |B|'
    """
    if len(expression) > MAX_LENGTH:
        problem = f"expressions have at most {MAX_LENGTH} characters, found {len(expression)}"
        raise ExpressionError(problem, expression, (MAX_LENGTH, MAX_LENGTH + 1))
    try:
        node = _parser().parse(expression)
        _require(node, Truth, "an expression is true or false, without degrees, as A <= B")
    except _Fault as fault:
        raise ExpressionError(fault.problem, expression, *fault.spans) from None
    except UnexpectedCharacters as error:
        character = expression[error.pos_in_stream]
        meant = f"; write {_MEANT[character]}" if character in _MEANT else ""
        place = (error.pos_in_stream, error.pos_in_stream + 1)
        raise ExpressionError(
            f"unexpected character {character!r}{meant}", expression, place
        ) from None
    except UnexpectedToken as error:
        token, wanted = error.token, _expected(error.interactive_parser.accepts())
        at_end = token.type == "$END"
        found = "the end" if at_end else f"'{_short(token)}'"
        place = (len(expression), len(expression) + 1) if at_end else _at(token)
        hint = "; write or" if expression.startswith("||", place[0]) else ""
        raise ExpressionError(
            f"expected {wanted}, found {found}{hint}", expression, place
        ) from None
    return node


@cache
def _parser() -> Lark:
    signs = ("OR", "AND", "NOT", "COMPARE", "PLUS", "MINUS", "AMPERSAND")
    return Lark(
        _GRAMMAR,
        parser="lalr",
        lexer="basic",
        transformer=_Builder(),
        lexer_callbacks=dict.fromkeys(signs, _spelt),
        maybe_placeholders=True,
    )


def _spelt(token: Token) -> Token:
    return token.update(value=_SPELT.get(str(token), str(token)))


def _of_name(name: str) -> str:
    """What there is in place of a name that is unknown."""
    if name in _VAGUE:
        return "nothing is vague here: say how many, as in |A & B| > 0.4 * |A|"
    if len(name) == 1 and name.isupper():
        return "a quantifier relates two sets, A and B, among all objects M: there is no third"
    hint = f"; did you mean {name.upper()}?" if name in ("a", "b", "m") else ""
    return f"the sets are A, B and M{hint}"


def _comparison(left: Node, operator: Token, right: Node) -> Truth:
    span = (left.span[0], right.span[1])
    if isinstance(left, Integer | Quotient) and isinstance(right, Integer | Quotient):
        (p, q), (r, s) = _parts(left), _parts(right)
        left, right = _times(p, s, span), _times(r, q, span)
    if isinstance(left, Integer) and isinstance(right, Integer):
        return _bounded(IntegerComparison(str(operator), left, right, span=span))
    if isinstance(left, Set) and isinstance(right, Set):
        if operator in (">", ">="):
            turned = _short(f"{right} {operator.replace('>', '<')} {left}")
            raise _Fault(f"sets are compared by == != < <=; write {turned}", left.span, right.span)
        return _bounded(SetComparison(str(operator), left, right, span=span))
    both = "integers" if operator in (">", ">=") else "sets or two integers"
    raise _mismatch(f"'{operator}' compares two {both}", left, right)


# Fractions, which a comparison multiplies out -----------------------------------------------------


def _parts(number: Node) -> tuple[Integer, Integer]:
    """What is divided, and by what, which is never negative."""
    one = Number(1, span=number.span)
    return (number.left, number.right) if isinstance(number, Quotient) else (number, one)


def _over(left: Node, right: Node, span: Span) -> Node:
    (p, q), (r, s) = _parts(left), _parts(right)
    if not _never_negative(r):
        raise _Fault(f"{_short(r)}, by which is divided, may be negative: multiply out", right.span)
    return _divided(_times(p, s, span), _times(q, r, span), span)


def _of_fractions(operator: str, left: Node, right: Node, span: Span) -> Node:
    (p, q), (r, s) = _parts(left), _parts(right)
    if operator == "*":
        return _divided(_times(p, r, span), _times(q, s, span), span)
    over = _bounded(Arithmetic(operator, _times(p, s, span), _times(r, q, span), span=span))
    return _divided(over, _times(q, s, span), span)


def _divided(left: Integer, right: Integer, span: Span) -> Node:
    """The fraction in lowest terms; an integer where nothing is left to divide by."""
    if isinstance(left, Number) and isinstance(right, Number):
        common = math.gcd(left.value, right.value)
        left, right = (_number(each.value // common, span) for each in (left, right))
    return left if right == Number(1) else _bounded(Quotient(left, right, span=span))


def _times(left: Integer, right: Integer, span: Span) -> Integer:
    if isinstance(left, Number) and isinstance(right, Number):
        return _number(left.value * right.value, span)
    if isinstance(right, Number):
        left, right = right, left
    return right if left == Number(1) else _bounded(Arithmetic("*", left, right, span=span))


def _number(value: int, span: Span) -> Number:
    if value > LARGEST_NUMBER:
        raise _Fault(_too_large(value), span)
    return Number(value, span=span)


def _too_large(number: object) -> str:
    return f"numbers go up to {LARGEST_NUMBER}, also multiplied out, found {_short(number)}"


def _never_negative(number: Integer) -> bool:
    parts = number.children
    if isinstance(number, Arithmetic) and number.operator != "-":
        return all(map(_never_negative, parts))
    return isinstance(number, Number | Cardinality)


def _require(node: Node, kind: type[Node], rule: str) -> None:
    if not isinstance(node, kind):
        raise _Fault(f"{rule}, but {_short(node)} is {node.kind}", node.span)


def _mismatch(rule: str, left: Node, right: Node) -> _Fault:
    types = f"{_short(left)} is {left.kind} and {_short(right)} is {right.kind}"
    return _Fault(f"{rule}, but {types}", left.span, right.span)


def _bounded(node: Node) -> Node:
    if node.depth > MAX_DEPTH:
        raise _Fault(f"expressions are nested at most {MAX_DEPTH} deep", node.span)
    if isinstance(node, Integer) and node.magnitude > _LARGEST_INTEGER:
        raise _Fault(f"{_short(node)} may become too large for 64 bits", node.span)
    return node


# Messages -----------------------------------------------------------------------------------------


def _at(token: Token) -> Span:
    return token.start_pos, token.end_pos


def _short(part: object) -> str:
    text = str(part)
    return text if len(text) <= 40 else f"{text[:37]}…"


def _expected(terminals: set[str]) -> str:
    if "NAME" in terminals:
        return "a set (A, B, M, first(…), last(…)), a number, '|' or '('"
    closing = {"RPAR": "')'", "RIGHT": "')'", "CLOSE": "']'", "COMMA": "','", "BAR": "'|'"}
    found = sorted({text for name, text in closing.items() if name in terminals})
    return " or ".join(["an operator", *found, *(["the end"] if "$END" in terminals else [])])


def _marked(expression: str, spans: tuple[Span, ...]) -> str:
    """The expression, or the part of it around the first span, with the spans underlined."""
    start = max(0, spans[0][0] - 60)
    stop = start + 120
    shown = "".join(char if char.isprintable() else " " for char in expression)
    marks = [" "] * (stop + 1)
    for first, last in spans:
        for place in range(first, min(last, stop)):
            marks[place] = "^"
    before, after = "…" if start else "", "…" if len(shown) > stop else ""
    line = f"  {before}{shown[start:stop]}{after}"
    return f"{line}\n  {' ' * len(before)}{''.join(marks[start:]).rstrip()}"
