"""The tiny configuration, run through the whole pipeline once for all tests that look at it."""

import pytest

from pipeline import lay_out, run


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny configuration after a run on two cores."""
    folder = lay_out(tmp_path_factory.mktemp("pipeline"))
    run(folder, "--cores", "2")
    return folder


@pytest.fixture
def threads_as_before():
    torch = pytest.importorskip("torch")  # not loaded for tests that do without it
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
