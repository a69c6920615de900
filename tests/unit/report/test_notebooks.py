"""Notebooks run with this Python, whatever is set elsewhere, and keep no time or place."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from page_results import CONFIG, PAGE, RECORD, ROOT, WORKFLOW, tabulated
from test_front_page import write_overview

from build_report import build_report
from quantlearn.figures.labels import VERDICTS
from quantlearn.pipeline.code_version import code_digest, imported_modules
from quantlearn.pipeline.run_record import write_record
from quantlearn.report.contents import in_chapters
from quantlearn.report.notebooks import NotebookError, execute_notebook, notebook_body
from quantlearn.settings.load import load_settings
from quantlearn.settings.schema import load_schema
from render_notebook import render_notebook

NOTEBOOKS = sorted((WORKFLOW / "notebooks").glob("*.ipynb"))
FIGURES = load_schema("experiment")["properties"]["figures"]["default"]


@pytest.fixture
def notebook(tmp_path):
    """A function that stores a notebook with these code cells behind its parameters."""

    def store(*cells):
        tagged = {"tags": ["parameters"]}
        nbformat.write(
            new_notebook(
                cells=[
                    new_markdown_cell("# A *title*", id="title"),
                    new_code_cell("number = 1", id="parameters", metadata=tagged),
                    *(new_code_cell(code, id=f"cell-{at}") for at, code in enumerate(cells)),
                ],
                metadata={
                    "kernelspec": {"name": "python3", "display_name": "", "language": "python"}
                },
            ),
            tmp_path / "notebook.ipynb",
        )
        return tmp_path / "notebook.ipynb"

    return store


# --- Notebooks of the workflow --------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path):
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    assert any("parameters" in cell.metadata.get("tags", []) for cell in stored.cells)
    for cell in stored.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


def test_the_library_of_a_notebook_is_known():
    modules = {
        path.stem
        for path in imported_modules(WORKFLOW / "notebooks/experiment.ipynb", ROOT / "scripts")
    }
    assert {"experiment_page", "pages", "formats", "intervals"} <= modules


def test_an_edited_template_is_another_code(tmp_path):
    package = tmp_path / "quantlearn"
    package.mkdir()
    for name in ("__init__.py", "page.py", "page.md.j2"):
        (package / name).touch()
    (tmp_path / "script.py").write_text("from quantlearn import page")
    before = code_digest([tmp_path / "script.py"], tmp_path)
    (package / "page.md.j2").write_text("{{ words }}")
    assert code_digest([tmp_path / "script.py"], tmp_path) != before


# --- Execution ------------------------------------------------------------------------------------


def test_parameters_replace_those_in_the_notebook(notebook):
    path = notebook("from IPython.display import Markdown\nMarkdown(f'**{number + 1}**')")
    body = notebook_body(execute_notebook(path, {"number": 41}))
    assert "<h1>A <em>title</em></h1>" in body
    assert "<strong>42</strong>" in body
    assert "IPython" not in body  # no code


def test_the_same_run_gives_the_same_notebook_without_machine_paths(notebook):
    path = notebook("print(number)")
    once, again = (nbformat.writes(execute_notebook(path, {"number": 2})) for _ in range(2))
    assert once == again
    assert str(path.parent) not in once


def test_a_failing_cell_is_named_with_its_error(notebook, caplog):
    path = notebook("1 + 1", "raise ValueError('no such\\nfile')")
    with (
        caplog.at_level(logging.ERROR, "quantlearn"),
        pytest.raises(NotebookError, match=r"notebook\.ipynb: cell cell-1: ValueError: no such$"),
    ):
        execute_notebook(path, {})
    assert "raise ValueError" in caplog.text  # the traceback is in the log


def test_a_failing_notebook_leaves_no_file(notebook, tmp_path):
    outputs = {"executed": tmp_path / "out/n.ipynb", "page": tmp_path / "out/n.html"}
    with pytest.raises(NotebookError):
        render_notebook(notebook("1 / 0"), PAGE, {}, "Title", **outputs)
    assert not (tmp_path / "out").exists()


def test_what_is_no_notebook_is_a_clear_error(tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    with pytest.raises(NotebookError, match=r"broken\.ipynb: cannot be read as a notebook"):
        execute_notebook(tmp_path / "broken.ipynb", {})


def test_nothing_is_looked_up_on_path_or_at_home(notebook, tmp_path):
    """Two at a time, with a kernel of the same name at home that does not start."""
    home = tmp_path / "home"
    bad = home / ".local/share/jupyter/kernels/python3"
    bad.mkdir(parents=True)
    (bad / "kernel.json").write_text(
        json.dumps({"argv": ["/no/such/python"], "display_name": "x", "language": "python"})
    )
    before = sorted(home.rglob("*"))
    path = notebook("import sys\nprint(sys.executable)")
    code = (
        "import sys; from quantlearn.report.notebooks import *;"
        "print(notebook_body(execute_notebook(sys.argv[1], {})))"
    )
    environment = {"HOME": str(home), "PATH": "", "PYTHONPATH": str(ROOT / "scripts")}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in running:
        said, complained = process.communicate(timeout=60)
        assert sys.executable in said
        assert complained == ""
    assert sorted(home.rglob("*")) == before


# --- The whole report -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report on an experiment and its twin, from synthetic results and empty figures."""
    folder = tmp_path_factory.mktemp("run")
    here = os.getcwd()
    os.chdir(folder)  # paths in results are relative to where the pipeline runs
    try:
        names = ["exp1a", "exp1a_as_run"]
        change = {"trials": 4, "overrides": {"convergence": {"window": 20}}}
        settings = load_settings({"experiments": names, **change}, CONFIG).experiments
        experiments = {
            name: tabulated(Path("results") / name, settings[name], [30, 60], 4) for name in names
        }
        figures, files = {}, []
        for name in [*names, "report"]:
            figures[name] = {
                figure: f"results/{name}/figures/{figure}.svg" for figure in [*FIGURES, "overview"]
            }
            for path in figures[name].values():
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
        for name in names:
            render_notebook(
                WORKFLOW / "notebooks/experiment.ipynb",
                PAGE,
                {
                    "settings": settings[name],
                    "samples": f"results/{name}/samples.csv",
                    "figures": {figure: figures[name][figure] for figure in FIGURES},
                    "captions": dict.fromkeys(FIGURES, "Caption"),
                },
                settings[name]["title"],
                executed=f"results/{name}/notebooks/experiment.ipynb",
                page=f"results/{name}/notebooks/experiment.html",
            )
            files.append(str(experiments[name].path("comparison")))
        write_overview(Path("results/report"), list(experiments.values()))
        tables = {name: f"results/report/{name}.csv" for name in ("overview", "as_run")}
        render_notebook(
            WORKFLOW / "notebooks/report.ipynb",
            PAGE,
            {
                "heading": "All experiments",
                "settings": list(settings.values()),
                **tables,
                "figure": figures["report"]["overview"],
                "caption": "Caption",
            },
            "All experiments",
            executed="results/report/report.ipynb",
            page="results/report/report.html",
        )
        measured = new_notebook(cells=[new_markdown_cell("# How fast?", id="title")])
        nbformat.write(measured, "results/report/benchmark.ipynb")
        write_record(RECORD, "results/report/record.json")
        build_report(
            "results/report/report.ipynb",
            [f"results/{name}/notebooks/experiment.ipynb" for name in names],
            "results/report/record.json",
            files,
            WORKFLOW / "report/report.html.j2",
            list(settings.values()),
            {"paper": "The 2019 experiments", "course": "Course"},
            "All experiments",
            "All experiments",
            ["results/report/benchmark.ipynb"],
            report="results/report/index.html",
        )
        yield folder / "results"
    finally:
        os.chdir(here)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def index(report):
    """The parsed report."""
    return BeautifulSoup((report / "report/index.html").read_text(), "html.parser")


