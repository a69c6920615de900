"""False verdicts and coverage: the tests are those of verdicts, and the truth is known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic

from quantlearn.figures import style
from quantlearn.figures.calibration import false_verdicts, simulated_coverage
from quantlearn.figures.error_rates import Design, signed_rank_p, t_test_p
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.statistics.comparison import area_test, paper_tests, verdicts
from quantlearn.statistics.convergence import convergence_table

PAIR = ["every", "only"]
TRAINING = {"max_epochs": 240, "batch_size": 7, "evaluate_every": 50}


def pool(midpoints, trials, seed=1):
    """An experiment in which two quantifiers are learned around the midpoints, in evaluations."""
    curves = synthetic.training_curves(PAIR, midpoints, trials=trials, seed=seed)
    settings = synthetic.experiment_settings("pool", PAIR)
    settings["training"] |= TRAINING | {"together": True}
    named = curves[curves["quantifier"] != "all"]
    networks = synthetic.training_trials(curves)
    convergence = convergence_table(named, **settings["convergence"])
    found = verdicts(
        named,
        networks,
        [PAIR],
        training=settings["training"],
        endpoint=settings["endpoint"],
        threshold=settings["convergence"]["threshold"],
        family={"name": "pool", "size": None},
    )
    return SimpleNamespace(
        name="pool",
        settings=settings,
        shown=lambda frame: frame,
        curves=curves,
        trials=networks,
        convergence=convergence,
        verdicts=found,
    )


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(false_verdicts, "RESAMPLES", 200)


@pytest.fixture(scope="module")
def equal():
    return pool([60, 60], trials=60)


def test_the_tests_are_those_of_the_verdict_and_of_the_comparison():
    experiment = pool([60, 66], trials=12, seed=3)
    (row,) = experiment.verdicts.itertuples()
    values = false_verdicts.endpoint_values(experiment, row)
    found = false_verdicts.differences(experiment, row, values)
    assert signed_rank_p(found["signed_rank"][None]) == row.p
    known = experiment.curves[experiment.curves["quantifier"] != "all"]
    expected = pd.concat(
        [paper_tests(experiment.convergence, *PAIR), area_test(known, *PAIR, row.horizon)]
    ).set_index("test")["p"]
    for test, p in expected.items():
        assert t_test_p(found[test][None]) == pytest.approx(p)
    assert list(found) == list(false_verdicts.NAMES)


def test_equal_quantifiers_are_seldom_told_apart_and_others_are(equal):
    made = false_verdicts.tables(equal, [], seed=1)
    rates = made["false_verdict_rates"].set_index(["test", "n"])
    assert rates.loc[("signed_rank", 10), "ensembles"] == 6
    assert (rates["rejected"] < 0.2).all()  # a true share of 0.05, in 2 to 6 ensembles
    apart = false_verdicts.tables(pool([60, 90], trials=60), [], seed=1)
    steps = apart["false_verdict_rates"].set_index("test")["rejected"]["signed_rank"]
    assert (steps > 0.99).all()


def text_of(module, made) -> str:
    name = module.__name__.rpartition(".")[2]
    return render(template_of(name), module.facts(made, {})).replace("\u00a0", " ")


def test_the_text_says_which_shares_chance_does_not_explain(equal, tmp_path):
    made = false_verdicts.tables(equal, [equal], seed=1)
    assert (made["false_verdict_rates"]["pairs"] == 2).all()
    rates = made["false_verdict_rates"]
    none = text_of(false_verdicts, made | {"false_verdict_rates": rates.assign(rejected=0.05)})
    assert "No test does so more often than chance" in none
    many = rates.assign(rejected=np.where(rates["test"] == "paired_t_steps", 0.9, 0.05))
    text = text_of(false_verdicts, made | {"false_verdict_rates": many})
    assert "2019: t-test of steps with 10 trials (90.0 %, at most" in text
    with style.figure_style():
        drawn = false_verdicts.draw(made, equal)
        style.save_figure(drawn, tmp_path / "drawn.svg")
    assert "exact signed ranks" in (tmp_path / "drawn.svg").read_text(encoding="utf-8")


def test_a_pool_smaller_than_an_ensemble_is_one():
    made = false_verdicts.tables(pool([60, 60], trials=4), [], seed=1)
    assert set(made["false_verdicts"]["n"]) == {4}
    assert set(made["false_verdicts"]["ensembles"]) == {1}
    assert text_of(false_verdicts, made)


@pytest.fixture(scope="module")
def coverage() -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated_coverage, "REPETITIONS", 10)
        patch.setattr(simulated_coverage, "SIZES", (10, 30))
        return simulated_coverage.tables(None, [], seed=1)["simulated_coverage"]


def test_an_interval_that_covers_too_little_is_named(coverage, tmp_path):
    assert len(coverage) == 2 * 4 * 3 * 2 * 5
    shares = {"difference_covered": 0.95, "ratio_covered": 0.95, "false_direction": 0.05}
    right = coverage.assign(
        rate=coverage["quantity"].map(shares).fillna(0.0), error=0.003, repetitions=4000
    )
    assert simulated_coverage.missed(right).empty
    assert "No interval that verdicts are given misses" in text_of(
        simulated_coverage, {"simulated_coverage": right}
    )
    of_designs = right.query("correlation == 0.5 and not_learned == 0 and ratio == 1")
    places = {(row.n, row.quantity): row.Index for row in of_designs.itertuples()}
    for n, quantity, rate, given in (
        (30, "difference_covered", 0.88, True),
        (10, "difference_covered", 0.88, False),
        (10, "ratio_covered", 0.99, True),
        (10, "false_direction", 0.08, True),
    ):
        wrong = right.copy()
        wrong.loc[places[n, quantity], "rate"] = rate
        assert list(simulated_coverage.missed(wrong).index) == [places[n, quantity]] * given
        text = text_of(simulated_coverage, {"simulated_coverage": wrong})
        assert (f"{n} trials, 0 % not learned, correlation 0.5, ratio 1:" in text) == given
    with style.figure_style():
        drawn = simulated_coverage.draw({"simulated_coverage": coverage}, None)
        style.save_figure(drawn, tmp_path / "drawn.svg")
    assert "70 % not learned" in (tmp_path / "drawn.svg").read_text(encoding="utf-8")


def test_the_error_is_that_of_a_share():
    found = simulated_coverage.rates(Design(10, 0.5, 0.3, 1.0), 50, np.random.default_rng(1))
    share = found["rate"]
    np.testing.assert_allclose(found["error"], np.sqrt(share * (1 - share) / 50))
