"""Expressions in the prefix notation of ULTK, the Unnatural Language ToolKit.

    and(subset_eq(A, B), equals(cardinality(A), cardinality(B)))

ULTK's example learn_quant writes generated quantifiers so. Here they are translated into the
language of language.py, so that whatever takes a lexicon's quantifier takes these as well.

ULTK counts the objects of a set from 0 and the language from 1: ``index(i, S)`` is ``S[i + 1]``.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pandas as pd
import yaml
from lark import Lark, Token, Tree, UnexpectedInput

from quantlearn.errors import QuantlearnError
from quantlearn.semantics import syntax as lang
from quantlearn.semantics.language import ExpressionError
from quantlearn.semantics.quantifiers import Quantifier

__all__ = ["read_expressions", "translate"]

_NAMES = ("A", "B", "M")
_COLUMNS = ("term_expression", "expression_name", "grammatical_expression")

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
    """An expression in prefix notation, as the language of language.py writes it.

    >>> translate("and(subset_eq(A, B), equals(cardinality(A), cardinality(B)))")
    'A <= B and |A| == |B|'
    >>> translate("subset_eq(index(cardinality(A), union(A, B)), B)")
    '(A + B)[|A| + 1] <= B'

    Raises ExpressionError when it does not follow the notation, mixes types, or exceeds the bounds
    of the language.
    """
    if len(expression) > _LONGEST:
        raise ExpressionError(
            f"expressions have at most {_LONGEST} characters, found {len(expression)}",
            expression,
            (_LONGEST, _LONGEST + 1),
        )
    try:
        tree = _parser().parse(expression)
    except UnexpectedInput as error:
        place = min(error.pos_in_stream or 0, len(expression))
        raise ExpressionError(
            "expected prefix notation, such as subset_eq(A, B)", expression, (place, place + 1)
        ) from None
    node = _node(tree, expression, depth=1)
    if not isinstance(node, lang.Truth):
        raise ExpressionError(
            f"a quantifier is a truth, but this is {node.kind}", expression, (0, len(expression))
        )
    return str(node)


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
    """The quantifiers of a list of ULTK's, each named by its own expression in prefix notation.

    The file is a table (.csv) with a column term_expression or expression_name; or YAML (.yml,
    .yaml) in which these, or grammatical_expression, are keys; or text with an expression a line.
    Expressions that stand twice count once.

    Raises `QuantlearnError` when the file cannot be read or names no expression, with the place of
    the first expression that is not well formed.
    """
    path = Path(path)
    try:
        found = dict.fromkeys(_listed(path))
    except RecursionError:
        raise QuantlearnError(f"{path}: cannot be read: it is nested too deep") from None
    except (OSError, ValueError, yaml.YAMLError) as fault:
        raise QuantlearnError(f"{path}: cannot be read: {fault}") from None
    if not found:
        raise QuantlearnError(
            f"{path}: has no expressions; give a table with a column {_COLUMNS[0]}, YAML with that "
            "key, or a line for each"
        )
    quantifiers = []
    for number, expression in enumerate(found, start=1):
        try:
            quantifiers.append(Quantifier(expression, translate(expression)))
        except ExpressionError as error:
            raise QuantlearnError(f"{path}: expression {number}: {error}") from None
    return quantifiers


def _listed(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".csv":
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
            for column in _COLUMNS:
                if column in table:
                    yield from table[column]
                    return
        case ".yml" | ".yaml":
            # Read as nodes: ULTK's files are full of Python objects that must not be built.
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            yield from _in_yaml(root, set()) if root else ()
        case _:
            yield from (line.strip() for line in text.splitlines() if line.strip())


def _in_yaml(node: yaml.Node, seen: set[int]) -> Iterator[str]:
    if id(node) in seen:
        return  # an alias, of which there may be exponentially many
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _in_yaml(item, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in _COLUMNS and isinstance(value, yaml.ScalarNode):
                yield value.value
