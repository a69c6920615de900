"""Make the tables of a figure, and the text that says what they show."""

from pathlib import Path
from typing import Any

from quantlearn import tables
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.registry import load, template_of
from quantlearn.figures.texts import render
from quantlearn.files import write_text
from quantlearn.pipeline.jobs import run_job


def analyse(
    figure: str,
    settings: list[dict[str, Any]],
    samples: list[str],
    seed: int,
    source_settings: dict[str, Any] | None = None,
    source: list[str] | None = None,
    *,
    made: list[str],
    text: str,
) -> None:
    """Write the tables ``made`` and the ``text`` of a figure.

    settings: those of the experiment and of the ones beside it, and samples their samples.csv, in
    whose folders their other results are. source: the samples.csv of the experiment that networks
    start from, with its settings, if the figure reads it.
    """
    start = Experiment(source_settings, Path(source[0]).parent) if source else None
    own, *beside = (
        Experiment(one, Path(path).parent, start)
        for one, path in zip(settings, samples, strict=True)
    )
    module = load(figure)
    found = module.tables(own, beside, seed)
    read = {}
    for path in made:
        name = Path(path).stem
        tables.write_csv(found[name], path)
        read[name] = tables.read_csv(path, module.TABLES[name])  # as everybody else does
    write_text(render(template_of(figure), module.facts(read, own.settings)), text)


if __name__ == "__main__":
    run_job(analyse, snakemake)
