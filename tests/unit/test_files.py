"""Results are on the disk when they are there: what is synchronised, and in which order."""

import os
from pathlib import Path

from quantlearn.files import replacing


def test_a_result_is_synchronised_then_renamed_then_its_folders_are(tmp_path, monkeypatch):
    """Otherwise a power cut may leave an empty file under the name, or take the name away."""
    done = []
    rename = os.replace

    def note(place):
        there = [Path(), *Path().rglob("*")]
        done.append(next(path for path in there if os.path.samestat(path.stat(), os.fstat(place))))

    def replace(beside, path):
        done.append((beside, path))
        rename(beside, path)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "replace", replace)
    path = Path("made/for/it/t.csv")
    with replacing(path) as beside:
        beside.write_text("whole")
    assert done == [beside, (beside, path), *path.parents]
    assert path.read_text(encoding="utf-8") == "whole"
