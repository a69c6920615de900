"""All experiments side by side: pairs, twins, and the figure of both versions."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic
from scipy import stats

from draw import draw
from quantlearn import columns, report_columns, tables
from quantlearn.errors import QuantlearnError
from quantlearn.figures import overview
from quantlearn.statistics.intervals import mean_interval

EASY, HARD = "at_least_4", "first_3"
BY_SIZE = {EASY: 0.7, HARD: 0.6}


def experiment(name, leads, *, chosen=0, **settings):
    """An experiment in which ``first_3`` is learned so many times later; None: never.

    There are two samples of which one is chosen; the other has the same numbers but for its p.
    """
    rows, decided = [], []
    steps = {EASY: [100] * len(leads), HARD: [lead and round(100 * lead) for lead in leads]}
    horizon = 1000
    logarithms = np.log([lead or horizon / 100 for lead in leads])
    mean = mean_interval(logarithms)
    for sample in (0, 1):
        rows += [
            {
                "sample": sample,
                "trial": trial,
                "quantifier": quantifier,
                "step": step,
                "converged": step is not None,
                "last_step": horizon,
                "final_accuracy": 0.9 if quantifier == EASY else 0.8,
                "last_50_accuracy": np.nan,
            }
            for quantifier, of_trials in steps.items()
            for trial, step in enumerate(of_trials)
        ]
        ratios = dict(zip(("ratio", "ratio_lower", "ratio_upper"), np.exp(
            [mean.estimate, mean.lower, mean.upper]), strict=True))  # fmt: skip
        decided.append(
            dict.fromkeys(columns.VERDICTS, 0)
            | {"experiment": name, "universal": settings.get("universal", "monotonicity")}
            | {"sample": sample, "first": EASY, "second": HARD, "n": len(leads)}
            | {"margin_low": 0.8, "margin_high": 1.25, "verdict": "sooner", "exchangeable": False}
            | {"learned_first": len(leads), "learned_second": sum(map(bool, leads))}
            | dict.fromkeys(("p", "p_adjusted"), 0.02 if sample == chosen else 0.5)
            | ratios
        )
    given = synthetic.experiment_settings(name, [EASY, HARD], **settings)
    return SimpleNamespace(
        name=name,
        settings={"search": None} | given,
        chosen=chosen,
        shown=lambda frame: frame[frame["sample"] == chosen],
        convergence=pd.DataFrame(rows).astype({"step": "Int64"}),
        verdicts=pd.DataFrame(decided),
        baseline=lambda rule, split: pd.DataFrame([BY_SIZE, BY_SIZE]),
    )


def test_a_row_for_each_pair_of_the_chosen_sample():
    documented = experiment("exp1a", [2, 4, None], chosen=1)
    as_run = experiment("exp1a_as_run", [2, 3, 3.5], documented="exp1a")
    rows = overview.tables([documented, as_run])["overview"]
    assert list(rows["experiment"]) == ["exp1a", "exp1a_as_run"]
    assert list(rows["sample"]) == [1, 0]
    assert list(rows["version"]) == ["documented", "as run"]
    assert list(rows["twin"]) == ["", "exp1a"]
    assert list(rows["learned_second"]) == [2, 3]
    assert list(rows["size_alone_second"]) == [BY_SIZE[HARD]] * 2
    assert set(rows) == set(report_columns.OVERVIEW)


def test_verdicts_do_not_hang_on_what_else_is_on_the_page():
    one = experiment("exp1a", [2, 4, None])
    alone = overview.tables([one])["overview"]
    others = [experiment(f"more{k}", [1, 2]) for k in range(10)]
    among = overview.tables([*others, one])["overview"]
    among = among[among["experiment"] == "exp1a"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)


def test_twins_are_compared_by_the_ratios_of_their_trials():
    leads, others = [2, 4, None], [2, 3, 3.5, 2.5]
    documented = experiment("exp1a", leads)
    as_run = experiment("exp1a_as_run", others, documented="exp1a")
    (found,) = overview.tables([documented, as_run])["as_run"].to_dict("records")
    expected = stats.ttest_ind(np.log([2, 4, 10]), np.log(others), equal_var=False)
    assert found["p"] == pytest.approx(expected.pvalue)
    bounds = expected.confidence_interval()
    assert np.log([found["lower"], found["upper"]]) == pytest.approx([bounds.low, bounds.high])
    assert np.log(found["ratio"]) == pytest.approx(np.log(80) / 3 - np.log(others).mean())
    assert (found["n_documented"], found["n_as_run"]) == (3, 4)
    # Numbers, not objects: files hold ten digits of them, which other processors agree on.
    assert overview.tables([documented, as_run])["as_run"]["p"].dtype == float


def test_twins_have_equally_many_pairs():
    as_run = experiment("exp1a_as_run", [1, 2], documented="exp1a")
    as_run.verdicts = as_run.verdicts.iloc[:0]
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
    as_run.verdicts["exchangeable"] = True
    tables.write_csv(overview.tables([documented, as_run])["overview"], tmp_path / "overview.csv")
    for run in ("once", "again"):
        paths = {kind: tmp_path / run / f"figure.{kind}" for kind in ("svg", "pdf", "png")}
        draw("overview", [str(tmp_path / "overview.csv")], **paths)
    text = (tmp_path / "once/figure.svg").read_text()
    for part in (
        "at least 4 – first 3",
        "as run",
        "4, 0 of 4",
        "4, 3 of 4",
        "first sooner (check)",
    ):
        assert part in text, part
    assert text == (tmp_path / "again/figure.svg").read_text()


def test_a_page_without_pairs_has_a_figure():
    empty = overview.tables([])["overview"]
    assert overview.draw({"overview": empty}).axes
