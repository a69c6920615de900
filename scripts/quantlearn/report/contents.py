"""Which pages a site has, in which order, and what the front page and chapters say."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from quantlearn import report_columns, tables
from quantlearn.figures.texts import render
from quantlearn.pipeline.run_record import read_record
from quantlearn.report.front_page import badges, caveats, statement, universal_name, universals
from quantlearn.report.pages import embedded_figure, parted, raw_html
from quantlearn.report.site import Site

__all__ = ["Contents", "write_pages"]

FOLDER = Path(__file__).parent
PACKAGES = ("Python", "snakemake", "torch", "numpy", "pandas", "scipy", "statsmodels", "matplotlib")
LESSONS = {
    "computation": "Computation",
    "learning": "Learning",
    "experiment": "A hands-on experiment",
    "practice": "Practical tips",
    "further": "Further topics",
}
"""The parts of the course, by the names of their notebooks."""


@dataclass(frozen=True)
class Contents:
    """What a site is about; see `build_report` for what its parts are."""

    settings: Sequence[Mapping[str, Any]]
    overview: str
    overview_figure: str
    record: str
    league: str
    texts: Mapping[str, Mapping[str, str]]
    chapters: Mapping[str, str]
    captions: Mapping[str, str]

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The verdict on each pair of the site's experiments."""
        return tables.read_csv(self.overview, report_columns.OVERVIEW)

    @cached_property
    def run(self) -> dict[str, Any]:
        """The record of the run."""
        return read_record(self.record)

    def badge(self, settings: Sequence[Mapping[str, Any]]) -> str:
        """When and with how many trials some experiments were run, as HTML."""
        return render(FOLDER / "badge.md.j2", {"run": badges(self.run, settings)})

    def chapter(self, name: str, parts: Sequence[str]) -> dict[str, Any]:
        """What the page of a chapter says: its experiments, those on one universal together.

        Those about no universal come last; a chapter of these alone is one group without a title.
        """
        own = [one for one in self.settings if one["chapter"] == name]
        names = sorted(
            dict.fromkeys(one["universal"] for one in own), key=lambda one: one == "none"
        )
        groups = [
            {
                "title": "" if names == ["none"] else universal_name(universal),
                "experiments": [self._told(one) for one in own if one["universal"] == universal],
            }
            for universal in names
        ]
        told = [one for group in groups for one in group["experiments"]]
        pairs = self.pairs[self.pairs["experiment"].isin([one["name"] for one in own])]
        stated = next((one for one in told if one["statement"]), None)
        statement_ = "" if len(pairs) or stated is None else stated["statement"]
        pictured = stated or told[0]
        figures = next(one["figures"] for one in own if one["name"] == pictured["name"])
        return {
            "name": name,
            "title": self.chapters[name],
            "short": name.replace("_", " ").capitalize(),
            "page": f"chapters/{name}",
            "found": universals(pairs),
            "statement": statement_,
            "headline": parted(statement_)[0],
            "picture": f"files/{pictured['name']}/{figures[0]}.svg" if figures else "",
            "parts": [{"page": f"lessons/{part}", "title": LESSONS[part]} for part in parts],
            "universals": groups,
            "experiments": len(own),
        }

    def _told(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """An experiment's question and what came of it."""
        pairs = self.pairs[self.pairs["experiment"] == one["name"]]
        return {
            **{key: one[key] for key in ("name", "title", "question", "universal")},
            "pairs": pairs.to_dict("records"),
            "statement": statement(self.texts.get(one["name"], {})),
        }

    def trials(self) -> list[tuple[int, list[str]]]:
        """List how many trials there are, with the experiments that have so many."""
        names: dict[int, list[str]] = {}
        for one in self.settings:
            names.setdefault(one["trials"], []).append(one["name"])
        return sorted(names.items())


def write_pages(
    site: Site,
    contents: Contents,
    notebooks: Sequence[str],
    quantifiers: str,
    others: Mapping[str, Sequence[str]],
) -> None:
    """Write all pages of the site, and its front page with the way to them.

    notebooks: of the experiments, in the order of their settings; quantifiers: HTML of the page of
    quantifiers; others: the notebooks of other pages, by name, "course" with several.
    """
    for settings, notebook in zip(contents.settings, notebooks, strict=True):
        name = settings["name"]
        site.add_notebook(f"experiments/{name}", notebook, before=contents.badge([settings]))
    lessons = [Path(path).stem for path in others["course"]]
    for part, notebook in zip(lessons, others["course"], strict=True):
        site.add_notebook(f"lessons/{part}", notebook)
    chapters = [
        contents.chapter(name, lessons if name == "course" else ())
        for name in contents.chapters
        if any(one["chapter"] == name for one in contents.settings)
    ]
    for one in chapters:
        own = [settings for settings in contents.settings if settings["chapter"] == one["name"]]
        facts = {"chapter": one, "badge": contents.badge(own)}
        site.add_text(one["page"], render(FOLDER / "chapter.md.j2", facts))
    pages = {one["page"]: one["short"] for one in chapters}
    body = raw_html(Path(quantifiers).read_text(encoding="utf-8"))
    site.add_text("pages/quantifiers", f"# Quantifiers\n\n{body}\n")
    pages["pages/quantifiers"] = "Quantifiers"
    within = []
    for page in ("pairs", "symmetry", "benchmark"):
        for notebook in others[page]:
            site.add_notebook(f"pages/{page}", notebook)
            within.append(page)
    methods = {"captions": contents.captions, "pages": [*within, "making"]}
    site.add_text("pages/methods", render(FOLDER / "methods.md.j2", methods))
    pages["pages/methods"] = "Methods"
    versions = [(package, contents.run["packages"][package]) for package in PACKAGES]
    making = {"record": contents.run, "trials": contents.trials(), "versions": versions}
    site.add_text("pages/making", render(FOLDER / "making.md.j2", making))
    for file in (contents.record, contents.league):
        shutil.copyfile(file, site.folder / "files" / Path(file).name)
    found = universals(contents.pairs)
    shown = embedded_figure(
        contents.overview_figure, contents.captions["overview"], "All pairs: how much sooner?"
    )
    facts = {
        "badge": contents.badge(contents.settings),
        "universals": found,
        "n": contents.pairs["n"],
        "figure": shown if found else "",
        "chapters": chapters,
        "pages": pages,
        **caveats(contents.settings, contents.pairs),
    }
    site.add_text("index", render(FOLDER / "front_page.md.j2", facts))
