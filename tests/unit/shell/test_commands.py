"""The command line: what it prints, what it refuses, and what it does without."""

import subprocess
import sys
from pathlib import Path

import pytest

from quantlearn.semantics.symmetry import same_orbit
from quantlearn.shell.cards import SCENES, degrees, orbit
from quantlearn.shell.commands import main

ROOT = Path(__file__).parents[3]
QUANTIFIERS = ["most", "between_3_and_5", "|A| > |B| + 1", "first_2"]


def test_cards_degrees_and_orbits_load_neither_torch_nor_numba():
    code = (
        "import sys\n"
        "from quantlearn.shell.commands import main\n"
        "assert not any(main([command, 'most']) for command in ('card', 'degree', 'orbit'))\n"
        "print(sorted({'torch', 'numba', 'matplotlib', 'snakemake'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("\n[]\n")


def test_who_stops_reading_is_told_nothing():
    with subprocess.Popen(
        [sys.executable, "-m", "quantlearn", "orbit", "most"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        asking.stdout.close()
        assert asking.stderr.read() == ""


@pytest.mark.parametrize("asked", QUANTIFIERS)
def test_an_orbit_is_one_learning_problem_and_each_meaning_once(asked):
    own, *others = orbit(asked)
    assert (len(others) + 1) in (2, 4, 6, 8, 12, 16, 24, 48)  # what divides 4! · 2
    assert len({each.expression for each in (own, *others)}) == len(others) + 1
    assert all(same_orbit(own, each, SCENES) is not False for each in others[:3])


def test_members_of_an_orbit_are_called_as_in_the_lexicon():
    found = {each.name for each in orbit("at_least_4")}
    # Its negation, A∖B in the place of A∩B, and both.
    assert {"at_most_3", "all_but_at_least_4", "all_but_at_most_3"} <= found


def test_names_and_expressions_have_one_meaning():
    named, written = degrees("most"), degrees("|A & B| > |A - B|")
    assert named.to_numpy().tolist() == written.to_numpy().tolist()


def test_a_card_tells_the_tree_of_numbers(capsys):
    assert main(["card", "all_but_1", "M"]) == 0
    first, second = capsys.readouterr().out.split("\nM: ")
    # One A that is no B: of the rows of 1, 2 and 3 As the last node but one.
    assert [line.split() for line in first.splitlines()[-8:-5]] == [
        ["+", "-"],
        ["-", "+", "-"],
        ["-", "-", "+", "-"],
    ]
    assert "all_but_1: exactly 1 A is not a B" in first
    # More As than Bs: with one A that hangs on B∖A where it is no B, and is false where it is.
    assert second.splitlines()[-8].split() == ["o", "-"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["card", "mostt"], 1, "config/quantifiers.yaml has no quantifier 'mostt'; did you mean m"),
        (["degree", "most", "|A & "], 1, "'|A &' is neither a name of config/quantifiers.yaml nor"),
        (["ask", "results/none", "AB"], 1, "results/none: no record of a run in results/report"),
        (["orbit"], 2, "not a command: orbit"),
        (["crad", "most"], 2, "python -m quantlearn card QUANTIFIER..."),
    ],
)
def test_what_cannot_be_answered_is_told(arguments, status, said, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(arguments) == status
    output, message = capsys.readouterr()
    assert said in message
    assert not output


def test_help_names_every_command(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == said
    for command in ("card", "degree", "orbit", "ask", "new"):
        assert f"quantlearn {command} " in said


def test_outside_the_project_the_folder_is_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["card", "most"]) == 1
    assert "go to the project's folder" in capsys.readouterr().err
