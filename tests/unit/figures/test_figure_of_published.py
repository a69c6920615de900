"""The public data of 2019 beside an experiment, from runs whose convergence steps are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic

from quantlearn import tables
from quantlearn.figures import style
from quantlearn.figures.paper import published
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
from quantlearn.statistics.comparison import holm

PAIR = ["most", "M"]
END = 9001


def convergence(steps):
    """A convergence table of runs that learned the pair at these steps (trials, 2); nan: never."""
    return pd.DataFrame(
        {
            **{"sample": 0, "trial": trial, "quantifier": quantifier, "step": step},
            **{"converged": not np.isnan(step), "last_step": END, "final_accuracy": 0.9},
        }
        for trial, row in enumerate(steps)
        for quantifier, step in zip(PAIR, row, strict=True)
    ).astype({"step": "Int64"})


def experiment(theirs, ours, losses=(0.019, 0.03), **changes):
    """An experiment with these steps in the public data and of its own."""
    rows = [
        {"sample": 0, "trial": trial, "split": split, "quantifier": quantifier, "accuracy": 0.9}
        | {"step": step, "loss": loss if step == END and quantifier == "all" else 0.5}
        for trial, loss in enumerate(losses)
        for split in ("test", "train")
        for quantifier in ("all", *PAIR)
        for step in (1, END)
    ]
    found = convergence(theirs).drop(columns=["sample", "final_accuracy"])
    settings = synthetic.experiment_settings(
        "exp3b", PAIR, replicates={"study": "exp3b", "columns": {}}, **changes
    )
    return SimpleNamespace(
        settings=settings,
        published=found.assign(final_loss=np.where(found["trial"] == 0, 0.5, 0.0199)),
        convergence=convergence(ours),
        curves=pd.DataFrame(rows),
        shown=lambda frame: frame[frame["sample"] == 0],
    )


def made(theirs, ours, tmp_path, **changes):
    """The figure's tables as everybody reads them, and its experiment."""
    one = experiment(np.array(theirs, dtype=float), np.array(ours, dtype=float), **changes)
    found = published.tables(one, [], seed=1)
    assert list(found) == list(published.TABLES)
    read = {}
    for name, frame in found.items():
        assert list(frame) == list(published.TABLES[name])
        tables.write_csv(frame, tmp_path / f"{name}.csv")
        read[name] = tables.read_csv(tmp_path / f"{name}.csv", published.TABLES[name])
    return read, one


def text_of(read, one):
    return " ".join(render(template_of("published"), published.facts(read, one.settings)).split())


RNG = np.random.default_rng(4)
FIRST = RNG.normal(4000, 300, (30, 1))
THEIRS = np.hstack([FIRST, FIRST + RNG.normal(1500, 400, (30, 1))]).round()


def test_effects_are_those_of_the_trials_in_which_both_are_learned(tmp_path):
    theirs = [[100, 300], [200, 500], [100, 500], [np.nan, 100], [100, np.nan]]
    read, _ = made(theirs, [[100, 400], [100, 800]], tmp_path)
    difference, ratio = read["published_pairs"].to_dict("records")
    assert (difference["measure"], ratio["measure"]) == ("difference", "log_ratio")
    assert (difference["n_published"], difference["n_ours"]) == (3, 2)
    assert difference["published"] == pytest.approx(300)  # of 200, 300, 400
    assert difference["ours"] == 500
    # s is 100, t.975 with 2 df 4.30265.
    half = 4.30265 * 100 * np.sqrt(1 / 3 + 1 / 2)
    assert difference["prediction_lower"] == pytest.approx(300 - half, rel=1e-5)
    assert difference["prediction_upper"] == pytest.approx(300 + half, rel=1e-5)
    assert difference["lower_published"] == pytest.approx(
        300 - 4.30265 * 100 / np.sqrt(3), rel=1e-5
    )
    assert ratio["published"] == pytest.approx(np.log([3, 2.5, 5]).mean())
    assert ratio["ours"] == pytest.approx(np.log([4, 8]).mean())
    assert difference["verdict"] == "cannot_tell"


