"""What a training job needs at first: memory, and time until it has its first result."""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from quantlearn.figures.benchmark.workloads import Shape, workload

__all__ = ["in_fresh_process"]


def in_fresh_process(core: str | None, shape: Shape, scenes: int, cache: Path) -> dict[str, float]:
    """Peak memory and time to the first result of some training and one evaluation.

    They are found in a process of its own: ``bytes`` is the most memory it ever held, the
    interpreter and torch included (``core`` None: nothing else), ``seconds`` the time of the first
    update and the first evaluation less that of the second ones. ``cache`` is where compiled code
    is kept; an empty folder shows what compiling costs, a used one what loading does.
    """
    job = json.dumps({"core": core, "shape": asdict(shape), "scenes": scenes})
    library = str(Path(__file__).parents[3])
    environment = {
        **os.environ,
        "PYTHONPATH": library,
        "NUMBA_CACHE_DIR": str(cache),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "quantlearn.figures.benchmark.first_use", job],
        env=environment,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return json.loads(done.stdout)


def _fresh(core: str | None, shape: Shape, scenes: int) -> dict[str, float]:
    torch.set_num_threads(1)
    seconds = 0.0
    if core is not None:
        networks = workload(core, shape)
        examples = shape.examples(scenes)
        for work in (partial(networks.train, examples, 1), partial(networks.evaluate, examples)):
            start = time.perf_counter()
            work()
            between = time.perf_counter()
            work()
            seconds += (between - start) - (time.perf_counter() - between)
    return {"bytes": _most_memory(), "seconds": seconds}


def _most_memory() -> int:
    """The most bytes that this process has held."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:  # macOS, where ru_maxrss counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Not ru_maxrss: Linux hands it down from the process that started this one.
    [line] = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


FIRST_REPORT = (
    Shape(trials=2),
    Shape(trials=2, architecture="feedforward"),
    Shape(trials=2, architecture="feedforward", precision="float64"),
)
"""What the networks of a first report and of the course are: recurrent ones with the most code, and
those of the tutorial and of xor."""


def compile_and_store() -> int:
    """Compile and store what `FIRST_REPORT` needs, side by side; 0 unless one of them fails."""
    jobs = [{"core": "compiled", "shape": asdict(shape), "scenes": 64} for shape in FIRST_REPORT]
    program = [sys.executable, "-m", "quantlearn.figures.benchmark.first_use"]
    started = [
        subprocess.Popen([*program, json.dumps(job)], stdout=subprocess.DEVNULL) for job in jobs
    ]
    return max(process.wait() for process in started)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(compile_and_store())
    job = json.loads(sys.argv[1])
    print(json.dumps(_fresh(job["core"], Shape(**job["shape"]), job["scenes"])))
