"""Measure how fast this machine trains and evaluates: loop over networks, eager, compiled."""

from typing import Any

from quantlearn import tables
from quantlearn.figures.benchmark.measure import machine_facts, measurements
from quantlearn.pipeline.jobs import run_job


def measure_speed(settings: dict[str, Any], benchmark: str, machine: str) -> None:
    """Write the table of all measurements and that of the machine they were made on."""
    tables.write_csv(measurements(settings), benchmark)
    tables.write_csv(machine_facts(), machine)


if __name__ == "__main__":
    run_job(measure_speed, snakemake)
