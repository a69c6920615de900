"""Differences of scores: how often each way to say them is wrong, and equal means."""

import numpy as np
import pandas as pd
import pytest

from quantlearn.statistics import scores
from quantlearn.statistics.scores import MARGIN, best, compared

REPETITIONS = 1500
ERROR = 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)


@pytest.mark.parametrize("trials", [10, 30])
@pytest.mark.parametrize(
    ("truth", "wrong"), [(0, {"higher", "lower"}), (MARGIN, {"no_difference"})]
)
def test_what_is_not_so_is_said_in_one_of_twenty_at_most(truth, wrong, trials, monkeypatch):
    """No direction where there is no difference, and no such word at the margin itself."""
    monkeypatch.setattr(scores, "holm", lambda p: p)  # each is a family by itself
    rng = np.random.default_rng(trials)
    values = truth + 0.015 * rng.standard_normal((REPETITIONS, trials))
    said = compared({(place,): row for place, row in enumerate(values)}, ["key"])["verdict"]
    assert said.isin(wrong).mean() < 0.05 + ERROR


def test_few_noisy_trials_are_open():
    rise = np.array([0.05, 0.1, 0.02, -0.08, 0.04])
    assert compared({(0,): rise}, ["key"])["verdict"].tolist() == ["open"]


def test_the_best_are_all_that_are_equal():
    assert best(pd.Series({"a": 0.3, "b": 0.1 + 0.2, "c": 0.2})) == ["a", "b"]
