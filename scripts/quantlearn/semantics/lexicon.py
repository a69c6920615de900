"""Quantifiers by name: the lexicon of config/quantifiers.yaml, its families, and generated ones.

config/generated.csv has the columns quantifier, expression, and what `data.selection` knew of it.
Its order is such that any first lines are spread evenly over the degrees of monotonicity, so an
experiment just says how many it takes. Only so many lines are read: settings are loaded by every
job. The negation of a quantifier is true in as many scenes as it is false, and seldom in the table
itself; experiments that compare the two say of how many quantifiers they take it as well.
"""

import csv
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.language import ExpressionError
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.yamlfile import YamlError, read_yaml

__all__ = ["Generated", "Lexicon", "LexiconError", "load_lexicon", "negations", "read_generated"]


_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


_NUMERAL = r"(0|[1-9][0-9]*)"  # no leading zeros: one quantifier, one name


_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]|(?<!\})\{[A-Za-z_]\w*\})*")


class LexiconError(QuantlearnError):
    """A lexicon file with faults; ``lines`` has one line for each of them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


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

    def __getitem__(self, name: str) -> Quantifier:
        """The quantifier of this name.

        Raises QuantlearnError when there is none, when several families have it, and when a
        family's expression does not allow the number in the name.
        """
        if name in self.expressions and "{" not in name:
            return Quantifier(name, self.expressions[name])
        fits = [(family, values) for family in self._families if (values := family.values(name))]
        if not fits:
            raise QuantlearnError(self._unknown(name))
        if len(fits) > 1:
            families = " and ".join(family.name for family, _ in fits)
            raise QuantlearnError(
                f"{self.source}: {name} belongs to {families}; rename one, or give {name} a line"
            )
        family, values = fits[0]
        try:
            return family.member(values)
        except ExpressionError as error:
            raise LexiconError([f"{self.source}: {name}: {_one_line(error)}"]) from None

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
        content = read_yaml(Path(path))
    except YamlError as error:
        remedy = '; write each line as name: "expression", in quotes'
        raise LexiconError([f"{error}{remedy if ': line ' in str(error) else ''}"]) from None
    if not isinstance(content, dict):
        raise LexiconError([f'{path}: expected lines such as every: "A <= B"'])
    faults = [
        f"{path}: {name}: expected an expression in quotes, found "
        f"{'nothing' if value is None else _cut(str(value))}"
        for name, value in content.items()
        if not isinstance(value, str)
    ]
    try:
        lexicon = Lexicon({k: v for k, v in content.items() if isinstance(v, str)}, source=path)
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


_COLUMNS = ("quantifier", "expression", "monotonicity", "meanings")


class Generated(NamedTuple):
    """A generated quantifier: its expression, its degree, and from how many meanings it is drawn.

    These are the meanings in its range of degrees, which has as many quantifiers as others.
    """

    expression: str
    monotonicity: float
    meanings: int


def read_generated(path: str | Path, count: int) -> dict[str, Generated]:
    """The first ``count`` generated quantifiers, by name; fewer where there are fewer.

    Raises `QuantlearnError` when the file cannot be read as such a table.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            lacking = [column for column in _COLUMNS if column not in (rows.fieldnames or ())]
            if lacking:
                raise QuantlearnError(f"{path}: has no column {lacking[0]}: restore the file")
            taken = list(islice(rows, count))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise QuantlearnError(f"{path}: cannot be read: {fault}: restore the file") from None
    names = {row["quantifier"] for row in taken}
    if len(names) < len(taken) or not all(row["expression"] for row in taken):
        raise QuantlearnError(f"{path}: a name stands twice or has no expression: restore the file")
    try:
        return {
            row["quantifier"]: Generated(
                row["expression"], float(row["monotonicity"]), int(row["meanings"])
            )
            for row in taken
        }
    except (TypeError, ValueError):
        text = "monotonicity and meanings must be numbers in every row: restore the file"
        raise QuantlearnError(f"{path}: {text}") from None


def negations(quantifiers: Mapping[str, str], count: int) -> dict[str, str]:
    """The negations of the first ``count`` of the quantifiers, name: expression.

    >>> negations({"generated_0001": "A <= B or B <= A"}, 1)
    {'not_generated_0001': 'not (A <= B or B <= A)'}
    """
    first = islice(quantifiers.items(), count)
    return {f"not_{name}": f"not ({expression})" for name, expression in first}
