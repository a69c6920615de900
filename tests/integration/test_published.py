"""The public data of 2019 beside an experiment, with a folder of files made here."""

import re
import shutil

import pytest
from published_files import write_study

from pipeline import run

REPLICATES = (
    "replicates: {study: exp2a, columns: {at_least_2: at_least_3, first_2: first_3}}\n"
    "figures: []\n"  # but for that of the public data
)


@pytest.fixture
def folder(finished, tmp_path):
    """The finished run, one of whose experiments repeats 2a, and public data beside its folder."""
    copy = tmp_path / "run"
    shutil.copytree(finished, copy, symlinks=True)
    with (copy / "config/experiments/tiny.yaml").open("a") as file:
        file.write(REPLICATES)
    trials = [{"first_3": 30, "at_least_3": 20 + k} for k in range(5)]
    write_study(tmp_path / "data/exp2a", trials)
    return copy


def test_public_data_are_read_compared_and_drawn(folder):
    figure = "results/tiny/figures/published.svg"
    asked = ("--cores", "1", "--config", "published=../data", "--", figure)
    plan = run(folder, "--dry-run", *asked).stdout
    jobs = set(re.findall(r"^(\w+) +\d+$", plan, re.MULTILINE))
    run(folder, *asked, fork="jobs")
    assert jobs >= {"read_published", "analyse_published", "plot_tiny"}
    assert "train" not in jobs
    results = folder / "results/tiny"
    assert (results / "tables/published.csv").read_text().count("\n") == 11
    text = (results / "figures/published.md").read_text()
    assert "In the public data of 2019, *at least 2* leads *first 2* by 400 steps" in text
    # Where it was is nobody's business.
    made = [*results.glob("tables/published*.csv"), *results.glob("figures/published.*")]
    assert len(made) == 5 + 4
    assert not any(b"../data" in path.read_bytes() for path in made)
