"""The tiny configuration, run through the whole pipeline once for all tests that look at it."""

import os
import shutil

import pytest
from filelock import FileLock

from pipeline import lay_out, run

# The processes of a test run share the cores: more threads in each would wait for one another.
# PyTorch, which is not imported yet, reads this.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """The tiny configuration after a run on two cores.

    Tests that run in several processes share one run: each process has a copy of its own.
    """
    folder = tmp_path_factory.mktemp("pipeline")
    if worker_id == "master":
        run(lay_out(folder), "--cores", "2")
        return folder
    shared = tmp_path_factory.getbasetemp().parent / "finished"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            run(lay_out(folder), "--cores", "2")
            folder.rename(shared)
    # With their times, from which Snakemake tells what is up to date.
    return shutil.copytree(shared, folder, symlinks=True, dirs_exist_ok=True)


@pytest.fixture
def threads_as_before():
    torch = pytest.importorskip("torch")  # not loaded for tests that do without it
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
