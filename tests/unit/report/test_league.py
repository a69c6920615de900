"""The table of quantifiers says what the tables say that it is from."""

import pytest
from page_results import CONFIG, tabulated

from quantlearn import tables
from quantlearn.figures.lexicon.league import league
from quantlearn.report_columns import LEAGUE
from quantlearn.semantics.measures import described
from quantlearn.settings.load import load_settings
from quantlearn.statistics.convergence import summarise_convergence

NAMES = ["exp1a", "exp1a_as_run", "exp3a"]
LEXICON = {"every": "A <= B", "at_least_4": "|A & B| >= 4", "not_all": "not A <= B"}
MAX_SIZE = 5


@pytest.fixture(scope="module")
def experiments(tmp_path_factory):
    """Three experiments, the one as run with the most trials."""
    folder = tmp_path_factory.mktemp("results")
    found = load_settings({"experiments": NAMES}, CONFIG).experiments
    return [
        tabulated(folder / name, found[name] | {"trials": trials}, [30, 60], trials)
        for name, trials in zip(NAMES, (6, 8, 4), strict=True)
    ]


@pytest.fixture(scope="module")
def rows(experiments, tmp_path_factory):
    """The rows by name, as they are read from the file."""
    path = tmp_path_factory.mktemp("page") / "quantifiers.csv"
    tables.write_csv(league(LEXICON, MAX_SIZE, experiments), path)
    found = tables.read_csv(path, LEAGUE)
    assert list(found.columns) == list(LEAGUE)
    return found.set_index("quantifier")


def test_there_is_a_row_for_the_lexicon_and_for_what_is_trained(rows):
    assert list(rows.index[:3]) == list(LEXICON)
    assert set(rows.index[3:]) == {"at_least_6_or_at_most_2", "not_only"}
    assert not rows["generated"].any()


def test_what_was_learned_is_that_of_a_plain_experiment_and_never_a_mean_of_several(
    rows, experiments
):
    row = rows.loc["at_least_4"]
    assert row["experiments"].split() == ["exp1a", "exp1a_as_run"]
    assert row["experiment"] == "exp1a"  # not as run, though that has more trials
    summary = summarise_convergence(experiments[0].convergence, ["at_least_4"])
    [own] = summary[summary["quantifier"] == "at_least_4"].to_dict("records")
    assert (row["trials"], row["learned"]) == (own["n"], own["converged"]) == (6, 6)
    assert row["median_step"] == own["median_step"]
    by_size = experiments[0].baseline("size", experiments[0].settings["training"]["monitor"])
    assert row["size_alone"] == pytest.approx(by_size["at_least_4"].mean())


def test_what_no_experiment_trains_has_no_numbers_of_learning(rows):
    row = rows.loc["every"]
    assert row[["experiment", "experiments"]].tolist() == ["", ""]
    assert row[["trials", "learned", "median_step", "size_alone"]].isna().all()


def test_degrees_are_those_of_the_atlas(rows):
    expressions = rows["expression"].to_dict()
    atlas = described(expressions, MAX_SIZE)
    degrees = atlas["degrees"].set_index("quantifier")
    sensitivity = atlas["complexity"].set_index("quantifier")["sensitivity"]
    for name in rows.index:
        assert rows.loc[name, "monotonicity"] == pytest.approx(degrees.loc[name, "max_direction"])
        assert rows.loc[name, "truth_rate"] == pytest.approx(degrees.loc[name, "truth_rate"])
        for universal in ("right_upward", "left_downward", "quantity", "conservativity"):
            assert rows.loc[name, universal] == pytest.approx(degrees.loc[name, universal])
        assert rows.loc[name, "sensitivity"] == pytest.approx(sensitivity[name])


def test_what_is_one_learning_problem_has_one_orbit(rows):
    orbits = rows["orbit"]
    assert orbits["not_only"] == orbits["not_all"] == orbits["every"] == "every"
    assert orbits["at_least_4"] == "at_least_4"
