"""Descent in the course: a bet on what becomes of one parameter, or which rule is best for two."""

import numpy as np
import pytest
import torch

from quantlearn.report.course import descent
from quantlearn.training.optimisers import make_optimiser

GIVEN = {
    "y": 2.0,
    "theta": 0.0,
    "steps": 30,
    "two": {"start": [-2, 1], "curves": [1, 25], "steps": 50},
}
PATH = "(given) => quantlearn.course.descent.path(...given)"
RULES = {"plain": ("sgd", 0.0), "momentum": ("sgd", 0.9), "RMSprop": ("rmsprop", 0.0)}
RULES |= {"Adam": ("adam", 0.0)}


@pytest.fixture
def page(act):
    return act("descent", **GIVEN)


def test_paths_and_fates_are_those_of_the_library(page):
    for rate in (0.1, 0.5, 0.9, 1.0, 1.05, 0.0, -0.1):
        path = page.evaluate(PATH, ["plain", [-2], [1], rate, 30])
        assert np.allclose(np.ravel(path), descent.descent(0.0, 2.0, rate, 30) - 2.0, rtol=1e-9)
        assert page.evaluate("quantlearn.course.descent.fate", rate) == descent.fate(rate)


@pytest.mark.parametrize(
    ("rate", "bet", "said"),
    [
        (0.8, "comes closer from both", "Right: the factor 1 − 2α is −0.6,"),
        (1.05, "comes closer from one", "No: the factor 1 − 2α is −1.1, so θ diverges."),
        (1, "jumps", "Right"),
    ],
)
def test_a_bet_is_looked_at(rate, bet, said, page):
    page.get_by_label("Learning rate").first.fill(str(rate))
    page.keyboard.press("Tab")
    page.keyboard.type(bet)  # chooses the option that begins with it
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Look
    assert page.inner_text(".widget-answer:visible").startswith(said)
    assert page.locator(".widget-plot .chosen").count() == 1


@pytest.mark.parametrize("rule", RULES)
def test_two_parameters_move_as_by_torch(rule, page):
    """On θ₁² + 25 θ₂², by what trains all networks."""
    for rate in (0.01, 0.039, 0.05):
        theta = torch.nn.Parameter(torch.tensor([-2.0, 1.0], dtype=torch.float64))
        name, momentum = RULES[rule]
        settings = {"optimiser": name, "momentum": momentum, "weight_decay": 0.0}
        optimiser = make_optimiser(theta, settings | {"learning_rate": rate})
        expected = [theta.tolist()]
        for _ in range(50):
            optimiser.zero_grad()
            (theta[0] ** 2 + 25 * theta[1] ** 2).backward()
            optimiser.step()
            expected.append(theta.tolist())
        path = page.evaluate(PATH, [rule, [-2, 1], [1, 25], rate, 50])
        assert np.allclose(path, expected, rtol=1e-9, atol=1e-12)


def test_plain_steps_diverge_beyond_the_limit(page):
    for rate, diverges in ((0.0399, False), (0.0401, True)):
        [first, *_, last] = page.evaluate(PATH, ["plain", [-2, 1], [1, 25], rate, 2000])
        assert (abs(last[1]) > abs(first[1])) == diverges


def test_the_second_tab_by_keyboard(page):
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", selected=True).inner_text() == "Two parameters"
    page.keyboard.press("Tab")
    page.keyboard.type("0.05")
    page.keyboard.press("Tab")
    page.keyboard.type("Adam")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said = page.inner_text(".widget-answer:visible")
    losses = {
        row.split("\t")[0]: float(row.split("\t")[3].replace("−", "-"))
        for row in page.locator("tbody tr").all_inner_texts()
    }
    best = min(losses, key=losses.get)
    verdict = "Right" if best == "Adam" else "No"
    assert said.startswith(f"{verdict}: after 50 steps it is smallest by {best}.")
    assert "θ₂ by 1 − 50α = −1.5. They diverge for α above 2/λ = 2/50 = 0.04" in said


def test_it_is_accessible(page, accessible):
    page.get_by_role("button", name="Look").click()
    accessible(page)
    page.get_by_role("tab", name="Two").click()
    page.get_by_label("Learning rate").last.fill("0.05")
    page.get_by_role("button", name="Look").click()
    accessible(page)
