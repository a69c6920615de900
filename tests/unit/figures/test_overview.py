"""All experiments side by side: pairs, twins, and the figure of both versions."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic

from draw import draw
from quantlearn import columns, tables
from quantlearn.errors import QuantlearnError
from quantlearn.figures import overview

EASY, HARD = "at_least_4", "first_3"
BY_SIZE = {EASY: 0.7, HARD: 0.6}


def experiment(name, leads, *, chosen=0, **settings):
    """An experiment in which ``first_3`` is learned so many steps later; None: never.

    There are two samples of which one is chosen; the other has the same numbers but for its p.
    """
    rows, tests = [], []
    for sample in (0, 1):
        for trial, lead in enumerate(leads):
            for quantifier, step in ((EASY, 100), (HARD, None if lead is None else 100 + lead)):
                rows.append(
                    {
                        "sample": sample,
                        "trial": trial,
                        "quantifier": quantifier,
                        "step": step,
                        "converged": step is not None,
                        "last_step": 1000,
                        "final_accuracy": 0.9 if quantifier == EASY else 0.8,
                        "last_50_accuracy": 0.9 if quantifier == EASY else 0.8,
                    }
                )
        both = [lead for lead in leads if lead is not None]
        tests += [
            {
                "sample": sample,
                "easy": EASY,
                "hard": HARD,
                "test": test,
                "p": 0.02 if sample == chosen else 0.5,
                "n": len(both),
            }
            | dict.fromkeys(["estimate", "lower", "upper"], np.mean(both) if both else np.nan)
            | dict.fromkeys(["effect_size", "effect_lower", "effect_upper"], 1.0)
            for test in columns.TESTS
        ]
    given = synthetic.experiment_settings(name, [EASY, HARD], **settings)
    return SimpleNamespace(
        name=name,
        settings={"search": None} | given,
        chosen=chosen,
        shown=lambda frame: frame[frame["sample"] == chosen],
        convergence=pd.DataFrame(rows).astype({"step": "Int64"}),
        comparison=pd.DataFrame(tests),
        baseline=lambda rule, split: pd.DataFrame([BY_SIZE, BY_SIZE]),
    )


def test_a_row_for_each_pair_of_the_chosen_sample():
    documented = experiment("exp1a", [20, 40, None], chosen=1)
    as_run = experiment("exp1a_as_run", [60, 80, 90], documented="exp1a")
    rows = overview.tables([documented, as_run])["overview"]
    assert list(rows["experiment"]) == ["exp1a", "exp1a_as_run"]
    assert list(rows["sample"]) == [1, 0]
    assert list(rows["version"]) == ["documented", "as run"]
    assert list(rows["twin"]) == ["", "exp1a"]
    assert list(rows["censored_hard"]) == [1, 0]
    assert list(rows["size_alone_hard"]) == [BY_SIZE[HARD]] * 2
    # Holm's method: the smallest of two p values counts twice, and the other no less than it.
    assert list(rows["logrank_p_adjusted"]) == pytest.approx([0.04, 0.04])
    assert set(rows) == set(columns.OVERVIEW)


def test_twins_are_compared_documented_minus_as_run():
    documented = experiment("exp1a", [20, 40, None])
    as_run = experiment("exp1a_as_run", [60, 80, 90], documented="exp1a")
    twins = overview.tables([documented, as_run])["as_run"].set_index("measure")
    step = twins.loc["step"]
    # In steps only where both quantifiers were learned, in ranks wherever one was.
    assert (step["documented_mean"], step["n_documented"]) == (30, 2)
    assert step["mann_whitney_n_documented"] == 3
    assert step["difference"] == pytest.approx(30 - (60 + 80 + 90) / 3)
    accuracy = twins.loc["final_accuracy"]
    assert accuracy["documented_mean"] == pytest.approx(0.1)
    assert accuracy["difference"] == pytest.approx(0)


def test_twins_have_equally_many_pairs():
    as_run = experiment("exp1a_as_run", [1, 2], documented="exp1a", comparisons=[])
    with pytest.raises(QuantlearnError, match=r"exp1a_as_run\.yaml: comparisons: must be as many"):
        overview.tables([experiment("exp1a", [1, 2]), as_run])


def test_without_a_twin_nothing_is_compared():
    found = overview.tables([experiment("exp1a_as_run", [10, 20], documented="exp1a")])
    assert found["as_run"].empty
    assert len(found["overview"]) == 1


def test_conditions_that_are_compared_have_no_rows():
    found = overview.tables([experiment("conditions", [10, 20], search={"choose": False})])
    assert found["overview"].empty


def test_experiments_about_no_universal_come_last():
    universals = ["none", "quantity", "none", "monotonicity"]
    experiments = [experiment(f"e{k}", [1, 2], universal=u) for k, u in enumerate(universals)]
    found = overview.tables(experiments)["overview"]["universal"]
    assert list(found) == ["quantity", "monotonicity", "none", "none"]


def test_the_figure_shows_each_pair_and_both_versions(tmp_path):
    documented = experiment("pair", [None] * 4)
    as_run = experiment("pair_as_run", [1, 2, 3, None], documented="pair")
    tables.write_csv(overview.tables([documented, as_run])["overview"], tmp_path / "overview.csv")
    for run in ("once", "again"):
        paths = {kind: tmp_path / run / f"figure.{kind}" for kind in ("svg", "pdf", "png")}
        draw("overview", [str(tmp_path / "overview.csv")], **paths)
    text = (tmp_path / "once/figure.svg").read_text()
    for part in ("at least 4 – first 3", "as run", "0 of 4", "3 of 4", "no estimate"):
        assert part in text, part
    assert text == (tmp_path / "again/figure.svg").read_text()


def test_a_page_without_pairs_has_a_figure():
    empty = overview.tables([])["overview"]
    assert overview.draw({"overview": empty}).axes
