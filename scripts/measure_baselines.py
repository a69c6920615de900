"""Measure what rules reach that know little of a scene, as a baseline for the networks.

The test scenes are read, but no network learns from them here and nothing is chosen by them.
"""

import pandas as pd

from quantlearn import columns, tables
from quantlearn.data import baselines as rules
from quantlearn.data import scene_files
from quantlearn.pipeline.jobs import run_job


def measure_baselines(
    split_scenes: str, quantifiers: list[str], *, baselines: str, baseline_cells: str
) -> None:
    """Learn the baselines from each trial's training scenes in ``split_scenes`` and score them.

    Writes their accuracy by trial, split and quantifier, and the same counted by size as well.
    """
    counted = pd.concat(
        rules.baseline_cells(scenes, extra["split"], quantifiers).assign(trial=trial)
        for trial, (scenes, extra) in enumerate(scene_files.read_trials(split_scenes, quantifiers))
    )
    tables.write_csv(rules.baseline_accuracy(counted), baselines)
    tables.write_parquet(counted[list(columns.BASELINE_CELLS)], baseline_cells)


if __name__ == "__main__":
    run_job(measure_baselines, snakemake)
