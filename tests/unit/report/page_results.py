"""Synthetic results of whole experiments, and a record, for tests of pages."""

from pathlib import Path
from typing import Any

import synthetic_results as synthetic

from aggregate import aggregate
from compare import compare
from quantlearn.figures.experiment import Experiment

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
WORKFLOW = ROOT / "workflow"
PAGE = WORKFLOW / "report/page.html.j2"

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
