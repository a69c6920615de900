"""Make a site of one page, of an executed notebook."""

import tempfile
from pathlib import Path

from quantlearn.pipeline.jobs import run_job
from quantlearn.report.site import Site, build


def build_page(notebook: str, configuration: str, *, page: str) -> None:
    """Write the notebook as the page ``page``, with the files of the site beside it."""
    with tempfile.TemporaryDirectory(prefix="quantlearn-") as folder:
        Site(Path(folder), {}, "").add_notebook("index", notebook)
        build(Path(folder), Path(configuration).parent, Path(page))


if __name__ == "__main__":
    run_job(build_page, snakemake)
