"""Join the notebooks of a page of the report into one file that opens without a network."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from quantlearn.figures import formats
from quantlearn.pipeline.jobs import run_job
from quantlearn.pipeline.run_record import read_record
from quantlearn.report.front_page import universal_name
from quantlearn.report.notebooks import notebook_body, read_notebook
from quantlearn.report.pages import main_part, placed, slug, write_page

PACKAGES = ("Python", "snakemake", "torch", "numpy", "pandas", "scipy", "statsmodels", "matplotlib")


def build_report(
    summary: str,
    notebooks: list[str],
    record: str,
    files: list[str],
    template: str,
    settings: list[dict[str, Any]],
    chapters: dict[str, str],
    heading: str,
    summary_title: str,
    benchmark: Sequence[str] = (),
    course: Sequence[str] = (),
    cards: Sequence[str] = (),
    *,
    report: str,
) -> None:
    """Write the page ``report``.

    ``notebooks`` and ``settings`` run in the same order, one for each experiment. ``course``: the
    notebooks that stand in front of the chapter "course"; ``cards``: the page that stands in front
    of the chapter "atlas"; if the page has them. Each of ``files`` in results/{experiment}/ is
    linked from its experiment, by a path relative to the page.
    ``chapters`` maps the names of chapters, in their order, to titles. ``record`` is the record of
    the run, of which the page's end shows the parts that readers ask for; ``benchmark`` is the
    notebook on the benchmark, if the page has it.
    """
    experiments = [
        {
            "name": experiment["name"],
            "title": experiment["title"],
            "chapter": experiment["chapter"],
            "universal": experiment["universal"],
            "anchor": slug(experiment["name"]),
            "body": placed(notebook_body(read_notebook(path)), slug(experiment["name"]), 2),
            "files": links(experiment["name"], files, Path(report).parent),
        }
        for experiment, path in zip(settings, notebooks, strict=True)
    ]
    names = [experiment["name"] for experiment in experiments]
    steps = [
        linked_within(placed(notebook_body(read_notebook(path)), anchor_of(path), 2), names, course)
        for path in course
    ]
    pictures = [placed(main_part(path), "cards", 2) for path in cards]
    run = read_record(record)
    overlays = run["settings"]["overlays"]
    content = {
        "title": f"Quantlearn: {heading.lower()}",
        "summary": placed(notebook_body(read_notebook(summary)), "summary", 1),
        "summary_title": summary_title,
        "chapters": in_chapters(experiments, chapters),
        "benchmark": "".join(
            placed(notebook_body(read_notebook(path)), "benchmark", 1) for path in benchmark
        ),
        "in_front": {"course": in_parts(steps), "atlas": in_parts(pictures)},
        "seed": run["settings"]["seed"],
        "trials": by_trials(settings),
        "overlays": f"Laid over the settings: {formats.listed(overlays)}." if overlays else "",
        "code": code_in_words(run["code"]),
        "machine": machine_in_words(run["machine"]),
        "versions": [(package, run["packages"][package]) for package in PACKAGES],
    }
    write_page(template, report, content)


def in_chapters(
    experiments: Sequence[dict[str, Any]], titles: dict[str, str]
) -> list[dict[str, Any]]:
    """The experiments by chapter and, within a chapter, by universal, each in its order.

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
                "title": universal_name(universal),
                "experiments": [one for one in of_chapter if one["universal"] == universal],
            }
            for universal in names
        ]
        if names == ["none"]:
            universals[0]["title"] = ""
        if of_chapter:
            chapters.append({"name": chapter, "title": title, "universals": universals})
    return chapters


def links(experiment: str, files: Iterable[str], folder: Path) -> list[dict[str, str]]:
    """Those of ``files`` that belong to an experiment, with paths relative to ``folder``."""
    return [
        {"name": Path(file).name, "path": Path(os.path.relpath(file, folder)).as_posix()}
        for file in files
        if Path(file).parts[1] == experiment
    ]


def anchor_of(part: str) -> str:
    """The anchor of a part of the course, whose notebook has this path.

    >>> anchor_of("results/course/further.ipynb")
    'course-further'
    """
    return slug(f"course {Path(part).stem}")


def linked_within(body: str, experiments: Iterable[str], parts: Iterable[str]) -> str:
    """Links to experiments and to parts of the course on the same page, as links to their place."""
    for name in experiments:
        body = body.replace(f'href="../{name}/notebooks/experiment.html"', f'href="#{slug(name)}"')
    for part in parts:
        page = Path(part).with_suffix(".html").name
        body = body.replace(f'href="{page}"', f'href="#{anchor_of(part)}"')
    return body


def contents_of(body: str) -> list[dict[str, str]]:
    """The headings of a part of the page, with their anchors; the first one is its title.

    >>> contents_of('<h3 id="steps">Steps</h3><h4 id="steps-1">One</h4><p>text</p>')
    [{'anchor': 'steps', 'title': 'Steps'}, {'anchor': 'steps-1', 'title': 'One'}]
    """
    headings = BeautifulSoup(body, "html.parser").find_all(re.compile("^h[1-6]$"))
    return [{"anchor": heading["id"], "title": heading.get_text()} for heading in headings]


def in_parts(bodies: Iterable[str]) -> list[dict[str, Any]]:
    """Parts of the page that are no experiments, with their contents."""
    return [{"body": body, "contents": contents_of(body)} for body in bodies]


def by_trials(settings: Iterable[dict[str, Any]]) -> list[tuple[int, str]]:
    """How many trials there are, with the experiments that have so many."""
    names: dict[int, list[str]] = {}
    for experiment in settings:
        names.setdefault(experiment["trials"], []).append(experiment["name"])
    return [(number, formats.listed(of_number)) for number, of_number in sorted(names.items())]


def code_in_words(code: dict[str, Any]) -> str:
    """Which commit of the workflow made the results, as the record of the run says.

    >>> code_in_words({"commit": "1f0c2a", "uncommitted_changes": True})
    'commit 1f0c2a with uncommitted changes'
    """
    if code["commit"] is None:
        return "no commit of a git clone"
    return f"commit {code['commit']}{' with uncommitted changes' * code['uncommitted_changes']}"


def machine_in_words(machine: dict[str, Any]) -> str:
    """The processor, and where the networks were trained, as the record of the run says.

    >>> machine_in_words({"processor": "A processor", "cores": 2, "trained_on": ["cpu"]})
    'A processor, 2 cores; networks were trained on cpu'
    """
    cores = formats.counted(machine["cores"], "core")
    devices = formats.listed(machine["trained_on"])
    return f"{machine['processor']}, {cores}; networks were trained on {devices}"


if __name__ == "__main__":
    run_job(build_report, snakemake)
