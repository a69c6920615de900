"""What all experiments say together: the front page, and the page of all pairs."""

import pandas as pd
import pytest
from page_results import CONFIG, RECORD, tabulated, write_overview

from quantlearn import report_columns, tables
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.texts import render
from quantlearn.report import front_page
from quantlearn.report.contents import FOLDER
from quantlearn.report.front_page import badges, caveats, pairs_page, statement, universals
from quantlearn.settings.load import load_settings


@pytest.fixture(scope="module")
def settings():
    """The experiments 1(a), as documented and as run, with short windows."""
    change = {"trials": 12, "overrides": {"convergence": {"window": 20}}}
    names = ["exp1a", "exp1a_as_run"]
    return list(load_settings({"experiments": names, **change}, CONFIG).experiments.values())


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


@pytest.fixture(scope="module")
def pairs(folder):
    return tables.read_csv(folder / "overview.csv", report_columns.OVERVIEW)


def test_experiments_about_no_universal_come_last(tmp_path, settings):
    experiment = tabulated(tmp_path / "exp1a", settings[0], [20, 45], 3)
    experiments = [
        Experiment(settings[0] | {"name": f"exp{place}", "universal": name}, experiment.folder)
        for place, name in enumerate(("none", "quantity", "none", "monotonicity"))
    ]
    write_overview(tmp_path, experiments)
    found = pd.read_csv(tmp_path / "overview.csv", keep_default_na=False)["universal"]
    assert list(dict.fromkeys(found)) == ["quantity", "monotonicity", "none"]


def test_documented_is_told_from_as_run(folder, pairs):
    text = pairs_page(pairs, tables.read_csv(folder / "as_run.csv", report_columns.AS_RUN))
    # Two pairs, and one that is there twice; a heading each.
    assert text.count("</tr>") == 3 + 2
    assert "nan" not in text


def row(verdict, ratio, version="documented", exchangeable=False):
    """A pair of monotonicity."""
    return {
        "universal": "monotonicity",
        "version": version,
        "verdict": verdict,
        "ratio": ratio,
        "exchangeable": exchangeable,
        "n": 10,
        "learned_first": 10,
        "learned_second": 9 if ratio > 3 else 10,
    }


def test_a_universal_is_counted_by_verdict_and_checks_apart():
    pairs = pd.DataFrame(
        [
            row("sooner", 2.04),
            row("sooner", 3.5),
            row("later", 0.5),
            row("no_difference", 1.0),
            row("open", 1.3),
            row("sooner", 4.0, version="as run"),
            row("open", 1.1, exchangeable=True),
            row("sooner", 1.2, exchangeable=True),
        ]
    )
    (found,) = universals(pairs)
    documented, as_run = found["by_version"]["documented"], found["by_version"]["as run"]
    assert documented["pairs"] == 5
    assert documented["verdicts"] == {"sooner": 2, "later": 1, "no_difference": 1, "open": 1}
    assert documented["times"] == {"sooner": "2.0 to 3.5 times or more", "later": "2.0 times"}
    assert as_run["verdicts"]["sooner"] == as_run["pairs"] == 1
    assert (found["checks"], found["alarms"]) == (2, 1)
    text = " ".join(render(FOLDER / "universal.md.j2", {"one": found}).split())
    assert text == (
        "Monotone quantifiers were learned **sooner in 2 of 5 pairs** (2.0 to 3.5 times or more); "
        "**later in 1** (2.0 times); no difference that matters in 1; open in 1. As run for the "
        "published data: **sooner in 1 of 1 pair** (4.0 times or more). Monotonicity: 2 pairs are "
        "checks of the procedure, with a false alarm in 1."
    )


def test_pairs_that_are_all_open_are_counted_once():
    (found,) = universals(pd.DataFrame([row("open", 1.1), row("open", 0.9)]))
    text = " ".join(render(FOLDER / "universal.md.j2", {"one": found}).split())
    assert text == "Whether monotone quantifiers are learned sooner is **open**, in 2 pairs."


def test_each_universal_is_one_line_that_names_it_once(monkeypatch):
    rows = [row("sooner", 2), row("open", 1.1), row("open", 1.0, exchangeable=True)]
    names = ["monotonicity", "none", "conservativity"]
    table = pd.DataFrame(rows).assign(universal=names)
    monkeypatch.setattr(front_page.tables, "read_csv", lambda path, schema: table)
    lines = front_page.said_in_short("overview.csv")
    assert [line.partition(": ")[0] for line in lines] == [
        *("Monotonicity", "No single universal", "Conservativity")
    ]
    assert all(line.count(line.partition(":")[0]) == 1 for line in lines)
    assert not any("*" in line or "\n" in line for line in lines)


@pytest.mark.parametrize(
    ("endpoint", "learned", "said"),
    [
        ("convergence_step", 4, "open: neither was learned by most networks."),
        ("convergence_step", 5, "open: the second takes 1.30 times as many steps"),
        ("area_above_curve", 4, "open: the second takes 1.30 times as many errors"),
    ],
)
def test_a_single_pair_is_told_by_its_verdict(pairs, monkeypatch, endpoint, learned, said):
    """With a ratio of steps only where one of the two was learned by half of the networks."""
    own = {"verdict": "open", "endpoint": endpoint, "ratio": 1.3, "n": 10}
    table = pairs.head(1).assign(**own, learned_first=4, learned_second=learned)
    monkeypatch.setattr(front_page.tables, "read_csv", lambda path, schema: table)
    [line] = front_page.said_in_short("overview.csv")
    assert said in line
    assert f"They are learned in 4 and {learned} of 10 trials" in line


def test_the_statement_is_the_first_paragraph_of_the_first_text_that_has_one(tmp_path):
    texts = {
        "list": "The finding,\nin two lines.\n\n- first\n- second",
        "plain": "A.\n\nB.",
        "silent": "<!-- no headline -->\n\nNothing.",
    }
    paths = {name: tmp_path / f"{name}.md" for name in texts}
    for name, text in texts.items():
        paths[name].write_text(text)

    def stated(*figures):
        return statement({name: paths[name] for name in figures})

    assert stated("list", "plain") == "The finding, in two lines."
    assert stated("silent", "plain") == "A."
    assert stated("silent") == stated() == ""


def test_a_run_is_quick_full_or_changed(settings):
    def said(*overlays):
        record = RECORD | {"settings": RECORD["settings"] | {"overlays": list(overlays)}}
        return badges(record, settings)["run"]

    assert said("config/quick.yaml") == "Quick run"
    assert said() == "Full run"
    assert said("trials=3") == "Changed settings"


def test_caveats_name_what_reaches_no_more_than_the_size_alone(settings, pairs):
    assert caveats(settings, pairs)["on_test"] == 2
    assert caveats(settings, pairs)["explained"] == []
    poor = pairs.assign(final_accuracy_first=0.0)
    assert caveats(settings, poor)["explained"][0].endswith("in `exp1a`")
