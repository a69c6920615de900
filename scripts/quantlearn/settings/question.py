"""A question as an experiment: of two quantifiers, which do networks learn sooner?"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.language import ExpressionError
from quantlearn.semantics.lexicon import Lexicon
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.settings.protocol import named_as_file

__all__ = ["TRIALS", "named", "question"]

TRIALS = 10
"""Trials of a question, unless the run says otherwise."""

_LONGEST = 60  # a chapter's title is no longer
_IN_WORDS = {
    **{"//": "over", "<=": "at_most", ">=": "at_least", "==": "is", "!=": "is_not"},
    **{"<": "below", ">": "above", "&": "and", "-": "without", "+": "plus", "*": "times"},
    "%": "mod",
}


def question(asked: Sequence[str], lexicon: Lexicon) -> tuple[str, dict[str, Any], Lexicon]:
    """Make an experiment of two quantifiers: its name, its settings, a lexicon that has both.

    asked: names of the lexicon, members of its families, or expressions, which get a name.

    Raises `QuantlearnError` for what is neither.

    >>> lexicon = Lexicon({"most": "2 * |A & B| > |A|"})
    >>> name, settings, lexicon = question(["|A & B| >= 3", "most"], lexicon)
    >>> name, settings["quantifiers"]
    ('ask_a_and_b_at_least_3_most_...', ['A_and_B_at_least_3', 'most'])
    >>> lexicon["A_and_B_at_least_3"].expression
    '|A & B| >= 3'
    """
    names, own = [], {}
    for text in asked:
        name, expression = named(text.strip(), lexicon)
        names.append(name)
        if expression is not None:
            own[name] = expression
    if len(own) == 2 and len(set(names)) == 1:
        names[1] += "_too"
        own = dict(zip(names, map(str.strip, asked), strict=True))
    first, second = names
    name = f"ask_{first}_{second}".lower()
    if own or len(name) > _LONGEST:  # the name does not say all
        digest = hashlib.sha256(repr((names, own)).encode()).hexdigest()[:6]
        name = f"{name[: _LONGEST - 7].strip('_')}_{digest}"
    title = f"Ask: {first}, {second}".replace("_", " ")
    settings = {
        "title": f"{first} and {second}"[:120],
        "chapter": title if named_as_file(title) == name else name.replace("_", " ").capitalize(),
        "question": f"Which of {first} and {second} do networks learn sooner?"[:500],
        "quantifiers": names,
        "trials": TRIALS,
        "training": {"eval_scenes": 300},
        "figures": ["learning_curves", "convergence_steps", "accuracy_by_counts"],
    }
    known = Lexicon({**lexicon.expressions, **own}, lexicon.source) if own else lexicon
    return name, settings, known


def named(text: str, lexicon: Lexicon) -> tuple[str, str | None]:
    """Name what was asked: a name, with None, or an expression, with itself.

    Raises `QuantlearnError` for what is neither.

    >>> named("2 * |A & B| > |A|", Lexicon({}))
    ('the_2_times_A_and_B_above_A', '2 * |A & B| > |A|')
    """
    if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", text):
        return lexicon[text].name, None
    words = text
    for symbol, word in _IN_WORDS.items():
        words = words.replace(symbol, f" {word} ")
    name = re.sub("[^A-Za-z0-9]+", "_", words.replace("_", " ")).strip("_")[:80]
    if not name[:1].isalpha():
        name = f"the_{name}"  # a name begins with a letter
    try:
        Quantifier(name, text)
    except ExpressionError as fault:
        raise QuantlearnError(
            f"{text!r} is neither a name of {lexicon.source} nor an expression: {fault.problem}, "
            f"at column {fault.column}"
        ) from None
    return name, text
