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

From tight to loose: ``S[i]``; ``~`` and unary ``-``; ``* // % &``; ``+ - ^``; comparisons; ``not``;
``and``; ``or``. Operators of one rank group to the left. A chain such as ``5 < |A & B| < 9`` means
``5 < |A & B| and |A & B| < 9``.

Every expression has a value in every scene. ``S[i]`` holds at most one object and is empty when
there is no i-th object, so also when i is 0 or negative; ``first(n, S)`` and ``last(n, S)`` are
empty when n is 0 or negative, and all of S when n exceeds its size. ``x // 0`` is 0 and ``x % 0``
is x, so that ``x == y * (x // y) + x % y`` holds throughout; dividing by a literal 0 is an error.

    >>> node = parse("|A & B| > |A - B|")
    >>> node.operator, str(node.left)
    ('>', '|A & B|')
    >>> parse("A > 3")
    Traceback (most recent call last):
    quantlearn.semantics.language.ExpressionError: '>' compares two integers, but A is a set and 3
    is an integer, at column 1 of the expression:
      A > 3
      ^   ^
"""

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
    ?product: unary | product (STAR | SLASHES | PERCENT | AMPERSAND) unary -> operate
    ?unary: postfix | (TILDE | MINUS) unary -> prefix
    ?postfix: atom | postfix "[" disjunction CLOSE -> index
    ?atom: NAME -> name
        | NUMBER -> number
        | BAR disjunction BAR -> cardinality
        | NAME "(" disjunction "," disjunction RIGHT -> call
        | "(" disjunction ")"

    OR: "or"
    AND: "and"
    NOT: "not"
    COMPARE: "==" | "!=" | "<=" | ">=" | "<" | ">"
    PLUS: "+"
    MINUS: "-"
    CARET: "^"
    STAR: "*"
    SLASHES: "//"
    PERCENT: "%"
    AMPERSAND: "&"
    TILDE: "~"
    BAR: "|"
    CLOSE: "]"
    RIGHT: ")"
    NAME: /[A-Za-z_][A-Za-z0-9_]*/
    NUMBER: /[0-9]+/
    %ignore /\s+/
"""

# What people write who have the notation of logic or of another language in mind.
_MEANT = {
    "=": "==",
    "∩": "&",
    "∪": "+",
    "∖": "-",
    "\\": "-",
    "¬": "not or ~",
    "⊆": "<=",
    "⊂": "<",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "∧": "and",
    "∨": "or",
    "/": "//",
    "!": "!= or not",
}


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
            hint = f"; did you mean {token.upper()}?" if token in ("a", "b", "m") else ""
            raise _Fault(f"unknown name {_short(token)}; the sets are A, B and M{hint}", _at(token))
        return SetName(str(token), span=_at(token))

    def number(self, token: Token) -> Integer:
        digits = token.lstrip("0") or "0"
        # The length comes first: int() itself refuses very long texts.
        if len(digits) > len(str(LARGEST_NUMBER)) or int(digits) > LARGEST_NUMBER:
            raise _Fault(f"numbers go up to {LARGEST_NUMBER}, found {_short(token)}", _at(token))
        return Number(int(digits), span=_at(token))

    def cardinality(self, opening: Token, operand: Node, closing: Token) -> Integer:
        _require(operand, Set, "|…| counts the objects of a set")
        return _bounded(Cardinality(operand, span=(opening.start_pos, closing.end_pos)))

    def call(self, function: Token, count: Node, operand: Node, closing: Token) -> Set:
        functions = {"first": First, "last": Last}
        if function not in functions:
            raise _Fault(
                f"unknown function {_short(function)}; there are first(n, S) and last(n, S)",
                _at(function),
            )
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
        _require(operand, Integer, "'-' without a left operand takes an integer")
        return _bounded(Negative(operand, span=span))

    def operate(self, left: Node, operator: Token, right: Node) -> Node:
        span = (left.span[0], right.span[1])
        set_only, integer_only = operator in ("&", "^"), operator in ("*", "//", "%")
        if isinstance(left, Set) and isinstance(right, Set) and not integer_only:
            return _bounded(SetOperation(str(operator), left, right, span=span))
        if isinstance(left, Integer) and isinstance(right, Integer) and not set_only:
            if operator in ("//", "%") and right == Number(0):
                raise _Fault("division by zero", right.span)
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
        _require(operand, Truth, "'not' takes a truth")
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
        _require(node, Truth, "a quantifier's expression is a truth, such as A <= B or |A| > 3")
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
        raise ExpressionError(f"expected {wanted}, found {found}", expression, place) from None
    return node


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", transformer=_Builder())


def _comparison(left: Node, operator: Token, right: Node) -> Truth:
    span = (left.span[0], right.span[1])
    if isinstance(left, Integer) and isinstance(right, Integer):
        return _bounded(IntegerComparison(str(operator), left, right, span=span))
    if isinstance(left, Set) and isinstance(right, Set):
        if operator in (">", ">="):
            turned = _short(f"{right} {operator.replace('>', '<')} {left}")
            raise _Fault(f"sets are compared by == != < <=; write {turned}", left.span, right.span)
        return _bounded(SetComparison(str(operator), left, right, span=span))
    both = "integers" if operator in (">", ">=") else "sets or two integers"
    raise _mismatch(f"'{operator}' compares two {both}", left, right)


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
