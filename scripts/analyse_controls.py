"""Compare the pairs of 2019 under all conditions: those of this experiment and those beside it."""

from typing import Any

from quantlearn import columns, tables
from quantlearn.figures.atlas.controls import Source, controls_table
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.samples import read_sample


def analyse_controls(
    settings: dict[str, Any],
    samples: str,
    curves: str,
    beside_settings: list[dict[str, Any]],
    beside_samples: list[str],
    beside_curves: list[str],
    *,
    numbers: str,
) -> None:
    """Write the leads of each pair in all samples of all experiments."""
    sources = [
        Source(
            one,
            {
                sample: read_sample(drawn, sample)
                for sample in tables.read_csv(drawn, columns.SAMPLES)["sample"]
            },
            tables.read_parquet(learned, columns.CURVES),
        )
        for one, drawn, learned in zip(
            [settings, *beside_settings],
            [samples, *beside_samples],
            [curves, *beside_curves],
            strict=True,
        )
    ]
    tables.write_csv(controls_table(sources), numbers)


if __name__ == "__main__":
    run_job(analyse_controls, snakemake)
