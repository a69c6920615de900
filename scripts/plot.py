"""Draw all figures of an experiment."""

from pathlib import Path
from typing import Any

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.registry import load
from quantlearn.pipeline.jobs import run_job


def plot(
    settings: dict[str, Any], samples: str, *, svg: list[str], pdf: list[str], png: list[str]
) -> None:
    """Write each figure of an experiment in three formats; samples: its samples.csv."""
    experiment = Experiment(settings, Path(samples).parent)
    for drawn, printed, seen in zip(svg, pdf, png, strict=True):
        module = load(Path(drawn).stem)
        made = {
            name: tables.read_csv(experiment.folder / f"tables/{name}.csv", columns)
            for name, columns in getattr(module, "TABLES", {}).items()
        }
        with style.figure_style():
            style.save_figure(module.draw(made, experiment), drawn, printed, seen)


if __name__ == "__main__":
    run_job(plot, snakemake)
