"""How many times as fast networks train as at another commit, measured in one run.

    python tests/against_commit.py a8c6646

Lays out the commit in a temporary folder and times both, a process each, in turn: one works while
the other waits. Prints medians over the rounds and their ratios.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 7
SECONDS = 1.0  # of each measurement, about
STEPS = 50  # of training in one piece, as between two evaluations
EVALUATED = 24_000

RECURRENT = {"layers": 2, "hidden": 12, "size": 20, "batch": 8, "trials": 30}
SEARCHED = {"layers": 3, "hidden": 20, "size": 12, "batch": 64, "trials": 100}
# A name, what is timed, the shape, and the core here and there; there, an LSTM is all there is.
CASES = {
    "LSTM 2 x 12": ("train", RECURRENT, "compiled", "compiled"),
    "LSTM 2 x 32": ("train", RECURRENT | {"hidden": 32}, "compiled", "compiled"),
    "LSTM 2 x 64": ("train", RECURRENT | {"hidden": 64}, "compiled", "compiled"),
    "LSTM 3 x 20, batch 64": ("train", SEARCHED, "compiled", "compiled"),
    "evaluation, 24,000 scenes": ("evaluate", RECURRENT, "compiled", "compiled"),
    "transformer": ("train", SEARCHED | {"architecture": "transformer"}, "compiled", "eager"),
    "feed-forward": ("train", SEARCHED | {"architecture": "feedforward"}, "compiled", "eager"),
}


def main(commit: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tar = subprocess.run(
            ["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True
        )
        subprocess.run(["tar", "-x", "-C", folder], input=tar.stdout, check=True)
        print(f"{'':27}{'here':>10}{commit:>10}  network steps (scenes) a second; ratio")
        for name, (work, shape, here, there) in CASES.items():
            # The other commit's benchmark knows LSTMs only: its eager core stands here unchanged.
            other = Path(folder) if "architecture" not in shape else ROOT
            workers = [start(ROOT, work, shape, here), start(other, work, shape, there)]
            for worker in workers:
                worker.stdout.readline()
            rates = [[ask(worker) for worker in workers] for _ in range(ROUNDS)]
            for worker in workers:
                worker.stdin.close()
                worker.wait()
            ratios = [one / two for one, two in rates]
            medians = [statistics.median(side) for side in zip(*rates, strict=True)]
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            print(
                f"{name:27}{medians[0]:10,.0f}{medians[1]:10,.0f}"
                f"  {statistics.median(ratios):6.2f} ({spread})",
                "against the eager core" if other is ROOT else "",
                flush=True,
            )


def start(root: Path, work: str, shape: dict, core: str) -> subprocess.Popen:
    """A process of the code in ``root`` that times its work once for each line it reads."""
    return subprocess.Popen(
        [sys.executable, __file__, "--worker", work, json.dumps(shape), core],
        env=os.environ | {"PYTHONPATH": str(root / "scripts"), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(worker: subprocess.Popen) -> float:
    worker.stdin.write("\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def serve(work: str, shape: dict, core: str) -> None:
    """Say when all is compiled, and answer each line read with units of work a second."""
    import torch

    try:
        from quantlearn.figures.benchmark.workloads import Shape, workload
    except ImportError:  # as it was called before
        from quantlearn.benchmarking import Shape, workload
    torch.set_num_threads(1)
    shape = Shape(**shape)
    networks = workload(core, shape)
    if work == "train":
        run = partial(networks.train, shape.examples(64 * shape.batch), STEPS)
    else:
        run = partial(networks.evaluate, shape.examples(EVALUATED))
    run()
    count = max(1, round(SECONDS / seconds(run, 1)))
    units = count * shape.trials * (STEPS if work == "train" else EVALUATED)
    print(flush=True)
    for _ in sys.stdin:
        print(units / seconds(run, count), flush=True)


def seconds(run, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        run()
    return time.perf_counter() - start


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        serve(sys.argv[2], json.loads(sys.argv[3]), sys.argv[4])
    else:
        main(sys.argv[1])