def test_pages_ask_the_network_for_nothing(report):
    pages = list(report.rglob("*.html"))
    assert len(pages) == 4
    for page in pages:
        soup = BeautifulSoup(page.read_text(), "html.parser")
        assert not soup.find_all(["script", "link", "iframe", "object", "embed"])
        assert all(tag["src"].startswith("data:") for tag in soup.find_all(src=True))
        style = "".join(tag.text for tag in soup.find_all("style"))
        assert "@import" not in style
        assert "url(" not in style


def test_every_link_leads_somewhere(report, index):
    anchors = {tag["id"] for tag in index.find_all(id=True)}
    assert len(anchors) == len(index.find_all(id=True))
    for link in index.find_all("a"):
        target = link["href"]
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert target.startswith("https://doi.org/") or (report / "report" / target).is_file()


SAID = {
    "first sooner": "is learned sooner than",
    "first later": "is learned later than",
    "no difference that matters": "no difference larger than the margin",
    "open": "is open",
}


def test_no_pair_has_two_verdicts(report, index):
    """What the first table of the page says of a pair, its experiment's section says too."""
    written = pd.concat(pd.read_csv(path) for path in report.glob("*/tables/verdicts.csv"))
    rows = [
        row
        for table in index.find_all("table")
        if table.find("th", string="Verdict")
        for row in table.find_all("tr")[1:]
    ]
    assert len(rows) == len(written) == 2
    for row in rows:
        experiment, verdict = row.find("th").text, row.find_all("td")[-1].text
        own = written[written["experiment"] == experiment]["verdict"].item()
        assert VERDICTS[own] == verdict
        tests = index.find(id=f"{experiment.replace('_', '-')}-tests").find_next("p").text
        assert [words for words in SAID.values() if words in tests] == [SAID[verdict]]


