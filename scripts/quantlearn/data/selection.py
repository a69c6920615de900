"""Generated quantifiers to learn: those that scenes can be found for, spread over the degrees.

Most generated meanings are hardly monotone, so a random choice would say little of the others.
Meanings are therefore sorted into strata by their degree of monotonicity, and taken from one
stratum after another, at random within each: whatever number is taken, the strata are represented
as evenly as they can be.

A network learns from as many true scenes as false ones. Meanings whose rarer truth value is found
in too few different random scenes are left out, constants first: some are true in small scenes
alone, of which there are few, and other ways to find scenes than at random would make scenes of one
truth value differ from the others in more than their truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.grammar import Meanings
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import PADDING, Space, random_scenes
from quantlearn.semantics.truth_tables import tabulate
from quantlearn.semantics.ultk import translate
from quantlearn.semantics.universals import DIRECTIONS, degrees

__all__ = ["STRATA", "Choice", "choose", "different_scenes", "strata", "stratified_order"]

STRATA = 10
"""Strata of equal width below degree 1, which is one of its own."""

_OBJECTS = 6  # in the scenes that degrees for the strata are exact on
_AT_ONCE = 500  # meanings, so that memory stays bounded


@dataclass(frozen=True)
class Choice:
    """The chosen quantifiers, and how many meanings there were and why some are not among them.

    quantifiers: a row each, with the columns of `measures.GENERATED`; counts: number by
    what became of the meanings.
    """

    quantifiers: pd.DataFrame
    counts: dict[str, int]


def choose(
    meanings: Meanings, tried: np.ndarray, fewest: int, most: int, rng: np.random.Generator
) -> Choice:
    """At most ``most`` of the meanings, in the order of `stratified_order`.

    tried: different scenes (n, max_size), as `different_scenes` gives them. Left out are constants
    and the meanings that are true, or false, in less than ``fewest`` of them.

    Raises `QuantlearnError` when all are left out.
    """
    sizes = (tried != PADDING).sum(axis=1)
    parts = []
    for first in range(0, len(meanings), _AT_ONCE):
        some = [
            Quantifier(str(number), translate(meanings.expressions[number]))
            for number in range(first, min(first + _AT_ONCE, len(meanings)))
        ]
        directions = degrees(tabulate(some, _OBJECTS))[list(DIRECTIONS)]
        parts.append(
            pd.DataFrame(
                {
                    "expression": [each.expression for each in some],
                    "words": meanings.lengths[first : first + _AT_ONCE],
                    "monotonicity": directions.max(axis=1).to_numpy(),
                    "truth_rate": [each.verify(tried, sizes).mean() for each in some],
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    rarer = len(tried) * np.minimum(frame["truth_rate"], 1 - frame["truth_rate"])
    constant = np.isin(meanings.truth().mean(axis=1), (0, 1))
    usable = frame[~constant & (rarer >= fewest)]
    if usable.empty:
        raise QuantlearnError(
            f"none of {len(frame)} quantifiers can be learned: {constant.sum()} are constant, all "
            f"others true or false in less than {fewest} of {len(tried)} random scenes"
        )
    stratum = strata(usable["monotonicity"])
    usable = usable.assign(meanings=stratum.map(stratum.value_counts()))
    order = stratified_order(usable["monotonicity"].to_numpy(), rng)[:most]
    chosen = usable.iloc[order].reset_index(drop=True)
    names = [f"generated_{number:04d}" for number in range(1, len(chosen) + 1)]
    chosen.insert(0, "quantifier", names)
    counts = {
        "meanings": len(frame),
        "constant": int(constant.sum()),
        "too rarely true or false": int((~constant & (rarer < fewest)).sum()),
        "not drawn": len(usable) - len(chosen),
        "chosen": len(chosen),
    }
    return Choice(chosen, counts)


def different_scenes(rng: np.random.Generator, draws: int, space: Space) -> np.ndarray:
    """The different ones (n, max_size) among so many random scenes of the space.

    >>> len(different_scenes(np.random.default_rng(0), 100, Space(1, 1)))
    4
    """
    return np.unique(random_scenes(rng, draws, space)[0], axis=0)


def strata(degrees: Sequence[float] | np.ndarray | pd.Series) -> pd.Series:
    """The stratum of each degree, from 0 to 10.

    >>> strata([0.05, 0.31, 1.0]).tolist()
    [0, 3, 10]
    """
    return np.floor(pd.Series(degrees) * STRATA).astype(np.int64)


def stratified_order(values: Sequence[float] | np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All positions, one from each stratum in turn: in rounds over the strata, each at random.

    values: degrees from 0 to 1. A stratum that is used up is passed over.

    >>> values = [0.01, 0.02, 0.03, 0.55, 1.0]
    >>> first = stratified_order(values, np.random.default_rng(0))[:3]
    >>> sorted(int(10 * values[position]) for position in first)
    [0, 5, 10]
    """
    stratum = strata(values).to_numpy()
    shuffled = rng.permutation(len(stratum))
    rounds = pd.Series(stratum[shuffled]).groupby(stratum[shuffled]).cumcount().to_numpy()
    # Within a round the strata come in random order as well: it may be cut anywhere.
    return shuffled[np.lexsort((rng.random(len(stratum)), rounds))]
