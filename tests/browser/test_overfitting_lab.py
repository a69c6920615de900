"""Over-fitting in the page: a real U, where early stopping ends, and what the knobs do."""

import re

import numpy as np
import pytest

from quantlearn.figures.practice.overfitting import stopping_point
from quantlearn.report.course.learning import few_scenes
from quantlearn.seeds import random_stream

SCENES = few_scenes(1100, 16, random_stream(2019, "course", "overfitting"))  # as in the lesson

LEARN = """([scenes, knobs]) => {
  const curve = [];
  const given = { count: 150, wrong: 20, decay: 0, dropout: 0, batchNorm: 0, ...knobs };
  for (const share of quantlearn.course.overfitting_lab.learn(scenes, given, curve)) {
    void share;
  }
  return [curve.map((one) => one.dev.loss), curve.at(-1).training.loss];
}"""


@pytest.fixture
def page(act):
    return act("overfitting_lab", needs=["course/training.js"], scenes=SCENES, own="Ours: 0.66.")


def test_early_stopping_ends_where_the_library_says(page):
    rng = np.random.default_rng(2)
    for patience in (1, 3, 8, 40):
        losses = rng.integers(1, 9, size=(20, 30)).tolist()
        found = page.evaluate(
            "([all, patience]) => all.map((one) => "
            "quantlearn.course.overfitting_lab.stoppingPoint(one, patience))",
            [losses, patience],
        )
        assert found == [list(stopping_point(np.array(one, float), patience)) for one in losses]


def test_scenes_differ_and_have_all_numbers_of_bs():
    assert len(set(SCENES)) == 1100
    counts = np.bincount([f"{scene:b}".count("1") for scene in SCENES], minlength=17)
    assert counts[3:14].min() > 40  # of 65 in the mean, but that scenes at the ends run out


def test_without_knobs_the_dev_loss_is_a_real_u_and_with_l2_it_is_not(page):
    losses, training = page.evaluate(LEARN, [SCENES, {}])
    assert losses[0] > 0.6
    assert min(losses) < 0.4
    assert losses[-1] > min(losses) + 0.3
    assert training < 0.05
    losses, training = page.evaluate(LEARN, [SCENES, {"decay": 0.03}])  # the solution
    assert losses[-1] < min(losses) + 0.05
    assert training > 0.3


def test_a_network_is_trained_and_patience_turned_by_keyboard_alone(page, accessible):
    keys = page.keyboard
    keys.press("Tab")  # training scenes
    keys.press("Home")  # 20
    for _ in range(4):  # wrong labels, λ, dropout, batch norm
        keys.press("Tab")
    keys.type("yes")
    keys.press("Tab")  # patience
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_selector("tbody tr", timeout=60_000)
    assert "20 scenes, 20 % wrong, λ 0, dropout 0, batch norm" in page.inner_text("tbody")
    said = page.inner_text(".widget-answer")
    keys.press("Shift+Tab")
    keys.press("Home")  # a patience of 1
    now = page.inner_text(".widget-answer")
    assert "A patience of 1 evaluations ends it at step" in now
    assert now != said
    assert int(re.search(r"ends it at step (\d+)", now)[1]) < 1491
    assert page.locator("polyline").count() == 5  # three losses, of which one in train mode
    accessible(page)
