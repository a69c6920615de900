"""Write a file whole or not at all, and notice a result that is not what was written.

A result is on the disk, not only in memory, when it is there: after a power cut it is whole or
missing. Its SHA-256 lies beside it in a hidden file, as ``sha256sum --check`` reads it.
"""

import errno
import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantlearn.errors import QuantlearnError, unwritable

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["demand_as_written", "replacing", "sync", "sync_folder", "write_page", "write_text"]


@contextmanager
def replacing(path: str | Path, *, result: bool = True) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends without a fault.

    A ``result`` is then on the disk, and its digest beside it. Raises `WriteError` where it cannot
    be written: the disk is full, or the folder read-only.
    """
    path = Path(path)
    # A name of its own: another run may write the same file at the same time.
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        if result:
            with open(beside, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            # Before the file, which is missing until then: no digest is of an older one.
            _digest_of(path).write_text(f"{digest}  {path.name}\n", encoding="utf-8")
        os.replace(beside, path)
        for left_over in path.parent.glob(f".{path.name}.*.part"):  # of runs that were killed
            left_over.unlink(missing_ok=True)
        if result:
            sync(path.parent)
            _sync_names(path.parent)
    except OSError as fault:
        raise unwritable(path, fault) from fault
    finally:
        with suppress(OSError):  # on a read-only disk, where there is nothing to take away
            beside.unlink(missing_ok=True)


def demand_as_written(paths: Iterable[str | Path]) -> None:
    """Raise `QuantlearnError` where a file is not the result that its digest beside it is of.

    A file without a digest, or with half of one, is not looked at: it is no result of a run, or the
    power was cut before the digest, which follows from the result, was on the disk.
    """
    for path in map(Path, paths):
        try:
            digest = _digest_of(path).read_bytes().partition(b" ")[0]
            if len(digest) != _DIGITS:
                continue
            with open(path, "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:  # there is none, or who reads the file says why it cannot be read
            continue
        if found.encode() != digest:
            raise QuantlearnError(
                f"{path}: is not what was written: it was cut off or edited since; "
                "delete it and run again"
            )


def sync(path: Path) -> None:
    """See that a file's content, or a folder's names, are on the disk.

    Some file systems, as that of /proc, have no such thing for folders: there nobody can see to it.
    """
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    except OSError as fault:
        if fault.errno != errno.EINVAL or not path.is_dir():
            raise
    finally:
        os.close(place)


@cache  # once, since it stays so
def _sync_names(folder: Path) -> None:
    """See that the name of a folder, and of each around it, is on the disk: a run may have made it.

    Where a folder around it may not be read, as one of the system's, no run has made any there.
    """
    if folder != folder.parent:
        with suppress(PermissionError):
            sync(folder.parent)
        _sync_names(folder.parent)


def sync_folder(folder: str | Path) -> None:
    """See that all files in a folder, at any depth, and their names are on the disk."""
    for place, _, names in os.walk(folder):
        for name in [*names, "."]:
            sync(Path(place, name))


_DIGITS = 64  # of a SHA-256


def _digest_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256")


def write_text(text: str, path: str | Path, *, result: bool = True) -> None:
    """Write a text as UTF-8, whole or not at all; `replacing` says what a ``result`` is."""
    with replacing(path, result=result) as beside:
        beside.write_text(text, encoding="utf-8")


def write_page(
    template: str | Path, path: str | Path, content: Mapping[str, Any], *, result: bool = True
) -> None:
    """Fill a Jinja template with ``content`` and write the page, whole or not at all.

    The template may extend and include files beside it. A name that it uses and ``content`` lacks
    is an error. `replacing` says what a ``result`` is.
    """
    page = _pages(Path(template).parent).get_template(Path(template).name).render(content)
    write_text(page, path, result=result)


@cache
def _pages(folder: Path) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
