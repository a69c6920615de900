"""The digest of the code that a job runs, so that editing it runs the job again.

Snakemake compares a script with its last version, but not the library that the script imports.
Each rule therefore carries the digest of everything its script imports from the library, found by
reading the import statements, so that nobody has to list modules by hand.
"""

import ast
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

__all__ = ["code_digest", "imported_modules"]

PACKAGE = "quantlearn"


def code_digest(sources: Sequence[Path], library: Path) -> str:
    """Hexadecimal digest of ``sources`` and of all library modules they import, directly or not.

    A source is a Python file, a notebook or a template; ``library`` is the folder that holds the
    package ``quantlearn``. With a module goes the template of its texts beside it.
    """
    digest = hashlib.sha256()
    modules = (imported_modules(source, library) for source in sources)
    used = set(sources).union(*modules)
    for path in sorted(used | set(filter(Path.is_file, map(_template, used)))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _template(module: Path) -> Path:
    return module.with_suffix(".md.j2")


def imported_modules(source: Path, library: Path) -> set[Path]:
    """Files of the library modules that ``source`` imports, directly or through other modules.

    A package that is imported itself stands for all of its modules, since it may load them by name.
    """
    found: set[Path] = set()
    waiting = [source]
    while waiting:
        for name in _imports(_python(waiting.pop())):
            for path in _files(name, library) - found:
                found.add(path)
                waiting.append(path)
    return found


# By the code, not its place: a module that many scripts import is parsed once, and again if edited.
@cache
def _imports(code: str) -> frozenset[str]:
    """Dotted names of this package that import statements mention."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.split(".")[0] == PACKAGE)


def _python(source: Path) -> str:
    """The code of a Python file, or of a notebook's code cells; a template has none."""
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return text if source.suffix == ".py" else ""


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
