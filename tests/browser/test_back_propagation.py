"""Back-propagation in the course: steps that open one another, hints, small differences."""

import numpy as np
import pytest
import torch

from quantlearn.report.course import backprop, chain_rule

X, Y = np.array([[1.0, 0.0]]), np.array([[1.0]])
NETWORK = backprop.start([2, 2, 1], np.random.default_rng(3))
STEPS = chain_rule.steps(X, Y, NETWORK)
DIFFERENCES = chain_rule.differences(X, Y, NETWORK)


@pytest.fixture
def page(act):
    return act("back_propagation", steps=STEPS, differences=DIFFERENCES)


def answers(page):
    return page.locator(".widget-answer:visible").all_inner_texts()


def test_the_right_values_are_those_of_autograd():
    (w1, b1), (w2, b2) = (
        [torch.tensor(part, requires_grad=True) for part in layer] for layer in NETWORK
    )
    z1 = torch.tensor(X) @ w1 + b1
    a1 = torch.sigmoid(z1)
    z2 = a1 @ w2 + b2
    output = torch.sigmoid(z2)
    for unit in (z1, z2):
        unit.retain_grad()
    (output - torch.tensor(Y)).square().sum().backward()
    expected = [z1, a1, torch.cat([z2, output]), z2.grad, w2.grad, z1.grad, w1.grad]
    for step, values in zip(STEPS, expected, strict=True):
        assert np.allclose(step["right"], values.detach().flatten(), rtol=1e-12), step["title"]
        assert len(step["names"]) == len(step["right"])


def test_small_differences_are_off_by_truncation_and_then_by_rounding():
    """The error of ε = 10⁻¹ … 10⁻⁶ falls with ε; that of 10⁻¹² and less is larger again."""
    errors = np.abs(np.array(DIFFERENCES["quotients"]) - DIFFERENCES["derivative"])
    by_power = dict(zip(DIFFERENCES["powers"], errors, strict=True))
    falls = np.array([by_power[power] / by_power[power - 1] for power in range(-1, -5, -1)])
    assert np.allclose(falls, 10, rtol=0.2)
    assert min(by_power[power] for power in range(-15, -12)) > 100 * min(errors)


def test_by_keyboard_alone_each_step_opens_the_next(page):
    page.keyboard.press("Tab")  # the tabs
    page.keyboard.press("Tab")
    for place, step in enumerate(STEPS, start=1):
        assert page.locator("form:visible").count() == place
        for value in step["right"]:
            page.keyboard.type(f"{value:.5g}")
            page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
    assert answers(page)[-1].startswith("This is the whole gradient")


def test_what_is_wrong_gets_a_hint_from_the_chain_rule(page):
    def hint(step, given):
        return page.evaluate(
            "([step, given]) => quantlearn.course.back_propagation.hint(step, given)", [step, given]
        )

    for step in STEPS:
        assert hint(step, step["right"]) == ""
        assert hint(step, [1.005 * value for value in step["right"]]) == ""
        wrong = [*step["right"]]
        wrong[-1] += 0.5
        assert hint(step, wrong) == f"{step['names'][-1]} is not {said(wrong[-1])}. {step['rule']}"
        if "slip" in step:
            assert f" It lacks {step['missing']}. {step['rule']}" in hint(step, step["slip"])


def said(value):
    return f"{float(f'{value:.4g}'):g}".replace("-", "−")


def test_a_wrong_value_opens_nothing(page):
    first, second = page.locator("input:visible").all()
    first.fill(str(STEPS[0]["slip"][0]))
    second.fill(str(STEPS[0]["right"][1]))
    second.press("Enter")
    [answer] = answers(page)
    assert "It lacks the bias." in answer
    assert page.locator("form:visible").count() == 1
    second.fill("")
    first.fill(str(STEPS[0]["right"][0]))
    first.press("Enter")
    assert answers(page) == [
        "z₂ is no number yet. z = x W + b: each input times its weight, and the bias."
    ]


def test_the_slider_of_epsilon_by_keyboard(page):
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    errors = np.abs(np.array(DIFFERENCES["quotients"]) - DIFFERENCES["derivative"])
    best = errors.argmin()
    for at in range(14, -1, -1):
        page.keyboard.press("ArrowLeft")
        [answer] = answers(page)
        words = (
            "The loss bends" if at > best else "No other ε" if at == best else "The losses agree"
        )
        assert words in answer, at
    assert "1e−15" in page.locator("output").inner_text()


def test_it_is_accessible(page, accessible):
    page.get_by_role("button", name="Check").click()
    accessible(page)
    page.get_by_role("tab", name="small").click()
    accessible(page)
