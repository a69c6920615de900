"""Accuracy by truth value, against scikit-learn, statsmodels and networks that always say no."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, recall_score
from statsmodels.stats.proportion import proportion_confint

from analyse_balancing import analyse_balancing
from plot_balancing import plot_balancing
from quantlearn import columns, tables
from quantlearn.figures.practice import balancing

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


def trials_of(samples):
    """As much of trials.csv as says how long was trained."""
    rows = dict.fromkeys(columns.TIMELESS_TRIALS, np.nan)
    rows |= {"quantifier": "all", "seed": "0", "best_step": 9, "stop_reason": "epochs"}
    rows |= {"device": "cpu", "core": "eager"}
    rows |= {f"{split}_scenes": 9 for split in ("train", "dev", "test")}
    lengths = pd.DataFrame(
        [
            (sample, trial, 100 * (sample + 1))
            for sample in range(samples)
            for trial in range(TRIALS)
        ],
        columns=["sample", "trial", "steps"],
    )
    return lengths.assign(**{name: rows[name] for name in rows if name not in lengths})


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
    part = balancing.Part("none", cells_of(0.0, 0.6), trials_of(2))
    table = balancing.balancing_table([part]).set_index(["steps", "quantity"])
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


def test_the_remark_says_who_is_stuck():
    parts = [
        balancing.Part("none", cells_of(0.0, 0.6), trials_of(2)),
        balancing.Part("upsample", cells_of(0.9), trials_of(1)),
    ]
    table = balancing.balancing_table(parts)
    text = balancing.remark(table, {"quantifiers": ["most"]})
    assert "*Most* is false in 90.0 % of the scenes" in text
    assert "after 100 steps, all networks are stuck" in text
    assert "after 200 steps, the accuracy is above this baseline in 6 of 6 trials" in text
    assert "upsampled, 100 steps: balanced accuracy" in text
    shown = balancing.shown(table)
    assert shown["Balance"].tolist() == ["not balanced", "not balanced", "upsampled"]
    assert shown["Not above it"].tolist() == ["6 of 6", "0 of 6", "0 of 6"]


def test_from_tables_to_a_figure(tmp_path):
    settings = []
    for method, cells in (("none", cells_of(0.0, 0.6)), ("downsample", cells_of(0.9, 1.0))):
        tables.write_parquet(cells, tmp_path / f"{method}.parquet")
        tables.write_csv(trials_of(2), tmp_path / f"{method}.csv")
        experiment = {"title": "Title", "quantifiers": ["most"]}
        settings.append({**experiment, "data": {"balance": {"method": method}}})
    analyse_balancing(
        tmp_path / "none.parquet",
        tmp_path / "none.csv",
        settings[0],
        [tmp_path / "downsample.parquet"],
        [tmp_path / "downsample.csv"],
        settings[1:],
        numbers=tmp_path / "numbers.csv",
    )
    kinds = {kind: tmp_path / f"figure.{kind}" for kind in ("svg", "pdf", "png")}
    plot_balancing(tmp_path / "numbers.csv", settings[0], **kinds)
    text = kinds["svg"].read_text()
    assert "majority baseline" in text
    assert "Downsampled" in text
