"""Open the test split for the chosen sample of a search, once the choice has been made."""

import logging

import pandas as pd

from quantlearn import columns, tables
from quantlearn.errors import QuantlearnError
from quantlearn.networks.ensemble import Ensemble
from quantlearn.pipeline.devices import choose_device
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.samples import read_sample
from quantlearn.statistics.ranking import have_one_loss, rank_samples
from quantlearn.training.evaluation import answers, scored
from quantlearn.training.examples import stack
from quantlearn.training.members import Member, read_members
from quantlearn.training.tables import cells_table
from quantlearn.training.weights import read_weights

log = logging.getLogger("quantlearn")


def open_test(
    split_scenes: str,
    samples: str,
    training_trials: list[str],
    training_weights: list[str],
    quantifiers: list[str],
    device: str,
    threads: int,
    *,
    chosen_trials: str,
    chosen_cells: str,
    task: str = "verification",
    groups: list[list[str]] | None = None,
) -> None:
    """Evaluate the best sample's networks on the test scenes of ``split_scenes``.

    The ``training_`` lists hold one path for each training job, in their order; only the weights of
    the best sample by the dev split are read. Writes the test scores of its networks and their
    answers counted by cell. Raises `QuantlearnError` where there are no test scenes.
    """
    drawn = tables.read_csv(samples, columns.SAMPLES)
    numbers = drawn["sample"].to_list()
    trained = tables.read_jobs(training_trials, columns.TRIALS, numbers)
    chosen = rank_samples(pd.concat(trained), losses_compare=have_one_loss(drawn))[0]
    (weights,) = (
        path
        for path, job in zip(training_weights, trained, strict=True)
        if (job["sample"] == chosen).any()
    )
    log.info("sample %d is chosen of %d", chosen, len(numbers))

    where = choose_device(device)
    settings = read_sample(samples, chosen)
    training = settings["training"]
    coding = settings["network"]["quantifiers"]
    members, network_task = read_members(
        split_scenes, quantifiers, training["together"], coding, task, groups
    )
    if not any(len(member.examples["test"]) for member in members):
        raise QuantlearnError(
            f"{split_scenes}: has no test scenes: give data.split.test a fraction, or let "
            "data.split.only_test keep scenes that there are"
        )
    ensemble = Ensemble(
        settings["network"], network_task, where, training["core"], training["loss"], threads
    )
    ensemble.share_threads()
    flat = read_weights(ensemble, len(members), weights, chosen).to(where)
    examples = stack([member.examples["test"] for member in members], where)
    given = answers(ensemble, flat, examples)
    scores = scored(given, examples, ensemble.task.quantifiers)
    tables.write_csv(_scores_table(members, chosen, scores), chosen_trials)
    tables.write_parquet(cells_table(chosen, members, {"test": given}, quantifiers), chosen_cells)


def _scores_table(members: list[Member], sample: int, scores) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample": sample,
            "trial": [member.trial for member in members],
            "quantifier": [member.learns for member in members],
            "test_loss": scores.loss[:, -1],
            "test_accuracy": scores.accuracy[:, -1],
            "test_scenes": [len(member.examples["test"]) for member in members],
        }
    )


if __name__ == "__main__":
    run_job(open_test, snakemake)
