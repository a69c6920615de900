"""Make the table of all quantifiers: what each means, and when it was learned."""

from pathlib import Path
from typing import Any

from quantlearn import tables
from quantlearn.figures.experiment import Experiment
from quantlearn.figures.lexicon.league import league as league_of
from quantlearn.pipeline.jobs import run_job


def league(
    lexicon: dict[str, Any], settings: list[dict[str, Any]], samples: list[str], *, league: str
) -> None:
    """Write ``league``, a row for each quantifier of the lexicon or of an experiment.

    lexicon: max_size and the ``quantifiers`` (name: expression); settings: those of the experiments
    on the page, and samples their samples.csv, in whose folders their other results are.
    """
    experiments = [
        Experiment(one, Path(path).parent) for one, path in zip(settings, samples, strict=True)
    ]
    found = league_of(lexicon["quantifiers"], lexicon["max_size"], experiments)
    tables.write_csv(found, league)


if __name__ == "__main__":
    run_job(league, snakemake)
