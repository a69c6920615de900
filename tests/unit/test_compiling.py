"""Compiled code is stored, and what is stored half is compiled again."""

import importlib.util

import pytest

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
