"""Expressions in the prefix notation of ULTK, the Unnatural Language ToolKit.

    and(subset_eq(A, B), equals(cardinality(A), cardinality(B)))

ULTK's example learn_quant writes generated quantifiers so. Here they are translated into the
language of language.py, so that whatever takes a lexicon's quantifier takes these as well.

ULTK counts the objects of a set from 0 and the language from 1: ``index(i, S)`` is ``S[i + 1]``.
In a list both notations may stand, and sets and numbers, of which ULTK's lists hold many.
"""

import csv
import json
import logging
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from lark import Lark, Token, Tree, UnexpectedInput

from quantlearn.errors import QuantlearnError
from quantlearn.semantics import syntax as lang
from quantlearn.semantics.language import ExpressionError, parse
from quantlearn.semantics.quantifiers import Quantifier

__all__ = ["read_expressions", "translate"]

log = logging.getLogger("quantlearn")

_NAMES = ("A", "B", "M")
_COLUMNS = ("term_expression", "expression_name", "grammatical_expression", "expression")
_TOLD = 20  # faults of a list, at most

_LONGEST = 5 * lang.MAX_LENGTH  # characters; words are longer here than the signs of the language

_TWO_TRUTHS = (lang.Truth, lang.Truth)
_TWO_SETS = (lang.Set, lang.Set)
_TWO_INTEGERS = (lang.Integer, lang.Integer)

# Function → the types of its arguments, and the node that means the same.
_FUNCTIONS: dict[str, tuple[tuple[type[lang.Node], ...], Callable[..., lang.Node]]] = {
    "and": (_TWO_TRUTHS, partial(lang.Connective, "and")),
    "or": (_TWO_TRUTHS, partial(lang.Connective, "or")),
    "not": ((lang.Truth,), lang.Not),
    "union": (_TWO_SETS, partial(lang.SetOperation, "+")),
    "intersection": (_TWO_SETS, partial(lang.SetOperation, "&")),
    "difference": (_TWO_SETS, partial(lang.SetOperation, "-")),
    "index": (
        (lang.Integer, lang.Set),
        lambda number, members: lang.Index(members, lang.Arithmetic("+", number, lang.Number(1))),
    ),
    "cardinality": ((lang.Set,), lang.Cardinality),
    "subset_eq": (_TWO_SETS, partial(lang.SetComparison, "<=")),
    "equals": (_TWO_INTEGERS, partial(lang.IntegerComparison, "==")),
    "greater_than": (_TWO_INTEGERS, partial(lang.IntegerComparison, ">")),
    "not_equals": (_TWO_INTEGERS, partial(lang.IntegerComparison, "!=")),
    "implies": (_TWO_TRUTHS, lambda one, other: lang.Connective("or", lang.Not(one), other)),
    "complement": ((lang.Set,), lang.Complement),
    "proper_subset": (_TWO_SETS, partial(lang.SetComparison, "<")),
    # With the sets swapped.
    "subset_eq_sw": (_TWO_SETS, lambda one, other: lang.SetComparison("<=", other, one)),
    "difference_sw": (_TWO_SETS, lambda one, other: lang.SetOperation("-", other, one)),
}


@cache
def _parser() -> Lark:
    return Lark(
        r"""
        ?start: term
        term: WORD ["(" term ("," term)* ")"]
        WORD: /[A-Za-z_]\w*|[0-9]+/
        %ignore /\s+/
        """,
        parser="lalr",
        maybe_placeholders=False,
    )


def translate(expression: str) -> str:
    """An expression in prefix notation, or in that of language.py, as language.py writes it.

    >>> translate("and(subset_eq(A, B), equals(cardinality(A), cardinality(B)))")
    'A <= B and |A| == |B|'
    >>> translate("subset_eq(index(cardinality(A), union(A, B)), B)")
    '(A + B)[|A| + 1] <= B'

    Raises ExpressionError when it follows neither notation, mixes types, or exceeds the bounds
    of the language.
    """
    node = _read(expression)
    if not isinstance(node, lang.Truth):
        raise ExpressionError(
            f"a quantifier is a truth, but this is {node.kind}", expression, (0, len(expression))
        )
    return str(node)


_SIGNS = set("|&+-~<>=*/%^∩∪∖⊆⊊⊇⊋≤≥≠∧∨¬")  # of which the prefix notation has none


def _read(expression: str) -> lang.Node:
    if len(expression) > _LONGEST:
        raise ExpressionError(
            f"expressions have at most {_LONGEST} characters, found {len(expression)}",
            expression,
            (_LONGEST, _LONGEST + 1),
        )
    try:
        tree = _parser().parse(expression)
    except UnexpectedInput as error:
        try:
            return parse(expression)
        except ExpressionError:
            if _SIGNS.intersection(expression):
                raise
        place = min(error.pos_in_stream or 0, len(expression))
        raise ExpressionError(
            "expected prefix notation, such as subset_eq(A, B)", expression, (place, place + 1)
        ) from None
    return _node(tree, expression, depth=1)


