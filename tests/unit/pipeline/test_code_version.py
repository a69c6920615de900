"""The digest of the code that a job runs changes with all that importing a script runs; the code is
of this clone, whatever the shell names.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from quantlearn.pipeline.code_version import code_digest, leave_out_the_shells

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


@pytest.mark.parametrize("environment", ["virtual", "conda", "of the system"])
def test_what_the_shell_names_comes_last_or_in_a_whole_environment_not_at_all(
    tmp_path, monkeypatch, environment
):
    """PYTHONPATH as by "module load": a relative folder, one with a slash, and an empty place."""
    library, prefix = tmp_path / "scripts", tmp_path / "environment"
    packages = f"{prefix}/packages"  # of the environment, whoever names them
    shells = ["modules", f"{tmp_path}/pandas/", packages]
    in_shells = [f"{tmp_path}/modules", f"{tmp_path}/pandas"]  # as Python takes them from there
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*shells, f"{library}/", ""]))
    monkeypatch.setattr(sys, "path", [str(library), *in_shells, packages])
    monkeypatch.setattr(sys, "prefix", str(prefix))
    base = tmp_path / "base" if environment == "virtual" else prefix
    monkeypatch.setattr(sys, "base_prefix", str(base))
    if environment == "conda":
        (prefix / "conda-meta").mkdir(parents=True)
    leave_out_the_shells(library)
    whole = environment != "of the system"
    kept, found = ([], []) if whole else ([*shells, f"{library}/"], in_shells)
    assert os.environ["PYTHONPATH"].split(os.pathsep) == [str(library), *kept]
    assert sys.path == [str(library), *found, packages]
