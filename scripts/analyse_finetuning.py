"""Compare networks that start from others with networks from scratch, by number of scenes."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from quantlearn import columns, tables
from quantlearn.data.scene_files import read_trials
from quantlearn.figures.course.finetuning import finetuning_table, met_before
from quantlearn.pipeline.jobs import run_job
from quantlearn.semantics.scenes import LabelledScenes


def analyse_finetuning(
    samples: str,
    trials: str,
    split_scenes: str,
    source_scenes: list[str],
    settings: dict[str, Any],
    source_settings: dict[str, Any],
    *,
    numbers: str,
) -> None:
    """Write the table of an experiment whose samples vary in their start and number of scenes."""
    drawn: pd.DataFrame = tables.read_csv(samples, columns.SAMPLES)
    trained = tables.read_csv(trials, columns.TIMELESS_TRIALS)
    # The source may have more trials, from which no network of this experiment starts.
    met = [
        met_before(tested, read)
        for tested, read in zip(
            scenes_on(split_scenes, settings["quantifiers"], "test"),
            scenes_on(source_scenes[0], source_settings["quantifiers"], "train"),
            strict=False,
        )
    ]
    tables.write_csv(finetuning_table(drawn, trained, met), numbers)


def scenes_on(path: str, quantifiers: list[str], split: str) -> Iterator[LabelledScenes]:
    """The scenes of each trial on one split."""
    for labelled, extra in read_trials(path, quantifiers):
        yield labelled[extra["split"] == split]


if __name__ == "__main__":
    run_job(analyse_finetuning, snakemake)
