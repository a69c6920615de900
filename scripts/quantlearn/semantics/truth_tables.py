"""Truth tables: what quantifiers say of every scene up to a size, all of them at once.

A scene of n objects is a number of n digits in base 4, its zone codes in scene order, so the truths
of a quantifier in all scenes of n objects are a cube with n axes of length 4. Whatever asks how
truth changes when an object moves from one zone to another is then a comparison of two slices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import ZONES, Space, enumerate_scenes

__all__ = ["MOST_OBJECTS", "TruthTable", "tabulate", "tree_of_numbers"]

MOST_OBJECTS = 10  # 1.4 million scenes


@dataclass(frozen=True)
class TruthTable:
    """The truth of quantifiers in every scene of ``min_size`` to ``max_size`` objects.

    truth: bool (quantifiers, scenes), by size and then in lexicographic order of the zone codes;
    scenes: uint8 (scenes, max_size) zone codes with padding; sizes: integer (scenes,).
    """

    names: tuple[str, ...]
    min_size: int
    max_size: int
    truth: np.ndarray
    scenes: np.ndarray
    sizes: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """The truths of one quantifier, bool (scenes,)."""
        return self.truth[self.names.index(name)]

    @property
    def negated(self) -> "TruthTable":
        """The table of the negations, under the same names."""
        return TruthTable(
            self.names, self.min_size, self.max_size, ~self.truth, self.scenes, self.sizes
        )

    def of_sizes(self) -> Iterator[tuple[int, np.ndarray]]:
        """Each size with the truths in its scenes, bool (quantifiers, 4 ** size)."""
        start = 0
        for size in range(self.min_size, self.max_size + 1):
            stop = start + len(ZONES) ** size
            yield size, self.truth[:, start:stop]
            start = stop

    def truth_rates(self) -> np.ndarray:
        """The share of true scenes of each size: (quantifiers, sizes)."""
        return np.stack([truth.mean(axis=1) for _, truth in self.of_sizes()], axis=1)


def tabulate(quantifiers: Sequence[Quantifier], max_size: int, min_size: int = 0) -> TruthTable:
    """The truth of the quantifiers in every scene of ``min_size`` to ``max_size`` objects.

    Raises `QuantlearnError` for scenes of more than `MOST_OBJECTS` objects.

    >>> table = tabulate([Quantifier("every", "A <= B")], max_size=1)
    >>> table["every"].tolist()  # no object; one in A∩B, in A∖B, in B∖A, in neither
    [True, True, False, True, True]
    """
    if max_size > MOST_OBJECTS:
        raise QuantlearnError(
            f"scenes of {max_size} objects are too many to go through; take at most {MOST_OBJECTS}"
        )
    scenes, sizes = enumerate_scenes(Space(min_size, max_size))
    truth = np.empty((len(quantifiers), len(scenes)), dtype=bool)
    for row, quantifier in enumerate(quantifiers):
        truth[row] = quantifier.verify(scenes, sizes)
    names = tuple(quantifier.name for quantifier in quantifiers)
    return TruthTable(names, min_size, max_size, truth, scenes, sizes)


def tree_of_numbers(table: TruthTable, name: str) -> pd.DataFrame:
    """Truth by card(A∖B) and card(A∩B): van Benthem's tree (1986, Essays in Logical Semantics).

    A row for each node: a_only, both, scenes (with so many objects in the two zones), true (how
    many of these are true) and mixed. A conservative, quantitative and extensional quantifier is a
    choice of nodes; of any other some nodes are mixed, neither true nor false.
    """
    counts = {zone: (table.scenes == ZONES[zone]).sum(axis=1) for zone in ("a_only", "both")}
    frame = pd.DataFrame({**counts, "true": table[name]})
    tree = frame.groupby(["a_only", "both"])["true"].agg(scenes="size", true="sum").reset_index()
    return tree.assign(mixed=(tree["true"] > 0) & (tree["true"] < tree["scenes"]))
