"""Families of quantifiers: those whose expressions are made with the same means.

A quantifier of the lexicon belongs to the family of its name, at_least_4 to at_least_{n}. Generated
quantifiers have no names that say anything. Their families are the sets of primitives in their
expressions, which are the shortest of their meanings: what is compared (sets, or numbers), whether
the order of objects counts, and which connectives join comparisons. Operations on sets are in
nearly all of them and do not tell families apart; neither does negation, so that a quantifier and
its negation are of one family.
"""

from quantlearn.semantics import language as lang
from quantlearn.semantics.quantifiers import Quantifier

__all__ = ["family"]

_PRIMITIVES: dict[str, tuple[type[lang.Node], ...]] = {
    "sets": (lang.SetComparison,),
    "numbers": (lang.IntegerComparison,),
    "order": (lang.Index, lang.First, lang.Last),
}


def family(quantifier: Quantifier) -> str:
    """The primitives of its expression, joined by " + ".

    >>> family(Quantifier("only or every", "not (B <= A or A <= B)"))
    'sets + or'
    >>> family(Quantifier("first 3", "|A| >= 3 and first(3, A) <= B"))
    'sets + numbers + order + and'
    """
    nodes = list(quantifier.tree.walk())
    found = [
        name
        for name, kinds in _PRIMITIVES.items()
        if any(isinstance(node, kinds) for node in nodes)
    ]
    joined = {node.operator for node in nodes if isinstance(node, lang.Connective)}
    return " + ".join([*found, *sorted(joined)])
