"""Figures of any experiment: three formats, stable bytes, quantifiers in words, any kind of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.paper.accuracy_by_counts import boundary, count_grids
from quantlearn.figures.registry import APART, load, outline

FIGURES = (
    *("learning_curves", "convergence_steps", "time_to_convergence"),
    *("accuracy_by_counts", "accuracy_by_size"),
)
SIGNATURES = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
TRIALS = 4


def experiment(folder: Path, quantifiers: list[str], midpoints: list[int], **cells) -> Experiment:
    """An experiment with synthetic results; beyond 100 evaluations nothing is learned."""
    found = Experiment(synthetic.experiment_settings("any", quantifiers) | {"search": None}, folder)
    curves = synthetic.training_curves(quantifiers, midpoints, trials=TRIALS, evaluations=120)
    rows = [
        {
            "sample": 0,
            "trial": trial,
            "quantifier": quantifier,
            "step": 50 * midpoint + trial if midpoint <= 100 else None,
            "converged": midpoint <= 100,
            "last_step": 6000,
            "final_accuracy": 0.98,
            "last_50_accuracy": 0.98,
        }
        for trial in range(TRIALS)
        for quantifier, midpoint in zip(quantifiers, midpoints, strict=True)
    ]
    answers = synthetic.training_cells(quantifiers, trials=TRIALS, scenes=400, **cells)
    tables.write_parquet(curves, found.path("curves"))
    tables.write_parquet(answers, found.path("cells"))
    steps = pd.DataFrame(rows).astype({"step": "Int64"})
    tables.write_csv(steps, found.path("convergence"))
    synthetic.write_baselines(folder, answers)
    return found


def drawn(figure: str, of: Experiment, folder: Path, kinds=("svg",)) -> dict[str, bytes]:
    """The bytes of a figure in these formats."""
    paths = {kind: folder / f"{figure}.{kind}" for kind in kinds}
    with style.figure_style():
        style.save_figure(load(figure).draw({}, of), **paths)
    assert {path.name for path in folder.iterdir()} >= {path.name for path in paths.values()}
    return {kind: path.read_bytes() for kind, path in paths.items()}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """An experiment of two quantifiers of which one is learned in no trial."""
    return experiment(tmp_path_factory.mktemp("pair"), ["at_least_4", "first_3"], [30, 900])


@pytest.mark.parametrize("figure", [*FIGURES, *APART])
def test_every_figure_has_a_caption(figure):
    assert len(outline(figure).caption.split()) > 30


@pytest.mark.parametrize("figure", FIGURES)
def test_three_formats_with_stable_bytes_and_names_in_words(pair, tmp_path, figure):
    once, again = (drawn(figure, pair, tmp_path / run, SIGNATURES) for run in ("once", "again"))
    assert once == again
    for kind, signature in SIGNATURES.items():
        assert once[kind].startswith(signature)
    text = once["svg"].decode()
    assert "at least 4" in text
    assert "first 3" in text


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
    of = experiment(tmp_path, quantifiers, midpoints, sizes=sizes)
    for figure in FIGURES:
        assert drawn(figure, of, tmp_path / figure)["svg"]


def test_trials_that_did_not_learn_are_counted(pair, tmp_path):
    text = drawn("convergence_steps", pair, tmp_path)["svg"].decode()
    for label in ("in 4 of 4 trials", "in 0 of 4 trials", "not learned by the end"):
        assert label in text


def test_grids_hold_every_scene_once(pair):
    cells = pair.cells[pair.cells["quantifier"] == "at_least_4"]
    correct, scenes, true = count_grids(cells)
    assert scenes.sum() == cells["scenes"].sum()
    assert correct.sum() == cells["correct"].sum()
    # "At least 4" is true where A∩B has four objects or more, and nowhere else.
    np.testing.assert_array_equal(true[:, 4:], scenes[:, 4:])
    assert not true[:, :4].any()


def test_the_boundary_lies_where_truth_changes():
    truth = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    assert boundary(truth) == [[(1.5, -0.5), (1.5, 0.5)], [(1.5, 0.5), (1.5, 1.5)]]
    assert boundary(np.array([[np.nan, 1.0]])) == []
