"""Describe quantifiers by what follows from their meaning: degrees of universals and complexity."""

from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.semantics.automata import minimal_states
from quantlearn.semantics.complexity import boundaries, boundary_density, lempel_ziv_complexity
from quantlearn.semantics.grammar import Meanings, generate
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.truth_tables import TruthTable, tabulate, tree_of_numbers
from quantlearn.semantics.ultk import translate
from quantlearn.semantics.universals import degrees as degrees_of
from quantlearn.semantics.universals import minimal_pairs, monotonicity_variants

# Where expressions are looked for: deep enough for most of the lexicon, and found in a second.
_DEPTH = 4
_LARGEST_NUMBER = 6
_LARGEST_SCENE = 6


def describe_quantifiers(
    settings: dict[str, Any],
    *,
    degrees: str,
    complexity: str,
    trees: str,
    pairs: str,
    rates: str,
) -> None:
    """Write what is known of each quantifier from all scenes of at most ``max_size`` objects.

    ``settings`` has max_size and the expressions of the quantifiers by name. A row of ``degrees``
    and of ``complexity`` is a quantifier, one of ``trees`` a node of its tree of numbers, one of
    ``pairs`` a universal that it breaks, one of ``rates`` a size of scenes.
    """
    quantifiers = [Quantifier(*item) for item in settings["quantifiers"].items()]
    table = tabulate(quantifiers, settings["max_size"])
    nodes = {name: tree_of_numbers(table, name) for name in table.names}
    tables.write_csv(_degrees(table, settings["quantifiers"]), degrees)
    tables.write_csv(_complexity(table, quantifiers, nodes), complexity)
    joined = pd.concat(nodes, names=["quantifier", None]).reset_index(level=0)
    tables.write_csv(joined[list(tables.TREES)], trees)
    tables.write_csv(_pairs(table), pairs)
    tables.write_csv(_rates(table), rates)


def _degrees(table: TruthTable, expressions: dict[str, str]) -> pd.DataFrame:
    frame = pd.concat([degrees_of(table), monotonicity_variants(table)], axis=1).reset_index()
    frame["expression"] = frame["quantifier"].map(expressions)
    frame["truth_rate"] = table.truth.mean(axis=1)
    return frame[list(tables.DEGREES)]


def _complexity(
    table: TruthTable, quantifiers: list[Quantifier], nodes: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    small = tabulate(quantifiers, min(table.max_size, _LARGEST_SCENE))
    meanings = generate(small.scenes, _DEPTH, numbers=range(_LARGEST_NUMBER + 1))
    # As in the literature, without the scene of no object.
    without_empty = tabulate(quantifiers, table.max_size, min_size=1)
    rows = []
    for quantifier in quantifiers:
        name = quantifier.name
        text, words = _shortest(meanings, small, table, name)
        in_all, in_row = boundaries(nodes[name]) or (None, None)
        rows.append(
            {
                "quantifier": name,
                "expression": quantifier.expression,
                "nodes": sum(1 for _ in quantifier.tree.walk()),
                "shortest": text,
                "shortest_words": words,
                "lempel_ziv": lempel_ziv_complexity(without_empty, name),
                "boundaries": in_all,
                "boundaries_in_row": in_row,
                "boundary_density": boundary_density(table, name),
                "states": minimal_states(quantifier),
            }
        )
    frame = pd.DataFrame(rows, columns=list(tables.COMPLEXITY))
    return frame.astype(dict(tables.COMPLEXITY))


def _shortest(
    meanings: Meanings, small: TruthTable, table: TruthTable, name: str
) -> tuple[str, int | None]:
    """The shortest generated expression and its words, if it is right in larger scenes as well."""
    found = meanings.shortest(small[name])
    if found is None:
        return "", None
    truth = Quantifier(name, translate(found[0])).verify(table.scenes, table.sizes)
    return found if (truth == table[name]).all() else ("", None)


def _pairs(table: TruthTable) -> pd.DataFrame:
    rows = [
        {
            "quantifier": name,
            "universal": pair.universal,
            "true": "".join(map(str, pair.true)),
            "false": "".join(map(str, pair.false)),
        }
        for name in table.names
        for pair in minimal_pairs(table, name).values()
    ]
    return pd.DataFrame(rows, columns=list(tables.MINIMAL_PAIRS))


def _rates(table: TruthTable) -> pd.DataFrame:
    rows = [
        (name, size, rate)
        for name, rates in zip(table.names, table.truth_rates().tolist(), strict=True)
        for size, rate in enumerate(rates, start=table.min_size)
    ]
    return pd.DataFrame(rows, columns=list(tables.TRUTH_RATES))


if __name__ == "__main__":
    run_job(describe_quantifiers, snakemake)
