"""What a GPU does: its tests, whether it learns as a CPU does, and how fast it trains.

    make gpu PYTHON=python3

needs PyTorch and what tests import, but no environment of its own and no network.
"""

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import ks_2samp

from quantlearn import report_columns, tables
from quantlearn.data.generate import fill_cells
from quantlearn.errors import QuantlearnError
from quantlearn.figures.benchmark.in_jax import InJax, has_jax
from quantlearn.figures.benchmark.measure import BATCHES, Work, quartiles, time_in_turn
from quantlearn.figures.benchmark.workloads import Shape
from quantlearn.figures.texts import render
from quantlearn.networks.ensemble import Ensemble
from quantlearn.pipeline.machine import processor
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import Space
from quantlearn.statistics.convergence import convergence_step
from quantlearn.training.examples import Examples, stack
from quantlearn.training.loop import Running, train
from quantlearn.training.members import examples_of

__all__ = ["convergence", "facts", "main", "speeds"]

TESTS = ("tests/unit/training/test_graphs.py", "tests/unit/networks/test_fused.py")
SHAPES = (
    Shape(),
    Shape(hidden=64),
    Shape(layers=3, hidden=20, batch=64, size=12),
)
NETWORKS = (30, 360, 4096)
_ON_CPU = 64
"""Networks that a CPU trains at most: beyond, its time is in proportion."""
_STEPS = 50


def main(folder: str) -> None:
    """Write gpu.csv and gpu.md into ``folder``; `QuantlearnError` where there is no GPU."""
    if not torch.cuda.is_available():
        raise QuantlearnError(
            f"make gpu: PyTorch {torch.__version__} sees no GPU here; run it where there is one, "
            "with PyTorch for CUDA, as in: make gpu PYTHON=python3"
        )
    started = time.monotonic()
    device = torch.device("cuda")
    about = facts(device)
    print(*(f"{name}: {value}" for name, value in about.items()), sep="\n", flush=True)
    tested = run_tests()
    print(tested, flush=True)
    learned = {
        "CPU": convergence("cpu", "auto"),
        "graph": convergence("cuda", "graph"),
        "fused": convergence("cuda", "fused"),
    }
    table = pd.DataFrame(speeds("cuda"), columns=list(report_columns.GPU))
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    tables.write_csv(table, path / "gpu.csv")
    page = written(about, tested, learned, table, time.monotonic() - started)
    (path / "gpu.md").write_text(page, encoding="utf-8")
    print(page)


def facts(device: torch.device) -> dict[str, str]:
    """What the numbers depend on, in words."""
    on_gpu = device.type == "cuda"
    return {
        "GPU": torch.cuda.get_device_name(device) if on_gpu else "none",
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "PyTorch": torch.__version__,
        "CUDA": str(torch.version.cuda),
        **{name: _version(name) for name in ("triton", "numba", "jax")},
    }


def _version(package: str) -> str:
    there = importlib.util.find_spec(package) is not None
    return importlib.metadata.version(package) if there else "not installed"


def run_tests() -> str:
    """The last line of pytest about the tests that need a GPU."""
    asked = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", *TESTS]
    environment = {**os.environ, "QUANTLEARN_REQUIRE_TRITON": "1"}
    told = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)
    lines = (told.stdout + told.stderr).strip().splitlines() or ["pytest said nothing"]
    if told.returncode:
        print(*lines, sep="\n")
    return f"tests: {'passed' if told.returncode == 0 else 'FAILED'}: {lines[-1].strip('= ')}"


# --- Learning ------------------------------------------------------------------------------------


def convergence(
    device: str, core: str, trials: int = 30, steps: int = 3000, shape: Shape = SHAPES[0]
) -> np.ndarray:
    """The convergence step of each trial that learns *most*, ``steps`` + 1 where it did not.

    All devices are given the same scenes, starts and orders. Accuracy is that on 500 scenes, every
    50 steps.
    """
    shape = replace(shape, trials=trials, quantifiers=1)
    ensemble = Ensemble(shape.network, shape.task, device, core)
    rows = steps * shape.batch
    own = [_labelled(shape, rows, trial) for trial in range(trials)]
    scenes = stack(own, torch.device(device))
    evaluated = stack([_labelled(shape, 500, -1)] * trials, torch.device(device))
    flat = ensemble.initialise([np.random.default_rng(trial) for trial in range(trials)])
    orders = [np.random.default_rng([trial, 1]) for trial in range(trials)]
    settings = {**shape.training, "learning_rate": 0.003}
    outcome = train(ensemble, flat.to(device), scenes, {"test": evaluated}, orders, settings)
    at = np.array([part.step for part in outcome.curve])
    accuracy = np.stack([part.scores.accuracy[:, -1] for part in outcome.curve])
    found = [convergence_step(at, accuracy[:, trial], window=5) for trial in range(trials)]
    return np.array([steps + 1 if one is None else one for one in found])


