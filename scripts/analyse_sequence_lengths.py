"""Count how well recurrent networks verify scenes of each size."""

from typing import Any

from quantlearn import columns, tables
from quantlearn.figures.course.sequence_lengths import architecture_of, sequence_lengths_table
from quantlearn.pipeline.jobs import run_job


def analyse_sequence_lengths(
    settings: dict[str, Any], samples: str, cells: str, *, numbers: str
) -> None:
    """Write the accuracy by size of an experiment whose samples are architectures."""
    border = settings["data"]["split"]["only_test"]["sizes_above"]
    architectures = architecture_of(tables.read_csv(samples, columns.SAMPLES))
    counts = tables.read_parquet(cells, columns.CELLS)
    tables.write_csv(sequence_lengths_table(counts, architectures, border), numbers)


if __name__ == "__main__":
    run_job(analyse_sequence_lengths, snakemake)
