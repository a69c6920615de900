"""Execute a notebook with this Python, whatever is installed, active or set elsewhere.

The kernel is the interpreter that runs this module, so that nothing is looked up on PATH or among
the kernels a user has installed. It talks through sockets in a temporary folder, which also takes
IPython's and Jupyter's own files: notebooks that run side by side share nothing, and no port and no
home folder is needed. The system takes no long names of sockets: where TMPDIR is one, such as
schedulers give each job, they are in /tmp. What is kept of an executed notebook is the same each
time: papermill's clock times and paths are left out.
"""

import logging
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from traitlets import Unicode, default
from traitlets.config import Config

from quantlearn.errors import QuantlearnError, damaged
from quantlearn.files import replacing
from quantlearn.pipeline.code_version import path_of_jobs

__all__ = ["NotebookError", "execute_notebook", "read_notebook", "write_notebook"]

log = logging.getLogger("quantlearn")

# JSON that is not a notebook makes nbformat stumble in its own code.
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError)

_LONGEST_PLACE = 60  # characters: macOS takes 103 for a socket, of which kernels use 37

COLOURS = re.compile(r"\x1b\[[\d;]*m")
"""What IPython colours its tracebacks with on a terminal."""


class NotebookError(QuantlearnError):
    """A notebook cannot be read, or one of its cells failed."""


def execute_notebook(path: str | Path, parameters: dict[str, Any]) -> NotebookNode:
    """Run all cells of the notebook at ``path`` with ``parameters`` and return it with its outputs.

    The parameters replace those of the cell tagged "parameters": numbers, text, truth values, None,
    and lists and dicts of them. Paths among them are relative to the working directory.

    Raises `NotebookError`, which names notebook, cell and error, when a cell fails.
    """
    try:
        source = _read(path)
    except _UNREADABLE as fault:
        raise NotebookError(f"{path}: cannot be read as a notebook: {fault}") from fault
    short = len(tempfile.gettempdir()) <= _LONGEST_PLACE
    with tempfile.TemporaryDirectory(prefix="quantlearn-", dir=None if short else "/tmp") as folder:
        try:
            executed = papermill.execute_notebook(
                str(path),
                None,
                parameters,
                progress_bar=False,
                kernel_manager_class=ThisPython,
                config=Config({"ThisPython": {"folder": folder}}),
            )
        except PapermillExecutionError as fault:
            log.error("%s", COLOURS.sub("", "\n".join(fault.traceback)))
            name = _name_of_cell(source, fault.source)
            what = f"{fault.ename}: {fault.evalue}".strip().partition("\n")[0]
            raise NotebookError(f"{path}: cell {name}: {what}") from fault
        except DeadKernelError as fault:
            raise NotebookError(f"{path}: the kernel died; was there enough memory?") from fault
    return _without_circumstances(executed)


def read_notebook(path: str | Path) -> NotebookNode:
    """The executed notebook at ``path``; raises `NotebookError` when it is not one."""
    try:
        return _read(path)
    except _UNREADABLE as fault:
        raise NotebookError(damaged(path, "a notebook", fault)) from fault


def _read(path: str | Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def write_notebook(notebook: NotebookNode, path: str | Path) -> None:
    """Write a notebook, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


class ThisPython(AsyncKernelManager):
    """Starts the interpreter that runs now as kernel, with all its files in ``folder``."""

    folder = Unicode(help="a folder for files and sockets").tag(config=True)

    @default("transport")
    def _sockets(self) -> str:
        return "ipc"

    @default("connection_file")
    def _in_folder(self) -> str:
        return f"{self.folder}/kernel.json"

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[
                sys.executable,
                *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
                "--log-level=50",  # no word on how it is shut down; errors come as messages
            ],
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": ["curve"]},
            env={
                "IPYTHONDIR": f"{self.folder}/ipython",
                "JUPYTER_CONFIG_DIR": f"{self.folder}/config",
                "JUPYTER_DATA_DIR": f"{self.folder}/data",
                "JUPYTER_RUNTIME_DIR": self.folder,
                # Of frozen modules the debugger, which nobody uses here, would warn.
                "PYDEVD_DISABLE_FILE_VALIDATION": "1",
                "PYTHONPATH": os.pathsep.join(path_of_jobs(Path(__file__).parents[2])),
            },
        )


def _name_of_cell(notebook: NotebookNode, source: str) -> str:
    """The id of the cell that holds this code."""
    return next((cell.id for cell in notebook.cells if cell.source == source), "parameters")


def _without_circumstances(notebook: NotebookNode) -> NotebookNode:
    """The notebook without the time and place of its execution."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
    return notebook
