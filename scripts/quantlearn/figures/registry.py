"""Which figures there are, and what each needs, without loading what draws them.

A figure is one file, figures/<room>/<figure>.py, and its text beside it, <figure>.md.j2:

- ``READS``: what its tables are made of, by names in `FILES`; of the experiments beside it
  (``beside`` in the settings) the same is read, and with "source" the scenes of the experiment from
  whose networks it starts;
- ``TABLES``: the columns of each table it makes, by the table's name, and ``ROWS``: what its rows
  are;
- ``tables(experiment, beside, seed)``: these tables, frames by name;
- ``draw(tables, experiment)``: the figure; the docstring is its caption;
- ``facts(tables, settings)``: what the text says, by the names that the text uses.

One that draws an experiment's own tables has only ``draw``.

Those of `APART` are of no single experiment: ``draw(tables)`` and ``facts(tables)`` ask for none.
"""

import ast
import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from quantlearn import figures
from quantlearn.settings.figure_checks import FIGURES

__all__ = [
    "APART",
    "FIGURES",
    "FILES",
    "Outline",
    "data_of",
    "load",
    "module_of",
    "outline",
    "template_of",
]

_FOLDER = Path(__file__).parent

APART = {
    "overview": _FOLDER / "overview.py",
    "speedup": _FOLDER / "benchmark/speedup.py",
    "cost": _FOLDER / "benchmark/cost.py",
}
"""The files of the figures that stand beside the experiments', by their names."""

FILES = {
    "samples": "samples.csv",
    "scenes": "data/split.parquet",
    "weights": "training/{job}/weights.safetensors",
    "timed_trials": "training/{job}/trials.csv",
    **{name: f"tables/{name}.csv" for name in ("trials", "convergence", "verdicts", "comparison")},
    **{name: f"tables/{name}.csv" for name in ("leaderboard", "baselines", "published")},
    **{name: f"tables/{name}.parquet" for name in ("curves", "cells", "baseline_cells", "texts")},
}
"""Where each of an experiment's results lies in its folder; {job} stands for all training jobs."""


@dataclass(frozen=True)
class Outline:
    """What a figure's file says of it: its caption, what it reads, the tables it makes."""

    caption: str
    reads: tuple[str, ...]
    tables: tuple[str, ...]


@cache
def outline(name: str) -> Outline:
    """The outline of a figure, read from its file: loading it would load what draws it.

    >>> outline("knobs").tables
    ('knobs',)
    """
    tree = ast.parse(module_of(name).read_text(encoding="utf-8"))
    draw = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "draw"
    )
    given = {
        node.target.id if isinstance(node, ast.AnnAssign) else node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    }
    reads = ast.literal_eval(given["READS"]) if "READS" in given else ()
    keys = [key.value for key in given["TABLES"].keys] if "TABLES" in given else []
    return Outline(ast.get_docstring(draw) or "", tuple(reads), tuple(keys))


def data_of(figure: str) -> list[str]:
    """The tables whose values a figure shows: its own, or those of the experiment that it draws.

    >>> data_of("convergence_steps"), data_of("accuracy_by_counts")
    (['convergence'], ['cells'])
    """
    own = outline(figure).tables
    if own:
        return list(own)
    asked = re.findall(r"\bexperiment\.(\w+)", module_of(figure).read_text(encoding="utf-8"))
    # The scenes on which networks are scored are cells, whichever split holds them.
    named = ("cells" if name == "held_out" else name for name in asked)
    return list(dict.fromkeys(name for name in named if name in FILES))


def load(name: str) -> ModuleType:
    """The module of a figure."""
    path = module_of(name).relative_to(_FOLDER).with_suffix("")
    return importlib.import_module(".".join((figures.__name__, *path.parts)))


def module_of(name: str) -> Path:
    """The file of a figure."""
    return (FIGURES | APART)[name]


def template_of(name: str) -> Path:
    """The template of a figure's text."""
    return module_of(name).with_suffix(".md.j2")
