"""Analyses of searches: importance of settings, best of n samples, projections."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest

from quantlearn.figures.practice import knobs, projections, random_against_grid

SAMPLES = 48


def search_values(accuracy) -> pd.DataFrame:
    """Samples of three settings, with the dev accuracy that a function of them gives."""
    rng = np.random.default_rng(1)
    values = pd.DataFrame(
        {
            "network.hidden": rng.integers(4, 64, SAMPLES),
            "training.optimiser": rng.choice(["adam", "sgd", "rmsprop"], SAMPLES),
            "training.learning_rate": 10.0 ** rng.uniform(-4, -1, SAMPLES),
        }
    )
    return values.assign(dev_accuracy=accuracy(values, rng))


def by_optimiser(values, rng):
    means = {"adam": 0.9, "sgd": 0.6, "rmsprop": 0.75}
    return values["training.optimiser"].map(means) + rng.normal(0, 0.005, len(values))


def noise(values, rng):
    return rng.uniform(0.5, 1.0, len(values))


def scored_trials(scores: np.ndarray) -> pd.DataFrame:
    """tables/trials.csv as far as scores are read from it, from scores (samples, trials)."""
    sample, trial = np.indices(scores.shape)
    return pd.DataFrame(
        {
            "sample": sample.ravel(),
            "trial": trial.ravel(),
            "dev_accuracy": scores.ravel(),
            "dev_loss": 1 - scores.ravel(),
            "dev_scenes": 100,
        }
    )


def test_the_one_setting_that_decides_has_all_the_importance():
    table = knobs.importances(search_values(by_optimiser), seed=1).set_index("knob")
    assert next(iter(table.index)) == "training.optimiser"
    assert table["explained"].iloc[0] > 0.9
    assert table.loc["training.optimiser", "lower"] > 0.5
    others = table.drop("training.optimiser")["importance"].abs()
    assert (others < 0.05).all()


def test_settings_that_decide_nothing_are_said_to_mean_nothing():
    table = knobs.importances(search_values(noise), seed=1)
    assert table["explained"].iloc[0] < 0.1
    text = knobs.remark(table.assign(explained=-0.2), {})
    assert "mean nothing" in text
    assert "most important first" not in text


def test_few_samples_are_not_interpreted():
    values = search_values(by_optimiser)
    table = knobs.importances(values[: knobs.FEWEST_SAMPLES - 1], seed=1)
    assert list(table["knob"]) == list(values.columns[:-1])
    assert table["importance"].isna().all()
    assert "too little" in knobs.remark(table, {})
    assert knobs.shown(table) is None


@pytest.mark.parametrize(
    ("order", "verdict"),
    [
        (["architecture", "activation", "optimiser"], "is the same"),
        (["optimiser", "architecture", "activation"], "is another"),
    ],
)
def test_the_courses_order_is_compared_with_the_one_found(order, verdict):
    sections = {"architecture": "network", "activation": "network", "optimiser": "training"}
    table = pd.DataFrame(
        {
            "knob": [f"{sections[name]}.{name}" for name in order],
            "importance": [0.5, 0.3, 0.1],
            "lower": [0.4, 0.2, 0.0],
            "upper": [0.6, 0.4, 0.2],
            "samples": 64,
            "explained": 0.8,
        }
    )
    text = knobs.remark(table, {})
    assert verdict in text
    assert text.endswith(f"{order[0]}, {order[1]} and {order[2]}.")


def test_best_of_n_against_looking_at_each_n_by_itself():
    rng = np.random.default_rng(2)
    scores, order = rng.random((20, 2)), rng.permutation(20)
    expected = []
    for n in range(1, 21):
        first = scores[order[:n]]
        expected.append((first[first[:, 0].argmax(), 1] + first[first[:, 1].argmax(), 0]) / 2)
    assert random_against_grid.best_of(scores, order) == pytest.approx(expected)


def test_efficiency_is_the_expected_maximum_where_both_halves_agree():
    """E[max of n of N] = Σ x_(k) C(k − 1, n − 1) / C(N, n), over the ordered values."""
    values = np.random.default_rng(3).random(12)
    table = random_against_grid.efficiency(
        scored_trials(np.stack([values, values], axis=1)), np.random.default_rng(4)
    )
    ordered = np.sort(values)
    for n in range(1, 13):
        exact = sum(x * comb(k - 1, n - 1) for k, x in enumerate(ordered, 1)) / comb(12, n)
        assert table.set_index("budget").loc[n, "mean"] == pytest.approx(exact, abs=0.02)
    assert table["mean"].iloc[-1] == pytest.approx(ordered[-1])
    assert table["lower"].iloc[-1] == table["upper"].iloc[-1]


def test_choosing_and_scoring_use_different_trials():
    scores = np.array([[0.9, 0.1, 0.7, 0.3], [0.5, 0.6, 0.5, 0.6]])
    found = random_against_grid.halves(scored_trials(scores))
    assert found == pytest.approx(np.array([[0.8, 0.2], [0.5, 0.6]]))
    # Sample 0 wins on the even trials and is scored by the odd, sample 1 the other way round.
    best = random_against_grid.best_of(found, np.array([0, 1]))
    assert best[-1] == pytest.approx((0.2 + 0.5) / 2)


def test_pure_luck_does_not_make_the_best_of_many_look_better():
    """All samples are equally good: their best is no better than any, however many are tried."""
    scores = 0.8 + np.random.default_rng(5).normal(0, 0.05, (64, 10))
    table = random_against_grid.efficiency(scored_trials(scores), np.random.default_rng(6))
    assert table["mean"].iloc[31] == pytest.approx(0.8, abs=0.03)
    # Scored by the trials that it was chosen by, it would stand about two deviations higher.
    assert scores.mean(axis=1).max() > 0.8 + 1.5 * 0.05 / np.sqrt(10)


def test_one_trial_is_too_few():
    with pytest.raises(ValueError, match="two of them"):
        random_against_grid.halves(scored_trials(np.ones((3, 1))))


def test_a_grid_tries_few_values_of_each_axis():
    def laid_out(values: pd.DataFrame, sampler: str) -> pd.DataFrame:
        axes = ("network.hidden", "training.learning_rate")
        return projections.projections(values.assign(dev_accuracy=0.5), axes, "e", sampler)

    grid = pd.DataFrame(
        [(h, r) for h in (4, 8, 16) for r in (0.1, 0.01)],
        columns=["network.hidden", "training.learning_rate"],
    )
    random = pd.DataFrame(
        {"network.hidden": range(6), "training.learning_rate": np.linspace(0, 1, 6)}
    )
    text = projections.remark(pd.concat([laid_out(grid, "grid"), laid_out(random, "random")]), {})
    assert "3 values of the hidden and 2 of the learning rate with 6 grid samples" in text
    assert "6 values of the hidden and 6 of the learning rate with 6 random samples" in text


def test_the_axes_are_the_numbers_that_matter_most_and_least():
    def by_rate(values, rng):
        return 0.5 - 0.1 * np.log10(values["training.learning_rate"])

    axes = projections.important_axes(search_values(by_rate), seed=1)
    assert axes == ("training.learning_rate", "network.hidden")
    assert all(pair[0] != pair[1] for pair in combinations(axes, 2))
