"""The language of quantifier expressions: from text to a typed syntax tree.

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

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from typing import ClassVar

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args

from quantlearn.errors import QuantlearnError

__all__ = [
    "LARGEST_NUMBER",
    "LARGEST_SCENE",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "Arithmetic",
    "Cardinality",
    "Complement",
    "Connective",
    "ExpressionError",
    "First",
    "Index",
    "Integer",
    "IntegerComparison",
    "Last",
    "Negative",
    "Node",
    "Not",
    "Number",
    "Set",
    "SetComparison",
    "SetName",
    "SetOperation",
    "Truth",
    "parse",
]

MAX_LENGTH = 2000  # characters in an expression
MAX_DEPTH = 50  # levels of the syntax tree; bounds every recursion over it
LARGEST_NUMBER = 1_000_000
LARGEST_SCENE = 10_000  # objects; with it the size of every integer is known before evaluation
_LARGEST_INTEGER = 2**62

Span = tuple[int, int]


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


# The syntax tree ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """A part of an expression. Equal nodes mean the same, wherever they stand in the text.

    ``span`` is the place in the text, from the first character to the one after the last.
    ``str(node)`` is an expression that parses to an equal node.
    """

    span: Span = field(default=(0, 0), compare=False, repr=False, kw_only=True)

    kind: ClassVar[str]
    rank: ClassVar[int]  # how tightly it binds; from or = 1 to names and brackets = 8

    @property
    def children(self) -> tuple["Node", ...]:
        """The nodes directly below this one."""
        values = (getattr(self, each.name) for each in fields(self))
        return tuple(value for value in values if isinstance(value, Node))

    @cached_property
    def depth(self) -> int:
        """The number of levels of the tree below and including this node."""
        return 1 + max((child.depth for child in self.children), default=0)

    def walk(self) -> Iterator["Node"]:
        """This node and all nodes below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def _bracketed(self, rank: int) -> str:
        return str(self) if self.rank >= rank else f"({self})"


class Set(Node):
    """A part of the objects of a scene."""

    kind = "a set"


class Integer(Node):
    """A whole number; ``magnitude`` bounds its absolute value in every scene."""

    kind = "an integer"
    magnitude: int


class Truth(Node):
    """True or false of a scene."""

    kind = "a truth"


class _Infix:
    """Text of a node with an operator between a left and a right operand."""

    def __str__(self) -> str:
        left, right = self.left._bracketed(self.rank), self.right._bracketed(self.rank + 1)
        return f"{left} {self.operator} {right}"


_RANKS = {"or": 1, "and": 2} | dict.fromkeys("+-^", 5) | dict.fromkeys(["*", "//", "%", "&"], 6)


class _Ranked(_Infix):
    @property
    def rank(self) -> int:
        return _RANKS[self.operator]


@dataclass(frozen=True)
class SetName(Set):
    """``A``, ``B`` or ``M``."""

    name: str
    rank = 8

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Complement(Set):
    """``~operand``: the objects of M that are not in it."""

    operand: Set
    rank = 7

    def __str__(self) -> str:
        return f"~{self.operand._bracketed(self.rank)}"


@dataclass(frozen=True)
class SetOperation(_Ranked, Set):
    """``left & right``, ``+`` (union), ``-`` (difference) or ``^`` (symmetric difference)."""

    operator: str
    left: Set
    right: Set


@dataclass(frozen=True)
class First(Set):
    """``first(count, operand)``: the first objects of the operand in scene order."""

    count: Integer
    operand: Set
    rank = 8

    def __str__(self) -> str:
        return f"first({self.count}, {self.operand})"


@dataclass(frozen=True)
class Last(Set):
    """``last(count, operand)``: the last objects of the operand in scene order."""

    count: Integer
    operand: Set
    rank = 8

    def __str__(self) -> str:
        return f"last({self.count}, {self.operand})"


@dataclass(frozen=True)
class Index(Set):
    """``operand[position]``: the object at this position of the operand, from 1, if any."""

    operand: Set
    position: Integer
    rank = 8

    def __str__(self) -> str:
        return f"{self.operand._bracketed(self.rank)}[{self.position}]"


@dataclass(frozen=True)
class Number(Integer):
    """A number written out."""

    value: int
    rank = 8

    @property
    def magnitude(self) -> int:
        return self.value

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Cardinality(Integer):
    """``|operand|``: the number of objects."""

    operand: Set
    rank = 8
    magnitude = LARGEST_SCENE

    def __str__(self) -> str:
        return f"|{self.operand}|"


@dataclass(frozen=True)
class Negative(Integer):
    """``-operand``."""

    operand: Integer
    rank = 7

    @property
    def magnitude(self) -> int:
        return self.operand.magnitude

    def __str__(self) -> str:
        return f"-{self.operand._bracketed(self.rank)}"


@dataclass(frozen=True)
class Arithmetic(_Ranked, Integer):
    """``left + right``, ``-``, ``*``, ``//`` or ``%``."""

    operator: str
    left: Integer
    right: Integer

    @cached_property
    def magnitude(self) -> int:
        left, right = self.left.magnitude, self.right.magnitude
        match self.operator:
            case "*":
                return left * right
            case "//":
                return left
            case "%":
                return max(left, right)
            case _:
                return left + right


@dataclass(frozen=True)
class IntegerComparison(_Infix, Truth):
    """``left == right``, ``!=``, ``<``, ``<=``, ``>`` or ``>=`` of integers."""

    operator: str
    left: Integer
    right: Integer
    rank = 4


@dataclass(frozen=True)
class SetComparison(_Infix, Truth):
    """``left == right``, ``!=``, ``<`` (proper part) or ``<=`` (part) of sets."""

    operator: str
    left: Set
    right: Set
    rank = 4


@dataclass(frozen=True)
class Not(Truth):
    """``not operand``."""

    operand: Truth
    rank = 3

    def __str__(self) -> str:
        return f"not {self.operand._bracketed(self.rank)}"


@dataclass(frozen=True)
class Connective(_Ranked, Truth):
    """``left and right`` or ``left or right``."""

    operator: str
    left: Truth
    right: Truth


# From text to tree --------------------------------------------------------------------------------

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
