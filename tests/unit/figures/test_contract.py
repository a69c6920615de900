"""What figures/registry.py says a figure is, of each figure there is; and how texts are made."""

import ast
import sys

import pandas as pd
import pytest
from jinja2 import UndefinedError

from quantlearn.columns import Column
from quantlearn.figures.registry import FIGURES, FILES, load, outline, template_of
from quantlearn.figures.texts import estimate, render


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_a_file_and_a_text(figure):
    module, found = load(figure), outline(figure)
    assert module.draw.__doc__
    assert found.caption.split() == module.draw.__doc__.split()
    assert set(found.reads) <= {*FILES, "source"}
    if not found.tables:
        assert not template_of(figure).exists()
        return
    assert found.reads
    assert set(found.tables) == set(module.TABLES) == set(module.ROWS)
    for columns in module.TABLES.values():
        assert all(isinstance(column, Column) and column.meaning for column in columns.values())
    assert callable(module.tables)
    assert callable(module.facts)
    assert len(template_of(figure).read_text(encoding="utf-8").splitlines()) <= 25


def test_no_template_is_left_over():
    folder = template_of("learning_curves").parents[1]
    assert {path.name.partition(".")[0] for path in folder.glob("*/*.md.j2")} <= {
        *FIGURES,
        *(path.stem for path in (folder / "benchmark").glob("*.py")),
        "benchmark",
    }


@pytest.mark.parametrize("figure", FIGURES)
def test_what_draws_is_loaded_without_what_trains(figure):
    """Imports of torch stand within functions, so that a job that draws does not pay for it."""
    tree = ast.parse(FIGURES[figure].read_text(encoding="utf-8"))
    heavy = {"torch", "sklearn", "statsmodels"}
    for node in tree.body:
        names = [alias.name for alias in getattr(node, "names", [])]
        module = getattr(node, "module", None) or ""
        assert not heavy & {name.split(".")[0] for name in (module, *names)}


def test_an_outline_loads_nothing_that_draws():
    loaded = set(sys.modules)
    assert outline("knobs").tables == ("knobs",)
    assert not {name for name in set(sys.modules) - loaded if name.startswith("matplotlib")}


# Texts --------------------------------------------------------------------------------------------


def test_a_text_says_numbers_as_they_are_said_everywhere(tmp_path):
    path = tmp_path / "text.md.j2"
    path.write_text(
        '{{ row | estimate("percent") }}, {{ "at_least_4" | name }}\n{{ table(rows) }}\n'
    )
    row = {"estimate": 0.5, "lower": 0.4, "upper": 0.6, "p": 0.0001}
    text = render(path, {"row": row, "rows": [{"a": "<b>", "n": "1"}]})
    first, _, rest = text.partition("\n")
    # No line breaks between a number and its unit.
    said = "50.0~% (95~% interval 40.0~% to 60.0~%; p~<~0.001), *at least 4*"
    assert first == said.replace("~", "\u00a0")
    assert "&lt;b&gt;" in rest
    with pytest.raises(UndefinedError, match="row"):
        render(path, {"rows": []})


def test_an_estimate_without_interval_or_p_is_said_alone():
    row = pd.Series({"estimate": 3.0, "lower": float("nan"), "upper": float("nan"), "p": None})
    assert estimate(row, "steps", " steps") == "3 steps"
