"""A browser, and the tiny configuration, run through the pipeline once for all tests of it."""

import os
import runpy
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from filelock import FileLock

from pipeline import ROOT, lay_out, run

BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

STATIC = ROOT / "workflow" / "report" / "static"
ACTION_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{static}/widgets.css">
{scripts}
</head><body><main><h1>{name}</h1>{action}</main></body></html>
"""

# The processes of a test run share the cores: more threads in each would wait for one another.
# PyTorch, which is not imported yet, reads this.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Triton, which PyTorch may import at any time, reads then whether it is to interpret.
if not Path("/dev/nvidiactl").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")


def pytest_collection_modifyitems(items):
    """Tests of schedulers first: they wait, while others compute."""
    items.sort(key=lambda item: "clusters" not in item.path.parts)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """The tiny configuration after a run on two cores, with a job of each script as a program.

    Tests that run in several processes share one run: each process has a copy of its own.
    """
    folder = tmp_path_factory.mktemp("pipeline")
    if worker_id == "master":
        run(lay_out(folder), "--cores", "2", fork="later jobs")
        return folder
    shared = tmp_path_factory.getbasetemp().parent / "finished"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            run(lay_out(folder), "--cores", "2", fork="later jobs")
            folder.rename(shared)
    # With their times, from which Snakemake tells what is up to date.
    return shutil.copytree(shared, folder, symlinks=True, dirs_exist_ok=True)


@pytest.fixture
def threads_as_before():
    torch = pytest.importorskip("torch")  # not loaded for tests that do without it
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


# A browser --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser():
    """A browser without a window; skips without one, or fails if QUANTLEARN_REQUIRE_BROWSER."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        reason = f"none of {', '.join(BROWSERS)} is installed"
        if os.environ.get("QUANTLEARN_REQUIRE_BROWSER"):
            pytest.fail(f"QUANTLEARN_REQUIRE_BROWSER is set, but {reason}")
        pytest.skip(f"NOT TESTED IN A BROWSER: {reason}")
    # Only what opens a browser loads it.
    from playwright.sync_api import sync_playwright

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
    from axe_playwright_python.sync_playwright import Axe

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


@pytest.fixture
def act(page, tmp_path):
    """A way to open a page with an action of the course, its data and what more it needs."""
    # Only what opens a browser loads it.
    from quantlearn.report.course.shown import action_html

    known = runpy.run_path(str(STATIC.parent / "conf.py"))["ACTIONS_NEED"]

    def show(name, needs=(), **data):
        needed = dict.fromkeys([*needs, *known.get(name, [])])
        files = ["elements.js", "course/course.js", *needed, f"course/{name}.js"]
        scripts = "\n".join(
            f'<script defer src="{(STATIC / file).as_uri()}"></script>' for file in files
        )
        content = ACTION_PAGE.format(
            name=name,
            static=STATIC.as_uri(),
            scripts=scripts,
            action=action_html(name, "Nothing without JavaScript.", **data),
        )
        path = tmp_path / f"{name}.html"
        path.write_text(content, encoding="utf-8")
        page.goto(path.as_uri())
        return page

    return show


@pytest.fixture
def accessible(axe):
    """A check that a page has no violation of WCAG A or AA, in light and dark, on a phone."""

    def check(page):
        page.set_viewport_size({"width": 390, "height": 800})
        for theme in ("light", "dark"):
            page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
            assert not axe(page), theme
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        sizes = page.locator("button:visible, select:visible, input:visible").evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect()).map((one) => one.height)"
        )
        assert min(sizes) >= 24

    return check
