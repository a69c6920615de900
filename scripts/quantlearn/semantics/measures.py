"""What follows from the meanings of quantifiers alone, as tables: degrees, complexity, examples."""

from collections.abc import Mapping

import pandas as pd

from quantlearn.columns import Column, Schema
from quantlearn.report_columns import ORBITS
from quantlearn.semantics.automata import minimal_states
from quantlearn.semantics.complexity import (
    boundaries,
    boundary_density,
    family,
    lempel_ziv_complexity,
    truth_sets,
)
from quantlearn.semantics.grammar import Meanings, generate
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.semantics.symmetry import orbit, orbits
from quantlearn.semantics.truth_tables import TruthTable, tabulate, tree_of_numbers
from quantlearn.semantics.ultk import translate
from quantlearn.semantics.universals import (
    DIRECTIONS,
    degrees,
    degrees_of_orbit,
    minimal_pairs,
    monotonicity_variants,
)

__all__ = [
    "COMPLEXITY",
    "DEGREES",
    "GENERATED",
    "LEFT_OUT",
    "MINIMAL_PAIRS",
    "TREES",
    "TRUTH_RATES",
    "described",
    "measures",
    "orbits_table",
]

_OBJECTS_OF_SEQUENCE = 6  # as in the literature on Lempel–Ziv complexity; 5,460 scenes

_SPACE_OF_2019 = Space(1, 20)  # by which orbits are told apart
_OBJECTS_OF_ORBITS = 7  # of the largest scenes by which an orbit's degrees are computed

# Where expressions are looked for: deep enough for most of the lexicon, and found in a second.
_DEPTH = 4
_LARGEST_NUMBER = 6
_LARGEST_SCENE = 6


def measures(expressions: Mapping[str, str], objects: int) -> pd.DataFrame:
    """Degrees, truth rate and complexity of each quantifier, by its name.

    expressions: name → expression; objects: the size of the largest scenes that are gone through.
    ``monotonicity`` is the largest of the four directions, the other variants of its degree have
    names of their own; ``orbit_mean`` and ``orbit_max`` are over the quantifier's orbit, and
    ``placebo`` is what of its own degree is not the mean of the orbit.

    >>> found = measures({"every": "A <= B", "even": "|A & B| % 2 == 0"}, objects=4)
    >>> found["monotonicity"].round(2).tolist()
    [1.0, 0.23]
    """
    quantifiers = [Quantifier(*item) for item in expressions.items()]
    table = tabulate(quantifiers, objects)
    sequences = tabulate(quantifiers, min(objects, _OBJECTS_OF_SEQUENCE), min_size=1)
    of_orbit = degrees_of_orbit(table)
    found = _degrees(table, expressions).rename(columns={"max_direction": "monotonicity"})
    return found.join(truth_sets(table)).assign(
        orbit_mean=of_orbit["mean"],
        orbit_max=of_orbit["max"],
        placebo=found["monotonicity"] - of_orbit["mean"],
        mirrored_downward=of_orbit["mirrored"],
        family=[family(quantifier) for quantifier in quantifiers],
        nodes=[_nodes(quantifier) for quantifier in quantifiers],
        operators=[_operators(quantifier) for quantifier in quantifiers],
        lempel_ziv=[lempel_ziv_complexity(sequences, name) for name in table.names],
    )


def described(expressions: Mapping[str, str], objects: int) -> dict[str, pd.DataFrame]:
    """What is known of each quantifier from all scenes of at most so many objects.

    A row of ``degrees`` and of ``complexity`` is a quantifier, one of ``trees`` a node of its tree
    of numbers, one of ``pairs`` a universal that it breaks, one of ``rates`` a size of scenes.

    >>> described({"some": "|A & B| > 0"}, objects=2)["rates"]["truth_rate"].tolist()
    [0.0, 0.25, 0.4375]
    """
    quantifiers = [Quantifier(*item) for item in expressions.items()]
    table = tabulate(quantifiers, objects)
    trees = {name: tree_of_numbers(table, name) for name in table.names}
    pairs = [
        (name, pair.universal, "".join(map(str, pair.true)), "".join(map(str, pair.false)))
        for name in table.names
        for pair in minimal_pairs(table, name).values()
    ]
    rates = [
        (name, size, rate)
        for name, rates in zip(table.names, table.truth_rates().tolist(), strict=True)
        for size, rate in enumerate(rates)
    ]
    return {
        "degrees": _degrees(table, expressions).reset_index(),
        "complexity": _complexity(table, quantifiers, trees),
        "trees": pd.concat(trees, names=["quantifier", None]).reset_index(level=0),
        "pairs": pd.DataFrame(pairs, columns=["quantifier", "universal", "true", "false"]),
        "rates": pd.DataFrame(rates, columns=["quantifier", "size", "truth_rate"]),
    }