def _node(tree: Tree, expression: str, depth: int) -> lang.Node:
    word, *below = tree.children
    if depth > lang.MAX_DEPTH:
        raise _fault(f"expressions are nested at most {lang.MAX_DEPTH} deep", word, expression)
    arguments = [_node(argument, expression, depth + 1) for argument in below]
    name = str(word)
    if name in _FUNCTIONS:
        types, build = _FUNCTIONS[name]
        wanted = f"{name} takes {' and '.join(kind.kind for kind in types)}"
        if len(arguments) != len(types):
            raise _fault(f"{wanted}, found {len(arguments)} arguments", word, expression)
        for argument, kind in zip(arguments, types, strict=True):
            if not isinstance(argument, kind):
                found = f"{_short(str(argument))} is {argument.kind}"
                raise _fault(f"{wanted}, but {found}", word, expression)
        return build(*arguments)
    if arguments:
        known = ", ".join(_FUNCTIONS)
        raise _fault(f"unknown function {_short(name)}; there are {known}", word, expression)
    if name.isdigit():
        # The length comes first: int() itself refuses very long texts.
        if len(name) > len(str(lang.LARGEST_NUMBER)) or int(name) > lang.LARGEST_NUMBER:
            problem = f"numbers go up to {lang.LARGEST_NUMBER}, found {_short(name)}"
            raise _fault(problem, word, expression)
        return lang.Number(int(name))
    if name not in _NAMES:
        raise _fault(f"unknown name {_short(name)}; the sets are A, B and M", word, expression)
    return lang.SetName(name)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}…"


def _fault(problem: str, word: Token, expression: str) -> ExpressionError:
    return ExpressionError(problem, expression, (word.start_pos, word.end_pos))


# Lists of expressions -----------------------------------------------------------------------------


def read_expressions(path: str | Path) -> list[Quantifier]:
    """The quantifiers of a list, each named by its own expression.

    The file is a table (.csv, with commas or semicolons) with a column term_expression,
    expression_name, grammatical_expression or expression, in any case; YAML (.yml, .yaml) or JSON
    in which one of these is a key, or that is a list of expressions; or text with an expression a
    line. Lines that begin with # are comments. Expressions that stand twice count once; sets and
    numbers are left out, and the log says how many.

    Raises `QuantlearnError` when the file cannot be read or has no quantifiers, and one with a line
    for each expression that is not well formed.
    """
    path = Path(path)
    try:
        found = dict.fromkeys(filter(None, map(str.strip, _listed(path))))
    except RecursionError:
        raise QuantlearnError(f"{path}: cannot be read: it is nested too deep") from None
    except (OSError, ValueError, yaml.YAMLError, csv.Error) as fault:
        raise QuantlearnError(f"{path}: cannot be read: {fault}") from None
    quantifiers, faults, others = [], [], 0
    for number, expression in enumerate(found, start=1):
        try:
            node = _read(expression)
            if isinstance(node, lang.Truth):
                quantifiers.append(Quantifier(expression, str(node)))
            else:
                others += 1
        except ExpressionError as error:
            place = f"{path}: expression {number}: {_short(expression)}"
            faults.append(f"{place}: {error.problem}, at column {error.column}")
    if faults:
        more = [f"{path}: {len(faults) - _TOLD} more"] if len(faults) > _TOLD else []
        raise QuantlearnError("\n".join([*faults[:_TOLD], *more]))
    if not quantifiers:
        raise QuantlearnError(
            f"{path}: has no expressions of truths; give a table with a column {_COLUMNS[0]}, YAML "
            "or JSON with that key, or a line for each"
        )
    if others:
        log.info("%s: %d of %d entries are sets or numbers, left out", path, others, len(found))
    return quantifiers


def _listed(path: Path) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()  # with a byte order mark or without
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    match path.suffix.lower():
        case ".csv":
            for separator in ",;":
                header, *rows = csv.reader(lines, delimiter=separator) if lines else [[]]
                names = [name.strip().lower() for name in header]
                for place in (names.index(each) for each in _COLUMNS if each in names):
                    yield from (row[place] for row in rows if len(row) > place)
                    return
        case ".yml" | ".yaml":
            # Read as nodes: ULTK's files are full of Python objects that must not be built.
            root = yaml.compose("\n".join(lines), Loader=yaml.SafeLoader)
            if isinstance(root, yaml.SequenceNode):
                yield from (one.value for one in root.value if isinstance(one, yaml.ScalarNode))
            yield from _in_yaml(root, set()) if root else ()
        case ".json":
            root = json.loads("\n".join(lines)) if lines else []
            if isinstance(root, list):
                yield from (one for one in root if isinstance(one, str))
            yield from _in_json(root)
        case _:
            yield from (line.rstrip("; \t") for line in lines)


def _in_json(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _in_json(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.lower() in _COLUMNS and isinstance(item, str):
                yield item
            else:
                yield from _in_json(item)


def _in_yaml(node: yaml.Node, seen: set[int]) -> Iterator[str]:
    if id(node) in seen:
        return  # an alias, of which there may be exponentially many
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _in_yaml(item, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if str(key.value).lower() in _COLUMNS and isinstance(value, yaml.ScalarNode):
                yield value.value
