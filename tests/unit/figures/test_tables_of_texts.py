"""Tables for readers: what looks like a number sorts as the number that it is."""

import math

import pytest
from bs4 import BeautifulSoup

from quantlearn.figures import formats
from quantlearn.figures.texts import html_table, place_in_order

VALUES = [-1234.5, -0.5, -0.0012, 0.0, 4.5e-7, 0.002, 0.123, 0.9, 1.5, 12.3, 1234.0, 56789.0, 2e7]


@pytest.mark.parametrize("form", ["steps", "ratio", "number", "correlation", "accuracy_points"])
def test_every_format_of_numbers_sorts_as_the_numbers_do(form):
    values = [value for value in VALUES if form != "ratio" or value > 0.001]
    places = [place_in_order(getattr(formats, form)(value)) for value in values]
    assert places == sorted(places)
    assert None not in places
    assert math.isnan(place_in_order(formats.MISSING))


@pytest.mark.parametrize("space", [" ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"])
def test_a_number_in_words_sorts_by_its_number(space):
    places = {
        "12.3 %": 12.3,
        "1.2 × 10⁻³": 0.0012,
        "−3.5 × 10⁶": -3.5e6,
        "3 of 10 trials": 0.3,
        "0 of 0": 0,
        "251 to 1,200": 251,
        "−30 to 1,200": -30,
        "from 7,751 on": 7751,
        "5.0 (95 % interval 4.0 to 6.0; p = 0.010)": 5,
        ".002": 0.002,
    }
    found = {text: place_in_order(text.replace(" ", space)) for text in places}
    assert found == pytest.approx(places)


def test_a_bound_comes_before_or_after_what_it_bounds():
    order = ["< .001", ".001", "0.0011", "0.99", "> 0.99", "1"]
    assert sorted(order, key=place_in_order) == order


@pytest.mark.parametrize("text", ["most", "2x12 LSTM", "A<B", "1a", "p = 0.02", "–a"])
def test_words_have_no_place_among_numbers(text):
    assert place_in_order(text) is None


def test_only_columns_of_numbers_say_how_they_sort():
    rows = [
        {"Size": "10", "Steps": "1,200", "Words": "two", "Mixed": "3", "None": "–"},
        {"Size": "9", "Steps": "–", "Words": "3", "Mixed": "most", "None": "–"},
    ]
    soup = BeautifulSoup(html_table(rows), "html.parser")
    orders = [[cell.get("data-order") for cell in row.find_all(["th", "td"])] for row in soup("tr")]
    assert orders[1:] == [["10.0", "1200.0", None, None, None], ["9.0", "", None, None, None]]
    assert [row.th["scope"] for row in soup("tr")] == ["col", "row", "row"]
