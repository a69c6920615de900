"""Intervals against SciPy's test of one sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from quantlearn.statistics.intervals import mean_interval


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=30).filter(lambda x: len(set(x)) > 1))
def test_mean_interval_is_that_of_the_t_test(values):
    found = mean_interval(np.array(values, dtype=float))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high))


def test_without_variance_there_is_a_mean_and_no_interval():
    assert mean_interval(np.full(5, 0.7)).estimate == pytest.approx(0.7)
    assert np.isnan(mean_interval(np.full(5, 0.7)).lower)
    assert np.isnan(mean_interval(np.array([])).estimate)
