"""Find when each published run of the 2019 paper learned each quantifier, by our rule."""

import logging
from typing import Any

import pandas as pd

from quantlearn import tables
from quantlearn.columns import PUBLISHED
from quantlearn.data.published import read_trials
from quantlearn.pipeline.jobs import run_job
from quantlearn.statistics.convergence import convergence_table

log = logging.getLogger("quantlearn")


def read_published(
    trials: list[str], accuracies: dict[str, str], criterion: dict[str, Any], *, published: str
) -> None:
    """Write the convergence table ``published`` of the public data in the files ``trials``.

    accuracies: the column of each quantifier of the experiment; criterion: the experiment's
    convergence, when a quantifier counts as learned.
    """
    found = read_trials(trials, accuracies)
    curves = pd.concat(
        pd.DataFrame(
            {
                **{"sample": 0, "trial": number, "quantifier": quantifier},
                **{"step": trial.steps, "accuracy": trial.accuracy[quantifier]},
            }
        )
        for number, trial in enumerate(found)
        for quantifier in accuracies
    )
    table = convergence_table(curves, criterion["threshold"], criterion["window"])
    table["final_loss"] = table["trial"].map(lambda number: found[number].loss[-1])
    tables.write_csv(table[list(PUBLISHED)], published)
    log.info(
        "%d runs, %d of %d quantifiers learned", len(found), table["converged"].sum(), len(table)
    )


if __name__ == "__main__":
    run_job(read_published, snakemake)
