"""Synthetic results of whole experiments, a record, and sites of them, for tests of pages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import synthetic_results as synthetic
from nbformat.v4 import new_markdown_cell, new_notebook

from aggregate import aggregate
from build_report import build_report
from compare import compare
from overview import overview
from quantlearn.figures.experiment import Experiment
from quantlearn.pipeline.run_record import write_record
from quantlearn.report.site import to_read

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
WORKFLOW = ROOT / "workflow"

PACKAGES = ("Python", "snakemake", "torch", "numpy", "pandas", "scipy", "statsmodels", "matplotlib")
RECORD = {
    "made": "2026-01-02T03:04:05Z",
    "settings": {"seed": 2019, "overlays": ["config/quick.yaml"]},
    "code": {"commit": "1f0c2a", "uncommitted_changes": True},
    "packages": dict.fromkeys(PACKAGES, "1.2.3"),
    "machine": {"processor": "A processor", "cores": 2, "trained_on": ["cpu"]},
    "files": {},
}


def tabulated(
    folder: Path, settings: dict[str, Any], midpoints: list[float], trials: int
) -> Experiment:
    """An experiment with synthetic results in ``folder``."""
    curves = synthetic.training_curves(
        settings["quantifiers"], midpoints, trials=trials, evaluations=150
    )
    results = {
        "curves": curves,
        "cells": synthetic.training_cells(settings["quantifiers"], trials=trials, scenes=300),
        "trials": synthetic.training_trials(curves),
    }
    experiment = Experiment(settings, folder)
    paths = synthetic.table_paths(folder)
    asked = synthetic.asked_by_aggregate(settings)
    aggregate(**synthetic.write_training(folder, [results]), **asked, **paths)
    compare(
        paths["curves"],
        paths["convergence"],
        paths["trials"],
        folder / "samples.csv",
        settings,
        verdicts=experiment.path("verdicts"),
        comparison=experiment.path("comparison"),
    )
    synthetic.write_baselines(folder, results["cells"])
    return experiment


def shown(notebook: nbformat.NotebookNode) -> str:
    """What a reader sees of an executed notebook, as Markdown."""
    return "\n\n".join(cell.source for cell in to_read(notebook).cells)


def write_notebook_of(title: str, path: str | Path) -> None:
    """Store a notebook that is a title."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell(f"# {title}", id="title")]), path)


def write_overview(folder: Path, experiments: Sequence[Experiment]) -> None:
    """Write overview.csv, as_run.csv and an empty figure of experiments."""
    made = {name: folder / f"{name}.csv" for name in ("overview", "as_run")}
    samples = [one.path("samples") for one in experiments]
    overview([one.settings for one in experiments], samples, **made)
    (folder / "overview.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')


def build_site(
    folder: Path,
    settings: Sequence[dict[str, Any]],
    notebooks: Sequence[str],
    chapters: dict[str, str],
    **pages: Sequence[str],
) -> Path:
    """Make the site of experiments from the tables and the figure that are in a folder."""
    write_record(RECORD, folder / "record.json")
    write_notebook_of("All pairs", folder / "pairs.ipynb")
    (folder / "quantifiers.html").write_text("<p>All.</p>")
    (folder / "quantifiers.csv").touch()
    build_report(
        str(folder / "overview.csv"),
        str(folder / "overview.svg"),
        str(folder / "pairs.ipynb"),
        list(notebooks),
        str(folder / "quantifiers.html"),
        str(folder / "quantifiers.csv"),
        str(folder / "record.json"),
        pages.pop("files", []),
        str(WORKFLOW / "notebooks/experiment.ipynb"),
        str(WORKFLOW / "report/conf.py"),
        list(settings),
        pages.pop("texts", {}),
        chapters,
        {"overview": "All pairs."},
        "snakemake --cores all",
        "results",
        report=str(folder / "index.html"),
        one_file=str(folder / "front_page.html"),
        **pages,
    )
    return folder
