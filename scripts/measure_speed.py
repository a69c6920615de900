"""Measure how fast this machine trains and evaluates: loop over networks, eager, compiled."""

import dataclasses
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from quantlearn import tables
from quantlearn.figures.benchmark import workloads
from quantlearn.figures.benchmark.workloads import CORES, EVALUATE_EVERY, Shape
from quantlearn.pipeline.jobs import run_job
from quantlearn.training.examples import Stacked

log = logging.getLogger("quantlearn.benchmark")

PEAK = "matrix product"
THREADS = "training on threads"
PLANNING = "evaluation with plan"  # the compiled core's, when its plan serves only once
EAGER_NETWORKS = 8  # evaluated by the eager core at most: beyond, its time is in proportion
BATCHES = 64  # of examples to train on; they are used again and again
GIGA = 1e9
MEGA = 1e6

Row = dict[str, Any]


def measure_speed(settings: dict[str, Any], benchmark: str, machine: str) -> None:
    """Write the table of all measurements and that of the machine they were made on.

    All but one measure runs on one thread, as a training job does by default.
    """
    torch.set_num_threads(1)
    bench = Bench(settings)
    logging.getLogger("quantlearn.training.loop").setLevel(logging.WARNING)  # no lines in a timing
    rows = [*bench.training(), *bench.on_threads(), *bench.evaluation(), *bench.runs()]
    if settings["first_use"]:
        rows += bench.first_use()
    rows.append(bench.peak_row())
    tables.write_csv(pd.DataFrame(rows, columns=list(tables.BENCHMARK)), benchmark)
    facts = pd.DataFrame(workloads.machine().items(), columns=list(tables.MACHINE))
    tables.write_csv(facts, machine)


