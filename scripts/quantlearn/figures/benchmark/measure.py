"""How fast this machine trains and evaluates: a loop over networks, eager, compiled.

The contenders are timed in turn, round after round, so that a machine that gets slower or faster in
between favours none.
"""

import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from quantlearn import report_columns
from quantlearn.compiling import kernel
from quantlearn.figures.benchmark.first_use import in_fresh_process
from quantlearn.figures.benchmark.in_jax import has_jax
from quantlearn.figures.benchmark.workloads import (
    CORES,
    EVALUATE_EVERY,
    Shape,
    Workload,
    elementary_functions,
    useful_operations,
    workload,
)
from quantlearn.networks.compiled.elementary import tanh
from quantlearn.networks.compiled.simd import as_vectors, lanes_of, numbers
from quantlearn.networks.compiled.sources import CODE
from quantlearn.networks.settings import ARCHITECTURES
from quantlearn.pipeline.machine import processor
from quantlearn.training.examples import Stacked

__all__ = ["machine_facts", "matrix_peak", "measurements", "time_in_turn"]

log = logging.getLogger("quantlearn.benchmark")

PEAK = "matrix product"
FUNCTIONS = "elementary functions"
ARGUMENTS = 1024  # of functions, side by side: they stay in the nearest cache
THREADS = "training on threads"
ARCHITECTURE = "training by architecture"
BOUNDED = ("training", "evaluation", ARCHITECTURE)
PLANNING = "evaluation with plan"  # the compiled core's, when its plan serves only once
EAGER_NETWORKS = 8  # evaluated by the eager core at most: beyond, its time is in proportion
BATCHES = 64  # of examples to train on; they are used again and again
CERTAINLY_LONG = 10
GIGA = 1e9
MEGA = 1e6

Row = dict[str, Any]
Work = Callable[[int], None]
"""Does as many units as it is called with."""


def measurements(settings: Mapping[str, Any]) -> pd.DataFrame:
    """All that the settings (config.yaml, ``benchmark``) ask for.

    All but one measure runs on one thread, as a training job does by default.
    """
    torch.set_num_threads(1)
    logging.getLogger("quantlearn.training.loop").setLevel(logging.WARNING)  # no lines in a timing
    bench = Bench(settings)
    rows = [*bench.training(), *bench.on_threads(), *bench.evaluation(), *bench.runs()]
    rows += bench.architectures()
    if settings["first_use"]:
        rows += bench.first_use()
    rows.append(bench.peak_row())
    return pd.DataFrame(rows, columns=list(report_columns.BENCHMARK))


