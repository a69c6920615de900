"""The digest of the code that a job runs: it changes with all that importing a script runs."""

import shutil
from pathlib import Path

import pytest

from quantlearn.pipeline.code_version import code_digest

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture
def library(tmp_path):
    """A copy of the scripts and their library, to be edited."""
    return shutil.copytree(
        SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )


@pytest.mark.parametrize(
    "edited", ["__init__.py", "statistics/__init__.py", "statistics/convergence.py", "seeds.py"]
)
def test_editing_what_a_script_imports_moves_its_digest(library, edited):
    script = library / "aggregate.py"
    before = code_digest([script], library)
    assert before == code_digest([script], library)
    path = library / "quantlearn" / edited
    path.write_text(f"{path.read_text()}\nEDITED = True\n")
    assert (code_digest([script], library) != before) == (edited != "seeds.py")


def test_editing_another_room_moves_no_digest(library):
    script = library / "aggregate.py"
    before = code_digest([script], library)
    path = library / "quantlearn" / "networks" / "__init__.py"
    path.write_text(f"{path.read_text()}\nEDITED = True\n")
    assert code_digest([script], library) == before
