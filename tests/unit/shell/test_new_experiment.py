"""A file for an experiment of one's own: valid as it is and with all that it offers."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.lexicon import load_lexicon
from quantlearn.settings.load import load_settings
from quantlearn.shell.new_experiment import new_experiment

ROOT = Path(__file__).parents[3]
RUN = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


@pytest.fixture
def config(tmp_path, monkeypatch) -> Path:
    """A copy of config/, in whose folder we are."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return Path("config")


def loaded(config: Path, name: str = "mine") -> dict:
    return load_settings(RUN | {"experiments": [name]}, config).experiments[name]


def all_files(config: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in config.rglob("*") if path.is_file()}


def test_a_new_experiment_asks_by_the_protocol_of_2019(config):
    said = new_experiment("mine", ["most", "between_3_and_5"])
    mine = loaded(config)
    assert mine["comparisons"] == [["most", "between_3_and_5"]]
    assert mine["chapter"] == "your_experiments"
    assert mine["trials"] == 30
    commands = [line for line in said.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in commands] == ["snakemake", "make"]
    assert all(line.endswith(" your_experiments") for line in commands)


def test_what_it_offers_is_the_default_and_an_editor_knows_it(config):
    new_experiment("mine", ["most", "even"])
    path = config / "experiments" / "mine.yaml"
    text = path.read_text(encoding="utf-8")
    before = loaded(config)
    offered = re.sub("^# (?! *[A-Z]|yaml-)", "", text, flags=re.MULTILINE)
    assert offered.count("\n#") < text.count("\n#") - 15
    path.write_text(offered, encoding="utf-8")
    assert loaded(config) == before | {"universal": "monotonicity"}
    first = text.partition("\n")[0].removeprefix("# yaml-language-server: $schema=../../")
    schema = json.loads((ROOT / first).read_text(encoding="utf-8"))
    assert not list(Draft7Validator(schema).iter_errors(yaml.safe_load(offered)))
    assert max(map(len, text.splitlines())) <= 100


def test_an_expression_gets_a_line_of_the_lexicon_and_nothing_is_lost(config):
    lexicon = config / "quantifiers.yaml"
    before = lexicon.read_text(encoding="utf-8").rstrip("\n")
    lexicon.write_text(before, encoding="utf-8")  # as some editors leave it
    said = new_experiment("mine", ["|A & B| >= 3", "most"], "My own")
    name = loaded(config)["quantifiers"][0]
    assert lexicon.read_text(encoding="utf-8").startswith(f"{before}\n{name}: ")
    assert load_lexicon(lexicon)[name].expression == "|A & B| >= 3"
    assert f"config/quantifiers.yaml now has a line for {name}" in said
    # The same expression has that line already.
    kept = lexicon.read_text(encoding="utf-8")
    new_experiment("mine_too", ["|A&B| >= 3", "even"], "My own")
    assert lexicon.read_text(encoding="utf-8") == kept
    assert loaded(config, "mine_too")["expressions"][name] == "|A & B| >= 3"


@pytest.mark.parametrize(
    ("name", "asked", "chapter", "said"),
    [
        ("exp1a", ["most", "even"], "", "exp1a.yaml: is there already: choose another name"),
        ("Mine", ["most", "even"], "", 'Mine.yaml: "Mine" is not allowed as a name'),
        ("report", ["most", "even"], "", '"report" is reserved: choose another name'),
        (
            "mine",
            ["most", "evn"],
            "",
            "quantifiers.yaml has no quantifier 'evn'; did you mean even",
        ),
        ("mine", ["most", "most"], "", 'mine.yaml: quantifiers: "most" is listed twice'),
        ("mine", ["most", "|A| >"], "", "'|A| >' is neither a name of config/quantifiers.yaml"),
        (
            "mine",
            ["most", "|B| >= 2"],
            "report",
            'mine.yaml: chapter: "report" would be the target',
        ),
        ("mine", ["most", ""], "", "EXPERIMENT, A and B: name an experiment and two quantifiers"),
        ("mine", ["most", "|A| >= 3"], "", "A_at_least_3: is taken, by '|A| < 3': give '|A| >= 3'"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_every_file_as_it_was(
    config, name, asked, chapter, said
):
    with (config / "quantifiers.yaml").open("a", encoding="utf-8") as lexicon:
        lexicon.write('A_at_least_3: "|A| < 3"\n')
    before = all_files(config)
    with pytest.raises(QuantlearnError, match=re.escape(said)):
        new_experiment(name, asked, chapter)
    assert all_files(config) == before
