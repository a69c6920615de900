"""Accuracy by truth value, against scikit-learn, statsmodels and networks that always say no."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, recall_score
from statsmodels.stats.proportion import proportion_confint

from quantlearn import columns
from quantlearn.figures.practice import balancing
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render

TRIALS = 6
SCENES = 200


def answers(trial, sample, share_right_if_true, share_true=0.1, share_right_if_false=1.0):
    """Truth and answer of each test scene of one trial."""
    rng = np.random.default_rng([trial, sample])
    truth = np.arange(SCENES) < share_true * SCENES
    chance = np.where(truth, share_right_if_true, share_right_if_false)
    return truth, truth == (rng.random(SCENES) < chance)


def cells_of(*samples, **more):
    """Cells in which the true scenes of each sample are answered rightly by this share."""
    frames = []
    for sample, share in enumerate(samples):
        for trial in range(TRIALS):
            truth, answer = answers(trial, sample, share, **more)
            cells = (
                pd.DataFrame({"truth": truth, "size": 3, "correct": truth == answer})
                .groupby(["size", "truth"], as_index=False)
                .agg(scenes=("correct", "size"), correct=("correct", "sum"))
            )
            place = {"sample": sample, "trial": trial, "split": "test", "quantifier": "most"}
            frames.append(cells.assign(**place, both=1, a_only=0))
    return pd.concat(frames, ignore_index=True)[list(columns.CELLS)]


def experiment_of(method, *samples):
    """An experiment whose samples answer this share of the true scenes rightly."""
    lengths = [
        (sample, 100 * (sample + 1)) for sample in range(len(samples)) for _ in range(TRIALS)
    ]
    return SimpleNamespace(
        settings={"data": {"balance": {"method": method}}, "quantifiers": ["most"]},
        cells=cells_of(*samples),
        trials=pd.DataFrame(lengths, columns=["sample", "steps"]),
        path=lambda result: result,
    )


def table_of(experiment, *beside):
    return balancing.tables(experiment, beside, 1)["balancing"]


def test_accuracies_are_those_of_scikit_learn():
    scores = balancing.scores_by_truth(cells_of(0.0, 0.6, share_right_if_false=0.9))
    for (sample, trial), row in scores.iterrows():
        share = (0.0, 0.6)[sample]
        truth, answer = answers(trial, sample, share, share_right_if_false=0.9)
        assert row["balanced"] == pytest.approx(balanced_accuracy_score(truth, answer))
        assert row["true"] == pytest.approx(recall_score(truth, answer))
        assert row["all"] == pytest.approx(np.mean(truth == answer))
        assert row["majority"] == pytest.approx(0.9)


def test_constant_answers_are_stuck_at_the_majority():
    table = table_of(experiment_of("none", 0.0, 0.6)).set_index(["steps", "quantity"])
    constant, better = table.loc[100], table.loc[200]
    assert constant.loc["not_above", "estimate"] == 1
    assert constant.loc["balanced", "estimate"] == 0.5
    assert constant.loc["all", "estimate"] == pytest.approx(constant.loc["majority", "estimate"])
    assert better.loc["not_above", "estimate"] == 0
    wilson = proportion_confint(0, TRIALS, method="wilson")
    assert better.loc["not_above", ["lower", "upper"]].tolist() == pytest.approx(wilson, abs=1e-9)


def test_one_truth_value_alone_has_no_balanced_accuracy():
    scores = balancing.scores_by_truth(cells_of(0.5, share_true=0.0))
    assert scores["true"].isna().all()
    assert scores["balanced"].isna().all()
    assert (scores["majority"] == 1).all()


def test_the_text_says_who_is_stuck():
    experiment = experiment_of("none", 0.0, 0.6)
    found = {"balancing": table_of(experiment, experiment_of("upsample", 0.9))}
    text = render(template_of("balancing"), balancing.facts(found, experiment.settings))
    text = " ".join(text.split())
    assert "*Most* is false in 90.0 % of the scenes" in text
    assert "after 100 steps, all networks are stuck" in text
    assert "after 200 steps, the accuracy is above the majority baseline in 6 of 6 trials" in text
    assert "After the longest training the balanced accuracy for *most* is clearly highest" in text
    assert "clearly highest upsampled, 94." in text or "clearly highest upsampled, 95." in text
    rows = text.split("<tr>")[2:]
    assert [row.split(">")[1].split("<")[0] for row in rows] == [
        "not balanced",
        "not balanced",
        "upsampled",
    ]
    assert ["6 of 6" in row for row in rows] == [True, False, False]


def test_methods_stand_in_their_order_beside_each_other():
    experiment = experiment_of("downsample", 0.9, 1.0)
    table = table_of(experiment, experiment_of("none", 0.0, 0.6))
    figure = balancing.draw({"balancing": table}, experiment)
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
    assert titles == ["Not balanced", "Downsampled"]
    labels = [one.get_text() for one in figure.legends[0].get_texts()]
    assert "majority baseline" in labels
