"""Join the notebooks of a page of the report into one file that opens without a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quantlearn.pipeline.jobs import run_job
from quantlearn.pipeline.run_record import read_record
from quantlearn.report import contents
from quantlearn.report.pages import main_part, placed, write_page

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
    symmetry: Sequence[str] = (),
    *,
    report: str,
) -> None:
    """Write the page ``report``.

    ``notebooks`` and ``settings`` run in the same order, one for each experiment. ``course``: the
    notebooks that stand in front of the chapter "course"; ``cards``: the page that stands in front
    of the chapter "atlas"; if the page has them. Each of ``files`` in results/{experiment}/ is
    linked from its experiment, by a path relative to the page.
    ``chapters`` maps the names of chapters, in their order, to titles. ``record`` is the record of
    the run, of which the page's end shows the parts that readers ask for; ``benchmark`` and
    ``symmetry`` are the notebooks on these, if the page has them.
    """
    run = read_record(record)
    experiments = contents.articles(settings, notebooks, files, Path(report).parent)
    course_parts = contents.course_parts(course, [one["name"] for one in experiments])
    content = {
        "title": f"Quantlearn: {heading.lower()}",
        "summary": contents.part(summary, "summary", 1),
        "summary_title": summary_title,
        "symmetry": contents.in_parts(contents.part(path, "symmetry", 1) for path in symmetry),
        "chapters": contents.in_chapters(experiments, chapters),
        "benchmark": "".join(contents.part(path, "benchmark", 1) for path in benchmark),
        "in_front": {
            "course": contents.in_parts(course_parts),
            "atlas": contents.in_parts(placed(main_part(path), "cards", 2) for path in cards),
        },
        "run": run,
        "trials": contents.by_trials(settings),
        "versions": [(package, run["packages"][package]) for package in PACKAGES],
    }
    write_page(template, report, content)


if __name__ == "__main__":
    run_job(build_report, snakemake)
