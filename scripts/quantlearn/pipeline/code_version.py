"""The code that a job runs: of which clone, and its digest, so that editing it runs the job again.

Snakemake compares a script with its last version, but not the library that the script imports.
Each rule therefore carries the digest of everything its script imports from the library, found by
reading the import statements, so that nobody has to list modules by hand.
"""

import ast
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

__all__ = ["code_digest", "imported_modules", "leave_out_the_shells", "path_of_jobs"]

PACKAGE = "quantlearn"

TEMPLATE = re.compile(rb'"([\w.]+\.j2)"')


def path_of_jobs(library: Path) -> list[str]:
    """What PYTHONPATH is to name, so that jobs take the library of this clone.

    What it names now, as `module load` sets it, comes after that; where the environment is a
    virtual one or conda's, and so complete, it is left out.
    """
    complete = sys.prefix != sys.base_prefix or Path(sys.prefix, "conda-meta").exists()
    return [str(library), *([] if complete else _of_the_shell())]


def leave_out_the_shells(library: Path) -> None:
    """Let this process and its jobs find what `path_of_jobs` says, whatever the shell names."""
    path = path_of_jobs(library)
    # Python has made absolute what it took from the shell.
    left_out = set(map(os.path.abspath, _of_the_shell())) - set(map(os.path.abspath, path))
    own = (sys.prefix + os.sep, os.path.dirname(os.__file__))  # whoever names them, they stay
    sys.path[:] = [place for place in sys.path if place not in left_out or place.startswith(own)]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)


def _of_the_shell() -> list[str]:
    return list(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))


def code_digest(sources: Sequence[Path], library: Path) -> str:
    """Hexadecimal digest of ``sources`` and of all library modules they import, directly or not.

    A source is a Python file, a notebook or a template; ``library`` is the folder that holds the
    package ``quantlearn``. With a module go the templates beside it that it names or that have its
    name, and those that these name.
    """
    digest = hashlib.sha256()
    used = set(sources) | _imported(sources, library)
    new = used
    while new := set().union(*(_templates(path, _content(path)) for path in new)) - used:
        used |= new
    for path in sorted(used, key=str):
        digest.update(path.name.encode() + b"\0" + _content(path) + b"\0")
    return digest.hexdigest()[:16]


def imported_modules(source: Path, library: Path) -> set[Path]:
    """Files of the library modules that ``source`` imports, directly or through other modules.

    A package that is imported itself stands for all of its modules, since it may load them by name.
    """
    return _imported([source], library)


def _imported(sources: Sequence[Path], library: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = list(sources)
    while waiting:
        path = waiting.pop()
        new = _direct(path.suffix, _content(path), library) - found
        found |= new
        waiting += new
    return found


def _content(path: Path) -> bytes:
    now = path.stat()
    return _content_then(path, now.st_mtime_ns, now.st_size)


# While rules are read each module is asked for a hundred times: a file is read once, and again if
# it was edited.
@cache
def _content_then(path: Path, mtime_ns: int, size: int) -> bytes:
    return path.read_bytes()


@cache
def _templates(path: Path, content: bytes) -> frozenset[Path]:
    """The templates beside a file that it names, and that of a module's own name."""
    named = {path.parent / name.decode() for name in TEMPLATE.findall(content)}
    return frozenset(one for one in (*named, path.with_suffix(".md.j2")) if one.is_file())


@cache
def _direct(suffix: str, content: bytes, library: Path) -> frozenset[Path]:
    """The files of the library that the import statements of a file run."""
    names = set()
    for node in _statements(ast.parse(_python(suffix, content))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    own = (name for name in names if name.split(".")[0] == PACKAGE)
    return frozenset().union(*(_files(name, library) for name in own))


def _statements(block: ast.AST) -> Iterator[ast.AST]:
    """All statements within a block: what `ast.walk` finds, without a look into expressions."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(block, part, ()):
            yield node
            yield from _statements(node)


def _python(suffix: str, content: bytes) -> str | bytes:
    """The code of a Python file, or of a notebook's code cells; a template has none."""
    if suffix == ".ipynb":
        cells = json.loads(content)["cells"]
        return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return content if suffix == ".py" else ""


# Modules name one another by the thousand; which files there are is looked up once.
@cache
def _files(name: str, library: Path) -> frozenset[Path]:
    """The files that importing ``name`` runs: a module, or a package whole, and those around it."""
    path = library.joinpath(*name.split("."))
    if path.is_dir() and name != PACKAGE:
        found = set(path.rglob("*.py"))
    else:
        # What is imported from a module or a package is in its own file.
        modules = (path.with_suffix(".py"), path.parent.with_suffix(".py"))
        found = set(list(filter(Path.is_file, modules))[:1])
    around = path.relative_to(library).parents
    found |= {file for one in around if (file := library / one / "__init__.py").is_file()}
    return frozenset(found)
