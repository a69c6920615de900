"""The site of a report: its pages as sources for Sphinx, what can be downloaded, the built site."""

import html
import logging
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import yaml
from nbformat import NotebookNode

from quantlearn.errors import QuantlearnError
from quantlearn.figures.registry import data_of, module_of
from quantlearn.figures.texts import kept_together
from quantlearn.files import replacing, sync, sync_folder
from quantlearn.pipeline.notebooks import read_notebook, write_notebook
from quantlearn.report.pages import raw_html

__all__ = ["Site", "build", "to_read"]

log = logging.getLogger("quantlearn")

FOLDERS = (
    *("chapters", "experiments", "lessons", "pages", "files"),
    *("_static", "_images", "_downloads"),
)
"""The folders of a site, of which nothing older stays. Others beside its front page are no part."""

SPARE = (".buildinfo", "objects.inv", "_sources", "_static/**/*.map", "_static/webpack*")
"""What Sphinx and its theme leave that no reader needs."""

LARGEST_CSV = 200_000
"""Tables that are larger than this in bytes as CSV are offered as they are, as parquet."""


@dataclass(frozen=True)
class Site:
    """The sources of a site in a folder, to which pages are added.

    command: how Snakemake is called for the run, before the targets; results: their folder.
    """

    folder: Path
    settings: Mapping[str, Mapping[str, Any]]
    command: str
    results: Path

    def add_notebook(self, page: str, notebook: str | Path, *, before: str = "") -> None:
        """Add an executed notebook as a page, with Markdown behind its title."""
        readable = to_read(read_notebook(notebook))
        for cell in readable.cells:
            if cell.cell_type == "markdown":
                cell.source = self._finished(cell.source, page)
        if before:
            first = readable.cells[0]
            title, _, rest = first.source.partition("\n")
            first.source = f"{title}\n\n{before}\n{rest}"
        write_notebook(readable, self._place(page, ".ipynb"))

    def add_text(self, page: str, text: str) -> None:
        """Add a page of Markdown."""
        self._place(page, ".md").write_text(self._finished(text, page), encoding="utf-8")

    def add_files(self, files: Sequence[str], notebook: str) -> None:
        """Copy {results}/{experiment}/…/{name} of the experiments to files/{experiment}/{name}.

        Beside them go their settings, and the code of their figures and their notebook to
        files/code/. Tables that no spreadsheet opens are written as CSV where they are small.
        """
        for file in map(Path, files):
            place = self.folder / "files" / file.relative_to(self.results).parts[0]
            place.mkdir(parents=True, exist_ok=True)
            content = as_csv(file) if file.suffix == ".parquet" else b""
            if content:
                (place / f"{file.stem}.csv").write_bytes(content)
            else:
                shutil.copyfile(file, place / file.name)
        code = self.folder / "files" / "code"
        code.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(notebook, code / "experiment.ipynb")
        for name, settings in self.settings.items():
            place = self.folder / "files" / name
            place.mkdir(exist_ok=True)
            text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
            (place / "settings.yaml").write_text(text, encoding="utf-8")
            for figure in settings["figures"]:
                shutil.copyfile(module_of(figure), code / f"{figure}.py")

    def _place(self, page: str, suffix: str) -> Path:
        path = self.folder / f"{page}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _finished(self, text: str, page: str) -> str:
        """Markdown of a page with what only the site knows: files of figures, and other pages."""
        root = "../" * page.count("/")
        text = kept_together(text)
        text = re.sub(
            r'(data-figure="([^"/]+)/([^"/]+)".*?)</figure>',
            lambda found: f"{found[1]}{self._menu(found[2], found[3], root)}</figure>",
            text,
            flags=re.DOTALL,
        )
        text = re.sub(
            r'<div class="(?:ask|action)"[^>]* data-experiment="(\w+)".*?</div>',
            lambda found: found[0] if found[1] in self.settings else "",
            text,
            flags=re.DOTALL,
        )
        # An experiment that is on no page of this site is named without a link.
        return re.sub(
            r"\[((?:\\.|[^\]\\])*)\]\((?:\.\./)?experiments/(\w+)\)",
            lambda found: (
                f"[{found[1]}]({root}experiments/{found[2]})"
                if found[2] in self.settings
                else found[1]
            ),
            text,
        )

    def _menu(self, experiment: str, figure: str, root: str) -> str:
        """Links to the files of a figure, and how it is made again, as HTML.

        An experiment of another site has none here.
        """
        if experiment not in self.settings:
            return ""
        place = self.folder / "files" / experiment
        data = [
            name
            for table in data_of(figure)
            for name in (f"{table}.csv", f"{table}.parquet")
            if (place / name).exists()
        ]
        folder = f"{root}files/{experiment}"
        links = {
            **{kind.upper(): f"{folder}/{figure}.{kind}" for kind in ("svg", "pdf", "png")},
            **{f"data: {name}": f"{folder}/{name}" for name in data},
            "code": f"{root}files/code/{figure}.py",
            "settings": f"{folder}/settings.yaml",
            "notebook": f"{root}files/code/experiment.ipynb",
        }
        shown = " ".join(
            f'<a href="{html.escape(path)}" download>{html.escape(name)}</a>'
            for name, path in links.items()
        )
        command = f"{self.command} {self.results}/{experiment}/figures/{figure}.pdf"
        return (
            f'<details class="files"><summary>Files and data</summary><p>{shown}</p>'
            f"<p>Made again by <code>{html.escape(command)}</code></p></details>"
        )


