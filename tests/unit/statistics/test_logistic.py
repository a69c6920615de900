"""Clustered logistic regression against known coefficients, statsmodels and its own coverage."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from quantlearn.statistics.logistic import clustered_logistic

SLOPES = np.array([0.8, -0.1])


def simulated(rng, clusters, answers, spread):
    """Answers whose log odds are 1 + x · SLOPES, plus an amount of each cluster's own."""
    cluster = np.repeat(np.arange(clusters), answers)
    x = np.column_stack([rng.integers(1, 5, len(cluster)), rng.integers(1, 21, len(cluster))])
    x = x.astype(float)
    own = rng.normal(0, spread, clusters)[cluster]
    return x, rng.random(len(cluster)) < expit(1 + x @ SLOPES + own), cluster


def test_the_coefficients_of_simulated_answers_are_found():
    x, right, cluster = simulated(np.random.default_rng(1), 10, 4000, spread=0)
    for interval, slope in zip(clustered_logistic(x, right, cluster), SLOPES, strict=True):
        assert interval.lower < slope < interval.upper
        assert interval.upper - interval.lower < 0.25


def test_estimates_are_those_of_a_regression_with_an_intercept_for_each_cluster():
    x, right, cluster = simulated(np.random.default_rng(2), 10, 300, spread=1)
    columns = np.column_stack([x, cluster[:, None] == np.arange(10)])
    robust = {"cov_type": "cluster", "cov_kwds": {"groups": cluster}}
    known = sm.Logit(right.astype(float), columns).fit(disp=0, **robust)
    found = clustered_logistic(x, right, cluster)
    np.testing.assert_allclose([one.estimate for one in found], known.params[:2], rtol=1e-6)
    # The usual robust errors are known to be too small with few clusters.
    widths = [one.upper - one.lower for one in found]
    assert (np.array(widths) > np.diff(known.conf_int())[:2, 0]).all()


def test_a_cluster_without_an_error_changes_nothing():
    x, right, cluster = simulated(np.random.default_rng(7), 6, 200, spread=0.5)
    found = clustered_logistic(x, right, cluster)
    more = np.append(right, [True] * 50), np.append(cluster, [6] * 50)
    for one, other in zip(found, clustered_logistic(np.vstack([x, x[:50]]), *more), strict=True):
        assert one.estimate == pytest.approx(other.estimate)
        assert one.upper == pytest.approx(other.upper)


def test_intervals_are_those_of_refitting_without_each_cluster():
    """One step of Newton's method is nearly a refit."""
    x, right, cluster = simulated(np.random.default_rng(3), 12, 500, spread=0.3)
    found = clustered_logistic(x, right, cluster)
    refits = []
    for name in range(12):
        kept = cluster != name
        fit = clustered_logistic(x[kept], right[kept], cluster[kept])
        refits.append([one.estimate for one in fit])
    moved = np.array(refits) - [one.estimate for one in found]
    error = np.sqrt(11 / 12 * (moved**2).sum(axis=0))
    halves = np.array([(one.upper - one.lower) / 2 for one in found])
    np.testing.assert_allclose(halves, 2.201 * error, rtol=0.02)  # t of 11 degrees of freedom


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_intervals_cover_what_they_should(spread):
    """400 times 10 clusters of 200 answers, alike or with log odds that differ by a spread of 1.

    The Monte Carlo error of a share of .95 is .011.
    """
    rng = np.random.default_rng(4)
    covered = np.zeros(2)
    for _ in range(400):
        found = clustered_logistic(*simulated(rng, 10, 200, spread))
        covered += [one.lower < slope < one.upper for one, slope in zip(found, SLOPES, strict=True)]
    assert (covered / 400 > 0.92).all()
    assert (covered / 400 < 0.98).all()


@pytest.mark.parametrize(
    ("x", "right"),
    [
        ([0, 0, 1, 1], [False, False, True, True]),
        ([0, 0, 1, 1], [False, True, True, True]),  # nothing is wrong at 1
        ([0, 1, 2, 3], [True, True, True, True]),
    ],
    ids=["wholly", "nearly", "no error"],
)
def test_separated_answers_have_no_estimate(x, right):
    x, right = np.array(x * 50, dtype=float)[:, None], np.array(right * 50)
    assert clustered_logistic(x, right, np.repeat(np.arange(4), 50)) is None


def test_a_single_exception_is_enough_for_an_estimate():
    x = np.repeat([0.0, 1.0], 1000)
    right = np.concatenate([np.arange(1000) % 2 == 0, np.arange(1000) > 0])
    (found,) = clustered_logistic(x[:, None], right, np.arange(2000) // 2 % 10)
    # The odds are 1 at 0 and 999 at 1.
    assert found.estimate == pytest.approx(np.log(999), rel=0.01)
    assert found.lower < found.estimate < found.upper


def test_one_cluster_has_no_interval():
    x, right, cluster = simulated(np.random.default_rng(5), 1, 500, spread=0)
    assert np.isfinite([one.estimate for one in clustered_logistic(x, right, cluster)]).all()
    assert np.isnan([one.lower for one in clustered_logistic(x, right, cluster)]).all()


def test_terms_that_tell_one_another_have_no_estimate():
    x, right, cluster = simulated(np.random.default_rng(6), 5, 100, spread=0)
    assert clustered_logistic(np.column_stack([x, x[:, 0] * 2]), right, cluster) is None
