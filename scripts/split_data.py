"""Split the scenes of each trial into train, dev and test."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from quantlearn.data import scene_files
from quantlearn.data.split import SIDES, split
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import zone_counts
from quantlearn.semantics.scenes import LabelledScenes


def split_data(
    balanced: str,
    split_scenes: str,
    settings: dict[str, Any],
    quantifiers: list[str],
    seed: int,
    experiment: str,
) -> None:
    """Write the scenes of ``balanced`` to ``split_scenes``, with a column ``split``.

    settings: the experiment's data.split; what it keeps for testing only is not among the scenes
    that its fractions divide. Repeated rows stay in train only; dev and test hold each scene once.
    """
    fractions = tuple(settings[side] for side in SIDES)

    def split_trials() -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
        for trial, (scenes, extra) in enumerate(scene_files.read_trials(balanced, quantifiers)):
            rng = random_stream(seed, experiment, "split", trial)
            units = _units(settings["by"], scenes, extra["copy"])
            kept_stream = random_stream(seed, experiment, "only_test", trial)
            divided = ~_only_test(settings["only_test"], scenes, quantifiers, kept_stream)
            sides = np.full(len(scenes), SIDES.index("test"))
            sides[divided] = split(units[divided], fractions, rng)
            kept = np.flatnonzero((extra["copy"] == 0) | (sides == SIDES.index("train")))
            yield scenes[kept], {"split": np.array(SIDES)[sides[kept]]}

    scene_files.write_trials(split_scenes, quantifiers, split_trials())


def _only_test(
    settings: dict[str, Any],
    scenes: LabelledScenes,
    quantifiers: list[str],
    rng: np.random.Generator,
) -> np.ndarray:
    """Which rows are for testing whatever the fractions are, booleans (n,)."""
    kept = np.isin(np.array(quantifiers), settings["quantifiers"])[scenes.quantifiers]
    if settings["sizes_above"] is not None:
        kept |= scenes.sizes > settings["sizes_above"]
    if settings["counts"] > 0:
        both, a_only = zone_counts(scenes.scenes).T[:2]
        pairs, pair_of_row = np.unique(
            (scenes.scenes.shape[1] + 1) * both + a_only, return_inverse=True
        )
        chosen = rng.permutation(len(pairs)) < round(settings["counts"] * len(pairs))
        kept |= chosen[pair_of_row]
    return kept


def _units(by: str, scenes: LabelledScenes, copies: np.ndarray) -> np.ndarray:
    """A number for each row that is the same for rows that must stay on one side."""
    match by:
        case "scene":
            # Copies of a row follow it, so counting the originals numbers the scenes.
            return np.cumsum(copies == 0)
        case "zone_counts":
            base = scenes.scenes.shape[1] + 1
            return zone_counts(scenes.scenes) @ base ** np.arange(4)
        case "size":
            return scenes.sizes
        case _:
            raise ValueError(by)


if __name__ == "__main__":
    run_job(split_data, snakemake)
