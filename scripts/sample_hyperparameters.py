"""Write down the settings of each hyperparameter sample."""

from typing import Any

from quantlearn.jobs import run_job
from quantlearn.space import samples_table
from quantlearn.tables import write_csv


def sample_hyperparameters(samples: str, network: dict[str, Any], training: dict[str, Any]) -> None:
    """Write the samples of an experiment, from its sections, to the table ``samples``."""
    write_csv(samples_table({"network": network, "training": training}), samples)


if __name__ == "__main__":
    run_job(sample_hyperparameters, snakemake)
