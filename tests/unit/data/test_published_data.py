"""The public data of 2019: what is read of them, and what is said where they are not as they were.

The files here are made by the tests.
"""

import pandas as pd
import pytest
from published_files import write_study

from quantlearn import tables
from quantlearn.columns import PUBLISHED
from quantlearn.data.published import PublishedError, demand_columns, read_trials, trial_files
from read_published import read_published

COLUMNS = {"at_least_3": "at_least_3_accuracy", "first_3_as_run": "first_3_accuracy"}
TRIALS = [{"first_3": 20, "at_least_3": 10 + k} for k in range(11)]


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "data/exp2a", TRIALS)


def test_trials_are_read_in_the_order_of_their_numbers(study):
    paths = trial_files(study.parent, "exp2a")
    assert [path.name for path in paths] == [f"trial_{k}.csv" for k in range(11)]
    found = read_trials(paths, COLUMNS)
    assert [len(trial.steps) for trial in found] == list(range(40, 51))
    assert found[3].steps[:3].tolist() == [1, 51, 101]
    assert found[3].loss[-1] == 0.019
    assert found[3].accuracy["at_least_3"][12:14].tolist() == [0.5, 0.99]
    assert set(found[3].accuracy) == set(COLUMNS)


def test_other_files_beside_them_are_no_trials(study):
    (study / "trial_0").mkdir()
    (study / "trial_1_old.csv").write_text("")
    assert len(trial_files(study.parent, "exp2a")) == 11


def test_published_runs_learn_by_the_rule_of_the_experiment(study, tmp_path):
    """A step of 1 + 50 · k at evaluation k; a quantifier that is never above has none."""
    write_study(study, [{"first_3": None, "at_least_3": 39}])
    path = tmp_path / "published.csv"
    read_published(
        [str(path) for path in trial_files(study.parent, "exp2a")],
        COLUMNS,
        {"threshold": 0.95, "window": 250},
        published=path,
    )
    found = tables.read_csv(path, PUBLISHED).set_index(["quantifier", "trial"])
    assert list(pd.read_csv(path)) == list(PUBLISHED)
    assert len(found) == 22
    steps = found["step"]
    assert steps["at_least_3"].tolist() == [1 + 50 * 39, *(1 + 50 * (10 + k) for k in range(1, 11))]
    assert steps["first_3_as_run"].isna().tolist() == [True] + [False] * 10
    assert (steps["first_3_as_run"].dropna() == 1001).all()
    assert found["converged"].tolist() == steps.notna().tolist()
    assert found["last_step"]["at_least_3"].tolist() == [1 + 50 * (39 + k) for k in range(11)]
    assert (found["final_loss"] == 0.019).all()


def edited(old, new, count=1):
    def edit(study):
        path = study / "trial_4.csv"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, count))

    return edit


def without_rows(study):
    path = study / "trial_4.csv"
    path.write_text(path.read_text().partition("\n")[0] + "\n")


def every_hundred(study):
    path = study / "trial_4.csv"
    frame = pd.read_csv(path, index_col=0)
    frame.assign(global_step=1 + 2 * (frame["global_step"] - 1)).to_csv(path)


def cut_off(study):
    path = study / "trial_4.csv"
    path.write_bytes(path.read_bytes()[:-70])


FAULTS = {
    "no number": (edited("\n7,0.5,0.5,351", "\n7,0.5,high,351"), "line 9", "at_least_3", "'high'"),
    "nothing": (edited("\n7,0.5,0.5,351", "\n7,0.5,,351"), "line 9", "''", "not a number"),
    "nan": (edited("\n7,0.5,0.5,351", "\n7,0.5,0.5,351,nan,"), "loss is 'nan'", "line 9"),
    "percent": (edited("\n7,0.5,0.5,351", "\n7,0.5,50,351"), "'50'", "a share from 0 to 1"),
    "half a step": (edited(",351,", ",351.5,"), "global_step is '351.5'", "rises evenly"),
    "a step that is lacking": (edited(",351,", ",371,"), "global_step is '371'", "line 9"),
    "steps backwards": (edited(",51,", ",0,"), "global_step is '0'", "line 3"),
    "other steps": (every_hundred, "1, 101, 201 …", "1, 51, 101 …", "trial_0.csv"),
    "no rows": (without_rows, "holds no evaluation"),
    "cut off": (cut_off, "line 44", "global_step is ''"),
    "no steps": (edited("global_step", "steps"), "has no column global_step", "steps, loss"),
    "no accuracy": (
        edited("at_least_3_accuracy", "at_least_three"),
        "has no column at_least_3_accuracy, but first_3_accuracy, at_least_three, global_step",
        "replicates.columns",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_otherwise_is_told_in_a_line(study, fault):
    edit, *expected = FAULTS[fault]
    edit(study)
    with pytest.raises(PublishedError) as raised:
        read_trials(trial_files(study.parent, "exp2a"), COLUMNS)
    text = str(raised.value)
    assert text.startswith(str(study / "trial_4.csv"))
    assert "\n" not in text
    for part in expected:
        assert part in text


def test_files_that_are_not_there_are_told(study):
    with pytest.raises(PublishedError, match=r"exp1a: is no folder: .*exp1a/trial_0.csv, or leave"):
        trial_files(study.parent, "exp1a")
    (study / "trial_4.csv").unlink()
    with pytest.raises(PublishedError, match=r"exp2a: lacks trial_4.csv: fetch"):
        trial_files(study.parent, "exp2a")
    (study.parent / "exp3a").mkdir()
    with pytest.raises(PublishedError, match=r"exp3a: lacks trial_0.csv"):
        trial_files(study.parent, "exp3a")
    with pytest.raises(PublishedError, match=r"trial_4.csv: cannot be read: No such file"):
        demand_columns(study / "trial_4.csv", COLUMNS)
