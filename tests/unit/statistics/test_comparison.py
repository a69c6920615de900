"""Statistics against closed forms, textbook examples and naive implementations."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from synthetic_results import training_curves

from quantlearn.statistics import comparison as qs
from quantlearn.statistics.convergence import convergence_table


def runs(steps: list[int | None], last: int = 1000, accuracy: float = 0.9) -> pd.DataFrame:
    """Rows of a convergence table for one quantifier; None is a trial that never converged."""
    return pd.DataFrame(
        {
            "trial": range(len(steps)),
            "step": pd.array(steps, dtype="Int64"),
            "converged": [step is not None for step in steps],
            "last_step": last,
            "final_accuracy": accuracy,
            "last_50_accuracy": accuracy,
        }
    ).set_index("trial")


class TestKaplanMeier:
    # Remission in weeks under 6-mercaptopurine (Freireich et al. 1963; Cox & Oakes 1984, p. 49).
    WEEKS = np.array([6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
    RELAPSED = np.arange(21) < 9

    def test_the_textbook_example(self):
        curve = qs.kaplan_meier(self.WEEKS, self.RELAPSED)
        share = dict(zip(curve.steps, curve.share, strict=True))
        known = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
        for week, expected in known.items():
            assert share[week] == pytest.approx(expected, abs=5e-4)
        assert curve.median().estimate == 23
        at_risk = dict(zip(curve.steps, curve.at_risk, strict=True))
        assert (at_risk[0], at_risk[6], at_risk[7], at_risk[23]) == (21, 21, 17, 6)

    def test_the_median_interval_is_the_published_one(self):
        # R, survfit(..., conf.type = "log-log"): median 23, lower 13, no upper bound.
        interval = qs.kaplan_meier(self.WEEKS, self.RELAPSED).median()
        assert (interval.estimate, interval.lower) == (23, 13)
        assert np.isnan(interval.upper)

    def test_greenwood_by_hand(self):
        # Four trials; after the first event S = 3/4 and the variance of log S is 1/(4·3).
        curve = qs.kaplan_meier(np.array([1, 2, 3, 4]), np.array([True, True, True, False]))
        half = 1.959964 * np.sqrt(1 / 12) / abs(np.log(0.75))
        assert curve.lower[1] == pytest.approx(0.75 ** np.exp(half), rel=1e-5)
        assert curve.upper[1] == pytest.approx(0.75 ** np.exp(-half), rel=1e-5)

    def test_without_convergence_the_median_is_not_reached(self):
        curve = qs.kaplan_meier(np.array([10, 10, 10]), np.zeros(3, dtype=bool))
        assert (curve.share == 1).all()
        assert np.isnan(curve.median().estimate)


class TestPairedT:
    def test_agrees_with_scipy(self):
        random = np.random.default_rng(3)
        first, second = random.normal(5, 1, 12), random.normal(6, 2, 12)
        found = qs.paired_t_test(second - first, "paired_t_steps", "steps")
        expected = stats.ttest_rel(second, first)
        assert found.statistic == pytest.approx(expected.statistic)
        assert found.p == pytest.approx(expected.pvalue)
        assert found.df == 11
        bounds = expected.confidence_interval()
        assert (found.lower, found.upper) == pytest.approx((bounds.low, bounds.high))

    def test_d_z_is_t_over_root_n(self):
        differences = np.random.default_rng(4).normal(1, 1, 20)
        found = qs.paired_t_test(differences, "test", "unit")
        assert found.effect_size == pytest.approx(found.statistic / np.sqrt(20))
        assert found.effect_lower < found.effect_size < found.effect_upper

    @pytest.mark.parametrize("differences", [[], [3.0], [3.0, 3.0, 3.0], [0.1 + 0.2, 0.3]])
    def test_what_the_data_cannot_give_is_blank(self, differences):
        found = qs.paired_t_test(np.array(differences), "test", "unit")
        assert found.n == len(differences)
        assert np.isnan([found.statistic, found.p, found.lower, found.effect_size]).all()
        assert np.isnan(found.estimate) == (not differences)

    def test_no_bootstrap_interval_for_fewer_than_five(self):
        effect = qs.cohens_d_z(np.array([1.0, 2.0, 3.0, 5.0]))
        assert np.isfinite(effect.estimate)
        assert np.isnan(effect.lower)


class TestWilcoxon:
    def test_agrees_with_scipy_without_censoring(self):
        leads = np.array([50.0, -100, 250, 300, 450, 600, -150, 900])
        found = qs.wilcoxon_steps_test(leads)
        expected = stats.wilcoxon(leads)
        assert (found.statistic, found.p) == (expected.statistic, expected.pvalue)
        # Ranks of the negative ones are 2 and 3 of 36 in all.
        assert found.estimate == pytest.approx((31 - 5) / 36)

    def test_an_unlearned_partner_ranks_above_every_finite_lead(self):
        censored = qs.wilcoxon_steps_test(np.array([100.0, -200, 300, 400, np.inf]))
        late = qs.wilcoxon_steps_test(np.array([100.0, -200, 300, 400, 1e9]))
        assert (censored.estimate, censored.p) == (late.estimate, late.p)

    def test_trials_without_order_are_left_out_and_not_counted(self):
        assert qs.wilcoxon_steps_test(np.array([np.nan, 0.0, 100, 200])).n == 2
        nothing = qs.wilcoxon_steps_test(np.array([np.nan, np.nan]))
        assert nothing.n == 0
        assert np.isnan([nothing.estimate, nothing.p]).all()


class TestLogrank:
    def test_by_hand(self):
        # Events: 1 (easy), 2 (hard), 3 (easy), 4 (hard). Expected easy: 2/4 + 1/3 + 1/2 + 0 = 4/3;
        # variance: 1/4 + 2/9 + 1/4 + 0 = 13/18.
        found = qs.logrank_test(runs([1, 3]), runs([2, 4]))
        assert found.statistic == pytest.approx((2 - 4 / 3) / np.sqrt(13 / 18))
        assert found.p == pytest.approx(2 * stats.norm.sf(found.statistic))

    def test_the_restricted_mean_stops_at_the_first_censoring(self):
        found = qs.logrank_test(runs([100, 200]), runs([400, None], last=1000))
        assert (found.horizon, found.estimate) == (1000, 700 - 150)

    def test_nothing_converged(self):
        found = qs.logrank_test(runs([None, None]), runs([None, None]))
        assert np.isnan([found.statistic, found.p, found.estimate]).all()
        assert found.n == 2

    def test_all_at_the_same_step_leave_nothing_to_compare(self):
        assert np.isnan(qs.logrank_test(runs([5, 5]), runs([5, 5])).p)


class TestHolm:
    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=12, unique=True))
    def test_agrees_with_the_definition(self, p):
        ordered = sorted(p)
        m = len(p)
        stepwise = [min(1.0, max((m - j) * ordered[j] for j in range(i + 1))) for i in range(m)]
        expected = [stepwise[ordered.index(value)] for value in p]
        assert qs.holm(np.array(p)) == pytest.approx(expected)

    def test_blank_p_values_are_no_part_of_the_family(self):
        assert qs.holm(np.array([np.nan, 0.04]))[1] == 0.04
        assert np.isnan(qs.holm(np.array([np.nan, np.nan]))).all()


class TestComparePair:
    CURVES = training_curves(["quick", "slow"], [60, 170], trials=8, seed=5)
    CONVERGENCE = convergence_table(
        CURVES[CURVES["quantifier"] != "all"].assign(sample=0), 0.95, 20
    )

    def test_swapping_the_pair_negates_every_estimate_and_keeps_p(self):
        one = qs.compare_pair(self.CONVERGENCE, self.CURVES, "quick", "slow")
        other = qs.compare_pair(self.CONVERGENCE, self.CURVES, "slow", "quick")
        assert (one["estimate"] > 0).all()
        assert one["estimate"].to_numpy() == pytest.approx(-other["estimate"].to_numpy())
        assert one["p"].to_numpy() == pytest.approx(other["p"].to_numpy())
        assert one["censored_hard"].tolist() == other["censored_easy"].tolist()

    def test_the_t_test_on_steps_counts_only_trials_where_both_converged(self):
        steps = self.CONVERGENCE.pivot_table(index="trial", columns="quantifier", values="step")
        found = qs.compare_pair(self.CONVERGENCE, self.CURVES, "quick", "slow")
        paired = found.set_index("test").loc["paired_t_steps"]
        assert paired["n"] == steps.notna().all(axis="columns").sum() < 8
        assert paired["censored_hard"] > 0

    def test_a_single_trial_gives_estimates_but_no_test(self):
        one_run = self.CONVERGENCE[self.CONVERGENCE["trial"] == 0]
        found = qs.compare_pair(one_run, self.CURVES[self.CURVES["trial"] == 0], "quick", "slow")
        assert (found["n"] == 1).all()
        assert found[["statistic", "p", "lower", "upper"]].isna().all(axis=None)

    def test_what_was_not_measured_is_in_no_test(self):
        """As if the trial had not been there, instead of as if it had never learned."""
        without = self.CURVES["trial"] != 3
        expected = qs.compare_pair(
            self.CONVERGENCE[self.CONVERGENCE["trial"] != 3], self.CURVES[without], "quick", "slow"
        )
        unmeasured = self.CURVES.assign(
            accuracy=self.CURVES["accuracy"].mask(
                (self.CURVES["trial"] == 3) & (self.CURVES["quantifier"] == "quick")
            )
        )
        of_pair = unmeasured[unmeasured["quantifier"] != "all"].assign(sample=0)
        table = convergence_table(of_pair, 0.95, 20)
        assert len(table) == len(self.CONVERGENCE)
        found = qs.compare_pair(table, unmeasured, "quick", "slow")
        pd.testing.assert_frame_equal(found, expected)
        assert (found.set_index("test")["n"][["logrank", "area_between_curves"]] == 7).all()
        summed = qs.summarise_convergence(table, ["quick", "slow"])
        assert summed["n"].tolist() == [7, 8]

    def test_where_nothing_was_measured_nothing_is_said(self):
        blank = self.CURVES.assign(accuracy=np.nan)
        table = convergence_table(blank[blank["quantifier"] != "all"].assign(sample=0), 0.95, 20)
        found = qs.compare_pair(table, blank, "quick", "slow")
        assert (found["n"] == 0).all()
        assert found[["estimate", "p", "lower", "upper"]].isna().all(axis=None)
        assert qs.summarise_convergence(table, ["quick", "slow"])["n"].tolist() == [0, 0]


def test_welch_agrees_with_the_formula():
    first, second = np.array([1.0, 2, 4, 8]), np.array([0.0, 1, 1])
    found = qs.welch_test(first, second)
    error = np.sqrt(first.var(ddof=1) / 4 + second.var(ddof=1) / 3)
    assert found.statistic == pytest.approx((first.mean() - second.mean()) / error)
    assert found.lower < found.estimate < found.upper
    assert np.isnan(qs.welch_test(first, np.array([])).estimate)
    assert np.isnan(qs.welch_test(first, np.array([1.0])).p)


def test_summary_keeps_the_order_of_the_experiment_and_says_not_reached():
    table = pd.concat(
        runs(steps).reset_index().assign(sample=0, quantifier=name)
        for name, steps in {"even": [None, None, 900], "most": [100, 200, 300]}.items()
    )
    summary = qs.summarise_convergence(table, ["most", "even"])
    assert summary["quantifier"].tolist() == ["most", "even"]
    assert summary["converged"].tolist() == [3, 1]
    assert summary["median_step"][0] == 200
    assert np.isnan(summary["median_step"][1])
