"""A page with one action of the course."""

from pathlib import Path

import pytest

from quantlearn.report.course.shown import action_html

STATIC = Path(__file__).parents[2] / "workflow" / "report" / "static"

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{static}/widgets.css">
{scripts}
</head><body><main><h1>{name}</h1>{action}</main></body></html>
"""


@pytest.fixture
def act(page, tmp_path):
    """A way to open a page with an action of the course, its data and what scripts it needs."""

    def show(name, needs=(), **data):
        files = ["elements.js", "course/course.js", *needs, f"course/{name}.js"]
        scripts = "\n".join(
            f'<script defer src="{(STATIC / file).as_uri()}"></script>' for file in files
        )
        content = PAGE.format(
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
