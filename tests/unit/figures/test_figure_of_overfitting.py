"""Early stopping read off learning curves, as it is defined."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from quantlearn.figures.practice import overfitting
from quantlearn.figures.registry import template_of
from quantlearn.figures.texts import render
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


def test_a_run_that_ended_elsewhere_is_a_fault():
    curves = parting_curves()
    dev = curves[curves["split"] == "dev"]
    trials = stopped_trials(curves, 5)
    overfitting.check_stopped_runs(dev, trials, 5)
    with pytest.raises(TableError, match=r"trial 0 stopped at step 151 .* says 161 and 101"):
        overfitting.check_stopped_runs(dev, trials, 6)


def made_of(curves, *beside):
    """The tables of runs with these curves, and the rows about stopping."""
    settings = {"title": "Title", "beside": [one.name for one in beside]}
    settings |= {"training": {"patience": None, "loss": "cross_entropy"}}
    experiment = SimpleNamespace(curves=curves, settings=settings)
    tables = overfitting.tables(experiment, beside, 1)
    return experiment, tables, tables["overfitting_stopping"]


def of_stopping(rows, patience, quantity):
    of_both = (rows["patience"] == patience) & (rows["quantity"] == quantity) & ~rows["stopped"]
    return rows[of_both].iloc[0]


def test_the_losses_part_at_the_median_of_the_smallest_dev_losses():
    *_, rows = made_of(parting_curves())
    turn = rows[rows["patience"].isna()].set_index("quantity").loc["best_step"]
    assert turn["estimate"] == 1 + EVERY * 11  # evaluations 10, 11, 12 and 13
    assert turn["n"] == TRIALS
    assert np.isnan(turn["lower"])  # four trials have no interval


def test_the_losses_are_apart_from_where_they_stay_so():
    curves = parting_curves()
    *_, rows = made_of(curves)
    found = rows.set_index("quantity").loc["parting_step", "estimate"]
    at = np.arange(EVALUATIONS)
    apart = 0.5 + 0.01 * np.abs(at - 11) - 0.7 * 0.9**at > 0.1  # of the second trial of four
    assert found == 1 + EVERY * apart.argmax()
    assert not apart[0]
    assert apart[apart.argmax() :].all()
    never = curves.assign(loss=np.where(curves["split"] == "train", 9.0, curves["loss"]))
    assert np.isinf(overfitting.parting_steps(never)).all()


def test_what_stopping_saves_and_costs():
    *_, rows = made_of(parting_curves())
    stop = 1 + EVERY * (np.arange(10, 14) + 5)
    saved = 1 - stop / (1 + EVERY * (EVALUATIONS - 1))
    found = of_stopping(rows, 5, "steps_saved")
    interval = stats.t.interval(0.95, TRIALS - 1, saved.mean(), stats.sem(saved))
    assert found["estimate"] == pytest.approx(saved.mean())
    assert (found["lower"], found["upper"]) == pytest.approx(interval)
    last = EVALUATIONS - 1 - np.arange(10, 14)
    for metric, each in (("loss", 0.01), ("accuracy", 0.001)):
        difference = of_stopping(rows, 5, f"test_{metric}_less_end")["estimate"]
        assert difference == pytest.approx(-each * last.mean())
    # Waiting too long saves nothing of the run.
    assert of_stopping(rows, 50, "steps_saved")["estimate"] == pytest.approx(0)


def test_the_text_says_what_the_tables_hold():
    curves = parting_curves()
    settings = {"training": {"patience": 20}}
    stopped = SimpleNamespace(
        name="stopped", curves=curves, trials=stopped_trials(curves, 20), settings=settings
    )
    experiment, tables, _ = made_of(curves, stopped)
    text = render(template_of("overfitting"), overfitting.facts(tables, experiment.settings))
    assert "smallest at step 111" in text
    assert "go on to the end have a larger test loss, and all the same answer more" in text
    assert "surer" not in text
    assert "In `stopped` 4 networks were trained with patience 20" in text
    assert text.count('scope="row"') == len(overfitting.PATIENCES) + 1
    assert "20, really stopped" in text
    figure = overfitting.draw(tables, experiment)
    written = [one.get_text() for one in figure.axes[0].texts]
    marks = ["smallest dev loss, step 111", "patience 5", "patience 20", "patience 50"]
    assert written[:4] == marks


def test_losses_that_still_fall_are_no_over_fitting():
    growing = parting_curves().assign(loss=lambda curves: 1 - curves["step"] / 1000)
    experiment, tables, _ = made_of(growing)
    text = render(template_of("overfitting"), overfitting.facts(tables, experiment.settings))
    assert text.startswith("In half of the trials or more the dev loss is smallest at their last")
    assert "these runs do not" not in text
    assert "tell different stories" not in text
    assert "really stopped" not in text
