"""Figures of searches: importance of settings, best of n samples, projections."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from quantlearn.errors import QuantlearnError
from quantlearn.figures.practice import knobs, projections, random_against_grid
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render

SAMPLES = 48


@pytest.fixture(autouse=True)
def few_forests(monkeypatch):
    """A quarter of the forests: what these samples tell is told by few."""
    monkeypatch.setattr(knobs, "RESAMPLES", 25)


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


def text_of(module, table: pd.DataFrame) -> str:
    """The text of a figure with one table."""
    name = module.__name__.rpartition(".")[2]
    return render(template_of(name), module.facts({name: table}, {}))


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
    text = text_of(knobs, table.assign(explained=-0.2))
    assert "mean nothing" in text
    assert "most important first" not in text


def test_few_samples_are_not_interpreted():
    values = search_values(by_optimiser)
    table = knobs.importances(values[: knobs.FEWEST_SAMPLES - 1], seed=1)
    assert list(table["knob"]) == list(values.columns[:-1])
    assert table["importance"].isna().all()
    text = text_of(knobs, table)
    assert "too little" in text
    assert "<table>" not in text


def test_settings_that_decide_nothing_are_not_shown_to_matter():
    """Of these 28, cross-validation repeated on the same samples calls 5 "surely above 0"."""
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.random((64, 28))).add_prefix("training.null_")
    table = knobs.importances(values.assign(dev_accuracy=rng.normal(0, 1, 64)), seed=1)
    assert not (table["lower"] > 0).any()


@pytest.mark.parametrize("matters", [False, True])
def test_a_setting_of_one_architecture_is_judged_within_it(matters):
    """That it is "none" elsewhere tells the architecture, and is no importance of its own."""
    rng = np.random.default_rng(2)
    transformer = np.arange(64) % 2 == 0
    heads = rng.choice(["1", "2", "4"], 64)
    accuracy = 0.6 + 0.3 * transformer + rng.normal(0, 0.01, 64)
    accuracy[transformer & (heads == "4")] -= 0.2 * matters
    values = pd.DataFrame(
        {
            "network.architecture": np.where(transformer, "transformer", "lstm"),
            "network.heads": np.where(transformer, heads, "none"),
            "dev_accuracy": accuracy,
        }
    )
    table = knobs.importances(values, seed=1).set_index("knob")
    assert table.loc["network.architecture", "lower"] > 0
    assert (table.loc["network.heads", "lower"] > 0) == matters
    assert abs(table.loc["network.heads", "importance"]) < 0.02 or matters


def test_the_order_found_stands_beside_the_courses():
    table = pd.DataFrame(
        {
            "knob": ["training.optimiser", "network.architecture", "network.activation"],
            "importance": [0.5, 0.3, 0.1],
            "lower": [0.4, 0.2, 0.0],
            "upper": [0.6, 0.4, 0.2],
            "samples": 64,
            "explained": 0.8,
        }
    )
    text = text_of(knobs, table)
    assert "by the estimates here the order is optimiser, architecture and activation." in text
    assert "shown to be above 0, most important first: optimiser and architecture." in text


def test_best_of_n_against_looking_at_each_n_by_itself():
    rng = np.random.default_rng(2)
    scores, order = rng.random((20, 2)), rng.permutation(20)
    expected = []
    for n in range(1, 21):
        first = scores[order[:n]]
        expected.append((first[first[:, 0].argmax(), 1] + first[first[:, 1].argmax(), 0]) / 2)
    assert random_against_grid.best_of(scores, order) == pytest.approx(expected)


def test_efficiency_is_that_of_searches_drawn_with_replacement():
    """E[max of n] = Σ x_(k) ((k/N)ⁿ − ((k − 1)/N)ⁿ), over the ordered values of the N samples."""
    values = np.random.default_rng(3).random(12)
    table = random_against_grid.efficiency(np.tile(values[:, None], 2), np.random.default_rng(4))
    ordered, places = np.sort(values), np.arange(1, 13)
    for n in range(1, 13):
        exact = ordered @ ((places / 12) ** n - ((places - 1) / 12) ** n)
        assert table.set_index("budget").loc[n, "mean"] == pytest.approx(exact, abs=0.02)
    assert table["upper"].iloc[-1] == pytest.approx(ordered[-1])
    # Another search of so many samples might not have found the best one.
    assert table["lower"].iloc[-1] < ordered[-1] - 0.05


@pytest.mark.parametrize(("budget", "share"), [(2, 0.94), (64, 0.44)])
def test_the_middle_of_searches_is_that_of_others_for_small_budgets_only(budget, share):
    """Of uniform scores xⁿ is the share of further searches whose best is below x."""
    rng = np.random.default_rng(8)
    inside = []
    for _ in range(10):
        row = random_against_grid.efficiency(np.tile(rng.random((64, 1)), 2), rng).iloc[budget - 1]
        inside.append(row["upper"] ** budget - row["lower"] ** budget)
    assert np.mean(inside) == pytest.approx(share, abs=0.13 if budget > 2 else 0.03)


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
    halves = random_against_grid.halves(scored_trials(scores))
    table = random_against_grid.efficiency(halves, np.random.default_rng(6))
    assert table["mean"].iloc[31] == pytest.approx(0.8, abs=0.03)
    # Scored by the trials that it was chosen by, it would stand about two deviations higher.
    assert scores.mean(axis=1).max() > 0.8 + 1.5 * 0.05 / np.sqrt(10)


def search_of(sampler: str, scores: np.ndarray) -> SimpleNamespace:
    settings = {"search": {"sampler": sampler}}
    return SimpleNamespace(name=sampler, settings=settings, trials=scored_trials(scores))


@pytest.mark.parametrize("tried", [2, 4])
def test_a_grid_is_compared_with_random_searches_of_its_size(tried):
    random, grid = np.tile([[0.9]], (tried, 2)), np.tile([[0.5], [0.7], [0.5]], 2)
    searches = [search_of("random", random), search_of("grid", grid)]
    table = random_against_grid.tables(searches[0], searches[1:], 1)["random_against_grid"]
    assert table.loc[table["sampler"] == "grid", "budget"].tolist() == [3]
    text = " ".join(text_of(random_against_grid, table).split())
    assert text.startswith("The best of 3 samples on a grid reaches 70.0 %.")
    assert ("With 2 samples at random there are no searches of this size" in text) == (tried < 3)
    assert ("and 90.0 % to 90.0 % in the middle 95 % of searches" in text) == (tried > 3)


def test_samples_of_equal_scores_are_equal_whatever_their_sums_round_to():
    """(0.1 + 0.2 + 0.3) / 3 is less than (0.3 + 0.2 + 0.1) / 3 by rounding alone."""
    scores = np.repeat([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]], 2, axis=1)
    found = random_against_grid.halves(scored_trials(scores))
    assert (found == found[0, 0]).all()
    assert len(set(scores[:, ::2].sum(axis=1).tolist())) == 2


def laid_out(sampler: str, hidden, rates) -> SimpleNamespace:
    """A search over two settings, as far as projections read it."""
    drawn = pd.DataFrame({"network.hidden": hidden, "training.learning_rate": rates}).astype(str)
    board = pd.DataFrame({"sample": range(len(drawn)), "dev_accuracy": 0.5})
    drawn.insert(0, "sample", [str(number) for number in board["sample"]])
    settings = {"search": {"sampler": sampler}}
    return SimpleNamespace(name=sampler, settings=settings, drawn=drawn, leaderboard=board)


def test_a_grid_tries_few_values_of_each_axis():
    grid = laid_out("grid", [4, 4, 8, 8, 16, 16], [0.1, 0.01] * 3)
    random = laid_out("random", range(6), np.linspace(0, 1, 6))
    table = projections.tables(grid, [random], 1)["projections"]
    text = " ".join(text_of(projections, table).split())
    assert "3 values of the setting *hidden* and 2 of *learning rate*, by grid search" in text
    assert "6 values of the setting *hidden* and 6 of *learning rate*, by random search" in text
    assert "Of 6 grid samples, the best answers 50.0 % of the dev scenes" in text


def test_the_axes_are_the_numbers_that_matter_most_and_least():
    def by_rate(values, rng):
        return 0.5 - 0.1 * np.log10(values["training.learning_rate"])

    values = search_values(by_rate)
    for some in (values, values.head(8)):  # of which few no forest learns
        axes = projections.important_axes(some, seed=1)
        assert axes == ("training.learning_rate", "network.hidden")


def test_one_number_is_no_plane():
    values = search_values(noise).drop(columns="network.hidden")
    with pytest.raises(QuantlearnError, match="learning_rate; let another vary"):
        projections.important_axes(values, seed=1)
