"""Notebooks run with this Python, whatever is set elsewhere, and keep no time or place."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from page_results import (
    CONFIG,
    ROOT,
    WORKFLOW,
    build_site,
    shown,
    tabulated,
    write_notebook_of,
    write_overview,
)

from quantlearn.pipeline.code_version import code_digest, imported_modules
from quantlearn.pipeline.notebooks import NotebookError, execute_notebook
from quantlearn.report.site import build
from quantlearn.settings.load import load_settings
from quantlearn.settings.schema import load_schema
from render_notebook import render_notebook

NOTEBOOKS = sorted((WORKFLOW / "notebooks").glob("*.ipynb"))
FIGURES = load_schema("experiment")["properties"]["figures"]["default"]
PAGES = ("pairs", "quantifiers", "benchmark", "methods", "making")


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


@pytest.mark.parametrize("edited", ["page.md.j2", "part.md.j2", "macros.md.j2"])
def test_an_edited_template_is_another_code(tmp_path, edited):
    """Also one that a module names, and one that this includes."""
    package = tmp_path / "quantlearn"
    package.mkdir()
    for name in ("__init__.py", "page.md.j2", "macros.md.j2"):
        (package / name).touch()
    (package / "page.py").write_text('PART = "part.md.j2"')
    (package / "part.md.j2").write_text('{% include "macros.md.j2" %}')
    (tmp_path / "script.py").write_text("from quantlearn import page")
    before = code_digest([tmp_path / "script.py"], tmp_path)
    (package / edited).write_text("{{ words }}")
    assert code_digest([tmp_path / "script.py"], tmp_path) != before


# --- Execution ------------------------------------------------------------------------------------


def test_parameters_replace_those_in_the_notebook(notebook, monkeypatch, tmp_path):
    """With a TMPDIR as schedulers make for each job, in which no socket has a place."""
    long = tmp_path / ("job" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    path = notebook("from IPython.display import Markdown\nMarkdown(f'**{number + 1}**')")
    body = shown(execute_notebook(path, {"number": 41}))
    assert "# A *title*" in body
    assert "**42**" in body
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
    with pytest.raises(NotebookError):
        render_notebook(notebook("1 / 0"), {}, executed=tmp_path / "out/n.ipynb")
    assert not (tmp_path / "out").exists()


def test_what_is_no_notebook_is_a_clear_error(tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    with pytest.raises(NotebookError, match=r"broken\.ipynb: cannot be read as a notebook"):
        execute_notebook(tmp_path / "broken.ipynb", {})


def test_nothing_is_looked_up_on_path_on_pythonpath_or_at_home(notebook, tmp_path):
    """Two at a time, with a kernel of the same name at home that does not start, and PYTHONPATH as
    by "module load" of another pandas.
    """
    shell = tmp_path / "shell"
    (shell / "pandas").mkdir(parents=True)
    (shell / "pandas" / "__init__.py").write_text("raise ImportError('of the shell')\n")
    home = tmp_path / "home"
    bad = home / ".local/share/jupyter/kernels/python3"
    bad.mkdir(parents=True)
    (bad / "kernel.json").write_text(
        json.dumps({"argv": ["/no/such/python"], "display_name": "x", "language": "python"})
    )
    before = sorted(home.rglob("*"))
    path = notebook("import sys\nimport pandas\nprint(sys.executable)")
    code = (
        "import sys; from quantlearn.pipeline.notebooks import *;"
        "print(execute_notebook(sys.argv[1], {}).cells[-1].outputs[0].text)"
    )
    shells = os.pathsep.join(map(str, (ROOT / "scripts", shell)))
    environment = {"HOME": str(home), "PATH": "", "PYTHONPATH": shells}
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
    """A report on an experiment and its twin, from synthetic results and empty figures.

    The first of the pair is learned sooner in the one and later in the other.
    """
    folder = tmp_path_factory.mktemp("run")
    here = os.getcwd()
    os.chdir(folder)  # paths in results are relative to where the pipeline runs
    try:
        names = ["exp1a", "exp1a_as_run"]
        change = {"trials": 8, "overrides": {"convergence": {"window": 20}}}
        settings = load_settings({"experiments": names, **change}, CONFIG).experiments
        experiments = {
            name: tabulated(Path("results") / name, settings[name], midpoints, trials=8)
            for name, midpoints in zip(names, ([30, 60], [60, 30]), strict=True)
        }
        files, figures = [], {}
        for name in names:
            figures[name] = {one: f"results/{name}/figures/{one}.svg" for one in FIGURES}
            for path in map(Path, figures[name].values()):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
                for kind in ("pdf", "png"):
                    path.with_suffix(f".{kind}").touch()
                    files.append(str(path.with_suffix(f".{kind}")))
            files += figures[name].values()
            render_notebook(
                WORKFLOW / "notebooks/experiment.ipynb",
                {
                    "settings": settings[name],
                    "samples": f"results/{name}/samples.csv",
                    "figures": figures[name],
                    "captions": dict.fromkeys(FIGURES, "Caption"),
                },
                executed=f"results/{name}/notebooks/experiment.ipynb",
            )
            files += [str(experiments[name].path(one)) for one in ("comparison", "curves")]
        place = Path("results/report/paper")
        place.mkdir(parents=True)
        write_overview(place, list(experiments.values()))
        write_notebook_of("How fast?", "results/benchmark.ipynb")
        build_site(
            place,
            list(settings.values()),
            [f"results/{name}/notebooks/experiment.ipynb" for name in names],
            {"paper": "The 2019 experiments", "course": "Course"},
            benchmark=["results/benchmark.ipynb"],
            files=files,
        )
        yield folder / "results"
    finally:
        os.chdir(here)
        shutil.rmtree(folder)


def page(report, name):
    """A page of the site, parsed."""
    return BeautifulSoup((report / "report/paper" / name).read_text(), "html.parser")


def test_every_page_is_there_and_asks_the_network_for_nothing(report):
    site = report / "report/paper"
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    pages.remove("quantifiers.html")  # what the page of that name is made of
    expected = {"index.html", "search.html", "front_page.html", "chapters/paper.html"}
    expected |= {f"experiments/{name}.html" for name in ("exp1a", "exp1a_as_run")}
    assert pages == expected | {f"pages/{name}.html" for name in PAGES}
    for name in pages:
        for tag in page(report, name).find_all(["script", "link", "img", "iframe", "object"]):
            source = tag.get("src") or tag.get("href") or ""
            assert "//" not in source.replace("data:image/svg+xml;base64,", ""), (name, source)


def test_every_link_leads_somewhere(report):
    root = report / "report/paper"
    for path in root.rglob("*.html"):
        soup = BeautifulSoup(path.read_text(), "html.parser")
        for link in soup.find_all("a", href=True):
            target, _, anchor = link["href"].partition("#")
            if target.startswith("http"):
                continue
            place = (path.parent / target).resolve() if target else path
            assert place.is_file(), (path, link)
            if anchor:
                assert f'id="{anchor}"' in place.read_text(), (path, link)


SAID = {
    "sooner": "is learned sooner than",
    "later": "is learned later than",
    "no_difference": "no difference larger than the margin",
    "open": "is open",
}


def test_no_pair_has_two_verdicts(report):
    """What verdicts.csv says of a pair every page says too, and once; overview.csv is all pairs."""
    written = pd.concat(pd.read_csv(path) for path in report.glob("*/tables/verdicts.csv"))
    verdicts = dict(zip(written["experiment"], written["verdict"], strict=True))
    assert verdicts == {"exp1a": "sooner", "exp1a_as_run": "later"}
    side_by_side = pd.read_csv(report / "report/paper/overview.csv").set_index("experiment")[
        "verdict"
    ]
    assert side_by_side.to_dict() == verdicts
    for name, verdict in verdicts.items():
        own = page(report, f"experiments/{name}.html").article.get_text()
        assert [words for words in SAID.values() if words in own] == [SAID[verdict]]
    chapter = page(report, "chapters/paper.html").article
    for summary in chapter.find_all("ul"):  # of pairs, by universal
        summary.decompose()
    for verdict, words in SAID.items():
        times = list(verdicts.values()).count(verdict)
        assert chapter.get_text().count(words) == times, verdict
    front = page(report, "index.html").find(class_="answer").get_text()
    documented, as_run = front.split("As run for the published data")
    assert "sooner in 1 of 1 pair" in documented
    assert "later" not in documented
    assert "later in 1 of 1 pair" in as_run
    assert "sooner" not in as_run.split("How sure")[0]


def test_a_page_holds_every_section_of_an_experiment(report):
    soup = page(report, "experiments/exp1a.html").article
    for section in ("learning-curves", "tests", "errors", "data-and-settings"):
        assert soup.find("section", id=section)
    assert "Before relying on this" in soup.get_text()
    shown = {one["data-figure"] for one in soup.find_all("figure")}
    assert shown == {f"exp1a/{figure}" for figure in FIGURES}
    assert all(drawing["aria-label"] for drawing in soup.find_all("svg"))


def test_no_line_breaks_between_a_number_and_its_sign(report):
    for path in (report / "report/paper").rglob("[!f]*.html"):
        if article := page(report, path.relative_to(report / "report/paper")).article:
            assert not re.search(r"\d %|\bp [=<]", article.get_text()), path


def test_each_figure_offers_its_files_and_how_it_is_made_again(report):
    soup = page(report, "experiments/exp1a.html")
    menu = soup.find("figure", id="figure-exp1a-learning-curves").find("details", class_="files")
    offered = {link.text: link["href"] for link in menu.find_all("a")}
    assert set(offered) >= {"SVG", "PDF", "PNG", "code", "settings", "notebook"}
    assert "data: curves.csv" in offered or "data: curves.parquet" in offered
    command = "snakemake --cores all results/exp1a/figures/learning_curves.pdf"
    assert menu.code.text == command


def test_how_the_report_was_made_is_told(report):
    text = page(report, "pages/making.html").article.get_text()
    for fact in ("config/quick.yaml", "1f0c2a with uncommitted changes", "A processor", "2019"):
        assert fact in text
    front = page(report, "index.html").find(class_="badges").get_text(" ")
    for fact in ("Quick run", "8 trials", "2026-01-02", "1f0c2a"):
        assert fact in front


def test_the_front_page_goes_into_one_file(report):
    soup = page(report, "front_page.html")
    assert not soup.find_all(["script", "link"])
    assert all(link["href"].startswith("http") for link in soup.find_all("a"))
    assert soup.h1.text.startswith("Which meanings")


def test_an_older_site_leaves_nothing_and_loses_nothing_else(tmp_path):
    sources, site = tmp_path / "sources", tmp_path / "site"
    sources.mkdir()
    (sources / "index.md").write_text("# New\n")
    for old in (
        "lessons/gone.html",
        "experiments/gone.html",
        "index/record.json",
        ".site-killed/gone.html",
    ):
        (site / old).parent.mkdir(parents=True)
        (site / old).touch()
    build(sources, WORKFLOW / "report", site / "index.html")
    assert "New" in (site / "index.html").read_text()
    assert not [*site.glob("**/gone.html"), *site.glob(".site-*")]
    assert (site / "index/record.json").exists()


def test_notebooks_hold_no_machine_paths(report):
    for notebook in report.rglob("*.ipynb"):
        assert str(report.parent) not in notebook.read_text()
