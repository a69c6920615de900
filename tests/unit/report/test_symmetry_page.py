"""The page on symmetry: what its tables say, and its place in the report."""

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from page_results import CONFIG, WORKFLOW, build_site, write_notebook_of, write_overview

from check_symmetry import check_symmetry
from quantlearn import report_columns, tables
from quantlearn.report.symmetry_page import symmetry_page
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.settings.load import load_settings
from quantlearn.yamlfile import read_mapping
from render_notebook import render_notebook

LEXICON = load_lexicon(CONFIG / "quantifiers.yaml")
NAMES = ["every", "only", "most", "M", "at_least_4", "at_most_3", "first_3"]
EXPERIMENTS = ["exp1a", "exp3a", "exp3b", "tutorial", "unseen_quantifiers"]


@pytest.fixture(scope="module")
def settings():
    run = read_mapping(CONFIG / "config.yaml") | {"experiments": EXPERIMENTS}
    return list(load_settings(run, CONFIG).experiments.values())


@pytest.fixture(scope="module")
def paths(tmp_path_factory, settings):
    folder = tmp_path_factory.mktemp("symmetry")
    names = ("check", "orbits", "experiments", "comparisons")
    found = {name: str(folder / f"{name}.csv") for name in names}
    expressions = {name: LEXICON[name].expression for name in NAMES}
    check_symmetry(expressions, settings, seed=1, **found)
    return found


def test_every_architecture_learns_as_its_mirror_image(paths):
    found = tables.read_csv(paths["check"], report_columns.SYMMETRY_CHECK)
    architectures = {"feedforward", "gru", "lstm", "rnn", "transformer"}
    assert set(found["architecture"]) == architectures
    assert len(found) == 3 * len(architectures)
    assert found.groupby("architecture")["together"].sum().eq(1).all()
    assert found["largest_difference"].max() < 1e-9
    assert (found["loss_at_end"] < found["loss_at_start"]).all()


def test_quantifiers_have_the_orbits_that_are_known(paths):
    found = tables.read_csv(paths["orbits"], report_columns.ORBITS).set_index("quantifier")
    leaders = ["every", "every", "most", "most", "at_least_4", "at_least_4", "first_3"]
    assert found["orbit"].to_list() == leaders
    assert found["size"].to_list() == [8, 8, 24, 24, 8, 8, 24]
    assert found.index[found["ordered"]].to_list() == ["first_3"]
    # most is conservative and monotone, M is monotone only.
    assert found.loc["M", ["monotonicity_lowest", "conservativity_highest"]].to_list() == [1, 1]
    assert found.loc["M", "conservativity_lowest"] < 0.1


def test_experiments_and_comparisons_are_labelled(paths):
    groups = tables.read_csv(paths["experiments"], report_columns.EXPERIMENT_SYMMETRIES)
    assert groups["experiment"].to_list() == EXPERIMENTS
    assert groups["state"].to_list() == ["whole", "whole", "whole", "reduced", "broken"]
    pairs = tables.read_csv(paths["comparisons"], report_columns.COMPARISON_SYMMETRIES)
    pairs = pairs.set_index("experiment")[["same_orbit", "exchangeable"]]
    assert pairs.loc["exp3a"].to_list() == [True, True]
    assert pairs.loc["exp3b"].to_list() == [True, False]
    assert pairs.loc["exp1a"].to_list() == [False, False]


def test_the_page_says_when_the_check_fails_or_has_nothing_to_say(paths, tmp_path):
    bad = tables.read_csv(paths["check"], report_columns.SYMMETRY_CHECK)
    tables.write_csv(bad.assign(largest_difference=0.01), tmp_path / "check.csv")
    none = pd.DataFrame(columns=list(report_columns.COMPARISON_SYMMETRIES))
    tables.write_csv(none, tmp_path / "comparisons.csv")
    changed = paths | {name: str(tmp_path / f"{name}.csv") for name in ("check", "comparisons")}
    assert "more than rounding" in symmetry_page(**changed, block="check")
    assert "more than rounding" not in symmetry_page(**paths, block="check")
    assert "check of the procedure" in symmetry_page(**paths, block="experiments")
    assert "check" not in symmetry_page(**changed, block="experiments")


def test_the_page_is_part_of_the_report(paths, settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = WORKFLOW / "notebooks" / "symmetry.ipynb"
    render_notebook(notebook, paths, executed="symmetry.ipynb")
    write_notebook_of("Experiment", "experiment.ipynb")
    write_overview(tmp_path, [])
    build_site(
        tmp_path,
        [settings[0] | {"figures": []}],
        ["experiment.ipynb"],
        {"paper": "Paper"},
        symmetry=["symmetry.ipynb"],
    )
    page = BeautifulSoup(Path("pages/symmetry.html").read_text("utf-8"), "html.parser").article
    assert page.h1.contents[0] == "What these networks cannot tell apart"
    assert [heading.contents[0] for heading in page.find_all("h2")] == [
        "When it holds",
        "Seen in single networks",
        "The orbits of the lexicon",
        "What follows",
        "The experiments of this report",
    ]
    assert len(page.find_all("table")) == 4
    assert "{{" not in page.text
