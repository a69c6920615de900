"""The meaning of a quantifier in plain English, made from the tree of its expression.

A name may mislead: *most reversed* tells nobody that most Bs are As, and nothing but the expression
is what networks learn. A comparison becomes a sentence of its own where English has one ("at least
4 As are Bs"); whatever is left speaks of numbers of objects.
"""

from collections.abc import Sequence

from quantlearn.figures.labels import UNIVERSALS
from quantlearn.semantics import syntax as lang
from quantlearn.semantics.universals import DIRECTIONS, SIGNATURES

__all__ = ["meaning", "profile"]

_MORE = {"==": "exactly", "!=": "not exactly", ">": "more than", ">=": "at least"}
_MORE |= {"<": "fewer than", "<=": "at most"}
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_IS = {"==": "is", "!=": "is not", ">": "is greater than", ">=": "is at least"}
_IS |= {"<": "is less than", "<=": "is at most"}
_ORDINALS = {1: "first", 2: "second", 3: "third"}


def meaning(tree: lang.Truth) -> str:
    """Say in words when a quantifier is true.

    >>> from quantlearn.semantics.language import parse
    >>> meaning(parse("|A & B| > |A - B|"))
    'there are more As that are Bs than As that are not Bs'
    >>> meaning(parse("|A| >= 3 and first(3, A) <= B"))
    'there are at least 3 As and the first 3 As are Bs'
    """
    match tree:
        case lang.Not(operand=lang.SetComparison(operator="<=", left=left)) if not _given(left):
            said = f"not {meaning(tree.operand)}"
        case lang.Not():
            said = f"it is not so that {_clause(tree.operand)}"
        case lang.Connective():
            either = "either " * (tree.operator == "or")
            said = either + f" {tree.operator} ".join(_clauses(tree, tree.operator))
        case lang.SetComparison():
            said = _of_sets(tree)
        case lang.IntegerComparison(left=lang.Cardinality(), right=lang.Number()):
            said = _counted(tree.left.operand, tree.operator, tree.right.value)
        case lang.IntegerComparison(left=lang.Number(), right=lang.Cardinality()):
            said = _counted(tree.right.operand, _TURNED[tree.operator], tree.left.value)
        case lang.IntegerComparison(left=lang.Cardinality(), right=lang.Cardinality()):
            said = _against(tree.left.operand, tree.operator, tree.right.operand)
        case _:
            said = _divided(tree) or _proportion(tree) or _of_integers(tree)
    return said


def _clauses(tree: lang.Truth, operator: str) -> list[str]:
    """The truths that one connective joins, however many."""
    if isinstance(tree, lang.Connective) and tree.operator == operator:
        return [*_clauses(tree.left, operator), *_clauses(tree.right, operator)]
    return [_clause(tree)]


def _clause(tree: lang.Truth) -> str:
    """A truth as part of another one; one that is made of several stands in brackets."""
    inner = meaning(tree)
    return f"({inner})" if isinstance(tree, lang.Connective) else inner


# Sets ---------------------------------------------------------------------------------------------


def _given(part: lang.Set) -> bool:
    """Whether a set is of certain objects, such as the first A, and not of all of a kind."""
    return isinstance(part, lang.First | lang.Last | lang.Index)


def _single(part: lang.Set) -> bool:
    number = part.count if isinstance(part, lang.First | lang.Last) else None
    return isinstance(part, lang.Index) or number == lang.Number(1)


def _noun(part: lang.Set, one: bool = False) -> str:
    """What the objects of a set are called, one of them or several."""
    which = "first" if isinstance(part, lang.First) else "last"
    match part:
        case lang.SetName():
            noun = "object" if part.name == "M" else part.name
            said = noun if one else f"{noun}s"
        case lang.Complement():
            said = f"{_noun(lang.SetName('M'), one)} that {_are(part.operand, one, no=True)}"
        case lang.SetOperation(operator="&" | "-") if not _given(part.left):
            said = f"{_noun(part.left, one)} that {_are(part.right, one, part.operator == '-')}"
        case lang.SetOperation():
            joined = {"&": "and", "-": "and not", "+": "or", "^": "or else"}[part.operator]
            either = f"{_what(part.left, one)} {joined} {_what(part.right, one)}"
            said = f"{_noun(lang.SetName('M'), one)} that {'is' if one else 'are'} {either}"
        case lang.Index(position=lang.Number(value=place)):
            said = f"the {_ordinal(place)} {_noun(part.operand, one=True)}"
        case lang.Index():
            said = f"object number {part.position} of the {_noun(part.operand)}"
        case _ if _single(part):
            said = f"the {which} {_noun(part.operand, one=True)}"
        case _:
            said = f"the {which} {part.count} {_noun(part.operand)}"
    return said


def _what(part: lang.Set, one: bool) -> str:
    """What objects are that belong to a set.

    >>> _what(lang.SetName("A"), one=True), _what(lang.SetName("M"), one=True)
    ('an A', 'an object')
    """
    if _given(part):
        return _noun(part) if _single(part) else f"among {_noun(part)}"
    noun = _noun(part, one)
    return f"a{'n' * (noun[0] in 'Ao')} {noun}" if one else noun


def _are(part: lang.Set, one: bool, no: bool = False) -> str:
    return f"{'is' if one else 'are'} {'not ' * no}{_what(part, one)}"


