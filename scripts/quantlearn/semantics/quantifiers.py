"""What quantifiers mean: their truth in scenes, and the lexicon that names them.

A quantifier relates two sets of objects A and B in a finite scene ⟨M, A, B⟩ (Barwise & Cooper
1981, "Generalized quantifiers and natural language"). Scenes are uint8 arrays of shape
(n, max_size) with a zone code for each object in scene order: 0 for A∩B, 1 for A∖B, 2 for B∖A,
3 for neither, and 4 for padding.

A quantifier that ignores the order of the objects depends on the four zone counts alone, so it is
evaluated on them: a set is then a choice of zones, and its cardinality a sum of counts. With
``first``, ``last`` or an index the sets are evaluated object by object. Both ways read the same
tree; they differ only in what a set is (see _Counts and _Objects).
"""

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import yaml

from quantlearn.errors import QuantlearnError
from quantlearn.semantics import language as lang
from quantlearn.semantics.language import ExpressionError, parse
from quantlearn.yamlfile import YamlError, read_text

__all__ = [
    "AmbiguousQuantifierError",
    "Lexicon",
    "LexiconError",
    "Quantifier",
    "UnknownQuantifierError",
    "all_zone_counts",
    "count_scenes",
    "load_lexicon",
    "zone_counts",
]

ZONES = 4
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
        if counts.ndim != 2 or counts.shape[1] != ZONES or counts.dtype.kind not in "iu":
            raise ValueError("counts must be integers of shape (n, 4)")
        model = _Counts(counts.T.astype(np.int64))
        return np.broadcast_to(_Evaluation(model).value(self.tree), len(counts)).copy()


def zone_counts(scenes: np.ndarray) -> np.ndarray:
    """The number of objects in A∩B, A∖B, B∖A and neither: integer (n, 4).

    >>> zone_counts(np.array([[0, 0, 2, 3], [1, 4, 4, 4]], dtype=np.uint8))
    array([[2, 0, 1, 1],
           [0, 1, 0, 0]])
    """
    counts = np.empty((len(scenes), ZONES), dtype=np.int64)
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
    counts = np.zeros((sum(map(len, parts)), ZONES), dtype=np.int64)
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
    if len(set(zones)) != len(zones) or not set(zones) <= set(range(ZONES)):
        raise ValueError(f"zones must be distinct codes from 0 to {ZONES - 1}, found {zones}")
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
    if scenes.size and scenes.max() > ZONES:
        raise ValueError(f"zone codes go from 0 to {ZONES} (padding), found {scenes.max()}")


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
        return self.objects < ZONES

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
    counts = np.empty((ZONES, objects.shape[1]), dtype=np.int64)
    for zone in range(ZONES):
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


# The lexicon --------------------------------------------------------------------------------------

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_NUMERAL = r"(0|[1-9][0-9]*)"  # no leading zeros: one quantifier, one name
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]|(?<!\})\{[A-Za-z_]\w*\})*")


class LexiconError(QuantlearnError):
    """A lexicon file with faults; ``lines`` has one line for each of them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


class UnknownQuantifierError(QuantlearnError, KeyError):
    """A name that the lexicon does not have."""

    __str__ = Exception.__str__  # KeyError would show the message in quotes


class AmbiguousQuantifierError(QuantlearnError):
    """A name that several families of the lexicon have."""


@dataclass(frozen=True)
class _Family:
    """A name and an expression with placeholders, such as ``at_least_{n}``."""

    name: str
    expression: str

    @cached_property
    def placeholders(self) -> list[str]:
        return _PLACEHOLDER.findall(self.name)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(_PLACEHOLDER.sub(lambda _: _NUMERAL, self.name))

    def values(self, name: str) -> list[str] | None:
        """The numerals in the places of the placeholders, or None when the name does not fit."""
        match = self._pattern.fullmatch(name)
        return list(match.groups()) if match else None

    def member(self, values: Sequence[str]) -> Quantifier:
        """The quantifier that has these numerals in the places of the placeholders."""
        return Quantifier(self.filled(self.name, values), self.filled(self.expression, values))

    def filled(self, text: str, values: Sequence[str]) -> str:
        """The text with these numerals in the places of the family's placeholders."""
        numerals = dict(zip(self.placeholders, values, strict=True))
        return _PLACEHOLDER.sub(lambda match: numerals[match[1]], text)


