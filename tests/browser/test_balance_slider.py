"""Balance in the page: accuracies are those of scikit-learn on scenes in these shares."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score


@pytest.fixture
def page(act):
    return act("balance", rate=20, own="")


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5, 0.75])
def test_scores_are_those_of_answers_in_these_shares(rate, page):
    n = 100_000
    trues = round(rate * n)
    truth = np.repeat([True, False], [trues, n - trues])
    said_true = {  # among true scenes, and among false ones
        "always says the commoner": (rate > 0.5, rate > 0.5),
        "guesses by the rate": (rate, rate),
        "is right in 90 % of each": (0.9, 0.1),
    }
    for name, (of_true, of_false) in said_true.items():
        answers = np.concatenate(
            [np.arange(trues) < of_true * trues, np.arange(n - trues) < of_false * (n - trues)]
        )
        found = page.evaluate("(given) => quantlearn.course.balance.scores(...given)", [name, rate])
        right = [score(truth, answers) for score in (accuracy_score, balanced_accuracy_score)]
        assert found == pytest.approx(right, abs=2e-3), name


def test_the_slider_moves_by_keyboard(page):
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    rows = page.locator("tbody").inner_text().splitlines()
    assert rows[0] == "Who always says the commoner\t81.0 %\t50.0 %"
    assert rows[2] == "Who is right in 90 % of each\t90.0 %\t90.0 %"


def test_it_is_accessible(page, accessible):
    accessible(page)
