"""Pages: complete in themselves, safe for any text, with anchors that are there."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from jinja2 import UndefinedError

from quantlearn.figures.texts import html_table
from quantlearn.report.pages import embedded_figure, placed, write_page


def test_a_table_shows_any_text_and_sets_numbers_to_the_right():
    frame = pd.DataFrame(
        {"Name": ["A<B", "1"], "Step": ["−1,200", "–"], "Interval": ["1 to 2", "from 3 on"]}
        | {"p": ["< 0.001", "0.5"], "Words": ["two", "3"]}
    )
    soup = BeautifulSoup(html_table(frame, "A & B"), "html.parser")
    assert soup.caption.text == "A & B"
    assert [cell.text for cell in soup.find_all(["td", "th"])[5:10]] == list(frame.iloc[0])
    right = [cell.text for cell in soup.thead.find_all(class_="number")]
    assert right == ["Step", "Interval", "p"]


def test_a_figure_is_inside_the_page_and_described(tmp_path):
    (tmp_path / "figure.svg").write_text("<svg/>")
    figure = embedded_figure(tmp_path / "figure.svg", "Caption < 1", 'A "figure"')
    image = BeautifulSoup(figure, "html.parser").img
    assert image["src"].startswith("data:image/svg+xml;base64,")
    assert image["alt"] == 'A "figure"'


def test_headings_go_deeper_and_anchors_begin_with_the_prefix():
    soup = BeautifulSoup(placed("<h1>T</h1><h2>Data & co</h2><p>x</p>", "exp1a", 2), "html.parser")
    assert [(tag.name, tag["id"]) for tag in soup.find_all(re.compile("^h"))] == [
        ("h3", "exp1a"),
        ("h4", "exp1a-data-co"),
    ]


def test_what_a_template_lacks_leaves_no_page(tmp_path):
    (tmp_path / "page.html.j2").write_text("{{ title }} {{ main }}")
    with pytest.raises(UndefinedError, match="main"):
        write_page(tmp_path / "page.html.j2", tmp_path / "page.html", {"title": "T"})
    assert [path.name for path in tmp_path.iterdir()] == ["page.html.j2"]
