"""Make the site of a report from its executed notebooks, and one file of its front page to mail."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quantlearn.pipeline.jobs import run_job
from quantlearn.report.contents import Contents, write_pages
from quantlearn.report.mail import write_one_file
from quantlearn.report.site import Site, build


def build_report(
    overview: str,
    overview_figure: str,
    pairs: str,
    notebooks: list[str],
    quantifiers: str,
    league: str,
    record: str,
    files: list[str],
    notebook: str,
    configuration: str,
    settings: list[dict[str, Any]],
    texts: dict[str, dict[str, str]],
    chapters: dict[str, str],
    captions: dict[str, str],
    command: str,
    results: str,
    course: Sequence[str] = (),
    symmetry: Sequence[str] = (),
    benchmark: Sequence[str] = (),
    *,
    report: str,
    one_file: str,
) -> None:
    """Write the site with its front page ``report``, and that page alone as ``one_file``.

    ``notebooks`` and ``settings`` run in the same order, one for each experiment, ``chapters`` maps
    names to titles, ``texts`` experiment and figure to the path of what is said of it, ``captions``
    figures to captions. ``quantifiers`` is the HTML of their page, ``league`` their table.
    ``files`` can be downloaded from the site, and the ``notebook`` of the experiments. The rest are
    notebooks, if the site has such pages.
    """
    contents = Contents(
        settings=settings,
        overview=overview,
        overview_figure=overview_figure,
        record=record,
        league=league,
        texts=texts,
        chapters=chapters,
        captions=captions,
    )
    with tempfile.TemporaryDirectory(prefix="quantlearn-") as folder:
        by_name = {one["name"]: one for one in settings}
        site = Site(Path(folder), settings=by_name, command=command, results=Path(results))
        site.add_files(files, notebook)
        pages = {"pairs": [pairs], "symmetry": symmetry, "benchmark": benchmark, "course": course}
        write_pages(site, contents, notebooks, quantifiers, pages)
        build(Path(folder), Path(configuration).parent, Path(report))
    write_one_file(report, one_file)


if __name__ == "__main__":
    run_job(build_report, snakemake)
