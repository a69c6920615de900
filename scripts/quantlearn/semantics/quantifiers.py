"""What quantifiers mean: their truth in scenes.

A quantifier relates two sets of objects A and B in a finite scene ⟨M, A, B⟩ (Barwise & Cooper
1981, "Generalized quantifiers and natural language"). Scenes are uint8 arrays of shape
(n, max_size) with a zone code for each object in scene order: 0 for A∩B, 1 for A∖B, 2 for B∖A,
3 for neither, and 4 for padding.

A quantifier that ignores the order of the objects depends on the four zone counts alone, so it is
evaluated on them: a set is then a choice of zones, and its cardinality a sum of counts. With
``first``, ``last`` or an index the sets are evaluated object by object. Both ways read the same
tree; they differ only in what a set is (see _Counts and _Objects).
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from quantlearn.semantics import syntax as lang
from quantlearn.semantics.language import parse
from quantlearn.semantics.scenes import PADDING, ZONES

__all__ = ["Quantifier", "all_zone_counts", "both_true", "count_scenes", "zone_counts"]

# Whether the objects of each zone are in the set: zones A∩B, A∖B, B∖A, neither.
_ZONES_OF = {
    "A": np.array([True, True, False, False]),
    "B": np.array([True, False, True, False]),
    "M": np.array([True, True, True, True]),
}
_CHUNK = 32_768  # scenes at once: small enough for the intermediate arrays to stay in the cache
_MOST_ENUMERATED = 2_000_000  # scenes that count_scenes is willing to go through one by one


@dataclass(frozen=True)
class Quantifier:
    """A name and the expression that says in which scenes it is true.

    Raises ExpressionError when the expression is not well formed.

    >>> most = Quantifier("most", "|A & B| > |A - B|")
    >>> scenes = np.array([[0, 0, 1], [0, 1, 4]], dtype=np.uint8)
    >>> most.verify(scenes, sizes=np.array([3, 2]))
    array([ True, False])
    """

    name: str
    expression: str
    tree: lang.Truth = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tree", parse(self.expression))

    @cached_property
    def is_positional(self) -> bool:
        """Whether the expression speaks of the order of objects: first, last or an index."""
        return any(
            isinstance(node, lang.First | lang.Last | lang.Index) for node in self.tree.walk()
        )

    def verify(self, scenes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """The truth of the quantifier in each scene.

        scenes: uint8 (n, max_size), zone codes with padding at the end; sizes: integer (n,), the
        number of objects in each. Returns bool (n,).

        Raises ValueError when the arrays have another type or shape, hold another code, or
        disagree about a size.
        """
        _check_scenes(scenes, sizes)
        truth = np.empty(len(scenes), dtype=bool)
        for start in range(0, len(scenes), _CHUNK):
            part = slice(start, start + _CHUNK)
            objects = np.ascontiguousarray(scenes[part].T)
            if self.is_positional:
                model = _Objects(objects)
                model_sizes = model.cardinality(model.named("M"))
            else:
                model = _Counts(_count_zones(objects))
                model_sizes = model.counts.sum(axis=0)
            if not np.array_equal(model_sizes, sizes[part]):
                raise ValueError("sizes differ from the number of objects in the scenes")
            truth[part] = _Evaluation(model).value(self.tree)
        return truth

    def verify_counts(self, counts: np.ndarray) -> np.ndarray:
        """The truth of a quantifier that is not positional, given only the zone counts.

        counts: integer (n, 4), the objects in A∩B, A∖B, B∖A and neither. Returns bool (n,).

        >>> Quantifier("some", "|A & B| > 0").verify_counts(np.array([[0, 3, 1, 0], [1, 0, 0, 0]]))
        array([False,  True])

        Raises ValueError for a positional quantifier, and for counts of another shape or type.
        """
        if self.is_positional:
            raise ValueError(f"{self.name} depends on the order of objects, not on counts alone")
        if counts.ndim != 2 or counts.shape[1] != len(ZONES) or counts.dtype.kind not in "iu":
            raise ValueError("counts must be integers of shape (n, 4)")
        model = _Counts(counts.T.astype(np.int64))
        return np.broadcast_to(_Evaluation(model).value(self.tree), len(counts)).copy()


def both_true(one: Quantifier, other: Quantifier | None) -> Quantifier:
    """A quantifier that is true where both are; the first one where there is no other.

    >>> both_true(Quantifier("every", "A <= B"), Quantifier("one", "|A| == 1")).expression
    '(A <= B) and (|A| == 1)'
    """
    if other is None:
        return one
    return Quantifier(one.name, f"({one.expression}) and ({other.expression})")


def zone_counts(scenes: np.ndarray) -> np.ndarray:
    """The number of objects in A∩B, A∖B, B∖A and neither: integer (n, 4).

    >>> zone_counts(np.array([[0, 0, 2, 3], [1, 4, 4, 4]], dtype=np.uint8))
    array([[2, 0, 1, 1],
           [0, 1, 0, 0]])
    """
    counts = np.empty((len(scenes), len(ZONES)), dtype=np.int64)
    for start in range(0, len(scenes), _CHUNK):
        part = slice(start, start + _CHUNK)
        counts[part] = _count_zones(np.ascontiguousarray(scenes[part].T)).T
    return counts


def all_zone_counts(min_size: int, max_size: int, zones: Sequence[int]) -> np.ndarray:
    """Every combination of zone counts that scenes of these sizes and zones have, integer (n, 4).

    >>> all_zone_counts(1, 1, zones=[0, 3])
    array([[0, 0, 0, 1],
           [1, 0, 0, 0]])
    """
    parts = [_compositions(size, len(zones)) for size in range(min_size, max_size + 1)]
    counts = np.zeros((sum(map(len, parts)), len(ZONES)), dtype=np.int64)
    counts[:, list(zones)] = np.concatenate(parts)
    return counts


def count_scenes(
    quantifier: Quantifier, min_size: int, max_size: int, zones: Sequence[int]
) -> dict[bool, int] | None:
    """How many scenes make the quantifier true and how many false, exactly.

    Counts the scenes of min_size to max_size objects, each in one of the given zones (distinct
    codes from 0 to 3). A quantifier that ignores order is counted by adding, for each combination
    of zone counts, the number of its arrangements, a multinomial coefficient. A positional one is
    counted by enumeration; None when there are more than two million scenes to go through.

    >>> count_scenes(Quantifier("most", "|A & B| > |A - B|"), 1, 3, zones=[0, 1])
    {True: 6, False: 8}
    """
    if len(set(zones)) != len(zones) or not set(zones) <= set(ZONES.values()):
        raise ValueError(f"zones must be distinct codes from 0 to {PADDING - 1}, found {zones}")
    if min_size < 0:
        raise ValueError(f"sizes begin at 0, found min_size {min_size}")
    sizes = range(min_size, max_size + 1)
    if quantifier.is_positional:
        if sum(len(zones) ** size for size in sizes) > _MOST_ENUMERATED:
            return None
        true = sum(_count_by_enumeration(quantifier, size, zones) for size in sizes)
    else:
        true = sum(_count_by_arrangements(quantifier, size, zones) for size in sizes)
    return {True: true, False: sum(len(zones) ** size for size in sizes) - true}


def _count_by_arrangements(quantifier: Quantifier, size: int, zones: Sequence[int]) -> int:
    counts = all_zone_counts(size, size, zones)
    parts = counts[quantifier.verify_counts(counts)]
    # Python integers in object arrays: the coefficients outgrow 64 bits.
    factorials = np.multiply.accumulate(np.array([1, *range(1, size + 1)], dtype=object))
    return int((factorials[size] // factorials[parts].prod(axis=1)).sum())


def _compositions(total: int, parts: int) -> np.ndarray:
    """All ways to write total as an ordered sum of this many numbers: integer (n, parts)."""
    if parts == 0:
        return np.zeros((1 if total == 0 else 0, 0), dtype=np.int64)
    # The grid of all but the last part; the last one takes what is left.
    grid = np.zeros((1, 0), dtype=np.int64)
    for _ in range(parts - 1):
        left = total - grid.sum(axis=1)
        rows = np.repeat(np.arange(len(grid)), left + 1)
        step = np.arange(len(rows)) - np.repeat(np.cumsum(left + 1) - (left + 1), left + 1)
        grid = np.column_stack([grid[rows], step])
    return np.column_stack([grid, total - grid.sum(axis=1)])


def _count_by_enumeration(quantifier: Quantifier, size: int, zones: Sequence[int]) -> int:
    codes = np.array(zones, dtype=np.uint8)
    total = len(zones) ** size
    powers = np.array([len(zones) ** place for place in range(size)], dtype=np.int64)
    true = 0
    for start in range(0, total, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, total))
        scenes = codes[numbers[:, None] // powers % len(zones)]
        true += int(quantifier.verify(scenes, np.full(len(scenes), size)).sum())
    return true


def _check_scenes(scenes: np.ndarray, sizes: np.ndarray) -> None:
    if scenes.ndim != 2 or scenes.dtype != np.uint8:
        raise ValueError(
            f"scenes must be uint8 of shape (n, max_size), found {scenes.dtype} {scenes.shape}"
        )
    if sizes.shape != scenes.shape[:1] or sizes.dtype.kind not in "iu":
        raise ValueError(
            f"sizes must be integers of shape ({len(scenes)},), found {sizes.dtype} {sizes.shape}"
        )
    if scenes.shape[1] > lang.LARGEST_SCENE:
        raise ValueError(f"scenes have at most {lang.LARGEST_SCENE} objects")
    if scenes.size and scenes.max() > PADDING:
        raise ValueError(f"zone codes go from 0 to {PADDING} (padding), found {scenes.max()}")


# Evaluation ---------------------------------------------------------------------------------------


# A model stands for many scenes at once. named() gives the set A, B or M as a boolean array, and
# cardinality() the number of objects of a set in each scene.


class _Counts:
    """Scenes known by their zone counts (4, n); a set is boolean (4,), the zones it is made of."""

    def __init__(self, counts: np.ndarray) -> None:
        self.counts = counts

    def named(self, name: str) -> np.ndarray:
        return _ZONES_OF[name]

    def cardinality(self, members: np.ndarray) -> np.ndarray:
        return self.counts[members].sum(axis=0)


class _Objects:
    """Scenes known object by object (max_size, n); a set is boolean (max_size, n).

    Objects run along the first axis, so that sums over them are sums of long contiguous rows.
    """

    def __init__(self, objects: np.ndarray) -> None:
        self.objects = objects
        # A rank or a count is at most max_size + 1, and small integers are faster.
        self.small = np.uint8 if len(objects) < 255 else np.uint16

    def named(self, name: str) -> np.ndarray:
        if name == "A":
            return self.objects < 2
        if name == "B":
            return (self.objects == 0) | (self.objects == 2)
        return self.objects < PADDING

    def cardinality(self, members: np.ndarray) -> np.ndarray:
        return self._count(members).astype(np.int64)

    def first(self, count: np.ndarray, members: np.ndarray) -> np.ndarray:
        return members & (self._ranks(members) <= self._clipped(count))

    def last(self, count: np.ndarray, members: np.ndarray) -> np.ndarray:
        ranks = self._ranks(members)
        total = self._count(members)
        # total - min(total, count) is the rank before the first object that belongs.
        return members & (ranks > total - np.minimum(total, self._clipped(count)))

    def index(self, members: np.ndarray, position: np.ndarray) -> np.ndarray:
        return members & (self._ranks(members) == self._clipped(position))

    def _count(self, members: np.ndarray) -> np.ndarray:
        return np.add.reduce(members.view(np.uint8), axis=0, dtype=self.small)

    def _ranks(self, members: np.ndarray) -> np.ndarray:
        """The rank of each object of the set within the set, from 1."""
        return np.add.accumulate(members.view(np.uint8), axis=0, dtype=self.small)

    def _clipped(self, number: np.ndarray) -> np.ndarray:
        """The number as a rank: none at all is 0, more than there can be is max_size + 1."""
        return np.clip(number, 0, len(self.objects) + 1).astype(self.small)


def _count_zones(objects: np.ndarray) -> np.ndarray:
    """The zone counts (4, n) of objects (max_size, n)."""
    small = np.uint8 if len(objects) <= 255 else np.uint16
    counts = np.empty((len(ZONES), objects.shape[1]), dtype=np.int64)
    for zone in ZONES.values():
        counts[zone] = np.add.reduce((objects == zone).view(np.uint8), axis=0, dtype=small)
    return counts


class _Evaluation:
    """The values of an expression's nodes in a model, each computed once.

    Equal parts of the expression are equal nodes, so they share one value.
    """

    def __init__(self, model: _Counts | _Objects) -> None:
        self.model = model
        self.known: dict[lang.Node, np.ndarray] = {}

    def value(self, node: lang.Node) -> np.ndarray:
        """Sets as the model has them, integers as int64 and truths as bool, (n,) or scalar."""
        if node not in self.known:
            self.known[node] = self._compute(node)
        return self.known[node]

    # One case for each kind of node reads better than a table of methods.
    def _compute(self, node: lang.Node) -> np.ndarray:  # noqa: PLR0911, PLR0912
        value, model = self.value, self.model
        match node:
            case lang.SetName(name):
                return model.named(name)
            case lang.Complement(operand):
                return model.named("M") & ~value(operand)
            case lang.First(count, operand):
                return model.first(value(count), value(operand))
            case lang.Last(count, operand):
                return model.last(value(count), value(operand))
            case lang.Index(operand, position):
                return model.index(value(operand), value(position))
            case lang.SetOperation(symbol, left, right):
                return _ON_SETS[symbol](value(left), value(right))
            case lang.Number(number):
                return np.int64(number)
            case lang.Cardinality(operand):
                return model.cardinality(value(operand))
            case lang.Negative(operand):
                return -value(operand)
            case lang.Arithmetic(symbol, left, right):
                return _ON_INTEGERS[symbol](value(left), value(right))
            case lang.IntegerComparison(symbol, left, right):
                return _COMPARISONS[symbol](value(left), value(right))
            case lang.SetComparison(symbol, left, right):
                return self._compare_sets(symbol, value(left), value(right))
            case lang.Not(operand):
                return ~value(operand)
            case lang.Connective(symbol, left, right):
                return _ON_TRUTHS[symbol](value(left), value(right))
        raise TypeError(f"no rule evaluates {type(node).__name__}")

    def _compare_sets(self, symbol: str, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        cardinality = self.model.cardinality
        match symbol:
            case "==":
                return cardinality(left ^ right) == 0
            case "!=":
                return cardinality(left ^ right) > 0
            case "<=":
                return cardinality(left & ~right) == 0
            case "<":
                return (cardinality(left & ~right) == 0) & (cardinality(right & ~left) > 0)
        raise ValueError(f"no comparison of sets is written {symbol}")


def _floor_divide(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.where(right == 0, 0, left // np.where(right == 0, 1, right))


def _remainder(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.where(right == 0, left, left % np.where(right == 0, 1, right))


_Operation = Callable[[np.ndarray, np.ndarray], np.ndarray]

_ON_SETS: dict[str, _Operation] = {
    "&": operator.and_,
    "+": operator.or_,
    "-": lambda left, right: left & ~right,
    "^": operator.xor,
}
_ON_INTEGERS: dict[str, _Operation] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": _floor_divide,
    "%": _remainder,
}
_ON_TRUTHS: dict[str, _Operation] = {"and": operator.and_, "or": operator.or_}
_COMPARISONS: dict[str, _Operation] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
