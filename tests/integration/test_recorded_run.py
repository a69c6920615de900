"""The record, the crate and the check of a finished run of the tiny configuration."""

import getpass
import importlib.resources
import json
import os
import platform
import re
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from rocrate.rocrate import ROCrate
from rocrate_validator import services
from rocrate_validator.utils.http import HttpRequester

from pipeline import ROOT, lay_out, run, snakemake
from quantlearn.figures.registry import FIGURES
from quantlearn.pipeline.run_record import RecordError, content_digest, read_record
from quantlearn.settings.load import load_settings
from quantlearn.yamlfile import read_yaml
from verify import verify

PAGE = Path("results", "report", "index")
CRATE = PAGE.with_suffix(".crate.zip")
FRONT_PAGE = PAGE / "front_page.html"
TABLE = Path("results", "tiny", "tables", "comparison.csv")
SITES = {
    "index": "results/report/index.html",
    "paper": "results/chapters/paper/index.html",
}


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished run, to be changed."""
    folder = lay_out(tmp_path)
    shutil.copytree(finished / "results", folder / "results", copy_function=shutil.copy2)
    return folder


@pytest.fixture(scope="module")
def record(finished):
    return read_record(finished / PAGE / "record.json")


def verified(folder):
    """Exit status of the verification, its lines on the terminal by state, and stderr."""
    done = snakemake(folder, "--cores", "1", "verify")
    line = r"^(unchanged|changed|missing|new) +(\S+)(?:  \(.*\))?$"
    lines = re.findall(line, done.stdout, re.MULTILINE)
    return done.returncode, lines, done.stdout + done.stderr


# The record ---------------------------------------------------------------------------------------


def test_the_record_holds_the_settings_as_resolved(finished, record):
    folder = finished / "config"
    settings = load_settings(read_yaml(folder / "config.yaml"), folder)
    assert record["settings"]["seed"] == settings.seed == 7
    assert record["settings"]["experiments"] == settings.experiments


def test_the_record_holds_code_versions_and_machine(record):
    scripts = {path.stem for path in ROOT.glob("scripts/*.py")}
    assert set(record["code"]["digests"]) == scripts | {f"plot {figure}" for figure in FIGURES}
    assert {"Python", "torch", "numpy", "snakemake"} <= set(record["packages"])
    assert all(record["packages"].values())
    assert record["machine"]["cores"] >= 1
    assert record["machine"]["trained_on"] == ["cpu"]


def test_the_record_digests_every_table_and_all_data(finished, record):
    files = {
        path.relative_to(finished).as_posix()
        for suffix in ("csv", "parquet", "safetensors")
        for path in finished.glob(f"results/**/*.{suffix}")
        if path.relative_to(finished).parts[1:3] != ("report", "files")  # copies in the site
    }
    assert set(record["files"]) == files
    assert record["files"][TABLE.as_posix()] == content_digest(finished / TABLE)


def test_no_record_names_a_machine_a_user_or_a_place(finished):
    text = (finished / PAGE / "record.json").read_text(encoding="utf-8")
    values = set(re.findall(r'"([^"]*)"', text))
    assert not {platform.node(), getpass.getuser()} & values
    assert not [value for value in values if value.startswith("/")]


def test_settings_from_elsewhere_are_kept_without_their_folder(copied, tmp_path_factory):
    """In record and crate; from there Snakemake's report has them, when the file is gone."""
    mine = tmp_path_factory.mktemp("alice") / "mine.yaml"
    mine.write_text("experiments: [tiny]  # of ∩\n", encoding="utf-8")
    rules = ("--forcerun", "record_run", "--allowed-rules", "record_run", "pack_crate")
    run(copied, "--cores", "1", "--configfile", mine, *rules, "--", CRATE, fork="jobs")
    text = (copied / PAGE / "record.json").read_text(encoding="utf-8")
    settings = json.loads(text)["settings"]
    name = "config/overlays/mine.yaml"
    assert settings["overlays"] == [name]
    assert settings["contents_of_overlays"] == {name: mine.read_text("utf-8")}
    with zipfile.ZipFile(copied / CRATE) as crate:
        assert crate.read(name) == mine.read_bytes()
        assert "alice" not in text + crate.read("ro-crate-metadata.json").decode()
    mine.unlink()
    run(copied, "--cores", "1", "--report", mine.with_name("report.zip"))
    with zipfile.ZipFile(mine.with_name("report.zip")) as report:
        texts = b"".join(map(report.read, report.namelist()))
        pages = b"".join(report.read(name) for name in report.namelist() if "html" in name)
    assert b"results/tiny/" in texts
    title = read_yaml(copied / "config" / "experiments" / "tiny.yaml")["title"]
    assert "<script>" in title
    assert b"<script>alert(1)<\\/script>" in pages  # in the settings of jobs, as JSON
    assert title.encode() not in pages
    assert b"results/tiny_alone/" not in texts


def test_the_report_ends_with_what_the_record_says(finished, record):
    page = (finished / "results/report/pages/making.html").read_text(encoding="utf-8")
    assert record["code"]["commit"] is None or record["code"]["commit"] in page
    assert record["packages"]["torch"] in page


def test_a_changed_table_makes_a_new_record(copied):
    path = copied / TABLE
    path.write_text(path.read_text().replace("true", "false") + "\n")
    table = run(copied, "--dry-run", "--cores", "1", "--rerun-triggers", "mtime").stdout
    jobs = Counter(dict(re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)))
    assert {"record_run", "build_report_index", "pack_crate"} <= set(jobs)


# Verification -------------------------------------------------------------------------------------


