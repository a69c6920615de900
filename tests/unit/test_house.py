"""The rooms of the library: which may use which, how large they are, and no way in a circle."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "scripts" / "quantlearn"
ROOMS = (  # each uses only those that come after it; the ground is what lies in no room
    *("shell", "report", "figures", "training", "settings", "networks", "data"),
    *("semantics", "pipeline", "statistics", "ground"),
)
# __main__.py lies where Python looks for it, in no room; all it does is hand on to the shell.
DOORS = ("__init__.py", "__main__.py")
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path.name not in DOORS)
PACKAGES = sorted(path.parent for path in LIBRARY.rglob("*/__init__.py"))


def name_of(path: Path) -> str:
    return ".".join(["quantlearn", *path.relative_to(LIBRARY).with_suffix("").parts])


NAMES = {name_of(path): path for path in MODULES}


def room_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 2 else "ground"


def used(path: Path) -> set[str]:
    """The modules of the library that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & set(NAMES)


@pytest.fixture(scope="module")
def uses() -> dict[str, set[str]]:
    """What each module uses."""
    return {name: used(path) for name, path in NAMES.items()}


LONGEST = 450  # lines
# What one compiled file has to hold: numba's cache watches one file.
COMPILED = {f"networks/compiled/{name}.py" for name in ("simd", "transformer_kernels")}


def test_files_are_short():
    long = {
        str(path.relative_to(LIBRARY)): lines
        for path in MODULES
        if (lines := path.read_text(encoding="utf-8").count("\n")) > LONGEST
    }
    assert set(long) <= COMPILED, long


def test_every_module_is_in_a_room():
    assert {room_of(name) for name in NAMES} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_rooms_below_it(uses, room):
    above = ROOMS[: ROOMS.index(room)]
    upward = [
        f"{name} uses {other}"
        for name, others in uses.items()
        if room_of(name) == room
        for other in others
        if room_of(other) in above
    ]
    assert not upward


def test_no_module_leads_back_to_itself(uses):
    left = dict(uses)
    while free := [name for name, others in left.items() if not others & set(left)]:
        for name in free:
            del left[name]
    assert not left, f"a circle among {', '.join(sorted(left))}"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_a_room_has_few_modules_and_a_line_that_says_what_it_is(package):
    assert sum(path.parent == package for path in MODULES) <= 14
    [docstring] = ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body
    assert len(docstring.value.value.splitlines()) == 1
