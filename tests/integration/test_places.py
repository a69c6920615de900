"""Where the workflow runs: in a folder of one's own, and as a module of another workflow.

The experiment of the module learns from labelled scenes, all the way from their table to its page.
"""

import re
import shutil
import subprocess
import zipfile

import pytest

from pipeline import ROOT, lay_out, run, snakemake
from quantlearn.data.labelled import labelled_scenes, read_labelled
from quantlearn.data.scene_files import read_trials
from quantlearn.semantics.scenes import Space, enumerate_scenes
from quantlearn.semantics.scenes_in_words import words_of_scene

HOST = """
configfile: "host.yaml"

module quantlearn:
    snakefile: config["clone"] + "/workflow/Snakefile"
    config: config["networks"]
    prefix: "study"

use rule * from quantlearn as quantlearn_*

rule host:
    default_target: True
    input:
        "study/results/chapters/your_experiments/index.html",
        "study/results/report/your_experiments.crate.zip",
        "own/another.txt",

rule own:
    output: "own/{experiment}.txt"
    shell: "echo {wildcards.experiment} > {output}"
"""
EXPERIMENT = """
title: What people say
question: Which is learned?
quantifiers: [doubtful, paired]
trials: 2
figures: [learning_curves]
data:
  generate: {method: table, file: judgements.csv, max_size: 4}
  split: {train: 0.6, dev: 0.2, test: 0.2}
network: {precision: float64, hidden: 4}
training: {max_epochs: 2, evaluate_every: 5, evaluate_splits: [train, test], eval_scenes: 40}
convergence: {window: 3}
"""


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    """A workflow of its own, after a run, that has this one as a module."""
    folder = tmp_path_factory.mktemp("host")
    scenes, _ = enumerate_scenes(Space(1, 4))
    rows = [
        f"{' '.join(words_of_scene(scene))},{name},{truth}"
        for number, scene in enumerate(scenes)
        for name, truth in (("doubtful", number % 3 % 2), ("paired", (scene == 0).sum() % 2))
    ]
    files = {
        "Snakefile": HOST,
        "host.yaml": f"clone: {ROOT}\nnetworks: {{device: cpu, atlas: {{max_size: 4}}}}\n",
        "config/experiments/judged.yaml": EXPERIMENT,
        "config/judgements.csv": "\n".join(["scene,quantifier,truth", *rows]),
        "config/quantifiers.yaml": 'most: "|A & B| > |A - B|"\n',
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    run(folder, "--cores", 1, snakefile=None, fork="jobs")
    return folder


def test_all_that_a_module_makes_is_below_its_prefix(hosted):
    there = {path.name for path in hosted.iterdir()}
    assert there == {".snakemake", "Snakefile", "config", "host.yaml", "own", "study"}
    assert {path.name for path in (hosted / "study").iterdir()} == {"results"}
    assert (hosted / "own" / "another.txt").read_text() == "another\n"
    text = (hosted / "study/results/chapters/your_experiments/experiments/judged.html").read_text()
    assert "snakemake --cores all study/results/judged/figures/learning_curves.pdf" in text


def test_a_module_that_has_run_has_nothing_to_do(hosted):
    assert "Nothing to be done" in run(hosted, "--cores", 1, "--dry-run", snakefile=None).stdout


def test_each_trial_has_the_scenes_of_the_table(hosted):
    names = ["doubtful", "paired"]
    rows = read_labelled(hosted / "config" / "judgements.csv", Space(1, 4))
    expected = labelled_scenes(rows, names, max_size=4)
    trials = [*read_trials(hosted / "study/results/judged/data/generated.parquet", names)]
    assert len(trials) == 2
    for scenes, _ in trials:
        for column in ("scenes", "sizes", "quantifiers", "truth"):
            assert (getattr(scenes, column) == getattr(expected, column)).all()


def test_labels_go_the_way_from_table_to_page(hosted):
    results = hosted / "study" / "results"
    verdicts = (results / "judged" / "tables" / "verdicts.csv").read_text().splitlines()
    assert len(verdicts) == 2
    text = (results / "chapters/your_experiments/experiments/judged.html").read_text()
    words = " ".join(re.sub("<[^>]*>", "", text).split())
    assert "doubtful is true of 113 of 340 scenes, by their labels" in words
    with zipfile.ZipFile(results / "report" / "your_experiments.crate.zip") as crate:
        table = (hosted / "config" / "judgements.csv").read_bytes()
        assert crate.read("config/judgements.csv") == table


def test_a_folder_of_ones_own_has_config_and_results(tmp_path):
    folder = lay_out(tmp_path / "study")
    target = "results/tiny/samples.csv"
    run(tmp_path, "--directory", "study", "--cores", 1, target)
    assert {path.name for path in folder.iterdir()} == {".snakemake", "config", "results"}
    assert (folder / target).exists()
    (tmp_path / "empty").mkdir()
    said = snakemake(tmp_path, "--directory", "empty", "--cores", 1, target).stderr
    assert f"{tmp_path / 'empty'}: there is no config/config.yaml: copy {ROOT}/config to" in said


def test_a_workflow_that_is_not_cloned_says_so(tmp_path):
    """Snakemake would fetch its rules and scripts, and nothing that lies beside them."""
    clone = tmp_path / "clone"
    for name in ("Snakefile", "workflow/Snakefile"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run(["git", *author, *command], cwd=clone, check=True)
    path = f"git+file://{clone}/workflow/Snakefile@main"
    (tmp_path / "Snakefile").write_text(
        f'module quantlearn:\n    snakefile: "{path}"\n\nuse rule * from quantlearn\n'
    )
    said = snakemake(tmp_path, "--cores", 1, "--dry-run", snakefile=None)
    assert said.returncode == 1
    assert "clone it, and name the Snakefile of the clone" in said.stderr.splitlines()[-1]


def test_a_changed_table_makes_the_data_again(hosted):
    table = hosted / "config" / "judgements.csv"
    text = table.read_text()
    table.write_text(text.replace("AB,doubtful,0", "AB,doubtful,1"))
    said = run(hosted, "--cores", 1, "--dry-run", snakefile=None).stdout
    table.write_text(text)
    assert "quantlearn_generate_data" in said
