"""Convergence steps, leads and areas against closed forms and a naive reading of the definition."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_results import training_curves

from quantlearn.statistics.convergence import (
    convergence_step,
    convergence_table,
    final_accuracy,
    measured,
    median_step,
    step_leads,
    summarise_convergence,
)
from quantlearn.statistics.curves import area_to

ACCURACIES = st.lists(st.integers(50, 64).map(lambda x: x / 64), min_size=1, max_size=40)


def curve(accuracies: list[np.ndarray], steps: list[np.ndarray]) -> pd.DataFrame:
    """Curves of one quantifier, one array for each trial."""
    return pd.concat(
        pd.DataFrame({"trial": trial, "step": step, "accuracy": accuracy})
        for trial, (accuracy, step) in enumerate(zip(accuracies, steps, strict=True))
    )


class TestConvergenceStep:
    @given(ACCURACIES, st.integers(1, 50))
    def test_agrees_with_a_naive_reading_of_the_definition(self, accuracy, window):
        # Multiples of 1/64 and this threshold are exact in binary: no rounding decides.
        threshold = 61 / 64
        steps = [1 + 50 * i for i in range(len(accuracy))]
        expected = None
        for i in range(len(accuracy)):
            ahead = accuracy[i : i + window]
            if accuracy[i] > threshold and sum(ahead) / len(ahead) > threshold:
                expected = steps[i]
                break
        found = convergence_step(np.array(steps), np.array(accuracy), threshold, window)
        assert found == expected

    def test_a_lucky_evaluation_does_not_count(self):
        accuracy = np.array([0.5, 0.99, 0.5, 0.5, 0.99, 0.99, 0.99])
        assert convergence_step(np.arange(7), accuracy, 0.95, 3) == 4

    def test_exactly_the_threshold_is_not_above_it(self):
        assert convergence_step(np.arange(3), np.full(3, 0.95)) is None

    def test_a_run_that_never_gets_finite_accuracy_is_not_converged(self):
        assert convergence_step(np.arange(3), np.full(3, np.nan)) is None

    def test_a_mean_of_exactly_the_threshold_is_not_above_it(self):
        """Whatever the order in which rounding adds them up."""
        for above in itertools.permutations([0.96, 0.97, 0.93, 0.94]):
            if above[0] > 0.95:
                assert convergence_step(np.arange(4), np.array(above), 0.95, 4) != 0
        nearly = np.array([1.0, 0.9, 0.95000001])
        assert convergence_step(np.arange(3), nearly, 0.95, 3) == 0


def test_what_was_not_measured_neither_converged_nor_is_censored():
    curves = training_curves(["most", "even"], [20, 30], trials=3, evaluations=60)
    parts = curves[curves["quantifier"] != "all"].assign(sample=0)
    parts.loc[(parts["trial"] == 1) & (parts["quantifier"] == "even"), "accuracy"] = np.nan
    table = convergence_table(parts, 0.95, 20)
    unknown = table["converged"].isna()
    assert table.loc[unknown, ["trial", "quantifier"]].to_numpy().tolist() == [[1, "even"]]
    blank = ["step", "final_accuracy", "last_50_accuracy"]
    assert table.loc[unknown, blank].isna().all(axis=None)
    assert len(measured(table)) == 5


def test_convergence_table_has_one_row_for_each_run():
    curves = training_curves(["most", "even"], [20, 400], trials=3, evaluations=60)
    parts = curves[curves["quantifier"] != "all"].assign(sample=7)
    table = convergence_table(parts.sample(frac=1, random_state=1), 0.95, 20)
    assert len(table) == 6
    assert table.loc[table["quantifier"] == "even", "step"].isna().all()
    most = table[table["quantifier"] == "most"]
    assert (most["step"] < most["last_step"]).all()
    one = parts[(parts["trial"] == 0) & (parts["quantifier"] == "even")]
    ordered = one.sort_values("step")["accuracy"]
    found = table.query("trial == 0 and quantifier == 'even'")
    # Of 60 evaluations the last tenth is 6.
    assert found["final_accuracy"].item() == pytest.approx(ordered.tail(6).mean())
    assert found["last_50_accuracy"].item() == pytest.approx(ordered.tail(50).mean())


@pytest.mark.parametrize(("evaluations", "last"), [(1, 1), (19, 1), (28, 2), (499, 49), (900, 50)])
def test_the_final_accuracy_is_of_the_last_tenth(evaluations, last):
    """Of a run that rises from chance to 1, its whole mean of .75 would tell nothing of its end."""
    rising = np.linspace(0.5, 1.0, evaluations)
    assert final_accuracy(rising) == pytest.approx(rising[-last:].mean())


def test_the_accuracy_of_the_papers_test_is_of_the_last_50_evaluations():
    steps, accuracy = np.arange(1, 1401, 50), np.linspace(0.5, 1.0, 28)
    run = pd.DataFrame({"sample": 0, "trial": 0, "quantifier": "most", "step": steps})
    row = convergence_table(run.assign(accuracy=accuracy), 0.95, 5).iloc[0]
    assert row["final_accuracy"] == pytest.approx(1 - 0.5 / 27 / 2)
    assert row["last_50_accuracy"] == pytest.approx(0.75)


class TestMedianStep:
    def test_trials_that_never_learn_are_above_the_line(self):
        """Kaplan–Meier says that all learn, where half stop by patience before the others do."""
        steps = np.array([20_000.0] * 10 + [np.inf] * 11)
        assert np.isnan(median_step(steps).estimate)
        assert median_step(steps[:-2]).estimate == 20_000

    def test_the_interval_covers_what_it_says(self):
        random = np.random.default_rng(4)
        for n in (6, 10, 30):
            found = [median_step(random.exponential(1, n)) for _ in range(2000)]
            covered = np.mean([x.lower <= np.log(2) <= x.upper for x in found])
            assert 0.94 < covered < 0.995  # it can only be conservative

    def test_few_trials_have_no_interval(self):
        assert np.isnan(median_step(np.arange(5.0)).lower)
        assert np.isnan(median_step(np.array([])).estimate)


class TestAreaTo:
    def test_two_ramps(self):
        # 1 − (1 − x)² against x on [0, 1]: ∫ (x − x²) = 1/6.
        x = np.linspace(0, 1, 401)
        areas = [area_to(1000 * x, curve, 1000) for curve in (1 - (1 - x) ** 2, x)]
        assert areas[0] - areas[1] == pytest.approx(1 / 6, rel=1e-4)

    def test_a_short_run_goes_on_with_its_last_value_and_a_long_one_is_cut(self):
        steps, values = np.array([0.0, 100]), np.array([0.5, 0.7])
        assert area_to(steps, values, 300) == pytest.approx((60 + 140) / 300)
        assert area_to(steps, values, 50) == pytest.approx(0.55)


def test_summary_keeps_the_order_of_the_experiment_and_says_not_reached():
    steps = {"even": [None, None, 900], "most": [100, 200, 300]}
    table = pd.DataFrame(
        {
            "sample": 0,
            "trial": [0, 1, 2] * 2,
            "quantifier": np.repeat(list(steps), 3),
            "step": pd.array([*steps["even"], *steps["most"]], dtype="Int64"),
            "converged": [False, False, True, True, True, True],
            "final_accuracy": 0.9,
        }
    )
    summary = summarise_convergence(table, ["most", "even"])
    assert summary["quantifier"].tolist() == ["most", "even"]
    assert summary["converged"].tolist() == [3, 1]
    assert summary["median_step"][0] == 200
    assert np.isnan(summary["median_step"][1])


def test_leads_of_censored_pairs():
    easy = pd.DataFrame({"step": pd.array([100, 100, None, None], "Int64"), "last_step": 1000})
    hard = pd.DataFrame({"step": pd.array([300, None, 100, None], "Int64"), "last_step": 1000})
    leads = step_leads(easy, hard)
    assert leads[:3].tolist() == [200, np.inf, -np.inf]
    assert np.isnan(leads[3])
