"""Descent in the course: a bet on what becomes of one parameter."""

import numpy as np
import pytest

from quantlearn.report.course import descent

GIVEN = {"y": 2.0, "theta": 0.0, "steps": 30}


@pytest.fixture
def page(act):
    return act("descent", **GIVEN)


def test_paths_and_fates_are_those_of_the_library(page):
    for rate in (0.1, 0.5, 0.9, 1.0, 1.05):
        path = page.evaluate("(a) => quantlearn.course.descent.path(0, 2, a, 30)", rate)
        assert np.allclose(path, descent.descent(0.0, 2.0, rate, 30), rtol=1e-12)


@pytest.mark.parametrize(
    ("rate", "bet", "said"),
    [
        (0.8, "it comes to y", "Right"),
        (1.05, "it comes to y", "No"),
        (1, "it comes no nearer", "Right"),
    ],
)
def test_a_bet_is_looked_at(rate, bet, said, page):
    page.get_by_label("Learning rate").fill(str(rate))
    page.keyboard.press("Tab")
    page.keyboard.type(bet)  # chooses the option that begins with it
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Look
    assert page.inner_text(".widget-answer").startswith(said)
    assert page.locator(".widget-plot .chosen").count() == 1


def test_it_is_accessible(page, accessible):
    page.get_by_role("button", name="Look").click()
    accessible(page)
