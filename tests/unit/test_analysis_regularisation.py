"""The gap between training and test scores, against scipy's and statsmodels' own tests."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analyse_regularisation import analyse_regularisation
from plot_regularisation import plot_regularisation
from quantlearn import columns, tables
from quantlearn.figures.practice import regularisation
from quantlearn.tables import TableError

TRIALS = 9
SAMPLES = pd.DataFrame(
    {
        "sample": range(4),
        "network.dropout": [0.0, 0.5, 0.0, 0.5],
        "network.batch_norm": False,
        "training.weight_decay": [0.0, 0.0, 0.1, 0.1],
    }
)
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
def table(trials):
    return regularisation.regularisation_table(SAMPLES, trials)


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


def test_the_remark_tells_what_changes_from_what_is_not_shown_to(table):
    lines = regularisation.remark(table, {}).splitlines()
    assert "smallest with L2 + dropout" in lines[0]
    by_condition = {line.partition(":")[0]: line for line in lines[2:]}
    assert "the gap is not shown to change" in by_condition["- Dropout"]
    assert "the gap falls by" in by_condition["- L2"]
    assert "the test accuracy grows by" in by_condition["- L2"]
    assert regularisation.shown(table)["Regularisation"].tolist() == CONDITIONS


def test_conditions_are_one_sample_each_and_one_has_none():
    with pytest.raises(TableError, match="none, none"):
        regularisation.conditions(SAMPLES.assign(**{"network.dropout": 0.0}))
    with pytest.raises(TableError, match="one of them has none"):
        regularisation.conditions(SAMPLES.iloc[1:])


def test_from_tables_to_a_figure(tmp_path, trials):
    tables.write_csv(SAMPLES, tmp_path / "samples.csv")
    tables.write_csv(trials, tmp_path / "trials.csv")
    numbers = tmp_path / "numbers.csv"
    analyse_regularisation(tmp_path / "samples.csv", tmp_path / "trials.csv", numbers=numbers)
    kinds = {kind: tmp_path / f"figure.{kind}" for kind in ("svg", "pdf", "png")}
    plot_regularisation(numbers, {"title": "Title"}, **kinds)
    text = kinds["svg"].read_text()
    assert "L2 + dropout" in text
    assert f"n = {TRIALS} trials" in text
