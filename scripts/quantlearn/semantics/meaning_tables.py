"""The columns of tables that describe quantifiers by their meaning."""

from quantlearn.columns import Column, Schema

__all__ = [
    "COMPLEXITY",
    "DEGREES",
    "GENERATED",
    "LEFT_OUT",
    "MINIMAL_PAIRS",
    "TREES",
    "TRUTH_RATES",
]


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


"""What the rows are of the table that each figure draws, for docs/tables.md."""