class Bench:
    """The measurements one after the other; ``peaks`` are the matrix products of all rounds."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.shape = Shape(**settings["shape"])
        self.peak = matrix_peak(settings["matrix"], self.shape.precision)
        self.functions = functions_at_once(self.shape.precision)
        self.peaks: list[float] = []

    def training(self) -> Iterator[Row]:
        """Updates: every number of trials with every number of units, then every size."""
        vary = self.settings["vary"]
        shapes = [
            replace(self.shape, trials=trials, hidden=hidden)
            for hidden in vary["hidden"]
            for trials in vary["trials"]
        ]
        shapes += [replace(self.shape, size=size) for size in vary["size"]]
        for shape in dict.fromkeys(shapes):
            networks = {core: workload(core, shape) for core in CORES}
            yield from self._updates("training", shape, networks)

    def on_threads(self) -> Iterator[Row]:
        """Updates of the reference shape by the compiled core on 1, 2, 4 … threads, up to all
        cores; nothing where there is only one."""
        cores = os.cpu_count() or 1
        threads = [2**power for power in range(cores.bit_length()) if cores > 1]
        networks = {"loop": workload("loop", self.shape)}
        networks |= {f"{n}": workload("compiled", self.shape, threads=n) for n in threads}
        for row in self._updates(THREADS, self.shape, networks):
            if row["core"] != "loop":
                yield row | {"core": "compiled", "threads": int(row["core"])}

    def architectures(self) -> Iterator[Row]:
        """Updates of the reference shape by each architecture; LSTMs also by jax, where that is."""
        for name, known in ARCHITECTURES.items():
            if "verification" in known.tasks:
                shape = replace(self.shape, architecture=name)
                cores = [*CORES, *(["jax"] if has_jax() else [])] if name == "lstm" else CORES[1:]
                networks = {core: workload(core, shape) for core in cores}
                yield from self._updates(ARCHITECTURE, shape, networks)

    def _updates(self, measure: str, shape: Shape, networks: dict[str, Workload]) -> Iterator[Row]:
        examples = shape.examples(BATCHES * shape.batch)
        work = {core: partial(own.train, examples) for core, own in networks.items()}
        return self._rates(measure, shape, examples, networks, work)

    def evaluation(self) -> Iterator[Row]:
        """Scenes: every number of trials, every number of units for the fewest trials, and every
        number of scenes."""
        vary, scenes = self.settings["vary"], self.settings["eval_scenes"]
        few = min(vary["trials"])
        cases = [(replace(self.shape, trials=n), scenes[0]) for n in vary["trials"]]
        cases += [(replace(self.shape, trials=few, hidden=n), scenes[0]) for n in vary["hidden"]]
        cases += [(self.shape, n) for n in scenes]
        for shape, count in dict.fromkeys(cases):
            examples = shape.examples(count)
            networks = {core: workload(core, shape) for core in ("loop", "compiled")}
            networks[PLANNING] = networks["compiled"]
            examples.plan(networks["compiled"].ensemble.plan)  # once for all that takes parts of it
            some = replace(shape, trials=min(shape.trials, EAGER_NETWORKS))
            networks["eager"] = workload("eager", some)
            work = {
                core: evaluations(own, examples[np.arange(own.networks)], afresh=core == PLANNING)
                for core, own in networks.items()
            }
            for row in self._rates("evaluation", shape, examples, networks, work, scenes=count):
                planning = row["core"] == PLANNING
                yield row | ({"measure": PLANNING, "core": "compiled"} if planning else {})

    def runs(self) -> Iterator[Row]:
        """Whole training runs of the reference shape, with and without their evaluations."""
        shape, count = self.shape, self.settings["evaluations"]
        steps = 1 + EVALUATE_EVERY * (count - 1)
        examples = shape.examples(steps * shape.batch)
        scenes = self.settings["eval_scenes"][0]
        evaluated = shape.examples(scenes, seed=1)
        networks = {core: workload(core, shape) for core in ("loop", "compiled")}
        for measure, some, number in (
            ("run", evaluated, scenes),
            ("run without evaluation", None, None),
        ):
            work = {
                core: repeated(partial(own.run, examples, some, count))
                for core, own in networks.items()
            }
            yield from self._rates(
                measure, shape, examples, networks, work, scenes=number, steps=steps
            )

    def peak_row(self) -> Row:
        """What the matrix products reached that were timed in every round."""
        return {
            "measure": PEAK,
            "core": "machine",
            "size": self.settings["matrix"],
            "precision": self.shape.precision,
            "unit": "GFLOP/s",
            "repeats": len(self.peaks),
            "gflops": np.median(self.peaks) / GIGA,
            "fraction_of_peak": 1.0,
            **quartiles(np.array(self.peaks) / GIGA),
        }

    def first_use(self) -> Iterator[Row]:
        """Peak memory, and how long the compiled core takes to compile and to load."""
        scenes = self.settings["eval_scenes"][0]
        with tempfile.TemporaryDirectory() as folder:
            cache = Path(folder)
            found = {
                core: in_fresh_process(core, self.shape, scenes, cache) for core in (None, *CORES)
            }
            again = in_fresh_process("compiled", self.shape, scenes, cache)
        one = {"repeats": 1}
        loop = found["loop"]["bytes"]
        for core, values in (found | {"compiled": again}).items():
            # Python and torch with nothing to do are the least that a training job can need.
            yield (
                row_of("memory", core or "nothing", self.shape, scenes)
                | one
                | {
                    "median": values["bytes"] / MEGA,
                    "unit": "MB",
                    "ratio_to_loop": values["bytes"] / loop,
                }
            )
        for measure, values in (("compile", found["compiled"]), ("load", again)):
            of_core = row_of(measure, "compiled", self.shape, scenes)
            yield of_core | one | {"median": values["seconds"], "unit": "s"}

    def _rates(
        self,
        measure: str,
        shape: Shape,
        examples: Stacked,
        networks: Mapping[str, Workload],
        work: Mapping[str, Work],
        *,
        scenes: int | None = None,
        steps: int = 1,
    ) -> Iterator[Row]:
        """Rows of one shape: how many updates or scenes each contender does in a second.

        A unit of work is an evaluation of ``scenes`` by each network, or ``steps`` updates of it.
        Ratios are taken within a round, since a round's timings lie next to one another.
        """
        evaluates = measure == "evaluation"
        batch = 1 if evaluates else shape.batch
        objects = float(examples.lengths.double().mean()) * batch
        operations = useful_operations(shape, objects, batch, backward=not evaluates)
        times = time_in_turn(
            {**work, PEAK: self.peak, FUNCTIONS: self.functions},
            self.settings["repeats"],
            self.settings["seconds"],
        )
        peak = 2 * self.settings["matrix"] ** 3 / times.pop(PEAK)
        self.peaks.extend(peak)
        functions = ARGUMENTS / times.pop(FUNCTIONS)
        amount = scenes if evaluates else steps
        rates = {core: own.networks * amount / times[core] for core, own in networks.items()}
        least = np.nan  # seconds
        if measure in BOUNDED:
            walked = walked_by(networks["compiled"], examples) if evaluates else objects
            least = useful_operations(shape, walked, batch, backward=not evaluates) / peak
            least = least + elementary_functions(shape, walked) / functions
        for core, rate in rates.items():
            found = quartiles(rate)
            ratio = quartiles(rate / rates.get("loop", np.nan))
            yield (
                row_of(measure, core, shape, scenes)
                | found
                | {
                    "networks": networks[core].networks,
                    "unit": "scenes/s" if evaluates else "trial-steps/s",
                    "repeats": len(rate),
                    "ratio_to_loop": ratio["median"],
                    "ratio_lower": ratio["lower"],
                    "ratio_upper": ratio["upper"],
                    "ratio_to_eager": float(np.median(rate / rates.get("eager", np.nan))),
                    "gflops": found["median"] * operations / GIGA,
                    "fraction_of_peak": float(np.median(rate * operations / peak)),
                    "fraction_of_bound": float(np.median(rate * least))
                    if core == "compiled"
                    else np.nan,
                }
            )
            speed = f"{found['median']:.4g} a second, {ratio['median']:.3g} × loop"
            log.info("%s %s %s: %s", measure, core, shape, speed)


def walked_by(networks: Workload, examples: Stacked) -> float:
    """Positions that the lanes of the compiled core walk for an evaluated scene."""
    plan = examples.plan(networks.ensemble.plan)
    steps = sum(int(trial.blocks[:, 2].sum()) for trial in plan.trials)
    return steps * plan.lanes / examples.lengths.numel()


def row_of(measure: str, core: str, shape: Shape, scenes: int | None) -> Row:
    """What was measured, on one thread."""
    return {
        "measure": measure,
        "core": core,
        "architecture": shape.architecture,
        "trials": shape.trials,
        "hidden": shape.hidden,
        "size": shape.size,
        "scenes": scenes,
        "layers": shape.layers,
        "batch": shape.batch,
        "precision": shape.precision,
        "threads": 1,
    }


def repeated(work: Callable[[], object]) -> Work:
    """Work whose unit is one call."""

    def repeat(count: int) -> None:
        for _ in range(count):
            work()

    return repeat


def evaluations(networks: Workload, examples: Stacked, *, afresh: bool) -> Work:
    """Evaluations; ``afresh``: each of them makes its plan anew."""
    if not afresh:
        return repeated(partial(networks.evaluate, examples))
    return repeated(lambda: networks.evaluate(replace(examples, _plans=[])))


def time_in_turn(
    contenders: Mapping[str, Work], repeats: int, seconds: float
) -> dict[str, np.ndarray]:
    """Seconds that one unit of each contender's work takes: ``repeats`` numbers for each.

    A contender does as many units as it is called with. One call warms it up, another shows how
    many units take about ``seconds`` (none is needed where the first took much longer); then every
    round times each of them once.
    """
    counts = {}
    for name, work in contenders.items():
        first = _seconds(work, 1)
        one = first if first > CERTAINLY_LONG * seconds else _seconds(work, 1)
        counts[name] = max(1, round(seconds / one))
    found = {name: np.empty(repeats) for name in contenders}
    for k in range(repeats):
        for name, work in contenders.items():
            found[name][k] = _seconds(work, counts[name]) / counts[name]
    return found


def _seconds(work: Work, count: int) -> float:
    start = time.perf_counter()
    work(count)
    return time.perf_counter() - start


def matrix_peak(side: int, precision: str) -> Work:
    """Work whose unit is the product of two square matrices, 2 · side³ operations."""
    a = torch.rand(side, side, dtype=getattr(torch, precision))
    return repeated(partial(torch.mm, a, a, out=torch.empty_like(a)))


def functions_at_once(precision: str) -> Work:
    """Work whose unit is tanh of `ARGUMENTS` numbers, as the compiled core computes it."""
    arguments = np.linspace(-3, 3, ARGUMENTS).astype(precision)
    return partial(_all_tanh, CODE, arguments, np.empty_like(arguments))


@kernel
def _all_tanh(code, arguments, values, times):
    given, into = as_vectors(numbers(arguments)), as_vectors(numbers(values))
    for _ in range(times):
        for k in range(len(arguments) // lanes_of(given)):
            into[k] = tanh(given[k])


def quartiles(values: Sequence[float]) -> dict[str, float]:
    """Median, lower and upper quartile.

    >>> quartiles([1, 2, 3, 4, 5])
    {'median': 3.0, 'lower': 2.0, 'upper': 4.0}
    """
    found = np.quantile(values, [0.5, 0.25, 0.75]).tolist()
    return dict(zip(("median", "lower", "upper"), found, strict=True))


def machine_facts() -> pd.DataFrame:
    """What the times depend on, in words."""
    import numba  # noqa: PLC0415 - only to be asked for its version

    facts = {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "threads used": str(torch.get_num_threads()),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numba": numba.__version__,
        "numpy": np.__version__,
    }
    return pd.DataFrame(facts.items(), columns=list(report_columns.MACHINE))
