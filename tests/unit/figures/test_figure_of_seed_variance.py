"""What of a seed makes trials differ: a design in which first weights alone do."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_results as synthetic

from quantlearn.errors import QuantlearnError
from quantlearn.figures import style
from quantlearn.figures.atlas import seed_variance
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render

CROSSED = {"roots": 2, "data": 2, "starts": 3, "orders": 2}
TRIALS = 24
PAIR = ["at_least_4", "most"]
SLOWER = [201, 401, 801]  # the second, by the number of its start; the first takes 101


def source(slower, accuracy=1.0):
    """An experiment whose networks learn the second quantifier at these steps, one a trial."""
    evaluated = np.arange(1, 2000, 50)
    curves = pd.DataFrame(
        {
            "sample": 0,
            "trial": trial,
            "step": evaluated,
            "split": "test",
            "quantifier": name,
            "accuracy": np.where(evaluated >= step, accuracy, 0.5 * accuracy),
        }
        for trial, own in enumerate(slower)
        for name, step in zip(PAIR, (101, own), strict=True)
    ).explode(["step", "accuracy"], ignore_index=True)
    training = {"max_epochs": 4, "batch_size": 8, "evaluate_every": 50, "scenes": None}
    return SimpleNamespace(
        name="variance",
        path=lambda result: f"results/variance/{result}",
        settings=synthetic.experiment_settings(
            "variance", PAIR, comparisons=[], crossed=CROSSED, trials=TRIALS
        ),
        sample=lambda number: {"training": training},
        curves=curves.astype({"step": "int64", "accuracy": float}),
        trials=pd.DataFrame(
            {
                "sample": 0,
                "trial": range(TRIALS),
                "quantifier": "all",
                "stop_reason": "epochs",
                "train_scenes": 4000,
            }
        ),
    )


@pytest.fixture(scope="module")
def made():
    slower = [SLOWER[trial // 2 % 3] for trial in range(TRIALS)]
    return seed_variance.tables(source(slower), [], seed=1)


def test_what_hangs_on_first_weights_is_their_component(made):
    rows = made["seed_variance"].set_index("component")
    logarithms = np.log(np.array(SLOWER) / 101)
    assert rows.loc["start", "estimate"] == pytest.approx(np.var(logarithms, ddof=1))
    assert rows.loc["start", "share"] == pytest.approx(1)
    assert rows["levels"].tolist()[:4] == [2, 2, 3, 2]
    assert rows.loc[["data", "order"], "seen"].to_numpy() == pytest.approx(0)
    assert rows.loc["start", "seen"] == pytest.approx(rows.loc["start", "estimate"])
    trials = made["seed_variance_trials"]
    assert trials.groupby("start")["log_ratio"].first().to_numpy() == pytest.approx(logarithms)
    assert trials[["learned_first", "learned_second"]].all(axis=None)


def test_the_text_tells_what_designs_show_that_vary_one_part(made):
    settings = source([101] * TRIALS).settings
    text = " ".join(
        render(template_of("seed_variance"), seed_variance.facts(made, settings)).split()
    )
    assert "all combinations of 2 root seeds with 2 data, 3 first weights and 2 orders" in text
    deviation = np.std(np.log(SLOWER), ddof=1)
    shown = f"{deviation / 30**0.5:.3f}"
    assert f"standard error of {shown} where each trial is new in all" in text
    assert f"{deviation:.3f} for data (their spread shows 0.000)" in text
    assert f"{shown} for first weights (their spread shows {shown})" in text


def test_a_trial_without_accuracy_is_named(made):
    with pytest.raises(QuantlearnError, match=r"trial 0 has no accuracy.*learning_rate"):
        seed_variance.tables(source([101] * TRIALS, accuracy=np.nan), [], seed=1)


def test_trials_that_are_all_the_same_have_no_shares_and_a_figure(tmp_path):
    made = seed_variance.tables(source([201] * TRIALS), [], seed=1)
    assert made["seed_variance"]["share"].isna().all()
    render(template_of("seed_variance"), seed_variance.facts(made, source([201] * TRIALS).settings))
    path = tmp_path / "figure.svg"
    with style.figure_style():
        style.save_figure(seed_variance.draw(made, SimpleNamespace()), path)
    assert "first weights" in path.read_text()
