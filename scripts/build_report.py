"""Join the notebooks of a page of the report into one file that opens without a network."""

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from quantlearn import prose
from quantlearn.jobs import run_job
from quantlearn.notebooks import notebook_body, read_notebook
from quantlearn.pages import placed, slug, write_page
from quantlearn.synopsis import universal_name

PACKAGES = ("snakemake", "torch", "numpy", "pandas", "scipy", "statsmodels", "matplotlib")


def build_report(
    summary: str,
    notebooks: list[str],
    files: list[str],
    template: str,
    settings: list[dict[str, Any]],
    chapters: dict[str, str],
    heading: str,
    seed: int,
    overlays: list[str],
    *,
    report: str,
) -> None:
    """Write the page ``report``.

    ``notebooks`` and ``settings`` run in the same order, one for each experiment. Each of ``files``
    in results/{experiment}/ is linked from its experiment, by a path relative to the page.
    ``chapters`` maps the names of chapters, in their order, to titles.
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
    content = {
        "title": f"Quantlearn: {heading.lower()}",
        "summary": placed(notebook_body(read_notebook(summary)), "summary", 1),
        "summary_title": heading,
        "chapters": in_chapters(experiments, chapters),
        "seed": seed,
        "trials": by_trials(settings),
        "overlays": f"Laid over the settings: {prose.listed(overlays)}." if overlays else "",
        "versions": [
            ("Python", platform.python_version()),
            *((package, version(package)) for package in PACKAGES),
        ],
    }
    write_page(template, report, content)


def in_chapters(
    experiments: Sequence[dict[str, Any]], titles: dict[str, str]
) -> list[dict[str, Any]]:
    """The experiments by chapter and, within a chapter, by universal, each in its order."""
    chapters = []
    for chapter, title in titles.items():
        of_chapter = [one for one in experiments if one["chapter"] == chapter]
        universals = [
            {
                "title": universal_name(universal),
                "experiments": [one for one in of_chapter if one["universal"] == universal],
            }
            for universal in dict.fromkeys(one["universal"] for one in of_chapter)
        ]
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


def by_trials(settings: Iterable[dict[str, Any]]) -> list[tuple[int, str]]:
    """How many trials there are, with the experiments that have so many."""
    names: dict[int, list[str]] = {}
    for experiment in settings:
        names.setdefault(experiment["trials"], []).append(experiment["name"])
    return [(number, prose.listed(of_number)) for number, of_number in sorted(names.items())]


if __name__ == "__main__":
    run_job(build_report, snakemake)
