"""A browser of the machine for tests of pages."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """An empty page; an error in its console, or a request of the network, fails the test."""
    faults = []
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and faults.append(said.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                urlsplit(asked.url).scheme in {"file", "data", "blob"} or faults.append(asked.url)
            ),
        )
        yield page
    assert not faults


@pytest.fixture(scope="session")
def axe():
    """A function that returns what of a page axe-core finds not to meet WCAG's levels A and AA."""
    levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    options = {"preload": False, "runOnly": {"type": "tag", "values": levels}}

    def violations(page) -> list[str]:
        return [
            f"{one['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for one in Axe().run(page, options=options).response["violations"]
            for node in one["nodes"]
        ]

    return violations
