"""Where the run names the folder of the public data of 2019, and where it does not."""

from pathlib import Path

import pytest
from published_files import write_study
from test_bad_input import EXPERIMENT, RUN, changed, lines_of, write_folder

from quantlearn.settings.load import load_settings
from quantlearn.settings.protocol import published_columns
from quantlearn.yamlfile import read_yaml

SHIPPED = Path(__file__).parents[3] / "config"
REPLICATES = {"replicates": {"study": "exp2a", "columns": {"most": "first_3"}}}


@pytest.fixture
def data(tmp_path):
    write_study(tmp_path / "data/exp2a", [{"first_3": 20, "at_least_3": 10}] * 2)
    return str(tmp_path / "data")


def laid_out(tmp_path, changes):
    return write_folder(tmp_path / "config", changed(EXPERIMENT, changes), RUN)


def test_the_figure_is_there_where_the_run_has_a_folder(tmp_path, data):
    folder = laid_out(tmp_path, REPLICATES)
    without, with_data = (
        load_settings({**RUN, "published": published}, folder) for published in (None, data)
    )
    own, more = (found.experiments["small"]["figures"] for found in (without, with_data))
    assert more == [*own, "published"]
    assert "published" not in own
    assert (without.published, with_data.published) == (None, data)


def test_an_experiment_that_repeats_none_has_no_such_figure(tmp_path, data):
    found = load_settings({**RUN, "published": data}, laid_out(tmp_path, {})).experiments["small"]
    assert found["replicates"] is None
    assert "published" not in found["figures"]


def test_nobody_names_the_folder_to_a_job_or_a_record(tmp_path, data):
    found = load_settings({**RUN, "published": data}, laid_out(tmp_path, REPLICATES))
    assert data not in str(found.experiments)


def test_every_published_experiment_is_repeated_with_its_own_quantifiers():
    """By the names of the public data: their 2a calls the quantifier that was run first_3."""
    run = read_yaml(SHIPPED / "config.yaml")
    found = load_settings(run, SHIPPED).experiments
    studies = {name: one["replicates"]["study"] for name, one in found.items() if one["replicates"]}
    documented = {f"exp{n}": f"exp{n}" for n in ("1a", "1b", "2a", "2b", "3a", "3b")}
    as_run = {f"exp{n}_as_run": f"exp{n}" for n in ("1a", "1b", "2a", "3a")}
    assert studies == documented | as_run
    for name, study in studies.items():
        assert found[name]["documented"] == (study if name.endswith("as_run") else None)
        columns = list(published_columns(found[name]).values())
        assert columns == [f"{quantifier}_accuracy" for quantifier in found[study]["quantifiers"]]


# What is wrong, and what the line says of it.
FAULTS = {
    "an unknown study": (
        {"replicates": {"study": "exp1c"}},
        ["replicates.study:", '"exp1c" is not allowed', "one of exp1a, exp1b"],
    ),
    "no study": ({"replicates": {}}, ["replicates.study:", "is missing"]),
    "another quantifier": (
        {"replicates": {"study": "exp2a", "columns": {"mots": "first_3"}}},
        ["replicates.columns.mots:", 'did you mean "most"?'],
    ),
    "one column for two": (
        {"replicates": {"study": "exp2a", "columns": {"most": "at_least_3"}}},
        ["replicates.columns:", "two quantifiers the column at_least_3_accuracy"],
    ),
    "networks of their own": (
        {**REPLICATES, "training.together": False},
        ["replicates:", "one network of a trial verified all quantifiers", "leave it out"],
    ),
    "the figure by hand": (
        {"figures": ["learning_curves", "published"]},
        ["figures[1]:", "is added where an experiment says what it replicates", "take it out"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_experiments_that_cannot_repeat_one_are_told(tmp_path, fault):
    changes, expected = FAULTS[fault]
    (line,) = lines_of(laid_out(tmp_path, changes), RUN)
    for part in ["config/experiments/small.yaml: ", *expected]:
        assert part in line


def test_data_that_are_not_there_are_told_before_anything_runs(tmp_path, data):
    folder = laid_out(tmp_path, REPLICATES)

    def line_of(published):
        (line,) = lines_of(folder, {**RUN, "published": published})
        assert line.startswith("--config: published: ")
        return line

    assert '"nowhere" is no folder: name the folder data/' in line_of("nowhere")
    trial = Path(data) / "exp2a/trial_1.csv"
    trial.write_text(trial.read_text().replace("first_3", "last_3"))
    assert f"{trial}: has no column first_3_accuracy, but last_3_accuracy" in line_of(data)
    trial.unlink()
    (Path(data) / "exp2a/trial_0.csv").unlink()
    assert "exp2a: lacks trial_0.csv" in line_of(data)
    (Path(data) / "exp2a").rmdir()
    assert "exp2a: is no folder" in line_of(data)
    # Nobody needs it where no experiment repeats one.
    load_settings({**RUN, "published": data}, laid_out(tmp_path, {}))
