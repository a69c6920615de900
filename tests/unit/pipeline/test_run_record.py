"""A digest depends on what a file says and on nothing else; a record says what changed."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlearn.pipeline.machine import describe_machine
from quantlearn.pipeline.run_record import (
    RecordError,
    content_digest,
    differences,
    git_state,
    package_versions,
    read_overlays,
    read_record,
    write_record,
)

COLUMNS = {
    "trial": pa.array([0, 0, 1, 2], pa.int32()),
    "quantifier": pa.array(["most", "", None, "only ∩"]),
    "scene": pa.array([b"\x00\x01", b"\x02\x04", b"\x03\x03", b"\x04\x04"], pa.binary(2)),
    "truth": pa.array([True, False, None, True]),
    "loss": pa.array([0.5, None, -0.0, 1e300]),
}


def written(folder, columns=None, name="table.parquet", **how):
    """A parquet file of these columns."""
    path = folder / name
    pq.write_table(pa.table(columns or COLUMNS), path, **how)
    return path


# Digests ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {"compression": "none"},
        {"compression": "zstd", "version": "1.0"},
        {"row_group_size": 1},
        {"data_page_version": "2.0", "use_dictionary": False},
        {"store_schema": False},
    ],
)
def test_a_parquet_digest_does_not_depend_on_how_it_is_stored(tmp_path, how):
    plain = written(tmp_path)
    other = written(tmp_path, name="other.parquet", **how)
    assert plain.read_bytes() != other.read_bytes()
    assert content_digest(plain) == content_digest(other)


def test_a_parquet_digest_does_not_depend_on_the_width_of_its_types(tmp_path):
    wide = COLUMNS | {
        "trial": COLUMNS["trial"].cast(pa.int64()),
        "quantifier": COLUMNS["quantifier"].dictionary_encode(),
        "scene": COLUMNS["scene"].cast(pa.large_binary()),
    }
    other = written(tmp_path, wide, "other.parquet", use_dictionary=["quantifier"])
    assert content_digest(written(tmp_path)) == content_digest(other)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("trial", pa.array([0, 0, 1, 3], pa.int32())),
        ("trial", pa.array([0, 0, 1, 2], pa.float64())),
        ("quantifier", pa.array(["most", None, "", "only ∩"])),
        ("quantifier", pa.array(["mos", "t", None, "only ∩"])),
        ("scene", pa.array([b"\x00\x01", b"\x02\x04", b"\x03\x03", b"\x04\x03"], pa.binary(2))),
        ("truth", pa.array([True, False, False, True])),
        ("loss", pa.array([0.5, 0.0, -0.0, 1e300])),
        ("loss", pa.array([np.nextafter(0.5, 1), None, -0.0, 1e300])),
    ],
)
def test_a_parquet_digest_depends_on_every_value_and_kind(tmp_path, column, values):
    other = written(tmp_path, COLUMNS | {column: values}, "other.parquet")
    assert content_digest(written(tmp_path)) != content_digest(other)


def test_a_parquet_digest_depends_on_names_and_on_order(tmp_path):
    reordered = dict(reversed(COLUMNS.items()))
    renamed = {("sample" if name == "trial" else name): COLUMNS[name] for name in COLUMNS}
    shuffled = {name: column.take([1, 0, 2, 3]) for name, column in COLUMNS.items()}
    empty = {name: column[:0] for name, column in COLUMNS.items()}
    tables = [COLUMNS, reordered, renamed, shuffled, empty]
    assert len({content_digest(written(tmp_path, table)) for table in tables}) == len(tables)


@settings(deadline=None, max_examples=30)
@given(rows=st.lists(st.text(max_size=3), min_size=1, max_size=20), cut=st.integers(1, 20))
def test_texts_are_told_apart_however_they_are_cut(tmp_path_factory, rows, cut):
    folder = tmp_path_factory.mktemp("texts")
    digests = {
        content_digest(written(folder, {"text": pa.array(texts)}, row_group_size=cut))
        for texts in (rows, ["".join(rows), *[""] * (len(rows) - 1)])
    }
    assert len(digests) == (1 if not any(rows[1:]) else 2)
    assert content_digest(written(folder, {"text": pa.array(rows)})) in digests


def test_other_files_are_digested_by_their_bytes(tmp_path):
    # The example of FIPS 180-2, B.1.
    for name in ("abc.csv", "abc.safetensors"):
        (tmp_path / name).write_bytes(b"abc")
        assert content_digest(tmp_path / name) == (
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )


def test_wall_time_is_left_out(tmp_path):
    def digest(seconds, steps):
        path = tmp_path / "trials.csv"
        path.write_text(f'trial,seconds,steps\n0,{seconds},{steps}\n1,2.5,"a,b"\n')
        return content_digest(path)

    assert digest(1.0, 7) == digest(123.4, 7) != digest(1.0, 8)


@pytest.mark.parametrize("name", ["table.parquet", "weights.safetensors", "table.csv"])
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, name):
    with pytest.raises(RecordError, match=name):
        content_digest(tmp_path / name)
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    with pytest.raises(RecordError, match=r"cut\.parquet"):
        content_digest(tmp_path / "cut.parquet")


# What changed -------------------------------------------------------------------------------------


def test_each_file_is_unchanged_changed_missing_or_new(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / "exp1"
    folder.mkdir(parents=True)
    for name in ("same", "edited", "gone"):
        pd.DataFrame({"step": [1, 2]}).to_csv(folder / f"{name}.csv", index=False)
    written(folder, name="cut.parquet")
    paths = sorted(path.relative_to(tmp_path).as_posix() for path in folder.glob("[!.]*"))
    recorded = {path: content_digest(path) for path in paths}
    assert differences(recorded, ["results/exp1"]) == [("unchanged", path) for path in paths]

    edited = folder / "edited.csv"
    edited.write_bytes(edited.read_bytes().replace(b"2", b"3"))
    (folder / "gone.csv").unlink()
    (folder / "cut.parquet").write_bytes((folder / "cut.parquet").read_bytes()[:-1])
    (folder / "training" / "0").mkdir(parents=True)
    (folder / "training" / "0" / "weights.safetensors").touch()
    (folder / ".half.csv.part").touch()
    (folder / "train.log").touch()
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "0.safetensors").touch()
    assert differences(recorded, ["results/exp1"]) == [
        ("changed", "results/exp1/cut.parquet"),
        ("changed", "results/exp1/edited.csv"),
        ("missing", "results/exp1/gone.csv"),
        ("unchanged", "results/exp1/same.csv"),
        ("new", "results/exp1/training/0/weights.safetensors"),
    ]


# Records ------------------------------------------------------------------------------------------


def test_what_is_written_is_read(tmp_path):
    parts = {part: {"∩": None} for part in ("settings", "code", "packages", "machine", "files")}
    write_record({"made": "2026-01-01T00:00:00Z", **parts}, tmp_path / "record.json")
    assert read_record(tmp_path / "record.json") == {"made": "2026-01-01T00:00:00Z", **parts}


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"files": []}', "\x00", "null"])
def test_what_is_no_record_is_one_clear_line(tmp_path, text):
    path = tmp_path / "record.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RecordError, match=r"record\.json: not a record of a run .*run again$"):
        read_record(path)


def git(folder, *arguments):
    identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def test_the_state_of_a_clone(tmp_path):
    unknown = {"commit": None, "uncommitted_changes": None}
    assert git_state(tmp_path) == unknown
    git(tmp_path, "init")
    assert git_state(tmp_path) == unknown
    (tmp_path / "Snakefile").write_text("rule all:\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "First")
    clean = git_state(tmp_path)
    assert len(clean["commit"]) == 40
    assert clean["uncommitted_changes"] is False
    (tmp_path / "notes.txt").write_text("What I saw.\n")
    assert git_state(tmp_path) == clean
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mine.yaml").write_text("seed: 1\n")
    assert git_state(tmp_path) == {**clean, "uncommitted_changes": True}
    (tmp_path / "config" / "mine.yaml").unlink()
    (tmp_path / "Snakefile").write_text("rule some:\n")
    assert git_state(tmp_path) == {**clean, "uncommitted_changes": True}
    # A folder inside a clone is none.
    (tmp_path / "inside").mkdir()
    assert git_state(tmp_path / "inside") == unknown


def test_a_machine_without_git_is_no_clone(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) == {"commit": None, "uncommitted_changes": None}


def test_versions_are_those_that_are_imported(tmp_path):
    requirements = tmp_path / "requirements.in"
    requirements.write_text("# Numbers\nnumpy ~= 2.0  # scenes\n\nno-such-package == 1.0\n")
    versions = package_versions(requirements)
    assert list(versions) == ["Python", "numpy", "no-such-package"]
    assert versions["numpy"] == np.__version__
    assert versions["no-such-package"] is None
    with pytest.raises(RecordError, match=r"missing\.in"):
        package_versions(tmp_path / "missing.in")


def test_a_machine_is_described_without_its_name():
    import platform

    machine = describe_machine()
    assert machine["cores"] >= 1
    assert platform.node() not in json.dumps(machine)


def test_what_was_laid_over_is_read_back(tmp_path, monkeypatch):
    """A file from elsewhere as it was recorded, even where another one has its name by now."""
    monkeypatch.chdir(tmp_path)
    places = ["config/overlays/mine.yaml", "config/overlays/3/mine.yaml"]
    for name in ("own.yaml", places[0]):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    given = ['experiments=["exp1a"]', "trials=5", 'overrides={"data": {"a": null}}']
    settings = {
        "overlays": ["own.yaml", *places, *given],
        "contents_of_overlays": {places[0]: "seed: 8  # ∩\n", places[1]: "seed: 9\n"},
    }
    record = {key: {} for key in ("code", "packages", "machine", "files")}
    write_record({**record, "made": "", "settings": settings}, "record.json")
    said = {"experiments": ["exp1a"], "trials": 5, "overrides": {"data": {"a": None}}}
    files = ["own.yaml", *(f"kept/{place}" for place in places)]
    assert read_overlays("record.json", Path("kept")) == (files, said)
    kept = [Path(file).read_text(encoding="utf-8") for file in files[1:]]
    assert kept == ["seed: 8  # ∩\n", "seed: 9\n"]
    Path("own.yaml").unlink()
    with pytest.raises(RecordError, match=r"record\.json: the run took own\.yaml, which is not"):
        read_overlays("record.json", Path("kept"))
