"""A crate has the same bytes for the same files, and says what they are and by whom."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from pack_crate import pack_crate
from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.crate import Contents, describe, named, write_crate
from quantlearn.pipeline.run_record import names_of_overlays, write_record

ROOT = Path(__file__).parents[3]

RECORD = {
    "made": "2026-01-02T03:04:05Z",
    "settings": {"seed": 2019},
    "code": {"commit": "1f0c2a", "uncommitted_changes": False},
    "packages": {"snakemake": "9.27.1"},
}
CITATION = {
    "title": "A workflow",
    "version": "1.2.3",
    "abstract": "It works.\nIt flows.",
    "license": "MIT",
    "keywords": ["work", "flow"],
    "authors": [
        {"given-names": "Ada", "family-names": "Lovelace", "orcid": "https://orcid.org/0000"},
        {"name": "The developers"},
    ],
    "references": [{"title": "On scenes", "year": 2019, "doi": "10.1000/1"}],
}


@pytest.fixture
def contents(tmp_path, monkeypatch):
    """A workflow with its settings, a report and a table."""
    monkeypatch.chdir(tmp_path)
    parts = {
        "results": ["results/report/index.html", "results/exp1/tables/comparison.csv"],
        "settings": ["config/config.yaml"],
        "workflow": ["Snakefile", "README.md", "scripts/train.py"],
    }
    for names in parts.values():
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
    return Contents(**{part: named(names) for part, names in parts.items()})


def described(contents):
    return describe(contents, "All", "results/report/index.html", RECORD, CITATION)


def entities(contents):
    return {entity["@id"]: entity for entity in described(contents)["@graph"]}


def test_an_overlay_from_elsewhere_is_in_it_by_its_name_alone(contents, tmp_path):
    mine = tmp_path / "away" / "alice" / "config.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("trials: 5\n")
    write_record({**RECORD, "machine": {}, "files": {}}, "record.json")
    shutil.copy(ROOT / "CITATION.cff", tmp_path)
    pack_crate(
        report="results/report/index.html",
        record="record.json",
        overview="results/exp1/tables/comparison.csv",
        as_run="results/exp1/tables/comparison.csv",
        results=[],
        settings=["config/config.yaml"],
        overlays=["away/../away/alice/config.yaml"],
        names_of_overlays=names_of_overlays(["away/../away/alice/config.yaml"]),
        workflow=list(contents.workflow),
        root=".",
        heading="All",
        crate="crate.zip",
    )
    with zipfile.ZipFile("crate.zip") as archive:
        assert archive.read("config/overlays/config.yaml") == b"trials: 5\n"
        assert archive.read("config/config.yaml") == Path("config/config.yaml").read_bytes()
        assert not [name for name in archive.namelist() if "alice" in archive.read(name).decode()]


def test_equal_files_make_equal_crates(contents, tmp_path):
    write_crate(described(contents), contents, tmp_path / "one.zip")
    for path in contents.all().values():
        path.chmod(0o700)
        os.utime(path, (1e9, 1e9))
    write_crate(described(contents), contents, tmp_path / "other.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert {name for name in archive.namelist() if not name.endswith("/")} == {
            "ro-crate-metadata.json",
            *contents.all(),
        }
        assert json.loads(archive.read("ro-crate-metadata.json")) == described(contents)


def test_a_missing_file_leaves_no_crate(contents, tmp_path):
    metadata = described(contents)
    (tmp_path / "config" / "config.yaml").unlink()
    with pytest.raises(QuantlearnError, match=r"^config/config\.yaml: cannot be read"):
        write_crate(metadata, contents, tmp_path / "crate.zip")
    assert not list(tmp_path.glob("*crate.zip*"))


def test_the_run_leads_from_settings_to_results(contents):
    run = entities(contents)["#run"]
    assert run["instrument"] == {"@id": "Snakefile"}
    assert [entity["@id"] for entity in run["result"]] == list(contents.results)
    assert run["endTime"] == "2026-01-02T03:04:05+00:00"


def test_authors_licence_and_references_are_those_of_the_citation(contents):
    graph = entities(contents)
    authors = [graph[author["@id"]] for author in graph["./"]["author"]]
    assert [(author["@type"], author["name"]) for author in authors] == [
        ("Person", "Ada Lovelace"),
        ("Organization", "The developers"),
    ]
    assert authors[0]["@id"] == "https://orcid.org/0000"
    assert graph["./"]["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    assert graph["./"]["citation"] == {"@id": "https://doi.org/10.1000/1"}
    assert graph["https://doi.org/10.1000/1"]["name"] == "On scenes"


def test_every_file_is_described_or_in_a_folder_that_is(contents):
    graph = entities(contents)
    for name, path in contents.all().items():
        if name.startswith("scripts/"):
            assert graph["scripts/"]["@type"] == "Dataset"
        else:
            assert graph[name]["contentSize"] == str(path.stat().st_size)
