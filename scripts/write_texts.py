"""Let trained networks write a sentence about each test scene."""

import pandas as pd

from quantlearn import columns, tables
from quantlearn.pipeline.devices import choose_device
from quantlearn.pipeline.jobs import run_job
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.settings.samples import read_sample
from quantlearn.training.decoding import texts_of_sample
from quantlearn.training.job import Assignment


def write_texts(
    split_scenes: str,
    samples: str,
    training_trials: list[str],
    training_weights: list[str],
    expressions: dict[str, str],
    task: str,
    seed: int,
    device: str,
    experiment: str,
    threads: int,
    *,
    texts: str,
) -> None:
    """Write a row for each test scene of each network of each sample.

    The ``training_`` lists hold one path for each training job, in their order.
    """
    assignment = Assignment(
        experiment=experiment,
        split_scenes=split_scenes,
        quantifiers=list(expressions),
        task=task,
        groups=None,
        seed=seed,
        device=choose_device(device),
        threads=threads,
    )
    numbers = tables.read_csv(samples, columns.SAMPLES)["sample"].to_list()
    jobs = tables.job_of_samples(training_trials, numbers)
    quantifiers = [Quantifier(name, expression) for name, expression in expressions.items()]
    parts = [
        texts_of_sample(
            sample,
            read_sample(samples, sample),
            assignment,
            training_weights[jobs[sample]],
            quantifiers,
        )
        for sample in numbers
    ]
    joined = pd.concat(parts, ignore_index=True)[list(columns.TEXTS)]
    tables.write_parquet(joined.astype(columns.types(columns.TEXTS)), texts)


if __name__ == "__main__":
    run_job(write_texts, snakemake)
