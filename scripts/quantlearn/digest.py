"""The digest of the code that a job runs, so that editing it runs the job again.

Snakemake compares a script with its last version, but not the library that the script imports.
Each rule therefore carries the digest of everything its script imports from the library, found by
reading the import statements, so that nobody has to list modules by hand.
"""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path

__all__ = ["code_digest", "imported_modules"]

PACKAGE = "quantlearn"


def code_digest(script: Path, library: Path) -> str:
    """Hexadecimal digest of ``script`` and of all library modules it imports, directly or not.

    ``script`` is a Python file or a notebook; ``library`` is the folder that holds the package
    ``quantlearn``.
    """
    digest = hashlib.sha256()
    for path in sorted({script, *imported_modules(script, library)}):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def imported_modules(source: Path, library: Path) -> set[Path]:
    """Files of the library modules that ``source`` imports, directly or through other modules.

    A package stands for all of its modules, since it may load them by name.
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
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(name for name in names if name.split(".")[0] == PACKAGE)


def _python(source: Path) -> str:
    """The code of a Python file, or of a notebook's code cells."""
    text = source.read_text(encoding="utf-8")
    if source.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def _files(name: str, library: Path) -> set[Path]:
    path = library.joinpath(*name.split("."))
    if name != PACKAGE and path.is_dir():
        return set(path.rglob("*.py"))
    module = path.with_suffix(".py")
    return {module} if module.is_file() else set()
