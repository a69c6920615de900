"""Specifications: what a choice changes, and a null for all of them at once."""

import itertools

import numpy as np
import pandas as pd
import pytest

from quantlearn.figures.specifications import changes, sign_flip_test
from quantlearn.statistics.comparison import welch_test

EFFECTS = {"rate": 0.3, "alone": -0.2}


def outcomes(rng: np.random.Generator, noise: float = 0.1) -> pd.DataFrame:
    """Two experiments, one alone, each with two rates in the same 12 trials; effects add up."""
    rows = []
    for (experiment, alone), trial in itertools.product(
        [("shared", False), ("alone", True)], range(12)
    ):
        own = 0.5 + rng.normal(0, noise)
        for rate in (1, 2):
            value = own + EFFECTS["rate"] * (rate == 2) + EFFECTS["alone"] * alone
            rows.append(
                {"experiment": experiment, "trial": trial, "rate": rate, "alone": alone}
                | {"value": value + rng.normal(0, noise)}
            )
    return pd.DataFrame(rows)


def found(rows: pd.DataFrame) -> pd.DataFrame:
    reference = {"rate": 1, "alone": False}
    made = changes(rows, ["rate", "alone"], reference, between=["alone"])
    return pd.DataFrame(made).set_index(["factor", "scope"])


def test_effects_that_add_up_are_recovered_and_covered():
    inside = []
    for seed in range(60):
        rows = found(outcomes(np.random.default_rng(seed)))
        truth = rows.index.get_level_values("factor").map(EFFECTS)
        inside.append((rows["lower"] < truth) & (truth < rows["upper"]))
    covered = np.mean(inside, axis=0)
    assert (covered > 0.86).all(), covered  # 0.95 with a standard error of 0.028
    exact = found(outcomes(np.random.default_rng(0), noise=1e-9))
    assert exact["estimate"].to_dict() == pytest.approx(
        {(factor, scope): EFFECTS[factor] for factor, scope in exact.index}, abs=1e-6
    )


def test_trials_are_the_units_and_specifications_without_a_counterpart_do_not_count():
    rows = outcomes(np.random.default_rng(1))
    lone = rows[(rows["rate"] == 2) & rows["alone"]].index
    cut = found(rows.drop(lone))
    assert cut["n"].to_dict() == {
        ("rate", "reference"): 12,
        ("rate", "design"): 12,
        ("alone", "reference"): 24,
        ("alone", "design"): 24,
    }
    first = rows[rows["rate"] == 1]
    alone, shared = (first.loc[first["alone"] == is_so, "value"] for is_so in (True, False))
    expected = welch_test(alone.to_numpy(), shared.to_numpy())
    got = cut.loc[("alone", "design")]
    assert got[["estimate", "lower", "upper"]].tolist() == pytest.approx(
        [expected.estimate, expected.lower, expected.upper]
    )


def curve(rng: np.random.Generator, effect: float = 0.0) -> np.ndarray:
    """Four specifications of the same ten trials and two of ten others, correlated in a trial."""
    values = np.full((6, 20), np.nan)
    for rows, units in ((slice(4), slice(10)), (slice(4, 6), slice(10, 20))):
        shape = values[rows, units].shape
        values[rows, units] = effect + rng.normal(size=shape[1]) + 0.5 * rng.normal(size=shape)
    return values


def test_no_difference_is_rejected_at_the_level():
    p = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        test = sign_flip_test(curve(rng), rng, flips=99)
        p.append((test.p_median, test.p_sooner))
    rejected = (np.array(p) <= 0.05).mean(axis=0)
    # 0.05, with a standard error of 0.013; a share has ties, which make its test reject less.
    assert 0.015 < rejected[0] < 0.088
    assert rejected[1] < 0.088


def test_a_difference_is_found_and_has_a_direction():
    rng = np.random.default_rng(5)
    ahead = sign_flip_test(curve(rng, effect=2.0), rng)
    assert ahead.p_median < 0.001
    assert ahead.p_sooner < 0.001
    assert (ahead.sooner, ahead.later) == (1, 0)
    assert ahead.median == pytest.approx(2.0, abs=0.8)
    behind = sign_flip_test(curve(rng, effect=-2.0), rng)
    assert behind.p_median < 0.001
    assert behind.p_sooner > 0.5
    assert (behind.sooner, behind.later) == (0, 1)


def test_specifications_that_say_the_same_thing_are_no_evidence_by_their_number():
    few = curve(np.random.default_rng(9))[:1, :10]
    one = sign_flip_test(few, np.random.default_rng(0))
    many = sign_flip_test(np.repeat(few, 50, axis=0), np.random.default_rng(0))
    assert one == many
