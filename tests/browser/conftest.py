"""The site of the tiny configuration in a browser of the machine, such as Debian's chromium."""

import os
import shutil
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def browser():
    """A browser without a window; skips without one, or fails if QUANTLEARN_REQUIRE_BROWSER."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        reason = f"none of {', '.join(BROWSERS)} is installed"
        if os.environ.get("QUANTLEARN_REQUIRE_BROWSER"):
            pytest.fail(f"QUANTLEARN_REQUIRE_BROWSER is set, but {reason}")
        pytest.skip(f"NOT TESTED IN A BROWSER: {reason}")
    with sync_playwright() as playwright:
        # Without a sandbox, which root does not get.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """An empty page of 1280 × 900 pixels, without a network.

    The test fails if an error shows in its console, a script opens a dialog, or anything but files
    is asked for.
    """
    faults = []

    def refuse(dialog):
        faults.append(f"{page.url}: dialog: {dialog.message}")
        dialog.dismiss()

    with browser.new_context(viewport={"width": 1280, "height": 900}, offline=True) as context:
        page = context.new_page()
        page.on(
            "console",
            lambda said: said.type == "error" and faults.append(f"{page.url}: {said.text}"),
        )
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("dialog", refuse)
        context.on(
            "request",
            lambda request: (
                urlsplit(request.url).scheme in {"file", "data", "blob"}
                or faults.append(f"{page.url} asks for {request.url}")
            ),
        )
        yield page
    assert not faults


@pytest.fixture(scope="session")
def axe():
    """A function that returns what of a page axe-core finds not to meet WCAG's levels A and AA."""
    options = {
        "preload": False,
        "resultTypes": ["violations"],
        "runOnly": {"type": "tag", "values": WCAG},
    }

    def violations(page) -> list[str]:
        return [
            f"{one['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for one in Axe().run(page, options=options).response["violations"]
            for node in one["nodes"]
        ]

    return violations


# The browser first: without one, nothing is run.
@pytest.fixture(scope="session")
def site(browser, finished):
    """The folder of the built site."""
    return finished / "results" / "report"
