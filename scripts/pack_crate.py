"""Pack a page of the report with its tables, figures, settings and workflow as an RO-Crate."""

from pathlib import Path

from quantlearn.pipeline.crate import Contents, describe, named, write_crate
from quantlearn.pipeline.jobs import run_job
from quantlearn.pipeline.run_record import read_record
from quantlearn.yamlfile import read_yaml


def pack_crate(
    report: str,
    record: str,
    overview: str,
    as_run: str,
    results: list[str],
    settings: list[str],
    overlays: list[str],
    names_of_overlays: list[str],
    workflow: list[str],
    root: str,
    heading: str,
    *,
    crate: str,
) -> None:
    """Write the zipped ``crate``.

    ``workflow`` are files below ``root``, the folder of the workflow, ``overlays`` wherever the
    user has them, under names of their own; all other files are below where this runs. Names in
    the crate are as in a clone of the workflow that has run.
    """
    contents = Contents(
        results=named([report, record, overview, as_run, *results]),
        settings=named(settings) | dict(zip(names_of_overlays, map(Path, overlays), strict=True)),
        workflow=named(workflow, root),
    )
    citation = read_yaml(Path(root, "CITATION.cff"))
    metadata = describe(contents, heading, report, read_record(record), citation)
    write_crate(metadata, contents, crate)


if __name__ == "__main__":
    run_job(pack_crate, snakemake)
