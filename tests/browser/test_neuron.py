"""The neuron of the course: its weights, its line, the functions it can compute, the perceptron."""

import itertools

import numpy as np
import pytest

from quantlearn.report.course import neurons
from quantlearn.report.course.perceptron import is_separable, train_perceptron

NAMES = {  # as Python says it
    "false": "0",
    "¬p ∧ ¬q": "not p and not q",
    "¬p ∧ q": "not p and q",
    "¬p": "not p",
    "p ∧ ¬q": "p and not q",
    "¬q": "not q",
    "p xor q": "p != q",
    "¬p ∨ ¬q": "not p or not q",
    "p ∧ q": "p and q",
    "p ↔ q": "p == q",
    "q": "q",
    "p → q": "q or not p",
    "p": "p",
    "q → p": "p or not q",
    "p ∨ q": "p or q",
    "true": "1",
}
TRUTHS = {
    name: [int(bool(eval(said, {"p": p, "q": q}))) for p, q in neurons.INPUTS.tolist()]
    for name, said in NAMES.items()
}
TRAIN = """
(truth) => {
  const { begin, step } = quantlearn.course.neuron;
  const epochs = [];
  for (let run = begin([0, 0, 0]); ; ) {
    const epoch = [];
    do { run = step(run, truth); epoch.push(run.weights); } while (run.at);
    epochs.push([epoch, run.mistakes]);
    if (!run.mistakes || run.again >= 0) return [epochs, run.again];
  }
}
"""


@pytest.fixture
def page(act):
    return act("neuron", weights=neurons.AND.tolist(), target="p ∧ q", perceptron=True)


def answer(page):
    return page.inner_text(".widget-answer")


def fill(page, *weights):
    for label, weight in zip(("Weight of p", "Weight of q", "Bias"), weights, strict=True):
        page.get_by_label(label).fill(str(weight))


def weights(page):
    return [float(one.input_value()) for one in page.locator("input").all()]


def test_the_functions_are_all_functions_and_have_their_names(page):
    found = page.evaluate(
        "() => { const { FUNCTIONS, nameOf, truthOf } = quantlearn.course.network;"
        "return FUNCTIONS.map((name) => [name, truthOf(name), nameOf(truthOf(name))]); }"
    )
    assert {name: truth for name, truth, _ in found} == TRUTHS
    assert all(name == again for name, _, again in found)
    assert sorted(TRUTHS.values()) == sorted(map(list, itertools.product([0, 1], repeat=4)))


def test_the_perceptron_goes_as_that_of_the_library(page):
    for truth in TRUTHS.values():
        expected = train_perceptron(neurons.INPUTS, np.array(truth))
        epochs, again = page.evaluate(TRAIN, truth)
        assert [epoch for epoch, _ in epochs] == expected.weights.tolist()
        assert [mistakes for _, mistakes in epochs] == expected.mistakes
        assert again == (len(epochs) - expected.period if expected.period else -1)
        assert (again == -1) == is_separable(neurons.INPUTS, np.array(truth))


def test_check_names_the_row_that_fails_and_the_functions_found(page):
    fill(page, 2, -1.5, -1)
    page.get_by_role("button", name="Check").click()
    assert answer(page) == "Row p = 1, q = 1 gives 0.3775, should be above ½."
    fill(page, 1, 1, -0.5)
    page.get_by_role("button", name="Check").click()
    assert answer(page) == "Row p = 1, q = 0 gives 0.6225, should not be above ½."
    page.get_by_label("To compute").select_option("p ∨ q")
    page.get_by_role("button", name="Check").click()
    assert answer(page) == "Right: this neuron computes p ∨ q."
    assert (
        "You have found 1 of the 14 functions (of all 16) that one neuron can compute. p ∨ q"
        in page.inner_text(".widget")
    )


def test_the_table_is_that_of_the_weights(page):
    fill(page, 1, 2, -1.5)
    rows = [one.inner_text().split("\t") for one in page.locator("tbody tr").all()]
    sums = neurons.with_ones(neurons.INPUTS) @ [1, 2, -1.5]
    assert [float(row[2].replace("−", "-")) for row in rows] == sums.tolist()
    assert np.allclose(
        [float(row[3].replace("−", "-")) for row in rows], neurons.sigmoid(sums), atol=5e-5
    )
    assert [row[4:] for row in rows] == [["1", "1"], ["0", "0"], ["1", "0"], ["0", "0"]]


def test_by_keyboard_alone_the_perceptron_is_seen_never_to_end(page):
    page.keyboard.press("Tab")
    page.keyboard.type("p xor q")
    for _ in range(3):
        page.keyboard.press("Tab")
        page.keyboard.type("0")
    for _ in range(3):  # Check, step, epoch
        page.keyboard.press("Tab")
    for _ in range(6):
        page.keyboard.press("Enter")
    expected = train_perceptron(neurons.INPUTS, neurons.XOR)
    before = len(expected.mistakes) - expected.period
    assert f"The weights are those after epoch {before}: no end." in answer(page)
    assert weights(page) == expected.found.tolist()


def test_the_line_is_pulled_to_where_the_pointer_is(page):
    """From p + q = 1.5, at (1.2, 0.3), to (1.2, −0.1)."""
    fill(page, 2, 2, -3)
    circles = page.locator(".widget-plot circle").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect()).map("
        "(box) => [box.x + box.width / 2, box.y + box.height / 2])"
    )
    (right, top), _, _, (left, bottom) = circles  # (1, 1) and (0, 0)

    def place(p, q):
        return left + p * (right - left), bottom + q * (top - bottom)

    page.mouse.move(*place(1.2, 0.3))
    page.mouse.down()
    page.mouse.move(*place(1.2, 0.1))
    page.mouse.move(*place(1.2, -0.1))
    page.mouse.up()
    page.mouse.move(*place(0, 0))  # let go
    moved = weights(page)
    assert np.dot(moved, [1.2, -0.1, 1]) == pytest.approx(0, abs=0.03)
    further = np.array([0.75, 0.75]) + 0.8 / np.sqrt(2) * np.array([-1, 1])
    assert np.dot(moved, [*further, 1]) == pytest.approx(0, abs=0.03)  # this end has stayed
    assert np.hypot(*moved[:2]) == pytest.approx(np.hypot(2, 2), abs=0.02)


def test_it_is_accessible(page, accessible):
    page.get_by_role("button", name="Check").click()
    accessible(page)
