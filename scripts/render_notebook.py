"""Run a notebook with the paths of its results as parameters, and make a page to read of it."""

import logging
from typing import Any

from quantlearn.pipeline.jobs import run_job
from quantlearn.report.notebooks import execute_notebook, notebook_body, write_notebook
from quantlearn.report.pages import placed, write_page

log = logging.getLogger("quantlearn")


def render_notebook(
    notebook: str,
    template: str,
    parameters: dict[str, Any],
    title: str,
    *,
    executed: str,
    page: str,
) -> None:
    """Execute ``notebook`` with ``parameters`` and write it, and its text and outputs as HTML."""
    result = execute_notebook(notebook, parameters)
    write_notebook(result, executed)
    write_page(
        template, page, {"title": title, "main": placed(notebook_body(result), "notebook", 0)}
    )
    log.info("%s executed", notebook)


if __name__ == "__main__":
    run_job(render_notebook, snakemake)
