"""Write down the settings of each hyperparameter sample."""

from typing import Any

from quantlearn.jobs import run_job
from quantlearn.space import samples_table
from quantlearn.tables import write_csv


def sample_hyperparameters(samples: str, settings: dict[str, Any]) -> None:
    """Write the samples of an experiment to the table ``samples``.

    settings: the experiment's sections ``network`` and ``training``.
    """
    write_csv(samples_table(settings), samples)


if __name__ == "__main__":
    run_job(sample_hyperparameters, snakemake)
