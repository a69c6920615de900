"""What follows from the meanings of quantifiers alone, as tables: degrees, complexity, examples."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from quantlearn.semantics.complexity import family, lempel_ziv_complexity
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.truth_tables import TruthTable, tabulate
from quantlearn.semantics.universals import degrees, monotonicity_variants

__all__ = ["measures"]

_OBJECTS_OF_SEQUENCE = 6  # as in the literature on Lempel–Ziv complexity; 5,460 scenes


def measures(expressions: Mapping[str, str], objects: int) -> pd.DataFrame:
    """Degrees, truth rate and complexity of each quantifier, by its name.

    expressions: name → expression; objects: the size of the largest scenes that are gone through.
    ``monotonicity`` is the largest of the four directions, and the other variants of its degree
    have names of their own; ``negation`` is the name of the first quantifier that is false where
    this one is true and true where it is false, or blank.

    >>> found = measures({"every": "A <= B", "even": "|A & B| % 2 == 0"}, objects=4)
    >>> found["monotonicity"].round(2).tolist()
    [1.0, 0.23]
    """
    quantifiers = [Quantifier(*item) for item in expressions.items()]
    table = tabulate(quantifiers, objects)
    found = degrees(table)
    sequences = tabulate(quantifiers, min(objects, _OBJECTS_OF_SEQUENCE), min_size=1)
    found["expression"] = pd.Series(expressions)
    found["family"] = [family(quantifier) for quantifier in quantifiers]
    found["negation"] = _negations(table)
    found["truth_rate"] = table.truth.mean(axis=1)
    variants = monotonicity_variants(table).rename(columns={"max_direction": "monotonicity"})
    found = found.join(variants)
    found["lempel_ziv"] = [lempel_ziv_complexity(sequences, name) for name in table.names]
    return found


def _negations(table: TruthTable) -> list[str]:
    rows = [row.tobytes() for row in np.packbits(table.truth, axis=1)]
    names = dict(zip(reversed(rows), reversed(table.names), strict=True))
    negated = np.packbits(table.negated.truth, axis=1)
    return [names.get(row.tobytes(), "") for row in negated]