class Bench:
    """The measurements that the settings (config.yaml, ``benchmark``) ask for."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.shape = Shape(**settings["shape"])
        self.side = settings["matrix"]
        self.peak = workloads.matrix_peak(self.side, self.shape.precision)
        self.peaks: list[float] = []

    def training(self) -> Iterator[Row]:
        """Updates: every number of trials with every number of units, then every size."""
        vary = self.settings["vary"]
        shapes = [
            dataclasses.replace(self.shape, trials=trials, hidden=hidden)
            for hidden in vary["hidden"]
            for trials in vary["trials"]
        ]
        shapes += [dataclasses.replace(self.shape, size=size) for size in vary["size"]]
        for shape in dict.fromkeys(shapes):
            examples = shape.examples(BATCHES * shape.batch)
            objects = float(examples.lengths.double().mean()) * shape.batch
            networks = {core: workloads.workload(core, shape) for core in CORES}
            work = {core: _train(networks[core], examples) for core in CORES}
            yield from self._rates(
                "training",
                shape,
                work,
                networks,
                1,
                workloads.useful_operations(shape, objects, shape.batch, backward=True),
                "trial-steps/s",
            )

    def on_threads(self) -> Iterator[Row]:
        """Updates of the reference shape by the compiled core on 1, 2, 4 … threads, up to all
        cores; nothing where there is only one."""
        shape, cores = self.shape, os.cpu_count() or 1
        examples = shape.examples(BATCHES * shape.batch)
        objects = float(examples.lengths.double().mean()) * shape.batch
        threads = [2**power for power in range(cores.bit_length()) if cores > 1]
        networks = {
            "loop": workloads.workload("loop", shape),
            **{f"{n}": workloads.workload("compiled", shape, threads=n) for n in threads},
        }
        for row in self._rates(
            THREADS,
            shape,
            {name: _train(own, examples) for name, own in networks.items()},
            networks,
            1,
            workloads.useful_operations(shape, objects, shape.batch, backward=True),
            "trial-steps/s",
        ):
            if row["core"] != "loop":
                yield row | {"core": "compiled", "threads": int(row["core"])}

    def evaluation(self) -> Iterator[Row]:
        """Scenes: every number of trials, every number of units for the fewest trials, and every
        number of scenes."""
        vary, scenes = self.settings["vary"], self.settings["eval_scenes"]
        few = min(vary["trials"])
        cases = [
            *((dataclasses.replace(self.shape, trials=n), scenes[0]) for n in vary["trials"]),
            *(
                (dataclasses.replace(self.shape, trials=few, hidden=n), scenes[0])
                for n in vary["hidden"]
            ),
            *((self.shape, n) for n in scenes),
        ]
        for shape, count in dict.fromkeys(cases):
            examples = shape.examples(count)
            objects = float(examples.lengths.double().mean())
            networks = {core: workloads.workload(core, shape) for core in ("loop", "compiled")}
            networks[PLANNING] = networks["compiled"]
            some = dataclasses.replace(shape, trials=min(shape.trials, EAGER_NETWORKS))
            networks["eager"] = workloads.workload("eager", some)
            work = {
                core: _evaluate(
                    networks[core], examples[np.arange(networks[core].networks)], core == PLANNING
                )
                for core in networks
            }
            for row in self._rates(
                "evaluation",
                shape,
                work,
                networks,
                count,
                workloads.useful_operations(shape, objects, 1, backward=False),
                "scenes/s",
                scenes=count,
            ):
                if row["core"] == PLANNING:
                    yield row | {"measure": PLANNING, "core": "compiled"}
                else:
                    yield row

    def runs(self) -> Iterator[Row]:
        """Whole training runs of the reference shape, with and without their evaluations."""
        shape, evaluations = self.shape, self.settings["evaluations"]
        steps = 1 + EVALUATE_EVERY * (evaluations - 1)
        examples = shape.examples(steps * shape.batch)
        scenes = self.settings["eval_scenes"][0]
        objects = float(examples.lengths.double().mean()) * shape.batch
        operations = workloads.useful_operations(shape, objects, shape.batch, backward=True)
        networks = {core: workloads.workload(core, shape) for core in ("loop", "compiled")}
        for measure, evaluated in (
            ("run", shape.examples(scenes, seed=1)),
            ("run without evaluation", None),
        ):
            work = {
                core: _run(networks[core], examples, evaluated, evaluations) for core in networks
            }
            yield from self._rates(
                measure,
                shape,
                work,
                networks,
                steps,
                operations,
                "trial-steps/s",
                scenes=scenes if evaluated is not None else None,
            )

    def peak_row(self) -> Row:
        """What the matrix products reached that were timed in every round."""
        median, lower, upper = workloads.quartiles(np.array(self.peaks) / GIGA)
        return {
            "measure": PEAK,
            "core": "machine",
            "size": self.side,
            "precision": self.shape.precision,
            "median": median,
            "lower": lower,
            "upper": upper,
            "unit": "GFLOP/s",
            "repeats": len(self.peaks),
            "gflops": median,
            "fraction_of_peak": 1.0,
        }

    def first_use(self) -> Iterator[Row]:
        """Peak memory, and how long the compiled core takes to compile and to load."""
        scenes = self.settings["eval_scenes"][0]
        with tempfile.TemporaryDirectory() as folder:
            cache = Path(folder)
            found = {
                core: workloads.in_fresh_process(core, self.shape, scenes, cache)
                for core in (None, *CORES)
            }
            again = workloads.in_fresh_process("compiled", self.shape, scenes, cache)
        loop = found["loop"]["bytes"]
        for core, values in (found | {"compiled": again}).items():
            # Python and torch with nothing to do are the least that a training job can need.
            yield self._row("memory", core or "nothing", self.shape, scenes=scenes) | {
                "median": values["bytes"] / MEGA,
                "unit": "MB",
                "repeats": 1,
                "ratio_to_loop": values["bytes"] / loop,
            }
        for measure, values in (("compile", found["compiled"]), ("load", again)):
            yield self._row(measure, "compiled", self.shape, scenes=scenes) | {
                "median": values["seconds"],
                "unit": "s",
                "repeats": 1,
            }

    def _rates(
        self,
        measure: str,
        shape: Shape,
        work: dict[str, Callable[[int], None]],
        networks: dict[str, workloads.Workload],
        amount: int,
        operations: float,
        unit: str,
        scenes: int | None = None,
    ) -> Iterator[Row]:
        """Rows of one shape: how much of ``unit`` each contender does in a second.

        ``amount``: what one call does for each network; ``operations``: useful ones in one unit.
        Ratios are taken within a round, since a round's timings lie next to one another.
        """
        times = workloads.time_in_turn(
            {**work, PEAK: self.peak}, self.settings["repeats"], self.settings["seconds"]
        )
        peak = 2 * self.side**3 / times.pop(PEAK)
        self.peaks.extend(peak)
        rates = {core: networks[core].networks * amount / times[core] for core in work}
        for core, rate in rates.items():
            median, lower, upper = workloads.quartiles(rate)
            ratio, ratio_lower, ratio_upper = workloads.quartiles(rate / rates["loop"])
            yield self._row(measure, core, shape, scenes) | {
                "networks": networks[core].networks,
                "median": median,
                "lower": lower,
                "upper": upper,
                "unit": unit,
                "repeats": len(rate),
                "ratio_to_loop": ratio,
                "ratio_lower": ratio_lower,
                "ratio_upper": ratio_upper,
                "gflops": median * operations / GIGA,
                "fraction_of_peak": float(np.median(rate * operations / peak)),
            }
            log.info("%s %s %s: %.4g %s, %.3g × loop", measure, core, shape, median, unit, ratio)

    def _row(self, measure: str, core: str, shape: Shape, scenes: int | None = None) -> Row:
        return {
            "measure": measure,
            "core": core,
            "trials": shape.trials,
            "hidden": shape.hidden,
            "size": shape.size,
            "scenes": scenes,
            "layers": shape.layers,
            "batch": shape.batch,
            "precision": shape.precision,
            "threads": 1,
        }


def _train(networks: workloads.Workload, examples: Stacked) -> Callable[[int], None]:
    return lambda count: networks.train(examples, count)


def _evaluate(
    networks: workloads.Workload, examples: Stacked, afresh: bool
) -> Callable[[int], None]:
    """Evaluations; ``afresh``: each of them makes its plan anew."""

    def work(count: int) -> None:
        for _ in range(count):
            networks.evaluate(dataclasses.replace(examples, _plans=[]) if afresh else examples)

    return work


def _run(
    networks: workloads.Workload, examples: Stacked, evaluated: Stacked | None, evaluations: int
) -> Callable[[int], None]:
    def work(count: int) -> None:
        for _ in range(count):
            networks.run(examples, evaluated, evaluations)

    return work


if __name__ == "__main__":
    run_job(measure_speed, snakemake)
