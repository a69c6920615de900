"""The syntax tree of a quantifier expression: nodes that are sets, integers or truths of a scene.

`quantlearn.semantics.language` says what is written how and makes the tree of a text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import ClassVar

__all__ = [
    "LARGEST_NUMBER",
    "LARGEST_SCENE",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "Arithmetic",
    "Cardinality",
    "Complement",
    "Connective",
    "First",
    "Index",
    "Integer",
    "IntegerComparison",
    "Last",
    "Negative",
    "Node",
    "Not",
    "Number",
    "Quotient",
    "Set",
    "SetComparison",
    "SetName",
    "SetOperation",
    "Truth",
]

MAX_LENGTH = 2000  # characters in an expression
MAX_DEPTH = 50  # levels of the syntax tree; bounds every recursion over it
LARGEST_NUMBER = 1_000_000
LARGEST_SCENE = 10_000  # objects; with it the size of every integer is known before evaluation

Span = tuple[int, int]


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
class Quotient(Node):
    """``left / right`` on the way to a comparison, which multiplies it out; in no finished tree."""

    left: Integer
    right: Integer
    kind = "a fraction"
    rank = 6

    def __str__(self) -> str:
        return f"{self.left._bracketed(self.rank)} / {self.right._bracketed(self.rank + 1)}"


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
