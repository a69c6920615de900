"""Generated quantifiers: every meaning that a small grammar can express, each once.

The grammar is that of ULTK's example learn_quant, which follows van de Pol et al. (2023): over the
sets A and B,

    truth    and, or, not; subset_eq of sets; equals, greater_than of integers
    set      A, B; union, intersection, difference; index(i, S), the i-th object of S, from 0
    integer  cardinality of a set; numbers, where some are asked for

What counts is the meaning on given scenes: two expressions with the same truth in all of them are
one quantifier. Meanings are built level by level. At each level a type has a table of all its
values, each with the shortest expression for it, and the next level combines these tables; so an
expression with the value of another one is dropped at once, and no more than the last tables is
ever kept. Values are packed into bits over all scenes: a truth is a row of bits, a set one such row
for each place of the scenes.

The length of an expression is the number of its words. Of two expressions of the same length the
first found is kept: rules in the order above of RULES, then the shortest first argument, then the
shortest second one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.syntax import Arithmetic, Index, Node, Number
from quantlearn.semantics.ultk import translate

__all__ = ["RULES", "Meanings", "generate", "meanings_of"]

_CHUNK = 1 << 24  # bytes of candidates at once
_MOST_CANDIDATES = 20_000_000  # of one rule; more would take minutes, and meanings fill the memory


@dataclass(frozen=True)
class _Rule:
    name: str
    result: str
    arguments: tuple[str, ...]
    commutes: bool = False


RULES = (
    _Rule("subset_eq", "truth", ("set", "set")),
    _Rule("equals", "truth", ("integer", "integer"), commutes=True),
    _Rule("greater_than", "truth", ("integer", "integer")),
    _Rule("not", "truth", ("truth",)),
    _Rule("and", "truth", ("truth", "truth"), commutes=True),
    _Rule("or", "truth", ("truth", "truth"), commutes=True),
    _Rule("union", "set", ("set", "set"), commutes=True),
    _Rule("intersection", "set", ("set", "set"), commutes=True),
    _Rule("difference", "set", ("set", "set")),
    _Rule("index", "set", ("integer", "set")),
    _Rule("cardinality", "integer", ("set",)),
)
"""The rules of the grammar, in the order in which ties are decided."""


@dataclass(frozen=True)
class Meanings:
    """All meanings found, from the shortest expression to the longest.

    expressions: in prefix notation; lengths: the words of each; packed: uint8 (meanings, bytes),
    the truths in the scenes as bits, in the order of the scenes, the first in the highest bit.
    """

    expressions: list[str]
    lengths: np.ndarray
    packed: np.ndarray
    scenes: int

    def __len__(self) -> int:
        return len(self.expressions)

    def truth(self) -> np.ndarray:
        """The truth of each meaning in each scene: bool (meanings, scenes)."""
        return np.unpackbits(self.packed, axis=1, count=self.scenes).astype(bool)

    def quantifier(self, number: int) -> Quantifier:
        """A meaning as a quantifier of the language of language.py, such as generated_17."""
        return Quantifier(f"generated_{number}", translate(self.expressions[number]))

    def shortest(self, truth: np.ndarray) -> tuple[str, int] | None:
        """The shortest expression found for these truths, with its length; None if there is none.

        Looks among the meanings, their negations, and all pairs of them joined by `and` or `or`:
        one level deeper than the meanings themselves. truth: bool (scenes,).
        """
        candidates = []
        if (row := self._row(truth)) is not None:
            candidates.append((int(self.lengths[row]), self.expressions[row]))
        if (row := self._row(~truth)) is not None:
            candidates.append((int(self.lengths[row]) + 1, f"not({self.expressions[row]})"))
        for connective in ("and", "or"):
            shortest = min(candidates, default=(np.iinfo(np.int64).max, ""))[0]
            pair = self._pair(truth, connective, shortest - 1)
            if pair:
                words = ", ".join(self.expressions[row] for row in pair)
                length = 1 + int(self.lengths[list(pair)].sum())
                candidates.append((length, f"{connective}({words})"))
        return min(candidates)[::-1] if candidates else None

    def _row(self, truth: np.ndarray) -> int | None:
        return self._rows.get(np.packbits(truth).tobytes())

    @cached_property
    def _rows(self) -> dict[bytes, int]:
        return {row.tobytes(): number for number, row in enumerate(self.packed)}

    def _pair(self, truth: np.ndarray, connective: str, below: int) -> tuple[int, int] | None:
        """Two meanings, of less than ``below`` words together, that joined have these truths."""
        target = np.packbits(truth)
        # By De Morgan, `or` is `and` of negations: both must be true wherever the target is, and
        # nowhere else together.
        values = self.packed if connective == "and" else ~self.packed & _used(self.scenes)
        target = target if connective == "and" else ~target & _used(self.scenes)
        fitting = np.flatnonzero(~(target & ~values).any(axis=1))
        excess, lengths = values[fitting] & ~target, self.lengths[fitting]
        found = None
        for number, row in enumerate(excess):
            # Shortest first, so the partners that are short enough are the first ones.
            stop = np.searchsorted(lengths, below - lengths[number], side="left")
            if stop <= number:
                break
            partners = np.flatnonzero(~(excess[number:stop] & row).any(axis=1))
            if len(partners):
                partner = number + int(partners[0])
                found = (int(fitting[number]), int(fitting[partner]))
                below = int(lengths[number] + lengths[partner])
        return found


def generate(scenes: np.ndarray, depth: int, numbers: Sequence[int] = ()) -> Meanings:
    """All meanings on these scenes of expressions of at most ``depth`` levels, where A is one.

    scenes: uint8 (n, places) zone codes, where code 4 is no object of the scene, be it padding or
    an object outside M. numbers: the integers that the grammar has, from 0 to 254.

    ULTK's setting of 4 objects, depth 5, "no indices" has the rule index, but no numbers; ULTK
    leaves out what is never true.

    Raises `QuantlearnError` when there are too many combinations to go through.

    >>> from quantlearn.semantics.scenes import Space, enumerate_scenes
    >>> scenes, _ = enumerate_scenes(Space(2, 2))
    >>> meanings = generate(scenes, depth=2)
    >>> meanings.expressions
    ['subset_eq(A, A)', 'subset_eq(A, B)', 'subset_eq(B, A)']
    """
    universe = _Universe(scenes)
    tables = {
        "set": _sorted_table(
            {universe.named(name): (1, order, name) for order, name in enumerate("AB")}
        ),
        "integer": _sorted_table(
            {universe.number(each): (1, order, str(each)) for order, each in enumerate(numbers)}
        ),
        "truth": _sorted_table({}),
    }
    terminals = tables
    for level in range(2, depth + 1):
        # Only truths are asked for in the end.
        wanted = ("truth",) if level == depth else tuple(tables)
        tables = {
            result: _next_table(universe, terminals[result], tables, result) for result in wanted
        }
    truths = tables["truth"]
    return Meanings(truths.expressions, truths.lengths, truths.values, len(scenes))


# Tables of values ---------------------------------------------------------------------------------

# A value's bytes → length and text of its expression, and the order in which that was found.
_Found = dict[bytes, tuple[int, int, str]]


@dataclass(frozen=True)
class _Table:
    """The values of one type with their shortest expressions, the shortest first."""

    values: np.ndarray  # uint8 (n, bytes)
    lengths: np.ndarray
    expressions: list[str]

    def __len__(self) -> int:
        return len(self.expressions)


def _sorted_table(found: _Found) -> _Table:
    ordered = sorted(found.items(), key=lambda item: item[1][:2])
    width = len(ordered[0][0]) if ordered else 0
    values = np.frombuffer(b"".join(value for value, _ in ordered), dtype=np.uint8)
    return _Table(
        values.reshape(len(ordered), width),
        np.array([made[0] for _, made in ordered], dtype=np.int64),
        [made[2] for _, made in ordered],
    )


def _next_table(
    universe: "_Universe", terminals: _Table, tables: dict[str, _Table], result: str
) -> _Table:
    """The table of a type from the tables of the level before: terminals and all combinations."""
    found = {
        value.tobytes(): (1, order, text)
        for order, (value, text) in enumerate(
            zip(terminals.values, terminals.expressions, strict=True)
        )
    }
    before = len(found)  # candidates, whose order decides ties
    for rule in (rule for rule in RULES if rule.result == result):
        arguments = [tables[kind] for kind in rule.arguments]
        combinations = int(np.prod([len(argument) for argument in arguments]))
        if combinations > _MOST_CANDIDATES:
            raise QuantlearnError(
                f"generating expressions: {combinations} combinations by the rule {rule.name} are "
                "too many; lower the depth, or take fewer numbers"
            )
        shortest: dict[bytes, tuple[int, int]] = {}
        for values, lengths, positions in _candidates(universe, rule, arguments):
            _keep_shortest(shortest, values, lengths, positions)
        for value, (length, position) in shortest.items():
            if value not in found or length < found[value][0]:
                text = _written(rule, arguments, position)
                found[value] = (length, before + position, text)
        before += combinations
    return _sorted_table(found)


def _written(rule: _Rule, arguments: Sequence[_Table], position: int) -> str:
    places = np.unravel_index(position, [len(argument) for argument in arguments])
    words = [
        argument.expressions[int(place)] for argument, place in zip(arguments, places, strict=True)
    ]
    return f"{rule.name}({', '.join(words)})"


def _candidates(
    universe: "_Universe", rule: _Rule, arguments: Sequence[_Table]
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Chunks of the values of a rule, their lengths, and their positions among all its values."""
    if len(arguments) == 1:
        (only,) = arguments
        if len(only):
            yield universe.apply(rule, only.values), only.lengths + 1, np.arange(len(only))
        return
    left, right = arguments
    chunk: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    size = 0
    for number in range(len(left)):
        start = number if rule.commutes else 0
        values = universe.apply(rule, left.values[number], right.values[start:])
        lengths = right.lengths[start:] + left.lengths[number] + 1
        positions = number * len(right) + np.arange(start, len(right))
        chunk.append((values, lengths, positions))
        size += values.nbytes
        if size > _CHUNK:
            yield tuple(np.concatenate(parts) for parts in zip(*chunk, strict=True))
            chunk, size = [], 0
    if size:
        yield tuple(np.concatenate(parts) for parts in zip(*chunk, strict=True))


