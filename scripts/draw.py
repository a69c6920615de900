"""Draw a figure that is of no single experiment, and write its text."""

from pathlib import Path

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.registry import load, template_of
from quantlearn.figures.texts import render
from quantlearn.files import write_text
from quantlearn.pipeline.jobs import run_job


def draw(
    figure: str, made: list[str], *, svg: str, pdf: str, png: str, text: str | None = None
) -> None:
    """Draw the tables ``made`` in three formats; with ``text``, say there what they show."""
    module = load(figure)
    read = {
        name: tables.read_csv(path, module.TABLES[name])
        for path in made
        for name in [Path(path).stem]
    }
    with style.figure_style():
        style.save_figure(module.draw(read), svg, pdf, png)
    if text:
        write_text(render(template_of(figure), module.facts(read)), text)


if __name__ == "__main__":
    run_job(draw, snakemake)
