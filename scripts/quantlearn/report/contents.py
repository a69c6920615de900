"""What a page of the report holds: its parts in their order, and the links between them."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from quantlearn.report.front_page import universal_name
from quantlearn.report.notebooks import notebook_body, read_notebook
from quantlearn.report.pages import placed, slug

__all__ = [
    "articles",
    "by_trials",
    "contents_of",
    "course_parts",
    "in_chapters",
    "in_parts",
    "part",
]


def part(notebook: str, anchor: str, deeper: int) -> str:
    """Read the executed notebook as part of a page, its headings ``deeper`` levels down."""
    return placed(notebook_body(read_notebook(notebook)), anchor, deeper)


def articles(
    settings: Sequence[Mapping[str, Any]],
    notebooks: Sequence[str],
    files: Sequence[str],
    folder: Path,
) -> list[dict[str, Any]]:
    """Make an article of each experiment, from its notebook, with links to its files.

    Those of ``files`` in results/{experiment}/ are linked by paths relative to ``folder``.
    """
    return [
        {
            **{key: one[key] for key in ("name", "title", "chapter", "universal")},
            "anchor": slug(one["name"]),
            "body": part(notebook, slug(one["name"]), 2),
            "files": [
                {"name": Path(file).name, "path": Path(os.path.relpath(file, folder)).as_posix()}
                for file in files
                if Path(file).parts[1] == one["name"]
            ],
        }
        for one, notebook in zip(settings, notebooks, strict=True)
    ]


def in_chapters(
    experiments: Sequence[dict[str, Any]], titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Sort the experiments by chapter and, within a chapter, by universal, each in its order.

    Those about no universal come last; a chapter of these alone is one group without a title.
    """
    chapters = []
    for chapter, title in titles.items():
        of_chapter = [one for one in experiments if one["chapter"] == chapter]
        names = sorted(
            dict.fromkeys(one["universal"] for one in of_chapter), key=lambda name: name == "none"
        )
        universals = [
            {
                "title": "" if names == ["none"] else universal_name(universal),
                "experiments": [one for one in of_chapter if one["universal"] == universal],
            }
            for universal in names
        ]
        if of_chapter:
            chapters.append({"name": chapter, "title": title, "universals": universals})
    return chapters


def course_parts(notebooks: Sequence[str], experiments: Iterable[str]) -> list[str]:
    """Read the parts of the course; their links to ``experiments`` and parts stay on the page."""
    anchors = {Path(path).stem: slug(f"course {Path(path).stem}") for path in notebooks}
    places = {f"../{name}/notebooks/experiment.html": slug(name) for name in experiments}
    places |= {f"{name}.html": anchor for name, anchor in anchors.items()}
    return [
        linked_within(part(path, anchor, 2), places)
        for path, anchor in zip(notebooks, anchors.values(), strict=True)
    ]


def linked_within(body: str, places: Mapping[str, str]) -> str:
    """Turn links to other pages into links to their anchors on this one.

    >>> linked_within('<a href="further.html">on</a>', {"further.html": "course-further"})
    '<a href="#course-further">on</a>'
    """
    for page, anchor in places.items():
        body = body.replace(f'href="{page}"', f'href="#{anchor}"')
    return body


def contents_of(body: str) -> list[dict[str, str]]:
    """List the headings of a part of the page, with their anchors; the first one is its title.

    >>> contents_of('<h3 id="steps">Steps</h3><h4 id="steps-1">One</h4><p>text</p>')
    [{'anchor': 'steps', 'title': 'Steps'}, {'anchor': 'steps-1', 'title': 'One'}]
    """
    headings = BeautifulSoup(body, "html.parser").find_all(re.compile("^h[1-6]$"))
    return [{"anchor": heading["id"], "title": heading.get_text()} for heading in headings]


def in_parts(bodies: Iterable[str]) -> list[dict[str, Any]]:
    """Pair parts of the page that are no experiments with their contents."""
    return [{"body": body, "contents": contents_of(body)} for body in bodies]


def by_trials(settings: Iterable[Mapping[str, Any]]) -> list[tuple[int, list[str]]]:
    """List how many trials there are, with the experiments that have so many."""
    names: dict[int, list[str]] = {}
    for experiment in settings:
        names.setdefault(experiment["trials"], []).append(experiment["name"])
    return sorted(names.items())
