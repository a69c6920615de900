"""Xor by hand in the course: nine weights that a reader fills in."""

import numpy as np
import pytest

from quantlearn.report.course import backprop, neurons

# The lesson's own: for or and nand, and their and.
UNITS = [[20, 20, -10], [-20, -20, 30], [20, 20, -30]]
# Hidden units for p ∧ ¬q and ¬p ∧ q, and their or.
OTHER = [[20, -20, -10], [-20, 20, -10], [20, 20, -10]]


@pytest.fixture
def page(act):
    return act("xor_by_hand")


def fill_and_check(page, units):
    """By keyboard alone."""
    page.locator("input").first.focus()
    for weight in np.ravel(units):
        page.keyboard.type(str(weight))
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    return page.inner_text(".widget-answer")


def test_outputs_are_those_of_the_library(page):
    network = backprop.start([2, 2, 1], np.random.default_rng(1))
    hidden, output = neurons.activations(neurons.INPUTS, network)
    layers = [[weights.tolist(), bias.tolist()] for weights, bias in network]
    found = page.evaluate("(all) => quantlearn.course.xor_by_hand.check(all).outputs", layers)
    assert np.allclose(found, np.column_stack([hidden, output]), rtol=1e-12)


@pytest.mark.parametrize(
    ("units", "hidden"),
    [(UNITS, ["p ∨ q", "¬p ∨ ¬q"]), (OTHER, ["p ∧ ¬q", "¬p ∧ q"])],
)
def test_any_solution_passes(units, hidden, page):
    said = "Right in all four rows: h₁ computes {}, and h₂ {}."
    assert fill_and_check(page, units) == said.format(*hidden)


def test_the_row_that_fails_is_named_with_what_the_hidden_units_give(page):
    said = fill_and_check(page, [[2, 2, -1], [-2, -2, 3], [2, 2, -1.5]])
    one, other = neurons.sigmoid(np.array([3, -1]))
    output = neurons.sigmoid(2 * one + 2 * other - 1.5)
    expected = f"Row p = 1, q = 1 gives {output:.4f}, should not be above ½."
    assert said == f"{expected} There h₁ = {one:.4f} and h₂ = {other:.4f}."


def test_a_weight_that_is_missing_is_named(page):
    page.get_by_label("Weight of p in h₁").fill("1")
    page.get_by_role("button", name="Check").click()
    assert page.inner_text(".widget-answer") == "Not yet a number: Weight of q in h₁."


def test_it_is_accessible(page, accessible):
    fill_and_check(page, UNITS)
    accessible(page)