def test_the_report_holds_every_section_of_every_experiment(index):
    for experiment in ("exp1a", "exp1a-as-run"):
        for section in ("data-in-numbers", "learning-curves", "tests", "errors"):
            assert index.find(id=f"{experiment}-{section}")
        assert index.find(id=f"{experiment}-before-relying-on-this")
    assert len(index.find_all("article")) == 2
    assert index.find("h2", id="benchmark").text == "How fast?"
    assert len(index.find_all("figure")) == 2 * len(FIGURES) + 1
    assert all(image["alt"] for image in index.find_all("img"))
    assert not index.find(class_="traceback")
    assert "4 in exp1a, exp1a_as_run" in index.footer.text
    for fact in ("config/quick.yaml", "1f0c2a with uncommitted changes", "A processor", "2019"):
        assert fact in index.footer.text


def test_a_page_without_pairs_says_nothing_of_effects(report, tmp_path):
    empty = {}
    for table in ("overview", "as_run"):
        (full,) = report.glob(f"report/**/{table}.csv")
        empty[table] = str(tmp_path / f"{table}.csv")
        Path(empty[table]).write_text(full.read_text().partition("\n")[0] + "\n")
    page = notebook_body(execute_notebook(WORKFLOW / "notebooks/report.ipynb", empty))
    assert not BeautifulSoup(page, "html.parser").find_all("h2")
    assert "<figure" not in page


def test_in_a_chapter_experiments_about_no_universal_come_last():
    one, two, three = (
        {"name": name, "chapter": "course", "universal": universal}
        for name, universal in (("a", "none"), ("b", "quantity"), ("c", "none"))
    )
    (course,) = in_chapters([one, two, three], {"paper": "Paper", "course": "Course"})
    assert [group["experiments"] for group in course["universals"]] == [[two], [one, three]]
    (course,) = in_chapters([one, three], {"course": "Course"})
    assert [group["title"] for group in course["universals"]] == [""]


def test_notebooks_hold_no_machine_paths(report):
    for notebook in report.rglob("*.ipynb"):
        assert str(report.parent) not in notebook.read_text()
