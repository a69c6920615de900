"""Xor, learned in the page: losses where networks rest, and names for hidden units."""

import re

import numpy as np
import pytest

from quantlearn.report.course import learning

NEEDS = ["course/training.js", "course/network.js"]
CASES = [(1, 1), (1, 0), (0, 1), (0, 0)]
RESTS = dict(zip(("½ ln 2", "¾ H(⅓)", "ln 2"), (*learning.RESTS, np.log(2)), strict=True))
GIVEN = {"inputs": 9, "trials": 6, "rate": 1.0, "steps": 1000, "rests": RESTS}
OWN = {"2": "20 of 30"}


@pytest.fixture
def page(act):
    return act("xor_training", needs=NEEDS, learned=OWN, **GIVEN)


def test_functions_are_called_as_in_the_lesson(page):
    assert page.evaluate("quantlearn.course.network.FUNCTIONS") == learning.FUNCTIONS


def test_xor_needs_two_units_and_is_learned_with_eight(page):
    learned = page.evaluate(
        """() => [1, 8].map((hidden) => Array.from({ length: 10 }, (_, seed) => {
          const uniform = quantlearn.course.random(seed);
          const network = quantlearn.course.xor_training.begin(hidden, 1, 9, uniform);
          for (let step = 0; step < 1500; step += 1) network.step();
          return network.look().accuracy;
        }))"""
    )
    assert max(learned[0]) < 1
    assert min(learned[1]) == 1


def test_units_are_named_by_keyboard_alone(page):
    for _ in range(4):  # hidden units, learning rate, steps, Train
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("table")
    said, checked = page.locator(".widget-answer").all()
    assert re.search(r"of 6 networks .* at ½ ln 2.* own: 20 of 30", said.text_content())
    # The network that is looked into computes xor: the table says what each unit does.
    rows = [row.split("\t") for row in page.locator("tbody").inner_text().splitlines()]
    assert [float(row[3]) > 0.5 for row in rows] == [p != q for p, q in CASES]
    truths = [[float(row[4 + unit]) > 0.5 for row in rows] for unit in (0, 1)]
    names = page.evaluate("(all) => all.map(quantlearn.course.network.nameOf)", truths)
    for _ in range(4):  # Look into, unit 1, unit 2, Check
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Check: each is called false
    wrong = next(place for place, true in enumerate(truths[0]) if true)
    fault = "unit 1 is not false: Row p = {}, q = {} gives 0.".format(*CASES[wrong])
    assert checked.text_content().startswith(fault)
    for unit in (1, 0):
        page.keyboard.press("Shift+Tab")
        for _ in range(
            page.evaluate(f"quantlearn.course.network.FUNCTIONS.indexOf('{names[unit]}')")
        ):
            page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert checked.text_content() == "Right."
    assert page.locator("details").text_content() == f"Solution{'; '.join(names)}"


def test_a_dot_opens_its_network(page):
    page.get_by_role("button", name="Train").click()
    page.locator("circle").last.click()
    assert page.get_by_label("Look into").input_value() == "5"
    assert page.locator("circle.chosen").count() == 1


def test_it_is_accessible(page, accessible):
    page.get_by_role("button", name="Train").click()
    page.wait_for_selector("table")
    accessible(page)