def to_read(notebook: NotebookNode) -> NotebookNode:
    """An executed notebook with what its cells display as cells of Markdown.

    So headings that are displayed are headings of the page. Code stays, to be unfolded, in cells
    tagged "shown"; other code is left out.
    """
    cells = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            cells.append(cell)
            continue
        if "shown" in cell.metadata.get("tags", []):
            code = nbformat.v4.new_code_cell(cell.source, id=cell.id)
            code.metadata["tags"] = ["hide-input"]
            cells.append(code)
        text = "\n\n".join(map(_displayed, cell.outputs))
        if text.strip():
            cells.append(nbformat.v4.new_markdown_cell(text, id=f"{cell.id}-displayed"))
    return nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)


def _displayed(output: NotebookNode) -> str:
    """What a cell displays, as Markdown."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    if "text/markdown" in data:
        return data["text/markdown"]
    if "text/html" in data:
        return raw_html(data["text/html"])
    return f"````text\n{data['text/plain']}\n````"


def as_csv(path: Path) -> bytes:
    """A parquet file as CSV; nothing if that is too large to be offered."""
    text = pd.read_parquet(path).to_csv(index=False, float_format="%.6g").encode()
    return text if len(text) <= LARGEST_CSV else b""


def build(sources: Path, configuration: Path, report: Path) -> None:
    """Make the site of the sources with Sphinx, with its front page at ``report``.

    Nothing of an older site is left in its place.

    What Sphinx warns of is in the log. Raises `QuantlearnError` when it cannot make the site.
    """
    # The front page comes last: with it the site is whole. What fails before is told of it.
    with replacing(report) as beside:
        for left_over in report.parent.glob(".site-*"):  # of runs that were killed
            shutil.rmtree(left_over)
        with tempfile.TemporaryDirectory(dir=report.parent, prefix=".site-") as folder:
            built = Path(folder, "html")
            _run_sphinx(sources, configuration, built, report)
            if (sources / "files").exists():
                shutil.copytree(sources / "files", built / "files")
            for spare in SPARE:
                for path in built.glob(spare):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            sync_folder(built)
            for old in (report.parent / name for name in FOLDERS):
                if old.exists():
                    shutil.rmtree(old)
            for entry in sorted(built.iterdir()):
                if entry.name != report.name:
                    entry.replace(report.parent / entry.name)
            sync(report.parent)
            shutil.copyfile(built / report.name, beside)


def _run_sphinx(sources: Path, configuration: Path, built: Path, report: Path) -> None:
    places = ["-c", configuration, "-d", built.with_name("doctrees"), sources, built]
    # A process of its own: Sphinx sets up logging and languages for all that runs beside it.
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "html", "-q", *map(str, places)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise QuantlearnError(f"{report}: Sphinx could not make the site: {done.stderr}")
    log.info("%s", done.stderr or "Sphinx had nothing to warn of")