def orbits_table(expressions: Mapping[str, str]) -> pd.DataFrame:
    """Find the orbit of each quantifier (name → expression), with the columns of `ORBITS`.

    Which quantifiers are in one orbit is decided by scenes of 1 to 20 objects in all four zones.

    >>> orbits_table({"every": "A <= B", "some": "|A & B| > 0"})[["orbit", "size"]].values.tolist()
    [['every', 8], ['every', 8]]
    """
    quantifiers = {name: Quantifier(name, text) for name, text in expressions.items()}
    found = orbits(list(quantifiers.values()), _SPACE_OF_2019)
    facts = {name: _facts_of_orbit(quantifiers[name]) for name in dict.fromkeys(found.values())}
    rows = [
        {
            "quantifier": name,
            "expression": quantifier.expression,
            "orbit": found[name],
            "ordered": quantifier.is_positional,
            **facts[found[name]],
        }
        for name, quantifier in quantifiers.items()
    ]
    return pd.DataFrame(rows, columns=list(ORBITS))


def _facts_of_orbit(quantifier: Quantifier) -> dict[str, float]:
    """The size of an orbit, and the range of two degrees within it."""
    members = orbit(quantifier, _SPACE_OF_2019)
    named = [Quantifier(str(place), member.expression) for place, member in enumerate(members)]
    found = degrees(tabulate(named, _OBJECTS_OF_ORBITS))
    monotonicity = found[list(DIRECTIONS)].max(axis="columns")
    return {
        "size": len(members),
        "monotonicity_lowest": monotonicity.min(),
        "monotonicity_highest": monotonicity.max(),
        "conservativity_lowest": found["conservativity"].min(),
        "conservativity_highest": found["conservativity"].max(),
    }


def _degrees(table: TruthTable, expressions: Mapping[str, str]) -> pd.DataFrame:
    return pd.concat([degrees(table), monotonicity_variants(table)], axis=1).assign(
        expression=pd.Series(expressions), truth_rate=table.truth.mean(axis=1)
    )


def _nodes(quantifier: Quantifier) -> int:
    return sum(1 for _ in quantifier.tree.walk())


def _operators(quantifier: Quantifier) -> int:
    return sum(1 for node in quantifier.tree.walk() if node.children)


