"""The Makefile sets up the environment once, again when it must, and cleanly.

A stand-in for Python, named by PYTHON as a user would, makes environments in no time.
"""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from venv import EnvBuilder

import pytest

ROOT = Path(__file__).parents[2]

STAND_IN = """\
#!/bin/sh
case "$*" in
  "-m venv"*)     rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo venv >> calls ;;
  "-m pip"*)      [ ! -e no_network ] || exit 1; echo "pip ${*##*/}" >> calls ;;
  "-m pytest -m processor"*)
    echo "pytest $ATEN_CPU_CAPABILITY $NUMBA_CPU_NAME $OMP_NUM_THREADS" >> calls ;;
  "-m pytest"*)   echo "pytest PYTHONPATH=${PYTHONPATH-}" >> calls ;;
  "-m snakemake"*) echo "$*" >> calls ;;
  "-m quantlearn new"*) printf '<%s>' "$@" >> calls ;;
  "-c import site"*) mkdir packages; echo packages ;;
esac
"""


@pytest.fixture
def clone(tmp_path) -> Path:
    """What make reads of the project, in a folder of its own, with a stand-in for Python."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "envs", tmp_path / "envs")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for folder in ("scripts", "tests", "results"):
        (tmp_path / folder).mkdir()
    (tmp_path / "stand_in").write_text(STAND_IN, encoding="utf-8")
    (tmp_path / "stand_in").chmod(0o755)
    return tmp_path


def make(clone: Path, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make as from a shell of its own, not as a part of the make that runs the tests."""
    outer = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTHON"}
    environment = {key: value for key, value in os.environ.items() if key not in outer}
    folders = environment["PATH"].split(os.pathsep)
    own = [str(clone / "bin"), *(one for one in folders if not Path(one, "uv").exists())]
    environment["PATH"] = os.pathsep.join(own)
    return subprocess.run(
        ["make", target, f"PYTHON={clone / 'stand_in'}"],
        cwd=clone,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(clone: Path) -> list[str]:
    """What the stand-in was called for, since it was last asked."""
    log = clone / "calls"
    found = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return found


CPUINFO = Path("/proc/cpuinfo")
PIPELINE, TESTS = "pip requirements.lock", "pip tests.lock"


def test_sets_up_once(clone):
    assert make(clone, "test").returncode == 0
    assert calls(clone) == ["venv", PIPELINE, TESTS, "pytest PYTHONPATH="]
    assert make(clone, "test").returncode == 0
    assert calls(clone) == ["pytest PYTHONPATH="]
    make(clone, "report")
    assert len(calls(clone)) == 1


def test_installs_with_uv_where_it_is_there(clone):
    (clone / "bin").mkdir()
    uv = clone / "bin/uv"
    uv.write_text('#!/bin/sh\necho "uv ${*##*/}" >> calls\n', encoding="utf-8")
    uv.chmod(0o755)
    assert make(clone, "test").returncode == 0
    assert calls(clone)[:-1] == ["venv", "uv requirements.lock", "uv tests.lock"]


def test_a_question_is_passed_on_whole(clone):
    found = make(clone, "ask", A="|A & B| >= 3", B="most", TRIALS="5", ALONE="yes")
    assert found.returncode == 0
    options = "trials=5 overrides={training: {together: false}}"
    assert calls(clone)[-1].endswith(f"""ask=["|A & B| >= 3", "most"] {options} -- ask""")
    found = make(clone, "ask", A="most")
    assert found.returncode != 0
    assert found.stderr.startswith("Name two quantifiers, as in: make ask A=most")
    assert make(clone, "ask", A="most", B="most").stderr == found.stderr
    found = make(clone, "ask", A="most", B="even", ALONE="no")
    assert found.stderr.startswith("ALONE=no: write ALONE=yes, or leave it out")
    assert calls(clone) == []


def test_only_tests_need_what_only_tests_need(clone):
    make(clone, "report")
    assert calls(clone)[:-1] == ["venv", PIPELINE]
    make(clone, "test")
    assert calls(clone)[:-1] == [TESTS]


def test_repairs_an_interrupted_installation(clone):
    (clone / "no_network").touch()
    assert make(clone, "test").returncode != 0
    assert calls(clone) == ["venv"]
    (clone / "no_network").unlink()
    assert make(clone, "test").returncode == 0
    assert calls(clone)[:-1] == ["venv", PIPELINE, TESTS]


@pytest.mark.parametrize(
    ("lock", "installed"), [("requirements", ["venv", PIPELINE, TESTS]), ("tests", [TESTS])]
)
def test_installs_a_new_lock(clone, lock, installed):
    make(clone, "test")
    calls(clone)
    (clone / "envs" / f"{lock}.lock").write_text("numpy==2.4.5\n", encoding="utf-8")
    make(clone, "test")
    assert calls(clone)[:-1] == installed


def test_the_shell_does_not_reach_the_jobs(clone):
    make(clone, "test", PYTHONPATH="/somewhere/else")
    assert calls(clone)[-1] == "pytest PYTHONPATH="


def test_an_old_python_is_one_clear_line(clone):
    (clone / "stand_in").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    found = make(clone, "test")
    assert found.returncode != 0
    message, of_make = found.stderr.splitlines()
    assert "not Python 3.11, 3.12 or 3.13" in message
    assert "PYTHON=python3.12" in message
    assert of_make.startswith("make: ***")


def test_a_folder_with_a_space_is_refused_before_anything_is_installed(clone):
    moved = clone.rename(clone.with_name("My Drive"))
    found = make(moved, "report")
    assert found.returncode != 0
    assert "folder with a space" in found.stderr.splitlines()[0]
    assert calls(moved) == []


def test_a_mac_without_packages_is_told_before_anything_is_installed(clone):
    (clone / "bin").mkdir()
    (clone / "bin/uname").write_text('#!/bin/sh\necho "Darwin x86_64"\n', encoding="utf-8")
    (clone / "bin/uname").chmod(0o755)
    found = make(clone, "report")
    assert found.returncode != 0
    assert found.stderr.startswith("there are no packages for a Mac with an Intel processor")
    assert calls(clone) == []


def test_tests_of_the_processor_run_for_several_kinds(clone):
    assert make(clone, "test-processors").returncode == 0
    ran = [line.removeprefix("pytest ") for line in calls(clone)[3:]]
    assert ran[:2] == ["default x86-64 1", "avx2 x86-64-v3 2"]
    has_avx512 = "avx512f" in (CPUINFO.read_text("utf-8") if CPUINFO.exists() else "")
    assert ran[2:] == ["avx512 x86-64-v4 2"] * has_avx512


def test_report_is_made_with_few_trials(clone):
    make(clone, "report")
    assert "--configfile config/quick.yaml" in calls(clone)[-1]


@pytest.mark.parametrize("chapter", ["paper", "course"])
def test_a_chapter_is_made_in_full(clone, chapter):
    make(clone, chapter)
    assert calls(clone)[-1].endswith(f"--cores all {chapter}")


def test_the_environment_knows_the_library(clone):
    make(clone, "test")
    lines = (clone / "packages" / "quantlearn.pth").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"{clone}/scripts"


def test_snakemake_of_the_environment_starts_without_the_shells_packages(clone, tmp_path):
    """PYTHONPATH as by "module load": relative, and with another pandas, which plugins load."""
    make(clone, "test")
    environment = tmp_path / "environment"
    EnvBuilder().create(environment)
    [packages] = environment.glob("lib/*/site-packages")
    shutil.copytree(clone / "packages", packages, dirs_exist_ok=True)
    (packages / "beside.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (tmp_path / "modules" / "pandas").mkdir(parents=True)
    (tmp_path / "modules" / "pandas" / "__init__.py").write_text(
        "raise ImportError('of the shell')"
    )
    named = f"modules:{tmp_path}/modules/:{packages}:"

    def python(*arguments):
        return subprocess.run(
            [environment / "bin" / "python", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": named},
            capture_output=True,
            text=True,
            check=False,
        )

    started = python("-m", "snakemake", "--help")
    assert started.returncode == 0, started.stderr
    assert "of the shell" in python("-c", "import pandas").stderr  # what is not Snakemake is left


def test_a_new_experiment_is_handed_on_as_it_is_written(clone):
    make(clone, "new", EXPERIMENT="mine", A="most", B="|A & B| >= 3")
    assert calls(clone)[-1] == "<-m><quantlearn><new><mine><most><|A & B| >= 3><>"


def test_clean_keeps_the_environment_and_the_readme(clone):
    make(clone, "test")
    for kept in ("results/README.md", "config/config.yaml"):
        (clone / kept).touch()
    (clone / "results" / "exp1a").mkdir()
    (clone / "scripts" / "__pycache__").mkdir()
    assert make(clone, "clean").returncode == 0
    assert [path.name for path in (clone / "results").iterdir()] == ["README.md"]
    assert not (clone / "scripts" / "__pycache__").exists()
    assert (clone / ".venv").exists()
    assert (clone / "config" / "config.yaml").exists()


def test_clean_empties_results_that_are_a_link(clone, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("scratch")
    (scratch / "exp1a").mkdir()
    (scratch / "README.md").touch()
    (clone / "results").rmdir()
    (clone / "results").symlink_to(scratch)
    assert make(clone, "clean").returncode == 0
    assert [path.name for path in scratch.iterdir()] == ["README.md"]
