"""The first section of a page: which universals show an effect, over all experiments."""

import pandas as pd
import pytest
from page_results import CONFIG, tabulated

from overview import overview
from quantlearn.figures.experiment import Experiment
from quantlearn.report.front_page import front_page
from quantlearn.settings.load import load_settings


@pytest.fixture(scope="module")
def settings():
    """The experiments 1(a), as documented and as run, with short windows."""
    change = {"trials": 12, "overrides": {"convergence": {"window": 20}}}
    names = ["exp1a", "exp1a_as_run"]
    return list(load_settings({"experiments": names, **change}, CONFIG).experiments.values())


def write_overview(folder, experiments):
    """Write overview.csv and as_run.csv of experiments."""
    made = {name: folder / f"{name}.csv" for name in ("overview", "as_run")}
    samples = [one.path("samples") for one in experiments]
    overview([one.settings for one in experiments], samples, **made)
    (folder / "overview.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')


def written(folder, settings=(), texts=None):
    """The first section of a page, from the tables and the figure in a folder."""
    tables = (folder / "overview.csv", folder / "as_run.csv")
    return front_page(settings, *tables, texts or {}, "All", folder / "overview.svg", "Caption.")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, settings):
    """The tables over an experiment and its twin."""
    made = tmp_path_factory.mktemp("page")
    midpoints = [20, 45], [30, 31]
    write_overview(
        made,
        [
            tabulated(made / one["name"], one, middle, 12)
            for one, middle in zip(settings, midpoints, strict=True)
        ],
    )
    return made


@pytest.fixture
def empty(folder, tmp_path):
    """The tables without a row."""
    for name in ("overview", "as_run"):
        pd.read_csv(folder / f"{name}.csv").iloc[:0].to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def test_experiments_about_no_universal_come_last(tmp_path, settings):
    experiment = tabulated(tmp_path / "exp1a", settings[0], [20, 45], 3)
    experiments = [
        Experiment(settings[0] | {"name": f"exp{place}", "universal": name}, experiment.folder)
        for place, name in enumerate(("none", "quantity", "none", "monotonicity"))
    ]
    write_overview(tmp_path, experiments)
    found = pd.read_csv(tmp_path / "overview.csv", keep_default_na=False)["universal"]
    assert list(dict.fromkeys(found)) == ["quantity", "monotonicity", "none"]


def test_documented_is_told_from_as_run(folder, settings):
    text = written(folder, settings)
    assert "- **Monotonicity**, 2 pairs: " in text
    # Two pairs, and one that is there twice; a heading each.
    assert text.count("</tr>") == 3 + 2
    assert "nan" not in text
    assert "the test scenes also decide" in text
    assert "<figure>" in text


def test_an_experiment_with_analyses_is_summed_up_by_the_first_statement(empty):
    texts = {
        "list": "The finding,\nin two lines.\n\n- first\n- second",
        "plain": "A.\n\nB.",
        "silent": "<!-- no headline -->\n\nNothing.",
    }
    paths = {name: empty / f"{name}.md" for name in texts}
    for name, text in texts.items():
        paths[name].write_text(text)

    def summed_up(*figures):
        one = {"name": "an_experiment", "question": "Why?", "training": {"monitor": "dev"}}
        one |= {"comparisons": [], "family": None, "trials": 3}
        text = written(empty, [one], {"an_experiment": {name: paths[name] for name in figures}})
        return text.partition("## What is shown")[2].strip()

    link = "([an_experiment](#an-experiment))"
    assert summed_up("list", "plain") == f"- **Why?** The finding, in two lines. {link}"
    assert summed_up("silent", "plain") == f"- **Why?** A. {link}"
    assert summed_up("silent") == summed_up() == ""


def test_without_pairs_twins_and_caveats_there_is_nothing_of_them(empty):
    assert written(empty) == "# All\n"