@pytest.mark.parametrize(
    ("shift", "verdict", "words"),
    [
        (0, "held", "Verdict: **held**: ours lies inside it."),
        (-1500, "not_held", "Verdict: **not held**: ours lies outside."),
    ],
)
def test_verdicts_by_the_prediction_interval(tmp_path, shift, verdict, words):
    read, one = made(THEIRS, THEIRS[5:20] + np.array([0, shift]), tmp_path)
    assert read["published_pairs"]["verdict"].tolist() == [verdict] * 2
    assert words in text_of(read, one)


def test_medians_shares_and_runs_that_the_loss_stopped(tmp_path):
    theirs = [[100, 300], [200, np.nan], [300, np.nan]]
    read, one = made(theirs, [[100, 400], [500, 800]], tmp_path)
    steps = read["published_steps"].set_index(["quantifier", "source"])
    assert steps.loc[("most", "published")][["n", "learned", "median"]].tolist() == [3, 3, 200]
    assert steps.loc[("M", "published"), "learned"] == 1
    assert steps.loc[("M", "published"), "share"] == pytest.approx(1 / 3)
    assert np.isnan(steps.loc[("M", "published"), "median"])
    runs = read["published_runs"].set_index("source")
    assert runs.loc["published"].tolist() == [3, 2, pytest.approx(2 / 3)]
    assert runs.loc["ours"].tolist() == [2, 1, 0.5]  # by the total on the monitored split
    text = text_of(read, one)
    assert "in 2 of 3 published runs and in 1 of ours (2)" in text
    assert '<td data-order="0.333333333333" class="number">1 of 3</td>' in text


def test_tests_are_adjusted_together_and_what_is_not_learned_is_late(tmp_path):
    ours = THEIRS[:12] + np.array([0, 3000])
    ours[:2, 0] = np.nan
    read, one = made(THEIRS, ours, tmp_path)
    tests = read["published_tests"]
    assert tests["test"].tolist() == ["mann_whitney", "welch_t"] * 2
    assert tests["p_adjusted"].to_numpy() == pytest.approx(holm(tests["p"].to_numpy()), rel=1e-8)
    assert tests["n_ours"].tolist() == [12, 10, 12, 12]
    late = tests.set_index(["quantifier", "test"])
    assert late.loc[("M", "welch_t"), "estimate"] == pytest.approx(
        ours[:, 1].mean() - THEIRS[:, 1].mean()
    )
    below = (ours[2:, 0][:, None] > THEIRS[:, 0]).sum() + (
        ours[2:, 0][:, None] == THEIRS[:, 0]
    ).sum() / 2
    expected = (below + 2 * 30) / (12 * 30)
    assert late.loc[("most", "mann_whitney"), "estimate"] == pytest.approx(expected)
    assert "When M is learned differs between the two" in text_of(read, one)


@pytest.mark.parametrize(
    ("study", "documented", "words"),
    [
        ("exp3b", None, "the code that the paper documents, as do these trials."),
        ("exp3a", "exp3a", "was read out after it, as do these trials."),
        ("exp3a", None, "**These trials are as documented**: where the two differ,"),
        ("exp2a", "exp2a", "in which *first 3* was false where the third object"),
    ],
)
def test_the_page_says_what_code_the_public_data_come_from(tmp_path, study, documented, words):
    read, one = made(THEIRS, THEIRS, tmp_path, documented=documented)
    one.settings["replicates"] = {"study": study, "columns": {}}
    assert words in text_of(read, one)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (THEIRS, [[100.0, 300.0]]),
        ([[100.0, 300.0]], THEIRS),
        ([[np.nan, 300.0]] * 3, [[np.nan, np.nan]] * 3),
    ],
)
def test_few_trials_are_no_error(tmp_path, theirs, ours):
    read, one = made(theirs, ours, tmp_path)
    text = text_of(read, one)
    assert "nan" not in text.lower()
    assert text.count("Verdict:") == 1
    with style.figure_style():
        assert published.draw(read, one).axes


def test_the_drawing_shows_all_trials_of_both_on_one_axis(tmp_path):
    theirs = np.vstack([THEIRS, [[4000, np.nan]]])
    read, one = made(theirs, THEIRS[:10], tmp_path)
    with style.figure_style():
        (axes,) = published.draw(read, one).axes
    points = [line for line in axes.lines if line.get_marker() in ("o", ">")]
    shown = np.concatenate([line.get_xdata() for line in points])
    expected = np.concatenate([np.nan_to_num(theirs, nan=END).ravel(), THEIRS[:10].ravel()])
    assert sorted(shown) == sorted(expected)
