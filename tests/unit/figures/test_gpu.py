"""What `make gpu` does, on a CPU that stands for the GPU and with tiny numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from quantlearn import report_columns
from quantlearn.errors import QuantlearnError
from quantlearn.figures.benchmark import gpu
from quantlearn.figures.benchmark.workloads import Shape

ROOT = Path(__file__).parents[3]
TINY = Shape(hidden=3, size=4, layers=1, batch=2)
pytestmark = pytest.mark.usefixtures("threads_as_before")


def test_without_a_gpu_it_ends_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(QuantlearnError, match=r"^make gpu: PyTorch .* sees no GPU here; run it"):
        gpu.main(str(tmp_path / "benchmark"))
    assert not list(tmp_path.iterdir())


def test_speeds_fill_the_table(monkeypatch):
    monkeypatch.setattr(gpu, "_STEPS", 2)
    monkeypatch.setattr(gpu, "_ON_CPU", 1)
    few = {"shapes": [TINY], "networks": [1, 3], "cores": ["eager"], "seconds": 0, "repeats": 2}
    rows = list(gpu.speeds("cpu", **few))
    assert [(row["networks"], row["core"]) for row in rows] == [
        *((networks, core) for networks in (1, 3) for core in ("eager", "CPU")),
    ]
    assert all(set(row) == set(report_columns.GPU) for row in rows)
    assert all(0 < row["lower"] <= row["median"] <= row["upper"] for row in rows)
    assert [row["fused_over_it"] for row in rows if row["core"] == "eager"] == [1, 1]


def test_cores_learn_the_same_and_most_is_learned():
    """From the same scenes, starts and orders, with 64 bits, so that rounding parts no trials."""
    shape = Shape(hidden=8, size=9, layers=1, precision="float64")
    few = {"trials": 2, "steps": 300, "shape": shape}
    compiled, eager = (gpu.convergence("cpu", core, **few) for core in ("auto", "eager"))
    assert compiled.tolist() == eager.tolist()
    assert (compiled <= 300).all()


def test_the_page_shows_versions_tests_learning_and_speed():
    row = dict.fromkeys(report_columns.GPU, 1) | {"core": "fused", "median": 1234567.0}
    learned = {"CPU": np.array([1, 51, 101]), "fused": np.array([51, 51, 101])}
    about = gpu.facts(torch.device("cpu"))
    page = gpu.written(about, "tests: passed", learned, pd.DataFrame([row]), 90)
    assert f"- PyTorch: {torch.__version__}\n" in page
    assert "- tests: passed\n" in page
    assert "| fused | 51 | 51 | 76 | 0.333 | 1.000 |\n" in page
    assert "| 1,234,567 |" in page


def test_the_tests_that_it_runs_are_all_that_need_a_gpu():
    marked = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if "mark.gpu" in path.read_text(encoding="utf-8") and path != Path(__file__)
    }
    assert marked == set(gpu.TESTS)


def test_failing_tests_are_told(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(gpu, "TESTS", ["tests/unit/not_there.py"])
    assert gpu.run_tests().startswith("tests: FAILED: ")
    assert "not_there.py" in capsys.readouterr().out
