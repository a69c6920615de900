"""What a replication says of a published effect: by simulation, and by values known otherwise."""

import numpy as np
import pytest
from scipy import stats

from quantlearn.statistics.intervals import Interval, mean_interval
from quantlearn.statistics.replication import (
    HELD,
    NOT_HELD,
    OPEN,
    mann_whitney_test,
    prediction_interval,
    replicated,
)


@pytest.mark.parametrize(("published", "ours"), [(10, 10), (30, 10), (30, 30), (15, 30)])
def test_the_prediction_interval_holds_the_mean_of_a_replication_in_19_of_20(published, ours):
    """4,000 pairs of studies: the Monte Carlo standard error is .0034, and four of it allowed."""
    rng = np.random.default_rng(published * 100 + ours)
    inside = 0
    for _ in range(4000):
        found = prediction_interval(rng.normal(300, 800, published), n=ours)
        inside += found.lower <= rng.normal(300, 800, ours).mean() <= found.upper
    assert inside / 4000 == pytest.approx(0.95, abs=0.014)


def test_the_prediction_interval_by_hand():
    """Mean 2, s 1, t.975 with 2 df 4.30265; √(1/3 + 1/6) = .70711."""
    found = prediction_interval(np.array([1.0, 2.0, 3.0]), n=6)
    assert found.estimate == 2
    assert found.upper - 2 == pytest.approx(4.30265 * 0.70711, rel=1e-5)
    assert 2 - found.lower == pytest.approx(4.30265 * 0.70711, rel=1e-5)


def test_of_a_very_large_replication_the_prediction_is_the_confidence_interval():
    values = np.random.default_rng(2).normal(size=12)
    found, mean = prediction_interval(values, n=10**12), mean_interval(values)
    assert [found.lower, found.upper] == pytest.approx([mean.lower, mean.upper])


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0, 3.0]])
def test_there_is_no_prediction_without_variance(values):
    found = prediction_interval(np.array(values), n=5)
    assert np.isnan([found.lower, found.upper]).all()
    assert replicated(found, 3.0) == OPEN


@pytest.mark.parametrize(
    ("estimate", "half", "found", "verdict"),
    [
        (100, 40, 61, HELD),
        (-100, 40, -139, HELD),
        (100, 40, 59, NOT_HELD),
        (100, 40, -100, NOT_HELD),
        (100, 50, 100, OPEN),  # as wide as the effect
        (5, 200, -150, OPEN),
        (5, 200, 300, NOT_HELD),  # outside is outside, however wide
        (100, 40, np.nan, OPEN),
    ],
)
def test_verdicts_are_those_of_the_definition(estimate, half, found, verdict):
    assert replicated(Interval(estimate, estimate - half, estimate + half), found) == verdict


def test_what_held_has_the_sign_of_what_was_published():
    rng = np.random.default_rng(5)
    for _ in range(2000):
        estimate, half, found = rng.normal(size=3)
        interval = Interval(estimate, estimate - abs(half), estimate + abs(half))
        if replicated(interval, found) == HELD:
            assert estimate * found > 0


def test_mann_whitney_counts_pairs():
    found = mann_whitney_test(np.array([4.0, 5.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert (found.statistic, found.estimate, found.n) == (9, 1, 6)
    # Of the 20 ways to choose three places of six, one is as extreme on each side.
    assert found.p == pytest.approx(2 / 20)
    first, second = np.random.default_rng(3).normal(size=(2, 20))
    assert mann_whitney_test(first, second).p == stats.mannwhitneyu(first, second).pvalue


def test_trials_that_never_learn_come_last_and_tie():
    first, second = np.array([1.0, np.inf, np.inf]), np.array([2.0, 3.0, np.inf])
    assert mann_whitney_test(first, second).statistic == 0 + 2.5 + 2.5
    never = np.full(3, np.inf)
    assert mann_whitney_test(never, never).estimate == 0.5
    assert np.isnan(mann_whitney_test(never, never).p)
    assert np.isnan(mann_whitney_test(never, np.array([])).estimate)
