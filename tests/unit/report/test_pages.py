"""Figures and tables on a page: safe for any text, each id once."""

import pandas as pd
from bs4 import BeautifulSoup

from quantlearn.figures.texts import html_table
from quantlearn.report.pages import embedded_figure


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


DRAWING = """<?xml version="1.0"?>
<!DOCTYPE svg>
<svg xmlns="http://www.w3.org/2000/svg"><metadata>m</metadata><style>* {fill: red}</style>
<defs><path id="a"/></defs>

<use href="#a" clip-path="url(#a)"/></svg>
"""


def test_a_figure_is_inside_the_page_and_described(tmp_path):
    (tmp_path / "figure.svg").write_text(DRAWING)
    content = embedded_figure(tmp_path / "figure.svg", "A < B. And more.", 'A "figure"', "e1/f_1")
    figure = BeautifulSoup(content, "html.parser").figure
    assert figure["id"] == "figure-e1-f-1"
    assert figure.svg["aria-label"] == 'A "figure"'
    assert figure.figcaption.contents[0] == "A < B."
    assert figure.details.contents[-1] == "And more."
    assert not figure.find_all(["style", "metadata"])
    assert "\n\n" not in content  # it would end the HTML in Markdown


def test_ids_of_two_figures_on_a_page_differ_and_lead_to_their_own(tmp_path):
    (tmp_path / "figure.svg").write_text(DRAWING)
    names = ("e/one", "e/two")
    page = "".join(embedded_figure(tmp_path / "figure.svg", "", "f", name) for name in names)
    soup = BeautifulSoup(page, "html.parser")
    ids = [tag["id"] for tag in soup.find_all("path")]
    assert len(set(ids)) == 2
    assert [tag["href"] for tag in soup.find_all("use")] == [f"#{own}" for own in ids]
    assert [tag["clip-path"] for tag in soup.find_all("use")] == [f"url(#{own})" for own in ids]
