"""Result tables in a browser: they sort, filter, and give what they show as CSV."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from quantlearn.figures.texts import html_table

STATIC = Path(__file__).parents[2] / "workflow" / "report" / "static"
STEPS = [
    *("1,200", "–", "−30", "900", "< 0.001", "12.5", "1.5 × 10⁴", "5"),
    *("250 to 300", "8", "0", "–", "70", "60"),
]
IN_ORDER = [
    *("−30", "0", "< 0.001", "5", "8", "12.5", "60", "70"),
    *("250 to 300", "900", "1,200", "1.5 × 10⁴"),
]
LEAGUE = """
<div class="table"><table><caption>Chosen</caption><thead><tr><th scope="col">Name</th>
<th scope="col" data-filter="Universal">Holds</th></tr></thead><tbody>
{}</tbody></table></div><p><a href="#row-3">To row 3</a></p>
"""


@pytest.fixture
def tables(page, tmp_path):
    """A page with a long table, a short one, and one whose rows can be chosen."""
    long = [
        {"Quantifier": f"number {place}", "Median, steps": text} for place, text in enumerate(STEPS)
    ]
    values = ["monotone|quantity", "monotone", "", "quantity"] * 2
    rows = "".join(
        f'<tr id="row-{place}"><th scope="row">row {place}</th>'
        f'<td data-values="{value}">{value or "none"}</td></tr>\n'
        for place, value in enumerate(values)
    )
    files = ("elements.js", "vendor/datatables-3.1.5/dataTables.min.js", "tables.js")
    scripts = "".join(f'<script defer src="{(STATIC / file).as_uri()}"></script>' for file in files)
    style = f'<link rel="stylesheet" href="{(STATIC / "tables.css").as_uri()}">'
    path = tmp_path / "tables.html"
    path.write_text(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Tables</title>'
        f"{style}{scripts}</head><body><main><h1>Tables</h1>{html_table(long, 'When, & why')}"
        f"{html_table(long[:3], 'Short')}{LEAGUE.format(rows)}</main></body></html>",
        encoding="utf-8",
    )
    page.goto(path.as_uri())
    return page


def shown(page, table: int = 0, column: int = 1) -> list[str]:
    rows = page.locator("table").nth(table).locator("tbody tr")
    return rows.locator(f":scope > :nth-child({column + 1})").all_inner_texts()


def test_a_heading_sorts_by_number_and_what_is_missing_comes_last_both_ways(tables):
    head = tables.locator("th", has_text="Median").first
    assert shown(tables) == STEPS
    head.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert shown(tables) == [*IN_ORDER, "–", "–"]
    head.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert shown(tables) == [*reversed(IN_ORDER), "–", "–"]
    head.click()
    expect(head).not_to_have_attribute("aria-sort", re.compile("."))
    assert shown(tables) == STEPS


def test_enter_sorts_and_rows_keep_their_headers(tables):
    for _ in range(10):
        tables.keyboard.press("Tab")
        if "Median" in tables.evaluate("document.activeElement.getAttribute('aria-label') || ''"):
            break
    tables.keyboard.press("Enter")
    assert shown(tables)[:2] == IN_ORDER[:2]
    names = {text: f"number {place}" for place, text in enumerate(STEPS)}
    assert shown(tables, column=0)[:3] == [names[text] for text in IN_ORDER[:3]]
    assert tables.locator("table").first.locator("tbody th[scope=row]").count() == len(STEPS)


def test_search_leaves_the_rows_that_have_the_words(tables):
    tables.get_by_label("Search").fill("number 1")
    assert shown(tables, column=0) == ["number 1", *(f"number {n}" for n in range(10, 14))]
    assert tables.locator(".table-tools output").first.inner_text() == f"5 of {len(STEPS)} rows"
    tables.get_by_label("Search").fill("")
    assert len(shown(tables)) == len(STEPS)


def test_csv_holds_what_is_shown_as_plain_numbers(tables):
    tables.get_by_label("Search").fill("number 1")
    tables.locator("th", has_text="Median").first.click()
    with tables.expect_download() as waiting:
        tables.get_by_role("button", name="When, & why as CSV").click()
    assert waiting.value.suggested_filename == "when-why.csv"
    assert Path(waiting.value.path()).read_text("utf-8").splitlines() == [
        'Quantifier,"Median, steps"',
        *("number 10,0.0", "number 13,60.0", "number 12,70.0", "number 1,", "number 11,"),
    ]


def test_small_tables_stay_as_they_are(tables):
    assert tables.locator("table").nth(1).evaluate("table => table.parentElement.className") == (
        "table"
    )
    assert tables.locator(".table-tools").count() == 2


def test_a_choice_leaves_the_rows_with_the_value_and_a_link_brings_the_others_back(tables):
    choice = tables.get_by_label("Universal")
    assert choice.locator("option").all_inner_texts() == ["all", "monotone", "quantity"]
    choice.select_option("monotone")
    assert shown(tables, table=2, column=0) == ["row 0", "row 1", "row 4", "row 5"]
    tables.get_by_text("To row 3").click()
    assert len(shown(tables, table=2)) == 8
    assert tables.locator("tr:target").inner_text().startswith("row 3")


@pytest.mark.parametrize("width", [1280, 390])
def test_tables_serve_everybody(tables, axe, width):
    tables.set_viewport_size({"width": width, "height": 900})
    assert axe(tables) == []
    tables.locator("th", has_text="Median").first.click()
    assert axe(tables) == []
    assert tables.evaluate("document.documentElement.scrollWidth") <= width
