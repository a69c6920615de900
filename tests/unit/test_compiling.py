"""Compiled code is stored, and what is stored half is compiled again."""

import importlib.util

import pytest
from numba.core import config
from numba.core.codegen import CPUCodegen

CODE = "from quantlearn.compiling import kernel\n@kernel\ndef twice(x):\n    return 2 * x\n"


@pytest.fixture
def twice(tmp_path):
    """A function that gives the kernel of a file, as a new process would."""

    def load():
        path = tmp_path / "doubled.py"
        if not path.exists():
            path.write_text(CODE)
        spec = importlib.util.spec_from_file_location("doubled", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.twice

    return load


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_store_that_a_full_quota_cut_off_is_made_again(tmp_path, monkeypatch, twice, kind):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert twice()(3) == 6
    for kept in (0, 20):
        [stored] = (tmp_path / "__pycache__").glob(f"*.{kind}")
        stored.write_bytes(stored.read_bytes()[:kept])
        assert twice()(3) == 6
        again = twice()
        assert again(3) == 6
        assert again.stats.cache_hits


@pytest.mark.parametrize("kept", [True, False])
def test_a_clone_that_cannot_be_written_compiles_all_the_same(tmp_path, monkeypatch, twice, kept):
    """Its store is the user's, by default below HOME, or there is none."""
    (tmp_path / "__pycache__").write_text("no folder can be made here, not even by root")
    (tmp_path / "file").touch()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ("store" if kept else "file/store")))
    for hits in (False, kept):
        loaded = twice()
        assert loaded(3) == 6
        assert bool(loaded.stats.cache_hits) == hits


def test_a_store_of_ones_own_is_used(tmp_path, monkeypatch, twice):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "store"))
    config.reload_config()
    try:
        assert twice()(3) == 6
        loaded = twice()
        assert loaded(3) == 6
    finally:
        monkeypatch.undo()
        config.reload_config()
    assert loaded.stats.cache_hits
    assert [*(tmp_path / "store").rglob("*.nbi")]
    assert not [*(tmp_path / "__pycache__").glob("*.nb?")]


def test_two_kinds_of_nodes_share_a_store(monkeypatch, twice):
    """Each loads the code of its own kind, whichever came last."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    here = CPUCodegen.magic_tuple
    kinds = [here, lambda self: (*here(self)[:1], "another processor", "")]
    for hits in (False, True, True):
        for kind in kinds:
            monkeypatch.setattr(CPUCodegen, "magic_tuple", kind)
            loaded = twice()
            assert loaded(3) == 6
            assert bool(loaded.stats.cache_hits) == hits
