"""Adjusted p values against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from quantlearn.statistics.multiple_tests import holm


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12, unique=True))
def test_holm_agrees_with_the_definition(p):
    ordered = sorted(p)
    m = len(p)
    stepwise = [min(1.0, max((m - j) * ordered[j] for j in range(i + 1))) for i in range(m)]
    assert holm(np.array(p)) == pytest.approx([stepwise[ordered.index(value)] for value in p])


@pytest.mark.parametrize("p", [[0.3], [0.01, 0.04, 0.03, 0.04], [0.2, 0.2, 1.0, 0.0, 0.9]])
def test_holm_agrees_with_statsmodels(p):
    assert holm(np.array(p)) == pytest.approx(multipletests(p, method="holm")[1])


def test_blank_p_values_are_no_part_of_the_family():
    assert holm(np.array([np.nan, 0.04]))[1] == 0.04
    assert np.isnan(holm(np.array([np.nan, np.nan]))).all()
