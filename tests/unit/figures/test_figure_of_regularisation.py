"""The gap between training and test scores, against scipy's and statsmodels' own tests."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from quantlearn import columns
from quantlearn.figures.practice import regularisation
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render

TRIALS = 9
SAMPLES = [
    {
        "network": {"dropout": dropout, "batch_norm": False},
        "training": {"weight_decay": weight_decay},
    }
    for weight_decay in (0.0, 0.1)
    for dropout in (0.0, 0.5)
]
CONDITIONS = ["none", "dropout", "L2", "L2 + dropout"]
GAPS = [0.3, 0.3, 0.1, 0.05]


@pytest.fixture(scope="module")
def trials():
    """Trials of four conditions, some of which close the gap, with noise that trials share."""
    rng = np.random.default_rng(3)
    shared = rng.normal(0, 0.05, TRIALS)
    parts = []
    for sample, gap in enumerate(GAPS):
        test = 1 - gap + shared + rng.normal(0, 0.01, TRIALS)
        rows = dict.fromkeys(columns.TIMELESS_TRIALS, np.nan)
        rows |= {"sample": sample, "trial": range(TRIALS), "quantifier": "all", "seed": "0"}
        rows |= {"steps": 9, "best_step": 9, "stop_reason": "epochs", "device": "cpu"}
        rows |= {"core": "eager", "train_scenes": 9, "dev_scenes": 9, "test_scenes": 9}
        rows |= {"train_accuracy": 1.0, "test_accuracy": test}
        rows |= {"train_loss": 0.1, "test_loss": 1.5 - test}
        parts.append(pd.DataFrame(rows))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def experiment(trials):
    return SimpleNamespace(
        samples=list(range(4)),
        sample=SAMPLES.__getitem__,
        trials=trials,
        settings={"title": "Title"},
    )


@pytest.fixture(scope="module")
def table(experiment):
    return regularisation.tables(experiment, [], 1)["regularisation"]


def of(table, metric, quantity):
    rows = table[(table["metric"] == metric) & (table["quantity"] == quantity)]
    return rows.set_index("condition")


def test_gaps_have_t_intervals_over_trials(table, trials):
    gap = of(table, "accuracy", "gap")
    assert gap.index.tolist() == CONDITIONS
    for sample, condition in enumerate(CONDITIONS):
        values = 1 - trials.loc[trials["sample"] == sample, "test_accuracy"].to_numpy()
        interval = stats.t.interval(0.95, TRIALS - 1, values.mean(), stats.sem(values))
        row = gap.loc[condition]
        assert row["estimate"] == pytest.approx(values.mean())
        assert (row["lower"], row["upper"]) == pytest.approx(interval)
    loss = of(table, "loss", "gap")
    assert loss.loc["none", "estimate"] == pytest.approx(0.4 + gap.loc["none", "estimate"])


def test_changes_are_paired_within_trials_and_adjusted(table, trials):
    test = trials.pivot_table(index="trial", columns="sample", values="test_accuracy")
    expected = [stats.ttest_rel(test[sample], test[0]) for sample in (1, 2, 3)]
    change = of(table, "accuracy", "test less none")
    assert change.index.tolist() == CONDITIONS[1:]
    adjusted = multipletests([one.pvalue for one in expected], method="holm")[1]
    assert change["p_adjusted"].tolist() == pytest.approx(adjusted)
    for row, one in zip(change.itertuples(), expected, strict=True):
        bounds = one.confidence_interval(0.95)
        assert (row.lower, row.upper) == pytest.approx((bounds.low, bounds.high))


def test_the_text_tells_what_changes_from_what_is_not_shown_to(table):
    text = render(
        template_of("regularisation"), regularisation.facts({"regularisation": table}, {})
    )
    assert "It is smallest with L2 + dropout" in text
    assert "the gap falls with L2 and L2 + dropout;" in text
    assert "the gap is not shown to change with dropout;" in text
    assert "the test accuracy grows with L2 and L2 + dropout;" in text
    rows = [line.partition("</th>")[0] for line in text.splitlines() if "<td" in line]
    assert [row.rpartition(">")[2] for row in rows] == CONDITIONS


def test_conditions_are_drawn_from_the_smallest_gap_down(table, experiment):
    figure = regularisation.draw({"regularisation": table}, experiment)
    left = figure.axes[0]
    drawn = [label.get_text() for label in left.get_yticklabels()]
    assert drawn[-2:] == ["L2", "L2 + dropout"]
    assert f"n = {TRIALS} trials" in figure.get_suptitle()