def _ordinal(place: int) -> str:
    """A place in words.

    >>> [_ordinal(place) for place in (2, 4, 11, 21)]
    ['second', '4th', '11th', '21st']
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return _ORDINALS.get(place, f"{place}{'th' if place % 100 in (11, 12, 13) else ending}")


# Truths -------------------------------------------------------------------------------------------


def _of_sets(tree: lang.SetComparison) -> str:
    left, right = tree.left, tree.right
    if tree.operator in ("==", "!="):
        no = " not" * (tree.operator == "!=")
        if _single(left) and _single(right):
            return f"{_noun(left)} is{no} {_noun(right)}"
        first, second = ("the " * (not _given(one)) + _noun(one) for one in (left, right))
        return f"{first} are{no} the same objects as {second}"
    both = isinstance(left, lang.SetOperation) and left.operator == "+"
    if both and _given(left.left) and _given(left.right):
        inside = f"{_noun(left.left)} and {_noun(left.right)} {_are(right, one=False)}"
    else:
        inside = f"{'all ' * (not _given(left))}{_noun(left)} {_are(right, _single(left))}"
    return inside if tree.operator == "<=" else f"{inside} but not the other way round"


def _counted(counted: lang.Set, operator: str, number: int) -> str:
    """A number of objects against one that is written out."""
    exactly_one = (operator, number) == ("==", 1)
    if exactly_one and _single(counted):
        return f"there is {_noun(counted).replace('the ', 'a ')}"
    parts = isinstance(counted, lang.SetOperation) and counted.operator in "&-"
    if parts and exactly_one and _single(counted.left):
        return f"{_noun(counted.left)} {_are(counted.right, True, counted.operator == '-')}"
    few = {("==", 0): "no", (">", 0): "some"}.get((operator, number))
    many, one = few or f"{_MORE[operator]} {number}", number == 1
    if parts and not _given(counted.left):
        kind = _noun(counted.left, one)
        return f"{many} {kind} {_are(counted.right, one, counted.operator == '-')}"
    return f"there {'is' if one else 'are'} {many} {'of ' * _given(counted)}{_noun(counted, one)}"


def _against(left: lang.Set, operator: str, right: lang.Set) -> str:
    """Two numbers of objects against each other."""
    words = {
        ">": ("more", "than"),
        "<": ("fewer", "than"),
        ">=": ("at least as many", "as"),
        "<=": ("at most as many", "as"),
        "==": ("as many", "as"),
        "!=": ("more or fewer", "than"),
    }
    many, to = words[operator]
    return f"there are {many} {_noun(left)} {to} {_noun(right)}"


def _divided(tree: lang.Truth) -> str:
    """What is said of a number by what is left when it is divided; nothing where there is more."""
    match tree:
        case lang.IntegerComparison(
            operator="==",
            left=lang.Arithmetic(operator="%", right=lang.Number(value=by)),
            right=lang.Number(value=rest),
        ) if rest == 0 or (by, rest) == (2, 1):
            found = {(2, 0): "even", (2, 1): "odd"}.get((by, rest), f"a multiple of {by}")
            return f"{_integer(tree.left.left)} is {found}"
    return ""


def _proportion(tree: lang.Truth) -> str:
    """A share of a set that is in another; nothing where the comparison is of another kind.

    >>> from quantlearn.semantics.language import parse
    >>> _proportion(parse("100 * |A & B| > 75 * |A|")), _proportion(parse("2 * |A & B| == |A|"))
    ('more than 75 % of the As are Bs', 'exactly half of the As are Bs')
    """
    match tree:
        case lang.IntegerComparison(
            left=lang.Arithmetic(
                operator="*",
                left=lang.Number(value=of),
                right=lang.Cardinality(
                    operand=lang.SetOperation(operator="&", left=kind, right=rest)
                ),
            ),
            right=lang.Cardinality() | lang.Arithmetic(operator="*", left=lang.Number()) as all_of,
        ):
            whole = lang.Cardinality(kind)
            share = all_of.left.value if isinstance(all_of, lang.Arithmetic) else 1
            if whole != (all_of.right if isinstance(all_of, lang.Arithmetic) else all_of):
                return ""
            named = {(1, 2): "half"}.get((share, of), f"{share} in {of}")
            named = f"{share} %" if of == 100 else named
            more = _MORE[tree.operator].replace("fewer", "less")
            return f"{more} {named} of the {_noun(kind)} {_are(rest, one=False)}"
    return ""


def _of_integers(tree: lang.IntegerComparison) -> str:
    return f"{_integer(tree.left)} {_IS[tree.operator]} {_integer(tree.right)}"


def _integer(part: lang.Integer) -> str:
    match part:
        case lang.Cardinality():
            return f"the number of {_noun(part.operand)}"
        case lang.Number():
            return str(part.value)
        case lang.Negative():
            return f"minus {_integer(part.operand)}"
        case lang.Arithmetic(operator="//"):
            return f"{_integer(part.left)} divided by {_integer(part.right)} and rounded down"
        case lang.Arithmetic(operator="%"):
            return f"the rest of {_integer(part.left)} divided by {_integer(part.right)}"
    words = {"+": "plus", "-": "minus", "*": "times"}[part.operator]
    return f"{_integer(part.left)} {words} {_integer(part.right)}"


def profile(holding: Sequence[str]) -> str:
    """The universals that hold, as readers look for them: monotone or not, then what is broken.

    >>> profile(["right_upward", "quantity", "extensionality"])
    'upward in B; not conservative'
    """
    directions = [UNIVERSALS[universal] for universal in DIRECTIONS if universal in holding]
    adjectives = {
        "quantity": "not quantitative",
        "conservativity": "not conservative",
        "extensionality": "not extensional",
    }
    broken = [adjectives[universal] for universal in SIGNATURES if universal not in holding]
    return "; ".join([" and ".join(directions) or "not monotone", *broken])
