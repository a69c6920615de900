"""Draw all figures of an experiment."""

from pathlib import Path
from typing import Any

from quantlearn.figures import style
from quantlearn.figures.experiment import Experiment
from quantlearn.pipeline.jobs import run_job


def plot(
    settings: dict[str, Any], samples: str, *, svg: list[str], pdf: list[str], png: list[str]
) -> None:
    """Write each figure of an experiment in three formats; samples: its samples.csv."""
    experiment = Experiment(settings, Path(samples).parent)
    for drawn, printed, seen in zip(svg, pdf, png, strict=True):
        with style.figure_style():
            style.save_figure(experiment.draw(Path(drawn).stem), drawn, printed, seen)


if __name__ == "__main__":
    run_job(plot, snakemake)
