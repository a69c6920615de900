"""Every page of the site opens from disk, leads somewhere, fits a telephone, serves everybody."""

import json
import math
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import expect

from quantlearn.settings.protocol import named_as_file
from quantlearn.yamlfile import read_yaml

KINDS = [
    "index.html",
    "experiments/tiny.html",
    "pages/quantifiers.html",
]
"""A page of each kind; test_course looks at those of the course."""


SIDEWAYS = """
[document.documentElement, ...document.querySelectorAll(".bd-article-container")]
  .some((box) => box.scrollWidth > box.clientWidth)
"""
"""Whether a page, or all of its text as one, must be scrolled sideways."""


# The browser first: without one, nothing is run.
@pytest.fixture(scope="module")
def site(browser, finished):
    """The folder of the built site."""
    return finished / "results" / "report"


def pages(site: Path) -> list[Path]:
    """All pages: those that the search knows, and the search."""
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    names = json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))["docnames"]
    return [site / f"{name}.html" for name in [*names, "search"]]


def local(url: str) -> Path | None:
    """The file that a URL names, if it is one."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def test_no_page_shows_markdown_as_it_was_written(page, site, finished):
    """Behind a table, text would be HTML if no blank line ended that."""
    files = (finished / "config" / "experiments").glob("*.yaml")
    settings = [value for path in files for value in read_yaml(path).values()]
    free = [value for value in settings if isinstance(value, str) and "*" in value]
    assert free
    for path in pages(site):
        page.goto(path.as_uri())
        text = page.evaluate(
            """() => {
              const copy = document.querySelector("article, main").cloneNode(true);
              copy.querySelectorAll("code, pre, svg, script, style").forEach((one) => one.remove());
              return copy.textContent;
            }"""
        )
        for written in free:
            text = text.replace(written, "").replace(written.capitalize(), "")
        assert not re.search(r"\]\(|`|\*\w[^*\n]*\*|\\[()]", text), path


def test_every_link_leads_somewhere_in_the_site(page, site):
    places, links = {}, set()
    for path in pages(site):
        page.goto(path.as_uri())
        places[path] = set(
            page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
        )
        links |= {
            (path, url)
            for url in page.evaluate(
                "[...document.querySelectorAll('a[href], link[href]')].map(one => one.href)"
            )
        }
    lost = []
    for source, url in links:
        target, anchor = local(url), unquote(urlsplit(url).fragment)
        if target and not (
            target.is_file()
            and target.is_relative_to(site)
            and (not anchor or anchor in places.get(target, {anchor}))
        ):
            lost.append(f"{source.relative_to(site)}: {url}")
    assert not lost


def test_no_page_is_wider_than_a_telephone(page, site):
    page.set_viewport_size({"width": 390, "height": 844})
    wide = []
    for path in pages(site):
        page.goto(path.as_uri())
        if page.evaluate(SIDEWAYS):
            widths = page.evaluate(
                "[...document.querySelectorAll('main *')]"
                ".map((one) => `${one.tagName} ${one.className} ${one.scrollWidth}`)"
            )
            widest = max(widths, key=lambda one: int(one.rsplit(" ", 1)[1]))
            wide.append((str(path.relative_to(site)), widest))
    assert not wide


@pytest.mark.parametrize("digits", ["1" * 40, "d" * 40, "e0" * 20])
def test_no_commit_makes_a_page_wider_than_a_telephone(page, site, digits):
    """Forty digits are one word, and some are wider than others."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / "pages/making.html").as_uri())
    page.evaluate(
        "(digits) => {"
        "const text = document.querySelector('article p:has(a[href$=\"record.json\"])');"
        "text.textContent = text.textContent.replace(/commit [0-9a-f]{40}/, `commit ${digits}`); }",
        digits,
    )
    assert digits in page.locator("article").inner_text()
    assert not page.evaluate(SIDEWAYS)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_serves_everybody(page, site, axe, kind, mode):
    page.emulate_media(color_scheme=mode)
    page.goto((site / kind).as_uri())
    assert page.evaluate("document.documentElement.dataset.theme") == mode
    assert not axe(page)


def test_search_finds_a_quantifier(page, site):
    page.goto((site / "experiments" / "tiny.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("most")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=most*")
    first = page.locator("#search-results li a").first
    first.click()
    page.wait_for_url(lambda url: "search.html" not in url)
    assert "most" in page.locator("main").inner_text()


def test_the_table_of_quantifiers_sorts_and_is_searched(page, site):
    page.goto((site / "pages" / "quantifiers.html").as_uri())
    table = page.get_by_role("table", name="Quantifiers", exact=True)
    heading = table.get_by_role("columnheader", name="Median step")
    column = heading.evaluate("one => one.cellIndex")
    cells = table.locator(f"tbody tr > :nth-child({column + 1})")

    def steps() -> list[float]:
        """Numbers as they stand, with those that are missing as infinite."""
        shown = cells.evaluate_all("all => all.map(one => one.dataset.order)")
        return [float(step or "inf") for step in shown]

    unsorted = steps()
    for order, sign in (("ascending", 1), ("descending", -1)):
        # As whoever has no pointer does.
        heading.locator("[tabindex], button").or_(heading).last.press("Enter")
        expect(heading).to_have_attribute("aria-sort", order)
        known = sorted((step for step in unsorted if step < math.inf), key=lambda step: sign * step)
        assert steps() == known + [math.inf] * (len(unsorted) - len(known))
    page.get_by_role("searchbox", name="Search", exact=True).last.fill("at least 2")
    names = table.locator("tbody th").all_inner_texts()
    assert "at least 2" in names
    assert len(names) < len(unsorted)


def test_markup_in_settings_stays_text(page, site, finished):
    settings = read_yaml(finished / "config" / "experiments" / "tiny.yaml")
    assert "<script>" in settings["title"]
    assert "<script>" in settings["question"]
    for kind in ("chapters/paper.html", "experiments/tiny.html"):
        page.goto((site / kind).as_uri())
        assert settings["title"] in page.locator("main").inner_text()
    assert settings["title"] in page.title()
    assert settings["title"] == page.locator("h1").inner_text().removesuffix("#").strip()
    assert settings["question"] in page.locator("main").inner_text()
    other = read_yaml(finished / "config" / "experiments" / "tiny_alone.yaml")
    assert "<script>" in other["universal"]
    page.goto((site / f"chapters/{named_as_file(other['chapter'])}.html").as_uri())
    assert page.locator("h1").inner_text().removesuffix("#").strip() == other["chapter"]
    page.goto((site / "experiments/tiny_alone.html").as_uri())
    assert f"at stake is {other['universal']}." in page.locator("main").inner_text()
    assert f"Source: {other['source']}." in page.locator("main").inner_text()
    page.goto((site / "index.html").as_uri())
    assert other["chapter"] in page.locator("main").inner_text()


def weight(page, site: Path, path: Path) -> int:
    """Bytes of a page and of what it shows, without what it shares with all pages."""
    asked = {path}
    page.on("request", lambda request: asked.add(local(request.url)))
    page.goto(path.as_uri())
    own = {file for file in asked if file and site / "_static" not in file.parents}
    return sum(file.stat().st_size for file in own - {site / "searchindex.js"})


def test_pages_are_light(page, site):
    assert weight(page, site, site / "index.html") < 600e3
    for path in (site / "experiments").glob("*.html"):
        assert weight(page, site, path) < 2.5e6, path
    assert sum(path.stat().st_size for path in site.glob("**/*") if path.is_file()) < 40e6
