"""Take the test scenes out of the data, so that no training job of a search can see them."""

from collections.abc import Iterator

import numpy as np

from quantlearn.data import scene_files
from quantlearn.pipeline.jobs import run_job
from quantlearn.semantics.scenes import LabelledScenes


def withhold_test(split_scenes: str, without_test: str, quantifiers: list[str]) -> None:
    """Write the train and dev rows of ``split_scenes`` to ``without_test``, in their order."""

    def open_trials() -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
        for scenes, extra in scene_files.read_trials(split_scenes, quantifiers):
            kept = np.flatnonzero(extra["split"] != "test")
            yield scenes[kept], {"split": extra["split"][kept].astype(str)}

    scene_files.write_trials(without_test, quantifiers, open_trials())


if __name__ == "__main__":
    run_job(withhold_test, snakemake)
