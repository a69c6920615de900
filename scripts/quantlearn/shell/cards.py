"""What follows from the meaning of a quantifier alone: its card, its degrees, its orbit."""

import re
from collections.abc import Iterable
from itertools import product
from textwrap import fill

import pandas as pd

from quantlearn.errors import QuantlearnError
from quantlearn.figures import formats
from quantlearn.figures.formats import counted
from quantlearn.figures.labels import UNIVERSALS
from quantlearn.figures.lexicon.meanings import meaning, profile
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.symmetry import orbit as orbit_in
from quantlearn.semantics.truth_tables import tabulate, tree_of_numbers
from quantlearn.semantics.universals import degrees as degrees_of
from quantlearn.shell.lookup import lexicon, quantifier

__all__ = ["OBJECTS", "card", "degrees", "degrees_in_words", "orbit", "orbit_in_words"]

OBJECTS = 8
"""Of the largest scenes that are gone through, as on the report's page of quantifiers."""

SCENES = Space(1, 20)
"""In which an orbit is looked for: those of the experiments of 2019."""

Asked = str | Quantifier
"""A quantifier, by its name, as an expression or as it is."""

_LEGEND = f"of all scenes of 0 to {OBJECTS} objects; 1 holds without exception"


def degrees(*asked: Asked) -> pd.DataFrame:
    """Find how far quantifiers keep each universal: a row for each, by its name.

    The columns are `truth_rate`, the share of true scenes, and degrees from 0 to 1, as in the table
    degrees.csv. Raises `QuantlearnError` for what is no quantifier.

    >>> degrees("every", "even")["right_upward"].tolist()
    [1.0, 0.0]
    """
    table = tabulate([quantifier(each) for each in asked], OBJECTS)
    found = degrees_of(table)
    found.insert(0, "truth_rate", table.truth.mean(axis=1))
    return found


def card(asked: Asked) -> str:
    """Say what follows from the meaning of a quantifier.

    Raises `QuantlearnError` for what is no quantifier.

    >>> print(card("no"))
    no: no As are Bs
    <BLANKLINE>
    expression      |A & B| == 0
    universals      downward in B and downward in A
    true in         11.3 % of all scenes of 0 to 8 objects
    ...
    """
    own = quantifier(asked)
    found = degrees(own).loc[own.name]
    holding = [name for name in UNIVERSALS if found[name] == 1]
    lines = [
        fill(f"{own.name}: {meaning(own.tree)}", 80),
        "",
        f"expression      {own.expression}",
        f"universals      {profile(holding)}",
        f"true in         {100 * found['truth_rate']:.1f} % {_LEGEND.partition(';')[0]}",
        "",
        *(f"{text:<15} {formats.degree(found[name])}" for name, text in UNIVERSALS.items()),
        "",
        f"tree of numbers: a row for each number of As, 0 to {OBJECTS}; to the right more are Bs",
        "(+ true, - false, o true in some of the scenes with so many)",
        *_tree(own),
    ]
    return "\n".join(lines)


def _tree(own: Quantifier) -> list[str]:
    """The lines of van Benthem's tree of numbers."""
    tree = tree_of_numbers(tabulate([own], OBJECTS), own.name).set_index(["a_only", "both"])
    marks = (tree["true"] > 0).map({True: "+", False: "-"}).mask(tree["mixed"], "o")
    return [
        " " * (16 + OBJECTS - row) + " ".join(marks[row - both, both] for both in range(row + 1))
        for row in range(OBJECTS + 1)
    ]


def degrees_in_words(asked: Iterable[Asked]) -> str:
    """Write the degrees of quantifiers as a table."""
    found = degrees(*asked)
    heads = ["B up", "B down", "A up", "A down", "quantity", "conserv.", "extens."]
    shown = found[list(UNIVERSALS)].map(formats.degree).set_axis(heads, axis="columns")
    shown.insert(0, "true in", [f"{100 * rate:.1f} %" for rate in found["truth_rate"]])
    return f"{shown.rename_axis(None).to_string()}\n({_LEGEND})"


def orbit(asked: Asked) -> list[Quantifier]:
    """Find the quantifiers that are one learning problem with this one, itself first.

    They are what it becomes when zones change their names, and true and false. One that is in the
    lexicon, or a family's member with a number near those here, is as it is there; all others have
    the name of this one. Raises `QuantlearnError` for what is no quantifier.

    >>> [each.name for each in orbit("every")]
    ['every', 'only', 'every', 'no', 'not_all', 'not_only', 'every', 'some']
    """
    own = quantifier(asked)
    return orbit_in(own, SCENES, _known(own))


def _known(own: Quantifier) -> list[Quantifier]:
    """The quantifiers of the lexicon, and members of families with numbers like those here."""
    known = lexicon()
    numbers = {int(number) for number in re.findall(r"\d+", own.expression)}
    near = sorted(number + step for number in numbers for step in (-1, 0, 1) if number + step >= 0)
    names = list(known.names)
    for family in known.expressions:
        text, *others = re.split(r"\{\w+\}", family)
        for filled in product(dict.fromkeys(near), repeat=len(others)) if others else ():
            pairs = zip(filled, others, strict=True)
            names.append(text + "".join(f"{number}{part}" for number, part in pairs))
    found = []
    for name in dict.fromkeys(names):
        try:
            found.append(known[name])
        except QuantlearnError:  # a number that this family does not have, such as 0
            continue
    return found


def orbit_in_words(asked: Asked) -> str:
    """Write the orbit of a quantifier as a table."""
    own, *others = orbit(asked)
    others.sort(key=lambda each: each.name == own.name)
    rows = [
        ("", each.expression, "")
        if each.name == own.name
        else (each.name, each.expression, meaning(each.tree))
        for each in others
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    where = f"in scenes of {SCENES.min_size} to {SCENES.max_size} objects in all four zones"
    head = f"{own.name} is one learning problem with {counted(len(others), 'other')}, {where}:"
    return "\n".join([head, "", *lines])
