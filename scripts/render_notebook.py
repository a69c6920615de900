"""Run a notebook with the paths of its results as parameters."""

import logging
from typing import Any

from quantlearn.pipeline.jobs import run_job
from quantlearn.pipeline.notebooks import execute_notebook, write_notebook

log = logging.getLogger("quantlearn")


def render_notebook(notebook: str, parameters: dict[str, Any], *, executed: str) -> None:
    """Execute ``notebook`` with ``parameters`` and write it with what it displays."""
    write_notebook(execute_notebook(notebook, parameters), executed)
    log.info("%s executed", notebook)


if __name__ == "__main__":
    run_job(render_notebook, snakemake)
