"""Results are on the disk when they are there: what is synchronised, and in which order."""

import errno
import os
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("number", "of_folders", "said"),
    [
        (errno.EINVAL, True, None),  # on a file system that does not synchronise folders
        (errno.EINVAL, False, "Invalid argument"),
        (errno.EIO, True, "see that its disk is sound"),
    ],
)
def test_what_cannot_be_synchronised_is_a_fault_but_where_folders_never_are(
    tmp_path, monkeypatch, number, of_folders, said
):
    def fsync(place):
        if stat.S_ISDIR(os.fstat(place).st_mode) == of_folders:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "t.csv"
    with pytest.raises(OSError, match=said) if said else nullcontext(), replacing(path) as beside:
        beside.write_text("whole")
    assert path.exists() == of_folders
