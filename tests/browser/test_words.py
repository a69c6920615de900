"""Words in the course: perplexity by hand, strings to sort, where a network looks."""

import numpy as np
import pytest

WORDS, P = ["every", "A", "is", "B", "."], [0.2, 0.95, 0.9, 0.98, 0.8]
LOGS = -np.log(P)
STRINGS = [
    {"scene": [0, 1, 3], "text": "no A are B", "kind": "false", "near": "no A are B"},
    {"scene": [0], "text": "every every B", "kind": "none", "near": "every A is B"},
]
TEXTS = [
    {
        "scene": [1, 0, 1],
        "words": ["some", "."],
        "weights": [[0.25, 0.5, 0.25], [0.5, 0.125, 0.375]],
    }
]


@pytest.fixture
def perplexity(act):
    return act("perplexity", words=WORDS, p=P)


def test_perplexity_is_exp_of_the_mean_of_minus_ln_p(perplexity):
    found = perplexity.evaluate("(p) => quantlearn.course.perplexity.steps(p)", P)
    assert found["logs"] == pytest.approx(LOGS)
    assert found["sum"] == pytest.approx(LOGS.sum())
    assert found["perplexity"] == pytest.approx(np.prod(P) ** (-1 / len(P)))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.exp(LOGS.mean()), "Right"),
        (LOGS.mean(), "the mean of −ln P; take exp"),
        (LOGS.sum(), "the sum of −ln P; divide"),
        (np.exp(LOGS.sum()), "1 / P(sentence)"),
        (np.exp(-LOGS.mean()), "the minus is missing"),
        (1 / np.mean(P), "the mean of the logarithms"),
        (3, "3 is too large"),
        (1, "1 is too small"),
    ],
)
def test_a_wrong_perplexity_is_told_what_it_is(given, said, perplexity):
    perplexity.keyboard.press("Tab")
    perplexity.keyboard.type(f"{given:.4f}")
    perplexity.keyboard.press("Tab")
    perplexity.keyboard.press("Enter")
    assert said in perplexity.inner_text(".widget-answer")


def test_strings_are_sorted_by_keyboard(act, accessible):
    page = act("sentences", strings=STRINGS, language="no A are B; every A is B")
    said = page.locator(".widget-answer")
    for key in ("Tab", "Tab", "Enter"):  # false
        page.keyboard.press(key)
    assert said.inner_text() == (
        "Right: “no A are B” is a sentence, and false of a scene with 1 in A∩B and 1 in A∖B. "
        "1 of 1 so far."
    )
    page.keyboard.press("Enter")
    assert said.inner_text() == (
        "No: “every every B” is no sentence of the language, and “every A is B” the nearest. "
        "1 of 2 so far."
    )
    assert "1 of 2, about the scene AB A- --" in page.inner_text(".widget")
    accessible(page)


def test_attention_is_summed_by_zone_and_bet_on_by_keyboard(act, accessible):
    page = act("attention", texts=TEXTS)
    shares = page.evaluate(
        "([{ scene, weights }]) => quantlearn.course.attention.byZone(scene, weights[1])", TEXTS
    )
    assert shares == [[0, 0.125, 1], [1, 0.875, 2]]
    for key in ("Tab", "Tab", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    said = page.locator(".widget-answer")
    assert said.inner_text() == "Right: 0.50 at 1 object of A∩B, 0.50 at 2 objects of A∖B."
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type(".")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert said.inner_text() == "No: 0.13 at 1 object of A∩B, 0.88 at 2 objects of A∖B."
    assert page.locator(".widget-bar").count() == 3
    accessible(page)


def test_perplexity_is_accessible(perplexity, accessible):
    perplexity.get_by_role("button", name="Check").click()
    perplexity.get_by_text("Solution").click()
    accessible(perplexity)
