"""Train the hyperparameter samples of a job, all trials of a sample as one ensemble."""

import json
from collections.abc import Sequence
from pathlib import Path

from quantlearn import tables
from quantlearn.files import write_text
from quantlearn.networks.weight_files import write_weights
from quantlearn.pipeline.devices import choose_device
from quantlearn.pipeline.jobs import run_job
from quantlearn.settings.samples import read_sample
from quantlearn.training.checkpoints import Checkpoints
from quantlearn.training.job import Assignment, TrainingJob, interruptible, joined, train_job


def train_samples(
    split_scenes: str,
    samples: str,
    curves: str,
    trials: str,
    cells: str,
    weights: str,
    job_samples: list[int],
    quantifiers: list[str],
    seed: int,
    device: str,
    experiment: str,
    threads: int,
    checkpoint: str,
    checkpoint_seconds: float | None,
    code: str,
    source_samples: Sequence[str] = (),
    source_weights: Sequence[str] = (),
    source_trials: Sequence[str] = (),
    task: str = "verification",
    groups: list[list[str]] | None = None,
    crossed: dict[str, int] | None = None,
) -> None:
    """Train the samples ``job_samples`` of the table ``samples`` on the file ``split_scenes``.

    Writes the learning curves, one row for each network, the final answers counted by cell, and the
    final weights, whose first axis is the rows of ``trials`` that are of the sample; beside these,
    in processors.json, the kinds of processors that the job ran on.

    A job that is interrupted goes on from the file ``checkpoint``, which is written every
    ``checkpoint_seconds`` and on SIGTERM or SIGINT, and removed when the job is done. It is used
    only for the same settings, data, source, seed, kind of device, libraries and ``code`` (a
    digest). `Assignment` explains the ``source_`` lists.
    """
    assignment = Assignment(
        experiment=experiment,
        split_scenes=split_scenes,
        quantifiers=quantifiers,
        task=task,
        groups=groups,
        seed=seed,
        crossed=crossed,
        device=choose_device(device),
        threads=threads,
        source_samples=source_samples,
        source_weights=source_weights,
        source_trials=source_trials,
    )
    settings = {sample: read_sample(samples, sample) for sample in job_samples}
    checkpoints = Checkpoints(
        checkpoint, assignment.fingerprint(settings, code), checkpoint_seconds
    )
    with interruptible(checkpoints) as signals:
        done = train_job(settings, assignment, TrainingJob(checkpoints, signals))
        tables.write_parquet(joined(part.curves for part in done.values()), curves)
        tables.write_csv(joined(part.trials for part in done.values()).to_pandas(), trials)
        tables.write_parquet(joined(part.cells for part in done.values()), cells)
        write_weights({sample: part.weights for sample, part in done.items()}, weights)
        beside = Path(weights).with_name("processors.json")
        write_text(json.dumps(checkpoints.processors, indent=2) + "\n", beside)
        checkpoints.discard()


if __name__ == "__main__":
    run_job(train_samples, snakemake)
