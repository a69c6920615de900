"""Effect sizes against simulation and the power of another library."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from quantlearn.statistics.effect_sizes import hedges_g_z, smallest_effect


@pytest.mark.parametrize(("n", "level"), [(10, 0.05), (30, 0.05), (15, 0.05 / 6)])
def test_the_smallest_effect_has_a_power_of_four_in_five(n, level):
    assert TTestPower().power(smallest_effect(n, level), n, level) == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("effect", [0.0, 1.0, 3.0])
def test_the_interval_covers_what_it_says(effect):
    """A percentile bootstrap covers 0.83 here; two standard errors of 600 draws are 0.018."""
    random = np.random.default_rng(7)
    intervals = [hedges_g_z(random.normal(effect, 1, 10)) for _ in range(600)]
    covered = np.mean([x.lower <= effect <= x.upper for x in intervals])
    assert 0.93 < covered < 0.97
    assert np.mean([x.estimate for x in intervals]) == pytest.approx(effect, abs=0.06)


def test_the_bounds_are_those_of_the_noncentral_t_distribution():
    differences = np.array([3.0, 5, 4, 8, 1, 2, 7])
    found = hedges_g_z(differences)
    t = stats.ttest_1samp(differences, 0).statistic
    for bound, share in ((found.lower, 0.975), (found.upper, 0.025)):
        assert stats.nct.cdf(t, 6, bound * np.sqrt(7)) == pytest.approx(share, abs=1e-4)


def test_differences_that_do_not_vary_have_no_size():
    assert np.isnan(hedges_g_z(np.array([3.0, 3.0, 3.0])).estimate)
    assert np.isnan(hedges_g_z(np.array([1.0, 2.0])).estimate)
    assert np.isnan(smallest_effect(1, 0.05))