def test_untouched_results_are_unchanged(finished, record):
    status, lines, text = verified(finished)
    assert status == 0, text
    assert not lines
    assert f"{len(record['files'])} unchanged\n" in text
    log = (finished / "results" / "report" / "logs" / "verify.log").read_text()
    assert set(re.findall(r"unchanged +(\S+)$", log, re.MULTILINE)) == set(record["files"])


def test_changes_are_named_and_nothing_is_made_again(copied):
    edited = copied / TABLE
    content = edited.read_bytes()
    edited.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    weights = Path("results", "tiny", "training", "0", "weights.safetensors")
    (copied / weights).unlink()
    (copied / weights).with_name("processors.json").write_text('["another"]')
    added = TABLE.with_name("mine.csv")
    (copied / added).write_text("a\n1\n")
    before = {path: path.stat().st_mtime_ns for path in copied.glob("results/**/tables/*")}

    status, lines, text = verified(copied)
    assert status != 0
    assert sorted(lines) == sorted(
        [("changed", str(TABLE)), ("missing", str(weights)), ("new", str(added))]
    )
    assert f"changed    {TABLE}  (made on another kind of processor)" in text
    assert "verify: results/report: results are not as recorded for index" in text
    assert "Traceback" not in text
    assert before == {path: path.stat().st_mtime_ns for path in copied.glob("results/**/tables/*")}
    assert not (copied / weights).exists()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda path: path.unlink(), "results/report: results are not as recorded for index"),
        (lambda path: path.write_text("{"), "results/report/index/record.json: not a record"),
        (lambda path: shutil.rmtree(path.parents[1]), "results/report/*/record.json: missing"),
    ],
)
def test_a_run_without_its_record_ends_in_one_clear_line(copied, monkeypatch, spoil, expected):
    spoil(copied / PAGE / "record.json")
    monkeypatch.chdir(copied)
    with pytest.raises(RecordError, match=f"^{re.escape(expected)}.*$"):
        verify("results/report", SITES)


def test_a_page_that_is_recorded_nowhere_is_not_missed(copied, monkeypatch):
    """The benchmark has a page and no record: it is another one in each run."""
    (copied / "results/chapters/benchmark").mkdir(parents=True)
    (copied / "results/chapters/benchmark/index.html").write_text("")
    monkeypatch.chdir(copied)
    verify("results/report", SITES)


# The crate ----------------------------------------------------------------------------------------


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Settings of a validation that asks no network.

    The validator would fetch the context of RO-Crate 1.1. The package rocrate holds that of 1.3,
    in which of the terms that are used here only the workflow has got another address.
    """
    place = importlib.resources.files("rocrate").joinpath("data/ro-crate.jsonld")
    context = json.loads(place.read_text(encoding="utf-8"))
    context["@context"]["ComputationalWorkflow"] = "https://bioschemas.org/ComputationalWorkflow"
    asked = []

    def get(self, url, **options):
        asked.append(url)
        kind = {"Content-Type": "application/ld+json"}
        return SimpleNamespace(status_code=200, headers=kind, json=lambda: context)

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)
    yield {"offline": True, "cache_path": tmp_path / "cache"}
    assert set(asked) == {"https://w3id.org/ro/crate/1.1/context"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("profile", ["ro-crate-1.1", "workflow-run-crate-0.5"])
def test_the_crate_is_valid(finished, offline, profile):
    settings = services.ValidationSettings(
        rocrate_uri=str(finished / CRATE), profile_identifier=profile, **offline
    )
    result = services.validate(settings)
    assert result.passed(), [issue.message for issue in result.get_issues()]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_crate_that_lacks_a_file_is_not_valid(finished, offline, tmp_path):
    with zipfile.ZipFile(finished / CRATE) as archive:
        archive.extractall(tmp_path / "crate")
    (tmp_path / "crate" / TABLE).unlink()
    settings = services.ValidationSettings(
        rocrate_uri=str(tmp_path / "crate"), profile_identifier="ro-crate-1.1", **offline
    )
    assert not services.validate(settings).passed()


def test_links_in_the_texts_of_the_crate_lead_to_its_files(finished):
    with zipfile.ZipFile(finished / CRATE) as archive:
        names = set(archive.namelist())
        texts = {name: archive.read(name).decode() for name in names if name.endswith(".md")}
    pages = {"README.md", "config/README.md", "docs/settings.md", "docs/tables.md"}
    assert pages <= set(texts)
    for name, text in texts.items():
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            place = os.path.normpath(Path(name).parent / link)
            assert place in names or any(other.startswith(f"{place}/") for other in names), link


def test_the_crate_holds_the_run_as_in_a_clone(finished, record):
    crate = ROCrate(finished / CRATE)
    assert crate.mainEntity.id == "Snakefile"
    assert crate.datePublished.strftime("%Y-%m-%dT%H:%M:%SZ") == record["made"]
    (author,) = read_yaml(ROOT / "CITATION.cff")["authors"]
    assert crate.root_dataset["author"]["name"] == author["name"]
    made = {result.id for result in crate.get("#run")["result"]}
    assert {TABLE.as_posix(), FRONT_PAGE.as_posix()} <= made
    with zipfile.ZipFile(finished / CRATE) as archive:
        for name in ("Snakefile", "scripts/train.py", "LICENSE"):
            assert archive.read(name) == (ROOT / name).read_bytes()
        for name in (TABLE.as_posix(), "config/experiments/tiny.yaml"):
            assert archive.read(name) == (finished / name).read_bytes()
        page = archive.read(FRONT_PAGE.as_posix()).decode()
    # The page needs no other file.
    assert not re.findall(r'(?:href|src)="(?!https?:|data:|#)', page)
