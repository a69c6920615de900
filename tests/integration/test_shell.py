"""What a shell and notebooks of one's own say of a finished run, and that docs/api.md is right."""

import doctest
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pipeline import ROOT
from quantlearn.errors import QuantlearnError
from quantlearn.shell.commands import main
from quantlearn.shell.notebook import Experiment


@pytest.fixture
def run(finished, monkeypatch) -> Path:
    """The folder of the finished run, in which we are."""
    monkeypatch.chdir(finished)
    return finished


def test_networks_say_of_a_scene_what_training_has_counted(run):
    """With all objects in one zone there is one scene of a size, which some trials test."""
    experiment = Experiment("results/tiny_alone")
    cells = pd.read_parquet("results/tiny_alone/tables/cells.parquet")
    compared = 0
    for zone, word in (("both", "AB"), ("a_only", "A-")):
        for cell in cells[cells[zone] == 6].itertuples():
            probability = experiment.probabilities(" ".join(6 * [word]), cell.quantifier)
            assert len(probability) == 2
            assert (probability[cell.trial] > 0.5) == (cell.truth == (cell.correct == 1))
            compared += 1
    assert compared


def test_an_answer_sums_up_what_each_trial_says(run):
    experiment = Experiment("results/tiny")
    found = experiment.ask("AB A- -B AB --")
    assert found["truth"].to_dict() == {"at_least_2": True, "first_2": False}
    assert found["median"].nunique() == 2  # one network, told which quantifier is asked for
    for name, answer in found.iterrows():
        given = experiment.probabilities("AB A- -B AB --", name)
        assert (answer["lowest"], answer["highest"]) == (given.min(), given.max())
        assert (answer["say_true"], answer["networks"]) == ((given > 0.5).sum(), 3)


def test_an_answer_in_the_shell(run, capsys):
    assert main(["ask", "results/tiny", "--", "first_2"]) == 0
    output = capsys.readouterr().out
    assert "first_2 false" in " ".join(output.split())
    assert "of 3" in output


@pytest.mark.parametrize(
    ("scene", "quantifier", "said"),
    [
        ("AB AX", "first_2", "scene: object 2 is 'AX': write AB, A-, -B or --"),
        (" ".join(7 * ["AB"]), "first_2", "scene: has 7 objects: write 1 to 6"),
        ("", "first_2", "scene: has 0 objects"),
        ("AB", "frist_2", '"frist_2" is not one of the experiment\'s quantifiers; did you mean "f'),
    ],
)
def test_what_cannot_be_asked_is_told(run, scene, quantifier, said):
    with pytest.raises(QuantlearnError) as raised:
        Experiment("results/tiny").ask(scene, quantifier)
    assert said in str(raised.value)


def test_settings_are_of_the_newest_record_and_of_these_results(finished, tmp_path):
    shutil.copytree(finished / "results/tiny", tmp_path / "tiny")
    shutil.copytree(finished / "results/report/index", tmp_path / "report/index")
    path = tmp_path / "report" / "paper" / "record.json"
    path.parent.mkdir()
    record = json.loads((tmp_path / "report/index/record.json").read_text(encoding="utf-8"))
    record["settings"]["experiments"]["tiny"]["title"] = "Newer"
    path.write_text(json.dumps(record | {"made": "2999-01-01T00:00:00Z"}), encoding="utf-8")
    experiment = Experiment(tmp_path / "tiny")
    assert experiment.settings["title"] == "Newer"
    with pytest.raises(QuantlearnError, match="'curves' is none of its figures; there are learn"):
        experiment.draw("curves")
    with (tmp_path / "tiny" / "tables" / "trials.csv").open("a") as trials:
        trials.write("made again\n")
    with pytest.raises(QuantlearnError, match=r"trials\.csv: is not as .*record\.json has it"):
        Experiment(tmp_path / "tiny")


def test_every_block_of_the_page_on_python_is_right(run):
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert text.count("```python\n>>>") == text.count("```") / 2
    # What is 1a there is a tiny experiment here.
    text = text.replace("exp1a", "tiny").replace("at_least_4", "at_least_2")
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(text, {}, "docs/api.md", None, 0)
    runner = doctest.DocTestRunner(optionflags=options)
    said: list[str] = []
    runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
    assert runner.tries > 12


def test_the_example_notebook_runs(run):
    from quantlearn.pipeline.notebooks import execute_notebook

    made = execute_notebook(ROOT / "docs" / "example.ipynb", {"results": "results/tiny"})
    shown = {
        cell.id: [*output.get("data", {})]
        for cell in made.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    }
    assert "image/png" in shown["draw"]
    assert "text/html" in shown["ask"]
    source = json.loads((ROOT / "docs" / "example.ipynb").read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in source["cells"])  # it is kept without results
