"""Batches in the course: shapes that fit, and what NumPy says of others."""

import itertools

import numpy as np
import pytest

from quantlearn.report.course import neurons

GIVEN = {"m": 4, "n": 3, "k": 2, "l": 2, "b": 2}


@pytest.fixture
def page(act):
    return act("batches", **GIVEN)


def complaint(m, n, k, l, b):  # noqa: E741
    """What NumPy says of x W + b, and whether the result is that of a layer."""
    try:
        result = np.ones((m, n)) @ np.ones((k, l)) + np.ones(b)
    except ValueError as error:
        return str(error).strip(), False
    return None, result.shape == (m, l) and b == l


def test_messages_are_those_of_numpy(page):
    shapes = [
        dict(zip("mnklb", sizes, strict=True)) for sizes in itertools.product([1, 2, 3], repeat=5)
    ]
    found = page.evaluate("(all) => all.map(quantlearn.course.batches.fault)", shapes)
    for shape, fault in zip(shapes, found, strict=True):
        numpy, fits = complaint(**shape)
        assert (fault is None) == fits, shape
        assert fits or fault.get("numpy") == numpy, shape


def test_biases_are_a_row_of_weights_below_ones(page):
    rng = np.random.default_rng(1)
    x, weights, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    found = page.evaluate(
        "(given) => quantlearn.course.batches.joined(...given)",
        [x.tolist(), weights.tolist(), b.tolist()],
    )
    assert found["ones"] == neurons.with_ones(x).tolist()
    assert found["more"] == neurons.joined(weights, b).tolist()
    assert np.allclose(found["together"], x @ weights + b, rtol=1e-12)
    assert found["gap"] < 1e-12
    spoilt = "() => quantlearn.course.batches.joined([[1, 2]], [[1], [NaN]], [1]).gap"
    assert np.isnan(page.evaluate(spoilt))  # the numbers are looked at


def test_shapes_are_mended_by_keyboard(page):
    assert page.inner_text("code").startswith("ValueError: matmul: Input operand 1 has a mismatch")
    said = page.locator(".widget-answer")
    assert (
        said.inner_text() == "A row of x has 3 numbers, a column of W 2 weights: they must match."
    )
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    assert said.inner_text() == "It fits: x W + b is 4 × 2, a row for each example."
    tables = page.locator("table").all()
    x, weights, product = (
        np.array(
            [
                [float(cell.replace("−", "-")) for cell in row.inner_text().split("\t")[1:]]
                for row in table.locator("tbody tr").all()
            ]
        )
        for table in tables
    )
    assert x.shape == (4, 3)
    assert (x[:, 2] == 1).all()
    assert np.allclose(x @ weights, product, atol=0.006)
    assert "differ nowhere by more than 0." in page.inner_text(".widget")


def test_it_is_accessible(page, accessible):
    accessible(page)
    for select in page.locator("select").all():
        select.select_option("5")
    assert page.locator("table").count() == 3
    accessible(page)
