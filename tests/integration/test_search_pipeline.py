"""A tiny search through the pipeline: samples, the leaderboard, and test scenes kept closed."""

import math
import re
import shutil

import pandas as pd
import pytest
from safetensors.numpy import load_file

from pipeline import SEARCH_CONFIG, lay_out, run
from quantlearn import columns, report_columns, tables

SAMPLES = range(4)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """The folder of the tiny search's results, after a run on two cores."""
    folder = lay_out(tmp_path_factory.mktemp("search"), SEARCH_CONFIG)
    results = "results/tiny_search"
    targets = [f"{results}/figures/accuracy_by_size.svg", "results/report/practice/overview.csv"]
    run(folder, "--cores", "2", *targets, fork="jobs")
    return folder


@pytest.fixture(scope="module")
def results(searched):
    return searched / "results" / "tiny_search"


def test_every_sample_has_the_settings_of_its_architecture(results):
    samples = pd.read_csv(results / "samples.csv", dtype=str, keep_default_na=False)
    assert samples["sample"].tolist() == [str(sample) for sample in SAMPLES]
    lstm = samples["network.architecture"] == "lstm"
    assert 0 < lstm.sum() < len(samples)
    assert ((samples["network.padding"] == "masked") == lstm).all()
    assert ((samples["network.activation"] == "") == lstm).all()


def test_the_best_sample_on_dev_alone_is_tested(results):
    board = tables.read_csv(results / "tables" / "leaderboard.csv", columns.LEADERBOARD)
    trials = pd.read_csv(results / "tables" / "trials.csv")
    means = trials.groupby("sample")["dev_accuracy"].mean()
    assert board["dev_accuracy"].tolist() == pytest.approx(means[board["sample"]].tolist())
    assert board["dev_accuracy"].is_monotonic_decreasing
    assert board["test_accuracy"].notna().tolist() == board["chosen"].tolist()
    assert board["chosen"].tolist() == [True, False, False, False]
    chosen = board.loc[0, "sample"]
    for sample in SAMPLES:
        trained = pd.read_csv(results / "training" / str(sample) / "trials.csv")
        assert (trained["test_scenes"] == 0).all()
        assert trained["test_accuracy"].isna().all()
        curves = pd.read_parquet(results / "training" / str(sample) / "curves.parquet")
        assert set(curves["split"]) == {"train", "dev"}
    tested = trials[trials["test_accuracy"].notna()]
    assert set(tested["sample"]) == {chosen}
    cells = pd.read_parquet(results / "tables" / "cells.parquet")
    assert set(cells.loc[cells["split"] == "test", "sample"]) == {chosen}
    of_trial = cells[cells["split"] == "test"].groupby("trial")[["scenes", "correct"]].sum()
    shares = of_trial["correct"] / of_trial["scenes"]
    assert shares.tolist() == pytest.approx(tested["test_accuracy"].tolist())


def test_tables_are_the_same_however_many_samples_share_a_job(results, tmp_path):
    together = 3  # and the fourth alone
    folder = lay_out(tmp_path, SEARCH_CONFIG)
    shutil.copytree(results / "data", folder / "results" / "tiny_search" / "data")
    made = ["leaderboard.csv", "convergence.csv"]
    targets = [f"results/tiny_search/tables/{table}" for table in made]
    config = ("--config", f"samples_per_job={together}")
    run(folder, "--cores", "2", *config, "--", *targets, fork="jobs")
    training = folder / "results" / "tiny_search" / "training"
    assert len(list(training.iterdir())) == math.ceil(len(SAMPLES) / together)
    names = load_file(training / "0" / "weights.safetensors")
    assert {name.split(".")[0] for name in names} == set("0123"[:together])
    tables_folder = folder / "results" / "tiny_search" / "tables"
    written = sorted(tables_folder.glob("[!.]*"))
    assert len(written) == 5
    assert [table.read_bytes() for table in written] == [
        (results / "tables" / table.name).read_bytes() for table in written
    ]


def test_no_training_job_is_given_the_test_scenes(searched, results):
    rows = pd.read_parquet(results / "data" / "without_test.parquet")
    assert set(rows["split"]) == {"train", "dev"}
    plan = run(searched, "--dry-run", "--forceall", "--cores", "1").stdout
    jobs = re.findall(r"rule (\w+):\n    input: (.+)\n", plan)
    assert sum(rule == "train" for rule, _ in jobs) == len(SAMPLES)
    # Files that hold test scenes, by the rules that read them.
    closed = re.compile(r"data/(generated|balanced|split)\.parquet")
    assert {rule for rule, files in jobs if closed.search(files)} == {
        "balance_data",
        "split_data",
        "withhold_test",
        "open_test",
        "measure_baselines",  # trains and chooses nothing
        "record_run",  # takes their digest
    }


def test_conditions_are_trained_with_their_test_scenes_and_none_is_opened_later(tmp_path):
    folder = lay_out(tmp_path, SEARCH_CONFIG)
    path = folder / "config" / "experiments" / "tiny_search.yaml"
    path.write_text(
        path.read_text().replace("samples: 4", "samples: 4, choose: false") + "figures: []"
    )
    plan = run(folder, "--dry-run", "--cores", "1").stdout
    jobs = re.findall(r"rule (\w+):\n    input: (.+)\n", plan)
    assert {"withhold_test", "open_test"}.isdisjoint(rule for rule, _ in jobs)
    inputs = [files for rule, files in jobs if rule == "train"]
    assert len(inputs) == len(SAMPLES)
    assert all("data/split.parquet" in files for files in inputs)


def test_the_overview_shows_the_chosen_sample(searched, results):
    board = tables.read_csv(results / "tables" / "leaderboard.csv", columns.LEADERBOARD)
    overview = searched / "results" / "report" / "practice" / "overview.csv"
    rows = tables.read_csv(overview, report_columns.OVERVIEW)
    assert rows["sample"].tolist() == [board.loc[0, "sample"]]


def test_a_second_run_has_nothing_to_do(searched):
    target = "results/tiny_search/figures/accuracy_by_size.svg"
    # Nor where checkpoints are written more often, which changes no result.
    config = ("--config", "checkpoint_seconds=5")
    assert "Nothing to be done" in run(searched, "--cores", "1", *config, "--", target).stderr
