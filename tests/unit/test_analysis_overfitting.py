"""Early stopping read off learning curves: as defined, and as training really does it."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_training import FEEDFORWARD, curve, run, training_settings

from analyse_overfitting import analyse_overfitting
from plot_overfitting import plot_overfitting
from quantlearn import tables
from quantlearn.figures.practice import overfitting
from quantlearn.tables import TableError

TRIALS = 4
EVALUATIONS = 60
EVERY = 10


def stopped_by_hand(losses, patience):
    """The definition of early stopping, one evaluation after another."""
    best, best_place, waited = np.inf, 0, 0
    for place, loss in enumerate(losses):
        waited += 1
        if loss < best:
            best, best_place, waited = loss, place, 0
        if waited >= patience:
            return place, best_place
    return len(losses) - 1, best_place


def parting_curves(trials=TRIALS, until=EVALUATIONS):
    """Curves whose dev and test losses turn at evaluation 10 + trial; accuracy rises all along."""
    at = np.arange(until)
    step = 1 + EVERY * at
    frames = []
    for trial in range(trials):
        held_out = 0.5 + 0.01 * np.abs(at - 10 - trial)
        losses = {"train": 0.7 * 0.9**at, "dev": held_out, "test": held_out + 0.001 * trial}
        for split, loss in losses.items():
            frame = pd.DataFrame({"step": step, "loss": loss, "accuracy": 0.6 + 0.001 * at})
            frames.append(frame.assign(sample=0, trial=trial, split=split, quantifier="all"))
    return pd.concat(frames, ignore_index=True)


def stopped_trials(curves, patience):
    """Rows of trials.csv of runs that ended where they should."""
    rows = []
    for trial, one in curves[curves["split"] == "dev"].groupby("trial"):
        stop, best = stopped_by_hand(one["loss"].to_numpy(), patience)
        rows.append(
            {"trial": trial, "steps": 1 + EVERY * stop, "best_step": 1 + EVERY * best}
            | {"stop_reason": "patience", "test_loss": 0.5, "test_accuracy": 0.61}
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("patience", [1, 2, 5, 40])
def test_the_stop_is_that_of_the_definition(patience):
    rng = np.random.default_rng(patience)
    for n in (1, 2, 7, 60):
        # Coarse values have ties, and diverging runs have losses that are no numbers.
        losses = np.round(np.cumsum(rng.normal(-0.05, 0.3, n)), 1)
        losses[rng.random(n) < 0.1] = np.nan
        assert overfitting.stopping_point(losses, patience) == stopped_by_hand(losses, patience)


def test_training_stops_where_the_curve_of_the_full_run_says():
    settings = training_settings(max_epochs=60, learning_rate=0.03)
    trials, patience = list(range(5)), 4
    _, full = run(FEEDFORWARD, trials, settings)
    _, stopped = run(FEEDFORWARD, trials, settings | {"patience": patience})
    assert "patience" in stopped.stop_reason
    for trial in trials:
        steps, losses = np.array(curve(full, trial))[:, [0, 2]].T
        stop, best = overfitting.stopping_point(losses, patience)
        assert stopped.steps[trial] == steps[stop]
        assert stopped.best_step[trial] == steps[best]


def test_a_run_that_ended_elsewhere_is_a_fault():
    curves = parting_curves()
    dev = curves[curves["split"] == "dev"]
    trials = stopped_trials(curves, 5)
    overfitting.check_stopped_runs(dev, trials, 5)
    with pytest.raises(TableError, match=r"trial 0 stopped at step 151 .* says 161 and 101"):
        overfitting.check_stopped_runs(dev, trials, 6)


def numbers_of(curves, stopped=None):
    table = overfitting.overfitting_table(curves, stopped)
    return table, table[table["kind"] == "early stopping"].set_index(["patience", "quantity"])


def test_the_losses_part_at_the_median_of_the_smallest_dev_losses():
    table, _ = numbers_of(parting_curves())
    (turn,) = table[table["kind"] == "turn"].to_dict("records")
    assert turn["estimate"] == 1 + EVERY * 11  # evaluations 10, 11, 12 and 13
    assert turn["n"] == TRIALS
    assert turn["lower"] <= turn["estimate"]


def test_what_stopping_saves_and_costs():
    _, stopping = numbers_of(parting_curves())
    stop = 1 + EVERY * (np.arange(10, 14) + 5)
    saved = 1 - stop / (1 + EVERY * (EVALUATIONS - 1))
    found = stopping.loc[(5, "steps saved")]
    interval = stats.t.interval(0.95, TRIALS - 1, saved.mean(), stats.sem(saved))
    assert found["estimate"] == pytest.approx(saved.mean())
    assert (found["lower"], found["upper"]) == pytest.approx(interval)
    last = EVALUATIONS - 1 - np.arange(10, 14)
    assert stopping.loc[(5, "test loss, best step less end"), "estimate"] == pytest.approx(
        -0.01 * last.mean()
    )
    assert stopping.loc[(5, "test accuracy, best step less end"), "estimate"] == pytest.approx(
        -0.001 * last.mean()
    )
    # Waiting too long saves nothing of the run.
    assert stopping.loc[(50, "steps saved"), "estimate"] == pytest.approx(0)


def test_the_remark_says_what_the_table_holds():
    curves = parting_curves()
    table, _ = numbers_of(curves, (curves, stopped_trials(curves, 20), 20))
    text = overfitting.remark(table, {"beside": ["stopped"]})
    assert "smallest at step 111" in text
    assert "Loss and accuracy tell different stories" in text
    assert "In `stopped` 4 networks were trained with patience 20" in text
    growing = curves.assign(loss=-curves["step"] / 1000 + 1)
    assert "do not over-fit" in overfitting.remark(numbers_of(growing)[0], {"beside": []})
    shown = overfitting.shown(table)
    assert shown["Patience"].tolist()[-1] == "20 evaluations, really stopped"
    assert len(shown) == len(overfitting.PATIENCES) + 1


def test_from_tables_to_a_figure(tmp_path):
    curves = parting_curves()
    tables.write_parquet(curves, tmp_path / "curves.parquet")
    settings = {"title": "Title", "training": {"loss": "cross_entropy", "patience": None}}
    numbers = tmp_path / "numbers.csv"
    paths = [], [], []
    analyse_overfitting(tmp_path / "curves.parquet", *paths, numbers=numbers)
    written = tables.read_csv(numbers, tables.OVERFITTING)
    assert set(written["kind"]) == {"loss", "turn", "end", "early stopping"}
    kinds = {kind: tmp_path / f"figure.{kind}" for kind in ("svg", "pdf", "png")}
    plot_overfitting(numbers, settings, **kinds)
    text = kinds["svg"].read_text()
    assert "patience 20" in text
    assert "smallest dev loss, step 111" in text
