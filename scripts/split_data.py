"""Split the scenes of each trial into train, dev and test."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from quantlearn.data import scene_files
from quantlearn.data.split import SIDES, _only_test, _units, split
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import parts_of_trial, random_stream
from quantlearn.semantics.scenes import LabelledScenes


def split_data(
    balanced: str,
    split_scenes: str,
    settings: dict[str, Any],
    quantifiers: list[str],
    seed: int,
    experiment: str,
    crossed: dict[str, int] | None = None,
    noise: float = 0.0,
) -> None:
    """Write the scenes of ``balanced`` to ``split_scenes``, with a column ``split``.

    settings: the experiment's data.split; what it keeps for testing only is not among the scenes
    that its fractions divide. Repeated rows stay in train only; dev and test hold each scene once.
    Trials that share data (``crossed``) are split alike. The truth of training scenes is turned
    with probability ``noise``, in all copies of a scene or in none.
    """
    fractions = tuple(settings[side] for side in SIDES)

    def split_trials() -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
        for trial, (scenes, extra) in enumerate(scene_files.read_trials(balanced, quantifiers)):
            parts = parts_of_trial(trial, crossed)
            root = seed + parts.root
            rng = random_stream(root, experiment, "split", parts.data)
            units = _units(settings["by"], scenes, extra["copy"])
            kept_stream = random_stream(root, experiment, "only_test", parts.data)
            divided = ~_only_test(settings["only_test"], scenes, quantifiers, kept_stream)
            sides = np.full(len(scenes), SIDES.index("test"))
            sides[divided] = split(units[divided], fractions, rng)
            kept = np.flatnonzero((extra["copy"] == 0) | (sides == SIDES.index("train")))
            # Copies of a row follow it.
            originals = np.cumsum(extra["copy"] == 0) - 1
            noise_stream = random_stream(root, experiment, "noise", parts.data)
            turned = noise_stream.random(originals[-1] + 1)[originals] < noise
            truth = scenes.truth ^ (turned & (sides == SIDES.index("train")))
            found = replace(scenes, truth=truth)[kept]
            yield found, {"split": np.array(SIDES)[sides[kept]]}

    scene_files.write_trials(split_scenes, quantifiers, split_trials())


if __name__ == "__main__":
    run_job(split_data, snakemake)
