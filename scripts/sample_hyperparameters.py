"""Draw the settings of each hyperparameter sample."""

from typing import Any

from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.samples import draw_samples, samples_table
from quantlearn.tables import write_csv


def sample_hyperparameters(
    samples: str,
    network: dict[str, Any],
    training: dict[str, Any],
    search: dict[str, Any] | None,
    seed: int,
    experiment: str,
) -> None:
    """Write the samples of an experiment, from its sections, to the table ``samples``."""
    settings = {"name": experiment, "network": network, "training": training, "search": search}
    write_csv(samples_table(draw_samples(settings, seed)), samples)


if __name__ == "__main__":
    run_job(sample_hyperparameters, snakemake)