def _complexity(
    table: TruthTable, quantifiers: list[Quantifier], trees: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    small = tabulate(quantifiers, min(table.max_size, _LARGEST_SCENE))
    meanings = generate(small.scenes, _DEPTH, numbers=range(_LARGEST_NUMBER + 1))
    # As in the literature, without the scene of no object.
    without_empty = tabulate(quantifiers, table.max_size, min_size=1)
    sets, rows = truth_sets(table), []
    for quantifier in quantifiers:
        name = quantifier.name
        text, words = _shortest(meanings, small, table, name)
        in_all, in_row = boundaries(trees[name]) or (None, None)
        rows.append(
            {
                "quantifier": name,
                "expression": quantifier.expression,
                "nodes": _nodes(quantifier),
                "operators": _operators(quantifier),
                "shortest": text,
                "shortest_words": words,
                "lempel_ziv": lempel_ziv_complexity(without_empty, name),
                "boundaries": in_all,
                "boundaries_in_row": in_row,
                "boundary_density": boundary_density(table, name),
                **sets.loc[name].to_dict(),
                "states": minimal_states(quantifier),
            }
        )
    blank = ["shortest_words", "boundaries", "boundaries_in_row", "states"]  # where not known
    return pd.DataFrame(rows).astype(dict.fromkeys(blank, "Int64"))


def _shortest(
    meanings: Meanings, small: TruthTable, table: TruthTable, name: str
) -> tuple[str, int | None]:
    """The shortest generated expression and its words, if it is right in larger scenes as well."""
    found = meanings.shortest(small[name])
    if found is None:
        return "", None
    truth = Quantifier(name, translate(found[0])).verify(table.scenes, table.sizes)
    return found if (truth == table[name]).all() else ("", None)


# The columns of the tables ------------------------------------------------------------------------

DEGREES: Schema = {
    "quantifier": Column("str", "Its name"),
    "expression": Column("str", "Its expression"),
    "truth_rate": Column("float64", "Share of the scenes in which it is true"),
    "right_upward": Column("float64", "Degree to which it is upward monotone in B"),
    "right_downward": Column("float64", "The same, downward in B"),
    "left_upward": Column("float64", "The same, upward in A"),
    "left_downward": Column("float64", "The same, downward in A"),
    "quantity": Column("float64", "Degree to which only the four zone counts matter"),
    "conservativity": Column(
        "float64", "Degree to which it does not matter whether objects outside A are in B"
    ),
    "extensionality": Column("float64", "Degree to which objects in neither A nor B do not matter"),
    "max_direction": Column("float64", "The largest of the four directions"),
    "max_with_negation": Column(
        "float64", "The largest of the four directions, of the quantifier and of its negation"
    ),
    "mean_of_arguments": Column(
        "float64", "Mean over A and B of the larger of upward and downward"
    ),
    "two_sided_mean": Column(
        "float64",
        "The largest direction, each the mean of its degree and that of the negation in the "
        "opposite direction",
    ),
    "violation_rate": Column(
        "float64",
        "The largest direction, each 1 minus the share of pairs of scenes, one below the other, "
        "whose truths go the wrong way",
    ),
}

GENERATED: Schema = {
    "quantifier": Column("str", "Its name"),
    "expression": Column("str", "When it is true"),
    "words": Column("int64", "Words of the shortest expression in prefix notation"),
    "monotonicity": Column(
        "float64", "Largest degree of the four directions, exact on all scenes of at most 6 objects"
    ),
    "truth_rate": Column(
        "float64",
        "Share of 80,000 random scenes of 1 to 12 objects, repeated ones left out, in which it is "
        "true",
    ),
    "meanings": Column(
        "int64",
        "Meanings in its range of monotonicity from which it was drawn; over the number of those "
        "drawn it is the weight that undoes the choice",
    ),
}

LEFT_OUT: Schema = {
    "what": Column(
        "str",
        "meanings, or what became of them: constant, too rarely true or false, not drawn, chosen",
    ),
    "number": Column("int64", "How many"),
}

COMPLEXITY: Schema = {
    "quantifier": Column("str", "Its name"),
    "expression": Column("str", "Its expression"),
    "nodes": Column("int64", "Nodes of the syntax tree of that expression"),
    "operators": Column("int64", "Those of them that have parts"),
    "shortest": Column(
        "str",
        "The shortest expression found in the generated language "
        "(`scripts/quantlearn/semantics/grammar.py`) with the same truth in all these scenes; "
        "blank if none was found",
    ),
    "shortest_words": Column("Int64", "Its words"),
    "lempel_ziv": Column(
        "float64",
        "Lempel–Ziv complexity of its truths in all scenes of 1 to `atlas.max_size` objects, in "
        "bits",
    ),
    "boundaries": Column(
        "Int64",
        "Changes of truth along the rows of its tree of numbers, in all; blank where nodes are "
        "mixed",
    ),
    "boundaries_in_row": Column("Int64", "The most changes in one row"),
    "boundary_density": Column(
        "float64", "Share of pairs of scenes, one object apart in B, that differ in truth"
    ),
    "boundary": Column(
        "float64",
        "How often truth changes when one object of a scene at random moves to another zone",
    ),
    "sensitivity": Column(
        "float64", "That, over how often two scenes differ in truth: average sensitivity"
    ),
    "class_separation": Column(
        "float64", "Distance between the mean zone counts of true and of false scenes"
    ),
    "true_size": Column("float64", "Mean size of true scenes"),
    "true_size_variance": Column("float64", "Its variance"),
    "true_count_variance": Column(
        "float64", "Variance of the zone counts of true scenes, mean over the zones"
    ),
    "states": Column(
        "Int64",
        "States of the smallest finite automaton; blank if there are more than 26 (8 where order "
        "matters) or infinitely many. Checked on scenes of up to 100 objects",
    ),
}

TREES: Schema = {
    "quantifier": Column("str", "Its name"),
    "a_only": Column("int64", "Objects in A∖B"),
    "both": Column("int64", "Objects in A∩B"),
    "scenes": Column("int64", "Scenes with so many objects in the two zones"),
    "true": Column("int64", "Those in which the quantifier is true"),
    "mixed": Column("bool", "Whether it is true in some of them and false in others"),
}

MINIMAL_PAIRS: Schema = {
    "quantifier": Column("str", "Its name"),
    "universal": Column("str", "The universal, a column of degrees.csv"),
    "true": Column(
        "str", "Zone codes of the scene in which it is true: 0 A∩B, 1 A∖B, 2 B∖A, 3 neither"
    ),
    "false": Column("str", "Zone codes of the scene in which it is false"),
}

TRUTH_RATES: Schema = {
    "quantifier": Column("str", "Its name"),
    "size": Column("int64", "Objects in the scenes"),
    "truth_rate": Column("float64", "Share of the scenes of this size in which it is true"),
}