class Lexicon:
    """Quantifiers by name, from a mapping of names to expressions.

    A ``{n}`` in a name makes a family: ``at_least_{n}`` has the members at_least_0, at_least_1 and
    so on. A name of its own wins over a member of a family.

    >>> lexicon = Lexicon({"some": "|A & B| > 0", "at_least_{n}": "|A & B| >= {n}"})
    >>> lexicon["at_least_7"].expression
    '|A & B| >= 7'
    >>> "at_least_many" in lexicon
    False

    Raises LexiconError, with all faults at once.
    """

    def __init__(self, expressions: dict[str, str], source: str | Path = "lexicon") -> None:
        self.source = str(source)
        self.expressions = dict(expressions)
        faults = [
            f"{self.source}: {name}: {fault}"
            for name, expression in self.expressions.items()
            for fault in _entry_faults(name, expression)
        ]
        faults += self._clashes()
        if faults:
            raise LexiconError(faults)
        self._families = [
            _Family(name, expression)
            for name, expression in self.expressions.items()
            if "{" in name
        ]

    @property
    def names(self) -> list[str]:
        """The names that stand for one quantifier each, in the order of the file."""
        return [name for name in self.expressions if "{" not in name]

    @property
    def families(self) -> list[str]:
        """The names with placeholders, in the order of the file."""
        return [family.name for family in self._families]

    def __getitem__(self, name: str) -> Quantifier:
        """The quantifier of this name.

        Raises UnknownQuantifierError, AmbiguousQuantifierError, and LexiconError when a family's
        expression does not allow the number in the name.
        """
        if name in self.expressions and "{" not in name:
            return Quantifier(name, self.expressions[name])
        fits = [(family, values) for family in self._families if (values := family.values(name))]
        if not fits:
            raise UnknownQuantifierError(self._unknown(name))
        if len(fits) > 1:
            families = " and ".join(family.name for family, _ in fits)
            raise AmbiguousQuantifierError(
                f"{self.source}: {name} belongs to {families}; rename one, or give {name} a line"
            )
        family, values = fits[0]
        try:
            return family.member(values)
        except ExpressionError as error:
            raise LexiconError([f"{self.source}: {name}: {_one_line(error)}"]) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            name in self.names or any(family.values(name) for family in self._families)
        )

    def _clashes(self) -> list[str]:
        """A line for each family whose members have the very names of an earlier family's."""
        first: dict[str, str] = {}
        lines = []
        for name in self.expressions:
            other = first.setdefault(_PLACEHOLDER.sub("{}", name), name)
            if other != name:
                lines.append(f"{self.source}: {name}: names the same as {other}; remove one")
        return lines

    def _unknown(self, name: str) -> str:
        # Families take part in the comparison with the numerals that the name has.
        numerals = [digits.lstrip("0") or "0" for digits in re.findall("[0-9]+", name)]
        candidates = {known.lower(): known for known in self.names}
        for family in self._families:
            fits = len(family.placeholders) == len(numerals)
            known = family.filled(family.name, numerals) if fits else family.name
            candidates[known.lower()] = known
        close = difflib.get_close_matches(name.lower(), candidates, n=3)
        meant = " or ".join(candidates[each] for each in close)
        remedy = f"did you mean {meant}?" if meant else f"add a line for it to {self.source}"
        return f"{self.source} has no quantifier {name!r}; {remedy}"


def load_lexicon(path: str | Path) -> Lexicon:
    """Reads a lexicon from a YAML file that maps names to expressions.

    Raises LexiconError with one line for each fault of the file: YAML that does not parse, a name
    that stands twice, a value that is no text, a placeholder without counterpart, an expression
    that is not well formed.
    """
    try:
        root = yaml.compose(read_text(Path(path)), Loader=yaml.SafeLoader)
    except YamlError as error:
        raise LexiconError([str(error)]) from None
    except yaml.YAMLError as error:
        raise LexiconError([f"{path}{_yaml_fault(error)}"]) from None
    except RecursionError:
        raise LexiconError([f"{path}: is nested too deeply"]) from None
    if not isinstance(root, yaml.MappingNode):
        raise LexiconError([f'{path}: expected lines such as every: "A <= B"'])
    # The nodes are read as they are: YAML 1.1 would make False of the name `no`.
    expressions: dict[str, str] = {}
    faults = []
    for key, value in root.value:
        place = f"{path}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            faults.append(f"{place}: expected a name, found a {key.id}")
        elif key.value in expressions:
            faults.append(f"{place}: {key.value}: stands twice; remove or rename one")
        elif value.tag != "tag:yaml.org,2002:str":
            found = _cut(value.value) or "nothing" if value.id == "scalar" else f"a {value.id}"
            faults.append(f"{place}: {key.value}: expected an expression in quotes, found {found}")
        else:
            expressions[key.value] = value.value
    try:
        lexicon = Lexicon(expressions, source=path)
    except LexiconError as error:
        raise LexiconError(faults + error.lines) from None
    if faults:
        raise LexiconError(faults)
    return lexicon


def _entry_faults(name: str, expression: str) -> list[str]:
    """What is wrong with a line of the lexicon."""
    if not _NAME.fullmatch(name):
        return [
            "not a name; names have letters, digits and _, begin with a letter, and may hold "
            "placeholders such as {n}, with something between any two"
        ]
    in_name, in_expression = (_PLACEHOLDER.findall(text) for text in (name, expression))
    if len(set(in_name)) < len(in_name):
        return ["a placeholder stands twice in the name; give each its own letter"]
    faults = [
        f"{{{each}}} is in the name but not in the expression {expression!r}; use it or drop it"
        for each in in_name
        if each not in in_expression
    ]
    faults += [
        f"{{{each}}} is in the expression {expression!r} but not in the name; add it to the name"
        for each in dict.fromkeys(in_expression)
        if each not in in_name
    ]
    if faults:
        return faults
    try:
        # Numbers change nothing about form and types, so one member stands for all.
        _Family(name, expression).member(["1"] * len(in_name))
    except ExpressionError as error:
        return [_one_line(error)]
    return []


def _one_line(error: ExpressionError) -> str:
    return f"{error.problem}, at column {error.column} of {_cut(error.expression)!r}"


def _cut(text: str) -> str:
    """A text as it is shown in a message that has to stay a line."""
    return text if len(text) <= 200 else f"{text[:199]}…"


def _yaml_fault(error: yaml.YAMLError) -> str:
    """The place and the cause of a YAML error, to be put after the path."""
    mark = getattr(error, "problem_mark", None)
    place = f":{mark.line + 1}" if mark else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    return f'{place}: not YAML: {problem}; write each line as name: "expression", in quotes'
