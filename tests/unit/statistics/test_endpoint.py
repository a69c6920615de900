"""The endpoint: which trials learned a quantifier by the horizon, and what each counts with."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlearn.statistics import endpoint


def curve(accuracy, every=50, trial=0):
    steps = 1 + every * np.arange(len(accuracy))
    return pd.DataFrame({"trial": trial, "step": steps, "accuracy": accuracy})


def outcome(accuracy, reason, horizon=2000, window=5, measure="convergence_step"):
    asked = {"measure": measure, "horizon": horizon, "window": window}
    return endpoint.outcomes(curve(accuracy), {0: reason}, asked, 0.95).loc[0]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=0, max_size=40),
    st.floats(0.951, 1),
    st.integers(1, 25),
)
def test_a_run_that_the_loss_ended_above_the_threshold_has_learned(before, last, window):
    found = outcome([*before, last], "threshold", horizon=10_000, window=window)
    assert found["learned"]
    assert found["value"] <= 1 + 50 * len(before)


@pytest.mark.parametrize("reason", ["epochs", "patience", "diverged"])
def test_other_runs_must_fill_the_window(reason):
    late = [0.5] * 10 + [1.0] * 4
    found = outcome(late, reason)
    assert (found["learned"], found["value"]) == (False, 2000)
    found = outcome([*late, 1.0], reason)
    assert (found["learned"], found["value"]) == (True, 501)


def test_what_is_learned_after_the_horizon_is_not_learned_by_then():
    found = outcome([0.5] * 10 + [1.0] * 20, "epochs", horizon=500)
    assert (found["learned"], found["value"]) == (False, 500)


def test_areas_are_of_errors_and_go_on_to_the_horizon():
    # Errors fall from 0.5 to 0 over the first half, and stay there.
    found = outcome(np.linspace(0.5, 1, 21), "threshold", horizon=2001, measure="area_above_curve")
    assert found["value"] == pytest.approx(0.125)
    cut = outcome(np.linspace(0.5, 1, 21), "epochs", horizon=501, measure="area_above_curve")
    assert cut["value"] == pytest.approx(0.375)


def test_the_budget_is_what_the_training_loop_allows():
    training = {"max_epochs": 3, "batch_size": 8, "scenes": None}
    assert endpoint.budget([100, 90], training) == 3 * 90 // 8
    assert endpoint.budget([100, 90], training | {"scenes": 40}) == 15
    assert endpoint.budget([2], training | {"max_epochs": 1}) == 1


def test_unmeasured_trials_are_left_out():
    blank = curve([np.nan, np.nan], trial=1)
    both = pd.concat([curve([1.0, 1.0]), blank])
    asked = {"measure": "convergence_step", "horizon": 100, "window": 1}
    assert endpoint.outcomes(both, {0: "epochs", 1: "epochs"}, asked, 0.95).index.tolist() == [0]
