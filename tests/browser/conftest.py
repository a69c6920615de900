"""A browser for tests of what readers open."""

import shutil

import pytest


@pytest.fixture(scope="session")
def browser():
    """Chromium, without a window."""
    api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on PATH")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A fresh page, which may log no error and ask for nothing but what lies on disk."""
    context = browser.new_context()
    page = context.new_page()
    faults = []
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda request: (
            request.url.startswith(("file:", "data:", "blob:")) or faults.append(request.url)
        ),
    )
    yield page
    context.close()
    assert not faults


@pytest.fixture(scope="session")
def axe():
    """A function that returns what of a page axe-core finds not to meet WCAG's levels A and AA."""
    api = pytest.importorskip("axe_playwright_python.sync_playwright")
    levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    # Its own look at stylesheets would ask for files in a way that pages on disk may not.
    options = {"preload": False, "runOnly": levels}
    return lambda page: api.Axe().run(page, options=options).response["violations"]
