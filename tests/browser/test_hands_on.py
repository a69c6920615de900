"""An experiment in the page: convergence is the library's, the sign test exact."""

import re

import numpy as np
import pytest
from scipy.stats import binomtest

from quantlearn.statistics.convergence import convergence_step

RULE = {"batch": 32, "every": 20, "stop": 0.02, "threshold": 0.95, "window": 250}
RUN = {"name": "tutorial", "title": "Tutorial", "pair": ["most", "even"]}
QUANTIFIERS = {
    "most": {"truths": [int(both > 8) for both in range(17)], "rate": 0.4018},
    "even": {"truths": [1 - both % 2 for both in range(17)], "rate": 0.5},
    "exactly_8": {"truths": [int(both == 8) for both in range(17)], "rate": 0.1964},
}
STEPS = [[141, 121, 161, None], [421, None, 121, None]]


@pytest.fixture
def page(act):
    runs = [RUN | {"steps": STEPS}]
    beside = "The run’s own have two hidden layers."
    given = {"quantifiers": QUANTIFIERS, "rule": RULE, "runs": runs, "beside": beside}
    return act("hands_on", needs=["course/training.js"], **given)


def test_convergence_is_the_rule_of_the_library(page):
    rng = np.random.default_rng(1)
    for window in (1, 3, 250):
        rising = np.linspace(0.6, 1.1, 20) + rng.normal(0, 0.05, size=(30, 20))
        curves = np.minimum(np.round(20 * rising) / 20, 1)  # the threshold itself comes often
        steps = 1 + 20 * np.arange(20)
        found = page.evaluate(
            """([steps, curves, window]) => curves.map((one) =>
              quantlearn.course.hands_on.convergenceStep(steps, one, 0.95, window))""",
            [steps.tolist(), curves.tolist(), window],
        )
        assert found == [convergence_step(steps, one, 0.95, window) for one in curves]
    # A mean that is the threshold is not above it, though a sum of floats divided by 3 is.
    assert sum([1, 0.95, 0.9]) / 3 > 0.95
    just = "quantlearn.course.hands_on.convergenceStep([1, 21, 41], [1, 0.95, 0.9], 0.95, 3)"
    assert page.evaluate(just) is None


@pytest.mark.parametrize(("sooner", "later"), [(0, 0), (1, 0), (3, 3), (5, 0), (9, 1), (2, 8)])
def test_the_sign_test_is_exact(sooner, later, page):
    first = [1] * sooner + [None] * later + [5, None]  # and two ties
    second = [None] * sooner + [7] * later + [5, None]
    found = page.evaluate("(s) => quantlearn.course.hands_on.signTest(...s)", [first, second])
    p = binomtest(sooner, sooner + later).pvalue if sooner + later else 1
    assert found == pytest.approx({"sooner": sooner, "later": later, "p": p}, rel=1e-12)


def test_an_experiment_is_done_by_keyboard_alone(page, accessible):
    keys = page.keyboard
    keys.press("Tab")  # the first quantifier: most
    keys.press("Tab")
    keys.type("exactly 8")
    keys.press("Tab")
    keys.type("the first")
    keys.press("Tab")
    keys.type("2")
    for _ in range(4):  # inputs, learning rate, steps, Train
        keys.press("Tab")
    keys.press("Enter")
    page.wait_for_function("document.querySelector('.widget-answer').textContent !== ''")
    heads = page.locator("thead").inner_text()
    assert "most (true in 40.2 %)" in heads
    assert "exactly 8 (true in 19.6 %)" in heads
    rows = [row.split("\t")[1:] for row in page.locator("tbody").inner_text().splitlines()]
    steps = np.array([[np.inf if "not" in one else int(one) for one in row] for row in rows])
    assert len(steps) == 2
    sooner = (steps[:, 0] < steps[:, 1]).sum()
    said = page.inner_text(".widget-answer")
    assert said.startswith("You lost your bet: most was sooner in")  # two trials are not enough
    assert f"sooner in {sooner} of 2 trials" in said
    assert "With fewer than six trials p is never below 0.05." in said
    accessible(page)


def test_the_runs_own_trials_are_beside_it(page):
    text = page.locator("p", has=page.get_by_role("link", name="Tutorial")).inner_text()
    sentence = "most was sooner in 2 of 4 trials, even in 1, neither in 1; sign test p = 1.000."
    assert text == f"Tutorial: {sentence}"
    assert page.get_by_role("link").get_attribute("href") == "../experiments/tutorial"


def test_training_can_be_stopped_and_begun_again(page):
    page.get_by_label("Steps").select_option("4000")
    for _ in range(2):
        page.get_by_role("button", name="Train").click()
        # The page itself stops: a click from here may come when a trial is over.
        begun = "document.querySelector('progress').value > 0"
        page.wait_for_function(f"{begun} && !document.querySelector('button').click()")
        assert re.search("in 0 of 0 trials", page.inner_text(".widget-answer"))
    assert page.get_by_role("button", name="Train").count() == 1
