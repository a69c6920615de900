"""Faults that Snakemake meets outside of a job, in words that name file and remedy.

Snakemake itself makes a job's folders and takes away its old files, and stops with a traceback
where it may not; and a job that is killed can say nothing of its own.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from quantlearn.errors import is_unwritable, unwritable

__all__ = [
    "end_no_script",
    "impossible_place",
    "in_one_line",
    "killed_jobs",
    "unwritable_folders",
]

_KILLED = re.compile(r"died with <Signals\.SIGKILL|non-zero exit status 137\b")
_FAILED = re.compile(r"Error in rule (\w+)")
_TRACEBACK = re.compile(r"Traceback .*\n\w+: \[Errno (\d+)\] [^\n]*: '([^'\n]+)'\s*", re.DOTALL)
_LOG = re.compile(r"    log: (\S+)")


def impossible_place(
    clone: Path, system: str, python: str, conda: bool = False, needed: str = "config.yaml"
) -> str | None:
    """Why nothing can run here, and the remedy; None where it can.

    clone: the folder of the workflow; system: `os.name`; python: the interpreter, which jobs do
    without in environments of conda; needed: a file that config/ must hold.

    >>> impossible_place(Path("."), "nt", "python")
    'Quantlearn runs on Linux and macOS, and on Windows within WSL: open a terminal there'
    """
    if system == "nt":
        return (
            "Quantlearn runs on Linux and macOS, and on Windows within WSL: open a terminal there"
        )
    if re.search(r"\s", python) and not conda:
        return (
            f"{python}: Snakemake cannot run a Python in a folder with a space: make the "
            "environment in another folder (the clone may stay), or run with --sdm conda"
        )
    if not Path("config", needed).exists():
        return (
            f"{Path.cwd()}: there is no config/{needed}: copy {clone}/config to here, or say "
            "with --directory where it is"
        )
    return None


def unwritable_folders(files: Iterable[str]) -> list[str]:
    """A line for each folder that one of the ``files`` is to be written to, and that is read-only.

    >>> unwritable_folders(["results/a/x.csv", "results/a/y.csv"])
    []
    """
    folders = {_nearest(Path(file).parent) for file in files}
    return [
        f"{folder}: cannot be written: make it writable, or leave out what is written to it "
        "(--config experiments=[...])"
        for folder in sorted(folders)
        if not os.access(folder, os.W_OK)
    ]


def _nearest(folder: Path) -> Path:
    """The folder, or the one above that exists already."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def in_one_line(message: str) -> str:
    """The message; of a traceback about a file that Snakemake cannot write, that line alone.

    That is one on a disk that is full or broken, or of its own notes on a run.

    >>> print(in_one_line('''Traceback (most recent call last):
    ...   File "x.py", line 1
    ... OSError: [Errno 28] No space left on device: 'results/a.log'
    ... '''))
    results/a.log: cannot be written: No space left on device; free some space and run again
    """
    found = _TRACEBACK.fullmatch(message)
    if found is None:
        return message
    fault, path = OSError(int(found[1]), os.strerror(int(found[1]))), Path(found[2])
    if not is_unwritable(fault) and ".snakemake" not in path.parts:
        return message
    return str(unwritable(os.path.relpath(path), fault))


def end_no_script() -> None:
    """Let JSON be written so that it can stand in a script of a page, with the same meaning.

    Snakemake puts the settings of jobs into its report so; a title with ``</script>`` would end it.
    """
    written = json.dumps

    def dumps(*arguments: Any, **options: Any) -> str:
        return written(*arguments, **options).replace("</", "<\\/").replace("<!--", "<\\u0021--")

    json.dumps = dumps


def killed_jobs(log: str) -> Iterator[tuple[str, str]]:
    """The log and a line for each job that was killed, from the text of Snakemake's own log.

    >>> text = '''Command 'python x.train.py' died with <Signals.SIGKILL: 9>.
    ... Error in rule train:
    ...     log: results/a/logs/train/0.log (check log file(s) for error details)'''
    >>> [(path, line)] = killed_jobs(text)
    >>> line[:63]
    'train: results/a/logs/train/0.log: the job was killed (SIGKILL)'
    """
    killed, rule = False, ""
    for line in log.splitlines():
        if _KILLED.search(line):
            killed = True
        elif failed := _FAILED.search(line):
            rule = failed[1] if killed else ""
            killed = False
        elif rule and (place := _LOG.match(line)):
            yield (
                place[1],
                f"{rule}: {place[1]}: the job was killed (SIGKILL), as the system does when memory "
                "runs out: run fewer jobs at once (--cores), or lower trials, data.generate.draws, "
                "training.eval_scenes or training.batch_size",
            )
            rule = ""
