"""The whole way on a tiny configuration: what it leaves, and what makes it run again."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter

import pandas as pd
import pytest
from safetensors.numpy import load_file

from pipeline import ROOT, lay_out, run, snakemake
from quantlearn.settings.schema import load_schema

EXPERIMENTS = {"tiny": 3, "tiny_as_run": 2, "tiny_alone": 2}
TABLES = [
    *("verdicts.csv", "comparison.csv", "convergence.csv", "trials.csv", "baselines.csv"),
    *("curves.parquet", "cells.parquet", "baseline_cells.parquet"),
]
FIGURES = dict.fromkeys(EXPERIMENTS, load_schema("experiment")["properties"]["figures"]["default"])
FIGURES["tiny_as_run"] = ["learning_curves"]  # its own ones


def planned(folder, *arguments, **more):
    """How many jobs of each rule a dry run announces."""
    table = run(folder, "--dry-run", "--cores", "1", *arguments, **more).stdout
    return Counter(
        {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
    )


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_file_of_the_contract_is_there(finished, experiment):
    folder = finished / "results" / experiment
    expected = [
        *(f"data/{stage}.parquet" for stage in ("generated", "balanced", "split")),
        "samples.csv",
        *(f"training/0/{file}" for file in ("curves.parquet", "trials.csv", "cells.parquet")),
        "training/0/weights.safetensors",
        "training/0/processors.json",
        *(f"tables/{table}" for table in TABLES),
        *(
            f"figures/{figure}.{kind}"
            for figure in FIGURES[experiment]
            for kind in ("svg", "pdf", "png")
        ),
        "notebooks/experiment.ipynb",
        "logs/train/0.log",
        "benchmarks/train/0.tsv",
    ]
    missing = [file for file in expected if not (folder / file).stat().st_size]
    assert not missing


def test_the_report_has_a_page_for_each_experiment(finished):
    site = finished / "results" / "report"
    chapters = "".join(path.read_text(encoding="utf-8") for path in site.glob("chapters/*.html"))
    for experiment in EXPERIMENTS:
        assert (site / "experiments" / f"{experiment}.html").is_file()
        assert f'href="../experiments/{experiment}.html"' in chapters


def test_no_scene_of_a_quantifier_is_on_two_sides(finished):
    for experiment in EXPERIMENTS:
        rows = pd.read_parquet(finished / "results" / experiment / "data" / "split.parquet")
        sides = rows.groupby(["trial", "quantifier", "scene"], observed=True)["split"].nunique()
        assert (sides == 1).all()


def test_upsampling_repeats_scenes_in_train_only(finished):
    rows = pd.read_parquet(finished / "results" / "tiny_alone" / "data" / "split.parquet")
    keys = ["trial", "quantifier", "scene"]
    repeated = rows[rows.duplicated(keys, keep=False)]
    assert set(repeated["split"]) == {"train"}
    # All 64 scenes with all zones A∩B or A∖B: most is true of 22 and false of 42.
    assert len(rows.drop_duplicates(keys)) == 2 * 2 * 64


@pytest.mark.parametrize(("experiment", "trials"), EXPERIMENTS.items())
def test_tables_tell_the_same_story(finished, experiment, trials):
    folder = finished / "results" / experiment
    trained = pd.read_csv(folder / "training" / "0" / "trials.csv")
    curves = pd.read_parquet(folder / "tables" / "curves.parquet")
    cells = pd.read_parquet(folder / "tables" / "cells.parquet")
    weights = load_file(folder / "training" / "0" / "weights.safetensors")
    assert trained["trial"].nunique() == trials
    assert {len(array) for array in weights.values()} == {len(trained)}
    # The last evaluation of a trial is its last step.
    last = curves.groupby("trial")["step"].max()
    assert (last == trained.groupby("trial")["steps"].max()).all()
    # Answers counted by cell give the accuracy in trials.csv.
    if experiment != "tiny_alone":
        sums = cells[cells["split"] == "test"].groupby("trial")[["scenes", "correct"]].sum()
        assert (sums["scenes"] == trained.set_index("trial")["test_scenes"]).all()
        shares = sums["correct"] / sums["scenes"]
        assert (shares - trained.set_index("trial")["test_accuracy"]).abs().max() < 1e-9


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in run(finished, "--cores", "1").stderr


@pytest.fixture(scope="module")
def on_one_core(tmp_path_factory):
    """A folder with tables of a run on one core, and what Snakemake said about it.

    Two experiments are enough: they share neither generation, balance nor architecture.
    """
    folder = lay_out(tmp_path_factory.mktemp("one_core"))
    targets = [
        f"results/{name}/tables/{table}.csv"
        for name in ("tiny", "tiny_alone")
        for table in ("comparison", "baselines")
    ]
    done = run(folder, "--cores", "1", "--verbose", *targets, fork="jobs")
    return folder, done.stderr


def test_one_core_gives_the_same_bytes_as_two(finished, on_one_core):
    folder, _ = on_one_core
    files = [
        path.relative_to(folder)
        for pattern in ("*/tables/[!.]*", "*/data/[!.]*", "*/training/0/[!.]*")
        for path in folder.glob(f"results/{pattern}")
        # The timings in training/0/trials.csv differ; the joined table leaves them out.
        if path.name != "trials.csv" or path.parent.name == "tables"
    ]
    assert len(files) >= 2 * (len(TABLES) + 3 + 3)
    different = [
        path for path in files if (folder / path).read_bytes() != (finished / path).read_bytes()
    ]
    assert not different


def test_the_scheduler_looks_once_for_each_job(on_one_core):
    _, messages = on_one_core
    jobs = messages.count("Finished jobid")
    assert jobs >= 16
    assert messages.count("Resources before job selection") <= jobs + 1


def test_editing_training_re_runs_training_and_what_follows(finished, tmp_path):
    repository = tmp_path / "repository"
    for part in ("Snakefile", "scripts", "workflow"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        repository.mkdir(exist_ok=True)
        copy(ROOT / part, repository / part)
    # The copied notebooks and templates lie elsewhere, so pages are due; results are not.
    plots = [f"plot_{name}" for name in EXPERIMENTS]
    assert not {"train", "aggregate", "compare", *plots} & set(
        planned(finished, snakefile=repository / "Snakefile")
    )
    edited = repository / "scripts" / "quantlearn" / "training" / "loop.py"
    edited.write_text(edited.read_text() + "\n# edited\n")
    jobs = planned(finished, snakefile=repository / "Snakefile")
    assert jobs["train"] == jobs["aggregate"] == jobs["compare"] == len(EXPERIMENTS)
    assert all(jobs[plot] == 1 for plot in plots)
    before = {"generate_data", "balance_data", "split_data", "sample_hyperparameters"}
    assert not before & set(jobs)


def test_another_number_of_trials_starts_with_the_data(finished):
    jobs = planned(finished, "--config", "trials=4", "experiments=[tiny]")
    assert jobs["generate_data"] == jobs["train"] == 1


def test_a_quantifier_is_one_line_and_all_else_a_file_each(tmp_path):
    """The whole way, in a copy of the project: an experiment on a quantifier of one's own, a
    network that only counts the zones, and a figure with a table, a drawing and a text, which page,
    data dictionary and crate have at once.
    """
    project = tmp_path / "project"
    for name in ("workflow", "scripts", "envs", "docs", "config", "results/README.md"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, project / name)
    for name in (
        "Snakefile",
        "Makefile",
        "README.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "CITATION.cff",
    ):
        shutil.copy(ROOT / name, project)
    room = project / "scripts" / "quantlearn" / "figures" / "practice"
    (room / "answers.py").write_text(ANSWERS)
    (room / "answers.md.j2").write_text("Of {{ n }} answers, {{ share | percent }} are right.\n")
    networks = project / "scripts" / "quantlearn" / "networks"
    (networks / "architectures" / "bag.py").write_text(BAG)
    with (networks / "settings.py").open("a") as settings:
        settings.write(BAG_SETTINGS)
    folder = lay_out(tmp_path / "work")
    with (folder / "config" / "quantifiers.yaml").open("a") as lexicon:
        lexicon.write('an_odd_number_of_non_As: "|M - A| % 2 == 1"\n')
    (folder / "config" / "experiments" / "mine.yaml").write_text(
        "title: Mine\nchapter: practice\nquestion: Is order needed?\nuniversal: none\n"
        "quantifiers: [an_odd_number_of_non_As, first_2]\ntrials: 2\n"
        "data:\n  generate: {draws: 400, max_size: 5}\n"
        "  split: {train: 0.6, dev: 0.1, test: 0.3, only_test: {sizes_above: 4}}\n"
        "network: {architecture: {choice: [bag, lstm]}}\n"
        # A copy of the project has no compiled core yet, and need not make one.
        "training: {learning_rate: 0.01, max_epochs: 1, evaluate_every: 5, monitor: dev,\n"
        "  evaluate_splits: [dev], core: eager}\nsearch: {sampler: grid, choose: false}\n"
        "figures: [sequence_lengths, answers]\n"
    )
    page, crate = "results/chapters/practice/index.html", "results/report/practice.crate.zip"
    options = ("--cores", "2", "--config", "experiments=mine", "--", page, crate)
    run(folder, *options, snakefile=project / "Snakefile", fork="jobs")
    shown = (folder / page).with_name("experiments").joinpath("mine.html").read_text()
    shown = shown.replace("\u00a0", " ")
    assert "bag of zones" in shown.lower()
    assert "bag of zones" in (folder / "results/mine/figures/sequence_lengths.svg").read_text()

    table = pd.read_csv(folder / "results/mine/tables/answers.csv")
    assert set(table["quantifier"]) == {"an_odd_number_of_non_As", "first_2"}
    said = (
        f"Of {table['answers'].sum()} answers, {table['right'].sum() / table['answers'].sum():.1%}"
    )
    assert said.replace("%", " % are right.") in shown
    assert "<figcaption>Right answers of each quantifier" in shown
    with zipfile.ZipFile(folder / crate) as packed:
        names = packed.namelist()
    for path in ("tables/answers.csv", "figures/answers.pdf"):
        assert any(name.endswith(f"results/mine/{path}") for name in names)
    subprocess.run([sys.executable, project / "docs" / "generate.py"], check=True)
    dictionary = (project / "docs" / "tables.md").read_text(encoding="utf-8")
    assert "## tables/answers.csv\n" in dictionary
    assert "| `right` | whole number | Right ones |" in dictionary


ANSWERS = '''"""How many answers of each quantifier are right."""

from quantlearn.columns import Column
from quantlearn.figures import style

READS = ("samples", "cells")

TABLES = {
    "answers": {
        "quantifier": Column("str", "Name in config/quantifiers.yaml"),
        "answers": Column("int64", "Answers of all networks"),
        "right": Column("int64", "Right ones"),
    }
}
ROWS = {"answers": "One row for each quantifier."}


def tables(experiment, beside, seed):
    summed = experiment.cells.groupby("quantifier", as_index=False)[["scenes", "correct"]].sum()
    return {"answers": summed.set_axis(list(TABLES["answers"]), axis="columns")}


def draw(tables, experiment):
    """Right answers of each quantifier."""
    figure = style.new_figure(style.COLUMN_WIDTH, 2)
    figure.add_subplot().bar(tables["answers"]["quantifier"], tables["answers"]["right"])
    return figure


def facts(tables, settings):
    answers, right = tables["answers"][["answers", "right"]].sum()
    return {"n": answers, "share": right / answers}
'''


BAG = '''"""What is in a scene, in whatever order: the share of each zone, and a linear read-out."""

import torch

from quantlearn.networks.layers import kernel


def initialise(settings, task, rng):
    return {"readout.kernel": kernel(rng, task.inputs, task.outputs, "glorot")}


def forward(weights, tokens, lengths, settings, task, mode):
    x = task.one_hot(tokens, weights["readout.kernel"].dtype).mean(dim=2)
    return settings["scale"] * x @ weights["readout.kernel"]
'''

BAG_SETTINGS = """
SCALE = {
    "description": "By which shares are multiplied",
    "type": "number",
    "minimum": 0,
    "maximum": 100,
    "default": 1.0,
}
ARCHITECTURES["bag"] = Architecture("bag of zones", {"scale": SCALE})
"""


# What Snakemake's reader would have met first, and what ours finds; the faults themselves are in
# tests/unit/settings.
@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("config.yaml", "seed: 7", "seed: [7", "config/config.yaml"),
        ("experiments/tiny.yaml", "first_2]", "frist_2]", "did you mean first_2 or last_2?"),
    ],
)
def test_bad_input_ends_with_its_line_before_anything_runs(tmp_path, file, old, new, expected):
    folder = lay_out(tmp_path)
    path = folder / "config" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    done = snakemake(folder, "--cores", "1")
    assert done.returncode != 0
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "results").exists()


def test_a_fault_in_a_job_is_one_line_on_the_terminal_and_in_the_log(finished, tmp_path):
    folder = lay_out(tmp_path)
    shutil.copytree(finished / "results" / "tiny" / "data", folder / "results" / "tiny" / "data")
    split = folder / "results" / "tiny" / "data" / "split.parquet"
    split.write_bytes(split.read_bytes()[:100])
    done = snakemake(
        folder,
        "--cores",
        "1",
        "--rerun-triggers",
        "mtime",
        "--",
        "results/tiny/training/0/trials.csv",
    )
    assert done.returncode != 0
    line = "train: results/tiny/data/split.parquet: is not what was written"
    assert line in done.stderr
    assert line in (folder / "results" / "tiny" / "logs" / "train" / "0.log").read_text()
    assert not (folder / "results" / "tiny" / "training" / "0" / "curves.parquet").exists()


def test_another_title_makes_no_table_anew(finished):
    """A rule is told what it uses, and no more."""
    jobs = planned(finished, "--config", "own_overrides={tiny: {title: Another}}")
    assert jobs["render_experiment"]
    assert not {"generate_data", "train", "aggregate", "compare", "leaderboard"} & set(jobs)
