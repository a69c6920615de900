"""The exact signed-rank test against all signs, scipy, and Pratt's own zeros."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quantlearn.statistics.signed_rank import signed_rank_test


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_p_is_the_share_of_signs_that_are_as_extreme(differences):
    found = signed_rank_test(np.array(differences, dtype=float))
    ranks = stats.rankdata(np.abs(differences))[np.array(differences) != 0]
    signs = np.array(list(itertools.product([-1, 1], repeat=len(ranks))))
    sums = signs @ ranks if len(ranks) else np.zeros(1)
    assert found.p == pytest.approx(np.mean(np.abs(sums) >= abs(found.statistic) - 1e-9))
    assert found.smallest_p == pytest.approx(np.mean(np.abs(sums) >= ranks.sum() - 1e-9))
    mirrored = signed_rank_test(-np.array(differences, dtype=float))
    assert (mirrored.statistic, mirrored.p) == (-found.statistic, found.p)


def test_without_ties_it_is_scipys_exact_test():
    differences = np.random.default_rng(2).normal(0.3, 1, 25)
    found, expected = signed_rank_test(differences), stats.wilcoxon(differences, method="exact")
    assert found.p == pytest.approx(expected.pvalue)


def test_ties_do_not_make_it_approximate():
    """scipy's default gives 0.00065 for fifteen differences of one sign, two of them equal."""
    differences = np.array([1.0, 1, *range(3, 16)])
    assert signed_rank_test(differences).p == 2 / 2**15


def test_zeros_take_ranks():
    # Ranks 1.5, 1.5, 3, 4, 5, of which the first two have no side: 4 of 8 signs reach 3 + 5 − 4.
    found = signed_rank_test(np.array([0.0, 0, 1, -2, 3]))
    assert (found.statistic, found.nonzero) == (4, 3)
    assert found.p == 6 / 8


def test_rounding_breaks_no_tie():
    """0.3 − 0.2 is less than 0.2 − 0.1 in binary, and 1.1 − 1 − 0.1 is not 0."""
    accuracies = np.array([[0.3, 0.2], [0.2, 0.1], [0.5, 0.6], [0.9, 0.8], [1.1, 1.0]])
    rounded = signed_rank_test(accuracies[:, 0] - accuracies[:, 1])
    assert rounded == signed_rank_test(np.array([1.0, 1, -1, 1, 1]))
    assert signed_rank_test(np.array([0.1, 1.1 - 1 - 0.1])).nonzero == 1


def test_many_differences_take_the_normal_distribution():
    differences = np.random.default_rng(3).normal(0.05, 1, 1001)
    exact = signed_rank_test(differences[:1000]).p
    normal = stats.wilcoxon(differences[:1000], correction=False, method="asymptotic").pvalue
    assert exact == pytest.approx(normal, abs=5e-4)
    assert signed_rank_test(differences).p == pytest.approx(
        stats.wilcoxon(differences, correction=False, method="asymptotic").pvalue
    )
