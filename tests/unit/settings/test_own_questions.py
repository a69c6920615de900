"""Experiments of one's own: chapters and universals by any name, and questions without a file."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from quantlearn.settings.checks import RESERVED_CHAPTERS
from quantlearn.settings.load import ConfigError, load_settings
from quantlearn.settings.protocol import named_as_file

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "config"
RUN = yaml.safe_load((FOLDER / "config.yaml").read_text())
MINE = "title: Mine\nquestion: Which?\nquantifiers: [most, even]\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "config"))


def own(folder: Path, **files: str) -> dict[str, dict]:
    """The settings of experiments of one's own, by name: what their files say."""
    for name, text in files.items():
        (folder / f"experiments/{name}.yaml").write_text(text, encoding="utf-8")
    return load_settings(RUN | {"experiments": list(files)}, folder).experiments


# Chapters -----------------------------------------------------------------------------------------


def test_an_experiment_without_a_chapter_stands_in_one_of_ones_own(folder):
    mine = own(folder, mine=MINE)["mine"]
    assert (mine["chapter"], mine["chapter_title"]) == ("your_experiments", "Your experiments")
    assert mine["universal"] == "none"


def test_a_chapter_and_a_universal_may_have_any_title(folder):
    text = MINE + "chapter: Parity & order (2026)\nuniversal: convexity\n"
    mine = own(folder, mine=text)["mine"]
    assert (mine["chapter"], mine["chapter_title"]) == (
        "parity_order_2026",
        "Parity & order (2026)",
    )
    assert mine["universal"] == "convexity"


def test_a_chapter_is_written_in_one_way(folder):
    with pytest.raises(ConfigError, match=r'second\.yaml: chapter: "My CHAPTER" and "My c'):
        own(folder, first=MINE + "chapter: My chapter\n", second=MINE + "chapter: My CHAPTER\n")


@given(st.text(max_size=40))
def test_the_name_of_a_chapter_is_a_file_name_and_stays_one(title):
    name = named_as_file(title)
    assert re.fullmatch("([a-z0-9]+(_[a-z0-9]+)*)?", name)
    assert named_as_file(name) == name


def test_no_chapter_is_called_like_a_rule_or_a_target_of_make():
    rules = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("workflow/rules/*.smk"))
    named = set(re.findall(r"^(?:rule|checkpoint) (\w+):", rules, re.MULTILINE))
    made = set(re.findall(r'name:\s+f"(\w+_)\{', rules))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {target.replace("-", "_") for target in re.findall(r"^([a-z-]+):", makefile, re.M)}
    assert {"train", "plot_", "report"} <= named | made | targets
    for name in [*named, *(f"{start}x" for start in made), *targets, "index", "all"]:
        assert RESERVED_CHAPTERS.fullmatch(name), name


def test_make_names_chapters_as_the_settings_do(folder):
    titles = ["My own (2026)!", "  Größe: a study", "parity", '"Quoted title"  # a comment']
    for place, title in enumerate(titles):
        (folder / f"experiments/mine_{place}.yaml").write_text(f"chapter: {title}\n")
    shutil.copy(ROOT / "Makefile", folder.parent)
    listed = subprocess.run(
        ["make", "help"], cwd=folder.parent, capture_output=True, text=True, check=True
    ).stdout
    read = [yaml.safe_load(f"chapter: {title.replace(': a', ' a')}")["chapter"] for title in titles]
    assert {named_as_file(title) for title in read} <= set(re.findall(r"^make (\w+)", listed, re.M))


# Questions ----------------------------------------------------------------------------------------


def asked(*quantifiers: str, **run) -> dict:
    """The one experiment of a question."""
    settings = load_settings(RUN | {"ask": list(quantifiers), **run}, FOLDER)
    assert settings.asked
    [experiment] = settings.experiments.values()
    return experiment


def test_a_question_is_about_names_members_of_families_and_expressions():
    experiment = asked("between_2_and_7", "|A & B| >= 3 and |A - B| < 2")
    first, second = experiment["quantifiers"]
    assert first == "between_2_and_7"
    assert experiment["expressions"][second] == "|A & B| >= 3 and |A - B| < 2"
    assert experiment["comparisons"] == [[first, second]]
    assert experiment["chapter"] == experiment["name"]
    assert experiment["trials"] == 10


def test_a_question_takes_the_settings_of_a_run():
    options = {"network": {"architecture": "gru"}, "training": {"together": False}}
    experiment = asked("most", "even", trials=20, overrides=options)
    assert experiment["trials"] == 20
    assert experiment["network"]["architecture"] == "gru"
    assert experiment["training"]["together"] is False


EXPRESSIONS = st.builds(
    "{} {} {}".format,
    st.sampled_from(["|A & B|", "|A - B|", "|B|"]),
    st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]),
    st.integers(1, 9),
)


@given(st.lists(EXPRESSIONS, min_size=2, max_size=2, unique=True))
def test_two_expressions_have_two_names_and_keep_their_order(pair):
    experiment = asked(*pair)
    assert [experiment["expressions"][name] for name in experiment["quantifiers"]] == pair


def test_an_expression_may_begin_with_a_number():
    experiment = asked("2 * |A & B| > |A|", "even")
    assert experiment["expressions"][experiment["quantifiers"][0]] == "2 * |A & B| > |A|"


def test_two_questions_have_two_folders():
    longs = [" and ".join(f"|A & B| != {n}" for n in range(1, most)) for most in (8, 9)]
    names = {asked("most", one)["name"] for one in longs}
    assert len(names) == 2
    assert all(len(name) <= 60 for name in names)


@pytest.mark.parametrize(
    ("quantifiers", "parts"),
    [
        (["mostt", "even"], ["ask", "'mostt'", "did you mean most?"]),
        (["most", "|A & B| >"], ["ask", "'|A & B| >'", "neither a name of", "at column"]),
        (["most", "most"], ["ask", '"most" is listed twice']),
        (["most"], ["ask", "a list of 2 items"]),
    ],
)
def test_a_question_that_cannot_be_asked_is_told(quantifiers, parts):
    with pytest.raises(ConfigError) as raised:
        asked(*quantifiers)
    for part in parts:
        assert part in str(raised.value)


def test_the_names_of_questions_are_kept_for_them(folder):
    with pytest.raises(ConfigError, match=r'ask_most\.yaml: "ask_most" is reserved'):
        own(folder, ask_most=MINE)
