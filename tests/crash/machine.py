"""A machine that fails at a chosen operation, and what is on its disk after a power cut.

`disk.c` is loaded before the C library of the program that calls these functions.
"""

import ctypes
import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import NamedTuple

from forks import end_as_program

FAULTS = ("nothing", "kill", "stop", "full", "read only", "broken", "clock", "pause")
"""As disk.c numbers them."""


def compiled(folder: Path) -> Path:
    """The library of disk.c, made with the compiler of the system."""
    library = folder / "disk.so"
    source = Path(__file__).with_name("disk.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source, "-ldl"]
    subprocess.run(list(map(str, command)), check=True)
    return library


class Operation(NamedTuple):
    """What was done to a file or folder, as disk.c writes it down."""

    number: int  # 0 where it is not counted
    kind: str  # the first letter of open, write, sync, rename, unlink, make or delete a folder
    there: bool  # whether the path was there before
    inode: int
    path: str
    other: str  # the new path, of a rename
    kept: str  # a link to the file that lost its name

    @property
    def folders(self) -> set[str]:
        """The folders whose names it changes."""
        changed = {"O": not self.there, "M": not self.there, "U": self.there, "D": self.there}
        paths = [self.path, self.other] if self.kind == "R" else [self.path]
        changes = self.kind == "R" or changed.get(self.kind, False)
        return set(map(os.path.dirname, paths)) if changes else set()


@dataclass(frozen=True)
class Ended:
    """How a process ended: its status (below 0: the signal), what it said, what it did."""

    status: int
    said: str
    operations: Sequence[Operation]

    @property
    def count(self) -> int:
        """The operations that are counted."""
        return max((one.number for one in self.operations), default=0)


@contextmanager
def running(
    function: Callable[[], None],
    folder: Path,
    fault: str = "nothing",
    at: int = 0,
    seconds: int = 0,
    look: Callable[[int, Sequence[Operation]], None] | None = None,
) -> Iterator[Callable[[], Ended]]:
    """A forked process that calls a function in a folder; what is yielded waits for its end.

    The fault happens at this operation in the folder's results. ``seconds`` is how far the clock
    jumps. With the fault "pause" the process waits before each operation until ``look`` was called,
    with its number and all operations before. Files that are kept for `lose` are gone when the
    block ends.
    """
    notes = Path(tempfile.mkdtemp(prefix="crash-", dir=folder.parent))
    (notes / "state").write_bytes(struct.pack("4l", 0, at, FAULTS.index(fault), seconds))
    process = os.fork()
    if process == 0:
        _be(function, folder, notes)

    def operations() -> list[Operation]:
        lines = (notes / "log").read_text().splitlines() if (notes / "log").exists() else []
        fields = (line.split("\t") for line in lines)
        return [
            Operation(int(number), kind, there == "1", int(inode), path, other, kept)
            for number, kind, there, inode, path, other, kept in fields
        ]

    def wait() -> Ended:
        done, status = os.waitpid(process, os.WNOHANG if look else 0)
        with (notes / "state").open("r+b") as file, mmap(file.fileno(), 0) as state:
            while look and not done:
                count, seen = struct.unpack_from("2l", state)
                if count > seen:
                    look(count, operations())
                    struct.pack_into("l", state, struct.calcsize("l"), count)
                else:
                    time.sleep(0.001)
                    done, status = os.waitpid(process, os.WNOHANG)
        said = (notes / "said").read_text(errors="replace")
        return Ended(os.waitstatus_to_exitcode(status), said, operations())

    try:
        yield wait
    finally:
        shutil.rmtree(notes)


def _be(function: Callable[[], None], folder: Path, notes: Path) -> None:
    """Be the process: its own group, which a kill ends, in the folder, with what fails."""
    os.setpgid(0, 0)
    os.chdir(folder)
    said = os.open(notes / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.environ |= {f"CRASH_{name.upper()}": str(notes / name) for name in ("state", "log")}
    os.environ |= {"CRASH_ROOT": os.path.realpath("results"), "CRASH_KEPT": str(notes)}
    ctypes.CDLL(None).crash_begin()
    end_as_program(function)


def lose(operations: Sequence[Operation], folder: Path, names: bool) -> None:
    """Cut the power: take from the results in a folder what was not on the disk.

    The contents of files are lost; ``names`` says whether new names, and that old ones are gone,
    are lost as well. A file system may do either.
    """
    if names:
        undo_names(operations)
    lost = unsynced(operations)
    for path in (folder / "results").rglob("*"):
        if path.is_file() and path.stat().st_ino in lost:
            os.truncate(path, 0)


def seen_as(operations: Sequence[Operation], folder: Path, copy: Path) -> list[Operation]:
    """The operations as if they had happened in a copy of the folder."""
    old, new = f"{os.path.realpath(folder)}/", f"{copy}/"
    return [
        one._replace(path=one.path.replace(old, new, 1), other=one.other.replace(old, new, 1))
        for one in operations
    ]


def unsynced(operations: Sequence[Operation]) -> set[int]:
    """The inodes of files that were written, and not synchronised afterwards."""
    lost: set[int] = set()
    for one in operations:
        if one.kind == "W":
            lost.add(one.inode)
        elif one.kind == "S":
            lost.discard(one.inode)
    return lost


def undo_names(operations: Sequence[Operation]) -> None:
    """Take back the changes of names in folders that were not synchronised afterwards."""
    for one in reversed(_pending(operations)):
        _undo(one)


def _pending(operations: Sequence[Operation]) -> list[Operation]:
    """The changes of names in folders that were not synchronised afterwards."""
    synced: set[str] = set()
    pending = []
    for one in reversed(operations):
        if one.kind == "S":
            synced.add(one.path)
        elif one.folders - synced:
            pending.append(one)
    return pending[::-1]


def _undo(one: Operation) -> None:
    path, other = Path(one.path), Path(one.other)
    if one.kind in "OM":
        _remove(path)
    elif one.kind == "R" and other.exists():
        if path.parent.exists():
            other.rename(path)
        else:
            _remove(other)
    back = other if one.kind == "R" else path
    if one.kept != "-" and back.parent.exists():
        _remove(back)
        os.link(one.kept, back)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
