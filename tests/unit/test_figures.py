"""Figures: three formats, stable bytes, quantifiers in words, any kind of experiment."""

import sys
from pathlib import Path

import matplotlib
import pytest
import seaborn
import synthetic_results as synthetic

from aggregate import aggregate
from compare import compare
from overview import overview
from plot_accuracy_by_counts import plot_accuracy_by_counts
from plot_accuracy_by_size import plot_accuracy_by_size
from plot_convergence_steps import plot_convergence_steps
from plot_learning_curves import plot_learning_curves
from plot_overview import plot_overview
from plot_time_to_convergence import plot_time_to_convergence
from quantlearn.figures import style

# The tables that each figure is drawn from.
FIGURES = {
    plot_learning_curves: ("curves", "baselines"),
    plot_convergence_steps: ("convergence",),
    plot_time_to_convergence: ("convergence",),
    plot_accuracy_by_counts: ("cells",),
    plot_accuracy_by_size: ("cells", "baseline_cells"),
}
SIGNATURES = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}


def formats(folder: Path) -> dict[str, Path]:
    """Paths of one figure in its three formats."""
    return {kind: folder / f"figure.{kind}" for kind in SIGNATURES}


def tabulated(folder: Path, settings: dict, midpoints: list[int], **cells) -> dict[str, Path]:
    """The tables of an experiment with synthetic results."""
    curves = synthetic.training_curves(
        settings["quantifiers"], midpoints, trials=4, evaluations=120
    )
    results = {
        "curves": curves,
        "cells": synthetic.training_cells(settings["quantifiers"], trials=4, scenes=400, **cells),
        "trials": synthetic.training_trials(curves),
    }
    outputs = synthetic.table_paths(folder)
    inputs = synthetic.write_training(folder, [results])
    aggregate(**inputs, **synthetic.asked_by_aggregate(settings), **outputs)
    outputs["comparison"] = folder / "tables/comparison.csv"
    compare(
        outputs["curves"],
        outputs["convergence"],
        **synthetic.asked_by_compare(settings),
        comparison=outputs["comparison"],
    )
    return outputs | synthetic.write_baselines(folder, results["cells"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """An experiment of two quantifiers of which one is learned in no trial."""
    settings = synthetic.experiment_settings("pair", ["at_least_4", "first_3"])
    return settings, tabulated(tmp_path_factory.mktemp("pair"), settings, [30, 900])


def draw(plot, settings, paths, folder):
    """One figure of an experiment, in its three formats."""
    read = {table: paths[table] for table in FIGURES[plot]}
    plot(**read, settings=settings, **formats(folder))


@pytest.mark.parametrize("plot", FIGURES)
def test_three_formats_with_stable_bytes_and_names_in_words(pair, tmp_path, plot):
    for run in ("once", "again"):
        draw(plot, *pair, tmp_path / run)
    for kind, signature in SIGNATURES.items():
        once = (tmp_path / f"once/figure.{kind}").read_bytes()
        assert once.startswith(signature)
        assert once == (tmp_path / f"again/figure.{kind}").read_bytes()
    text = (tmp_path / "once/figure.svg").read_text()
    assert "at least 4" in text
    assert "first 3" in text
    assert sorted(path.name for path in (tmp_path / "once").iterdir()) == sorted(
        f"figure.{kind}" for kind in SIGNATURES
    )


@pytest.mark.parametrize(
    ("quantifiers", "midpoints", "sizes"),
    [
        (["most"], [30], range(1, 21)),
        (["most", "between_5_and_9"], [30, 35], range(16, 17)),
        (["most", "even", "every", "first_3"], [30, 900, 40, 50], range(1, 11)),
    ],
    ids=["one quantifier", "one size", "four quantifiers"],
)
def test_every_kind_of_experiment_can_be_drawn(tmp_path, quantifiers, midpoints, sizes):
    settings = synthetic.experiment_settings("any", quantifiers)
    paths = tabulated(tmp_path, settings, midpoints, sizes=sizes)
    for plot in FIGURES:
        draw(plot, settings, paths, tmp_path / plot.__name__)
        assert (tmp_path / plot.__name__ / "figure.svg").stat().st_size > 0


def test_overview_shows_each_pair_and_both_versions(pair, tmp_path):
    settings, paths = pair
    twin = settings | {"name": "pair_as_run", "documented": "pair"}
    overview(
        [paths["comparison"], paths["comparison"]],
        [paths["convergence"], paths["convergence"]],
        [settings, twin],
        [paths["baselines"], paths["baselines"]],
        overview=tmp_path / "overview.csv",
        as_run=tmp_path / "as_run.csv",
    )
    for run in ("once", "again"):
        plot_overview(tmp_path / "overview.csv", **formats(tmp_path / run))
    text = (tmp_path / "once/figure.svg").read_text()
    assert "at least 4 – first 3" in text
    assert "as run" in text
    assert "0 of 4" in text  # censoring is visible
    assert text == (tmp_path / "again/figure.svg").read_text()


def test_the_style_is_seaborns():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        ticks = seaborn.axes_style("ticks")
        apart = {"font.family", "font.sans-serif", "image.cmap"}
        for key in set(ticks) - apart:
            assert (matplotlib.rcParams | style.SEABORN)[key] == ticks[key], key


def test_quantifiers_differ_without_colour():
    looks = style.looks([f"at_least_{n}" for n in range(7)]).values()
    assert len({(look.line, look.marker) for look in looks}) == 7
    assert len({look.colour for look in looks}) == 7


def test_every_figure_has_a_caption():
    for plot in [*FIGURES, plot_overview]:
        caption = sys.modules[plot.__module__].__doc__
        assert len(caption.split()) > 30
