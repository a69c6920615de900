"""Wilcoxon's signed-rank test with its exact distribution, ties and zeros included."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import special

from quantlearn.statistics.multiple_tests import smallest_p

__all__ = ["SignedRank", "signed_rank_test"]

LARGEST_EXACT = 1000
"""Of more differences the normal distribution is taken."""

ROUNDED = 10
"""Digits, in units of the largest difference, to which differences are told apart."""


@dataclass(frozen=True)
class SignedRank:
    """The result of a signed-rank test.

    statistic: sum of the ranks of positive differences less that of negative ones; p: two-sided;
    nonzero: differences that are not 0; smallest_p: what p would be if these had one sign.
    """

    statistic: float
    p: float
    nonzero: int
    smallest_p: float


def signed_rank_test(differences: np.ndarray) -> SignedRank:
    """Test whether paired differences (n,) are symmetric about 0.

    Equal sizes share the mean of their ranks, and zeros take ranks but no side (Pratt 1959,
    "Remarks on zeros and ties in the Wilcoxon signed rank procedures", JASA 54:655). p is from the
    distribution of the statistic over all signs of the nonzero differences, by convolution.

    >>> found = signed_rank_test(np.array([1.0, 1.0, 2.0, 3.0, 4.0, -1.0]))
    >>> found.statistic, found.p, found.smallest_p
    (17.0, 0.125, 0.03125)
    """
    sizes = np.abs(differences)
    # Differences of the same two fractions are equal, whatever the processor rounds.
    differences = np.round(differences / max(sizes.max(initial=0), 1e-300), ROUNDED)
    ranks = pd.Series(np.abs(differences)).rank().to_numpy()
    signs = np.sign(differences)
    statistic = float(np.sum(signs * ranks))
    kept = ranks[signs != 0]
    if not len(kept):
        return SignedRank(statistic, 1.0, 0, 1.0)
    if len(kept) > LARGEST_EXACT:
        p = float(2 * special.ndtr(-abs(statistic) / np.sqrt(np.sum(kept**2))))
    else:
        # Ranks are halves at the least: twice as much is whole.
        p = _tail(tuple(np.sort(2 * kept).astype(int).tolist()), round(abs(2 * statistic)))
    return SignedRank(statistic, p, len(kept), smallest_p(len(kept)))


@lru_cache(maxsize=32)
def _distribution(weights: tuple[int, ...]) -> np.ndarray:
    """The probability of each sum (0 … all) of the weights that a fair coin picks."""
    chances = np.zeros(sum(weights) + 1)
    chances[0] = 1.0
    reached = 0
    for weight in weights:
        added = chances[: reached + 1].copy()
        chances[weight : weight + reached + 1] += added
        chances[: reached + weight + 1] *= 0.5
        reached += weight
    return chances


def _tail(weights: tuple[int, ...], size: int) -> float:
    """How probable it is that picked less unpicked weights are at least ``size`` from 0."""
    chances = _distribution(weights)
    # Picked less unpicked is 2 · picked − all.
    sums = np.abs(2 * np.arange(len(chances)) - sum(weights))
    return float(min(1.0, chances[sums >= size].sum()))
