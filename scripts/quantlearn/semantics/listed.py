"""The meanings of a list of expressions that others have written down, each once."""

import re
from collections.abc import Sequence

import numpy as np

from quantlearn.semantics.grammar import Meanings
from quantlearn.semantics.quantifiers import Quantifier

__all__ = ["meanings_of"]


def meanings_of(
    quantifiers: Sequence[Quantifier], scenes: np.ndarray, sizes: np.ndarray
) -> Meanings:
    """The meanings of quantifiers whose names are expressions in prefix notation, each once.

    Such are those of a list that `quantlearn.semantics.ultk.read_expressions` reads. scenes and sizes:
    what tells meanings apart, uint8 (n, places) and integer (n,).

    >>> from quantlearn.semantics.ultk import (translate)
    >>> from quantlearn.semantics.scenes import (Space, enumerate_scenes)
    >>> texts = ["not(not(subset_eq(A, B)))", "subset_eq(A, B)", "subset_eq(B, A)"]
    >>> read = [Quantifier(text, translate(text)) for text in texts]
    >>> meanings_of(read, *enumerate_scenes(Space(1, 2))).expressions
    ['subset_eq(A, B)', 'subset_eq(B, A)']
    """
    shortest: dict[bytes, tuple[int, str]] = {}
    lengths = [len(re.findall(r"\w+", quantifier.name)) for quantifier in quantifiers]
    for place in np.argsort(lengths, kind="stable"):
        truths = np.packbits(quantifiers[place].verify(scenes, sizes)).tobytes()
        shortest.setdefault(truths, (lengths[place], quantifiers[place].name))
    packed = np.array([np.frombuffer(row, dtype=np.uint8) for row in shortest])
    found = list(shortest.values())
    expressions = [expression for _, expression in found]
    return Meanings(expressions, np.array([length for length, _ in found]), packed, len(scenes))