def _labelled(shape: Shape, count: int, seed: int) -> Examples:
    """Different scenes, half of which *most* is true of."""
    rng = np.random.default_rng([seed + 1, 2])
    most = Quantifier("most", "|A & B| > |A - B|")
    scenes = fill_cells(rng, count // 2, [most], Space(1, shape.size))
    return examples_of(scenes, np.zeros(1, dtype=np.int64), shape.task)


# --- Speed ---------------------------------------------------------------------------------------


def speeds(
    device: str,
    shapes: Sequence[Shape] = SHAPES,
    networks: Sequence[int] = NETWORKS,
    cores: Sequence[str] = ("fused", "graph"),
    seconds: float = 0.5,
    repeats: int = 3,
) -> Iterator[dict[str, Any]]:
    """Rows of gpu.csv: steps of networks in a second, by each core on the device and by the CPU.

    The first core is compared with the others within each round of timings.
    """
    for shape in (replace(shape, trials=number) for shape in shapes for number in networks):
        on = {core: (shape, device, core) for core in cores}
        on["CPU"] = (replace(shape, trials=min(shape.trials, _ON_CPU)), "cpu", "auto")
        states = {name: _running(*given) for name, given in on.items()}
        work = {name: _advances(state) for name, state in states.items()}
        if has_jax():
            on["jax"] = (shape,)
            work["jax"] = _in_jax(shape)
        times = time_in_turn(work, repeats, seconds)
        rates = {name: on[name][0].trials * _STEPS / taken for name, taken in times.items()}
        for name, rate in rates.items():
            yield {
                "core": name,
                "networks": shape.trials,
                "architecture": shape.architecture,
                "layers": shape.layers,
                "hidden": shape.hidden,
                "batch": shape.batch,
                "size": shape.size,
                **quartiles(rate),
                "repeats": repeats,
                "fused_over_it": float(np.median(rates[cores[0]] / rate)),
            }


def _running(shape: Shape, device: str, core: str) -> Running:
    threads = (os.cpu_count() or 1) if device == "cpu" else 1
    ensemble = Ensemble(shape.network, shape.task, device, core, threads=threads)
    ensemble.share_threads()
    streams = [np.random.default_rng(trial) for trial in range(shape.trials)]
    flat = ensemble.initialise(streams).to(device)
    examples = shape.examples(BATCHES * shape.batch, device=device)
    return Running(ensemble, flat, examples, streams, shape.training)


def _advances(state: Running) -> Work:
    """Work whose unit is a round of steps; it ends when the device has its losses."""

    def work(count: int) -> None:
        for _ in range(count):
            state.advance(state.step + _STEPS)

    return work


def _in_jax(shape: Shape) -> Work:
    """The same in JAX, on the device that it takes by itself."""
    networks, examples = InJax(shape), shape.examples(BATCHES * shape.batch)
    return lambda count: networks.train(examples, _STEPS * count)


def written(
    about: dict[str, str],
    tested: str,
    learned: dict[str, np.ndarray],
    table: pd.DataFrame,
    seconds: float,
) -> str:
    """The page, in Markdown."""
    compared = [
        {
            "core": core,
            "quartiles": np.quantile(steps, [0.25, 0.5, 0.75]).astype(int).tolist(),
            "test": ks_2samp(steps, learned["CPU"]),
        }
        for core, steps in learned.items()
    ]
    told = {"about": about, "tested": tested, "compared": compared, "minutes": seconds / 60}
    template = Path(__file__).with_suffix(".md.j2")
    return render(template, {**told, "rows": table.to_dict("records")})


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except QuantlearnError as error:
        sys.exit(str(error))
