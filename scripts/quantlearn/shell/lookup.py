"""Quantifiers by what a reader calls them: a name, a member of a family, an expression."""

from pathlib import Path

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.lexicon import Lexicon, load_lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.settings.question import named

__all__ = ["lexicon", "lexicon_file", "quantifier"]

_FILE = "config/quantifiers.yaml"


def lexicon_file() -> Path:
    """Find config/quantifiers.yaml in the working folder or above it, so that docs/ will do too.

    Raises `QuantlearnError` where there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / _FILE).is_file():
            return Path(_FILE) if folder == here else folder / _FILE
    raise QuantlearnError(f"{_FILE}: is not in {here} nor above it: go to the project's folder")


def lexicon() -> Lexicon:
    """Read the lexicon of the project in whose folder we are."""
    return load_lexicon(lexicon_file())


def quantifier(asked: str | Quantifier) -> Quantifier:
    """Find a quantifier by its name, or make one of an expression.

    Raises `QuantlearnError` for what is neither.

    >>> quantifier("at_least_7").expression
    '|A & B| >= 7'
    >>> quantifier("|A & B| >= 7").name
    'A_and_B_at_least_7'
    """
    if isinstance(asked, Quantifier):
        return asked
    known = lexicon()
    name, expression = named(asked.strip(), known)
    return known[name] if expression is None else Quantifier(name, expression)
