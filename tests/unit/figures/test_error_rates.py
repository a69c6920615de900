"""Error rates of tests and intervals where the truth is known; a sample of `make calibrate`."""

import numpy as np
import pytest
from scipy import stats

from quantlearn.figures.error_rates import (
    SPREAD,
    Design,
    chance_range,
    disjoint_ensembles,
    horizon,
    signed_rank_p,
    simulated_rates,
    t_test_p,
    true_values,
)
from quantlearn.statistics.comparison import paired_t_test

REPETITIONS = 1500
ERRORS = 4  # standard errors by which a share of so many repetitions may lie beside its truth


def error(share: float) -> float:
    return np.sqrt(share * (1 - share) / REPETITIONS)


def test_ensembles_of_a_partition_have_no_trial_in_common():
    found = disjoint_ensembles(np.random.default_rng(1), pool=300, n=30, resamples=95)
    assert found.shape == (100, 30)
    assert all(len(set(part.ravel())) == 300 for part in found.reshape(10, 10, 30))
    assert len({tuple(sorted(row)) for row in found.tolist()}) == 100


def test_the_range_of_chance_holds_95_of_100_shares():
    low, high = chance_range(240)
    inside = stats.binom.cdf(high * 240, 240, 0.05) - stats.binom.cdf(low * 240 - 1, 240, 0.05)
    assert 0.95 <= inside < 0.98


def test_p_of_many_ensembles_is_that_of_each():
    differences = np.random.default_rng(2).normal(0.3, 1, (40, 12))
    differences[np.random.default_rng(3).random(differences.shape) < 0.3] = np.nan
    differences[0], differences[1, 1:] = 0.7, np.nan
    expected = [paired_t_test(row[np.isfinite(row)], "", "").p for row in differences]
    np.testing.assert_allclose(t_test_p(differences), expected, rtol=1e-9)
    assert np.isnan(expected[:2]).all()


def test_tests_err_in_5_of_100_ensembles_of_normal_differences():
    differences = np.random.default_rng(4).normal(size=(REPETITIONS, 10))
    # Of 2^10 signs of ten ranks 25 at either end are below 0.05: the exact size of the test.
    size = 50 / 2**10
    assert np.mean(signed_rank_p(differences) < 0.05) == pytest.approx(
        size, abs=ERRORS * error(size)
    )
    assert np.mean(t_test_p(differences) < 0.05) == pytest.approx(0.05, abs=ERRORS * error(0.05))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_true_values_are_the_means_of_many_times(share):
    design = Design(n=10, correlation=0.0, not_learned=share, ratio=1.5)
    # The middles of a million equal parts of each distribution.
    normal = stats.norm.ppf((np.arange(10**6) + 0.5) / 10**6)
    times = np.exp(np.outer(SPREAD * normal, [1, 1]) + design.log_medians)
    cut = np.minimum(times, horizon(design))
    assert np.mean(times > horizon(design)) == pytest.approx(share, abs=1e-5)
    means = [cut.mean(axis=0), np.log(cut).mean(axis=0)]
    expected = [second - first for first, second in means]
    np.testing.assert_allclose(true_values(design), expected, rtol=1e-4)


def test_the_interval_of_a_ratio_of_lognormal_times_is_exact():
    design = Design(n=30, correlation=0.5, not_learned=0.0, ratio=1.5)
    found = simulated_rates(design, REPETITIONS, np.random.default_rng(5))
    assert found["ratio_covered"] == pytest.approx(0.95, abs=ERRORS * error(0.95))
    assert found["no_interval"] == 0
    assert found["true_direction"] > 0.9


def test_equal_times_have_only_false_directions_and_no_more_than_the_size_of_the_test():
    design = Design(n=10, correlation=0.9, not_learned=0.7, ratio=1.0)
    found = simulated_rates(design, REPETITIONS, np.random.default_rng(6))
    assert found["true_direction"] == 0
    assert found["false_direction"] <= 0.05 + ERRORS * error(0.05)
    assert found["no_interval"] + found["difference_covered"] <= 1