def _keep_shortest(
    shortest: dict[bytes, tuple[int, int]],
    values: np.ndarray,
    lengths: np.ndarray,
    positions: np.ndarray,
) -> None:
    """Put the length and position of each value into the dictionary, if it is new or shorter."""
    ordered = np.lexsort((positions, lengths))
    values = np.ascontiguousarray(values[ordered])
    rows = values.view(np.dtype((np.void, values.shape[1]))).ravel()
    # The first of equal rows is the shortest, and of these the first found.
    for row in np.unique(rows, return_index=True)[1]:
        value = rows[row].tobytes()
        made = (int(lengths[ordered[row]]), int(positions[ordered[row]]))
        if value not in shortest or made < shortest[value]:
            shortest[value] = made


def _used(scenes: int) -> np.ndarray:
    """The bits in use of a row over so many scenes: the last byte may have spare ones."""
    return np.packbits(np.ones(scenes, dtype=bool))


class _Universe:
    """The operations of the grammar on values in all scenes at once.

    A truth is a row of bits over the scenes; a set one such row for each place, one after another;
    an integer a byte for each scene. Operations with two arguments take one value on the left and
    many on the right, and return as many.
    """

    def __init__(self, scenes: np.ndarray) -> None:
        self.scenes = scenes
        self.places = scenes.shape[1]
        self.used = _used(len(scenes))

    def named(self, name: str) -> bytes:
        """The set A or B."""
        zones = (0, 1) if name == "A" else (0, 2)
        return np.packbits(np.isin(self.scenes.T, zones), axis=1).tobytes()

    def number(self, value: int) -> bytes:
        """The same integer in every scene."""
        return np.full(len(self.scenes), value, dtype=np.uint8).tobytes()

    def apply(self, rule: _Rule, *arguments: np.ndarray) -> np.ndarray:
        """The values of a rule; ``and`` is Python's own word, so the methods end in _."""
        return getattr(self, f"{rule.name}_")(*arguments)

    def union_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return left | right

    def intersection_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return left & right

    def difference_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return left & ~right

    def index_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        values = np.empty_like(right)
        for row, packed in enumerate(right):
            members = self._unpacked(packed)
            ranks = members.cumsum(axis=0, dtype=np.uint8)
            chosen = members & (ranks == left + 1)
            values[row] = np.packbits(chosen, axis=1).ravel()
        return values

    def cardinality_(self, sets: np.ndarray) -> np.ndarray:
        return np.stack([self._unpacked(packed).sum(axis=0, dtype=np.uint8) for packed in sets])

    def subset_eq_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        outside = (left & ~right).reshape(len(right), self.places, -1)
        return ~np.bitwise_or.reduce(outside, axis=1) & self.used

    def equals_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.packbits(left == right, axis=1)

    def greater_than_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.packbits(left > right, axis=1)

    def and_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return left & right

    def or_(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return left | right

    def not_(self, truths: np.ndarray) -> np.ndarray:
        return ~truths & self.used

    def _unpacked(self, packed: np.ndarray) -> np.ndarray:
        bits = np.unpackbits(packed.reshape(self.places, -1), axis=1, count=len(self.scenes))
        return bits.astype(bool)


def _words(node: Node) -> int:
    """The words of a node in prefix notation, in which an index begins at 0 and has no + 1."""
    match node:
        case Index(position=Arithmetic("+", _, Number(1))):
            return -1
    return 1


def meanings_of(
    quantifiers: Sequence[Quantifier], scenes: np.ndarray, sizes: np.ndarray
) -> Meanings:
    """The meanings of quantifiers whose names are their expressions, each once.

    Such are those of a list that `semantics.ultk.read_expressions` reads. scenes and sizes: what
    tells meanings apart, uint8 (n, places) and integer (n,).

    >>> from quantlearn.semantics.ultk import translate
    >>> from quantlearn.semantics.scenes import Space, enumerate_scenes
    >>> texts = ["not(not(subset_eq(A, B)))", "subset_eq(A, B)", "subset_eq(B, A)"]
    >>> read = [Quantifier(text, translate(text)) for text in texts]
    >>> meanings_of(read, *enumerate_scenes(Space(1, 2))).expressions
    ['subset_eq(A, B)', 'subset_eq(B, A)']
    """
    shortest: dict[bytes, tuple[int, str]] = {}
    lengths = [sum(map(_words, quantifier.tree.walk())) for quantifier in quantifiers]
    for place in np.argsort(lengths, kind="stable"):
        truths = np.packbits(quantifiers[place].verify(scenes, sizes)).tobytes()
        shortest.setdefault(truths, (lengths[place], quantifiers[place].name))
    packed = np.array([np.frombuffer(row, dtype=np.uint8) for row in shortest])
    found = list(shortest.values())
    expressions = [expression for _, expression in found]
    return Meanings(expressions, np.array([length for length, _ in found]), packed, len(scenes))
