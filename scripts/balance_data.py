"""Balance the truth values of each quantifier, so that guessing the frequent one pays nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from quantlearn import scene_files
from quantlearn.balance import balance, cell_names
from quantlearn.jobs import run_job
from quantlearn.scenes import LabelledScenes
from quantlearn.seeds import random_stream


def balance_data(
    generated: str,
    balanced: str,
    settings: dict[str, Any],
    quantifiers: list[str],
    seed: int,
    experiment: str,
) -> None:
    """Write the balanced scenes of ``generated`` to ``balanced``, with a column ``copy``.

    settings: the experiment's data.balance.
    """

    def balance_trials() -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
        for trial, (scenes, _) in enumerate(scene_files.read_trials(generated, quantifiers)):
            by_size = settings.get("by") == "truth_and_size"
            chosen = balance(
                cells=2 * scenes.quantifiers + scenes.truth,
                strata=scenes.sizes if by_size else np.zeros_like(scenes.sizes),
                method=settings["method"],
                rng=random_stream(seed, experiment, "balance", trial),
                names=cell_names(quantifiers),
            )
            yield scenes[chosen.rows], {"copy": chosen.copies}

    scene_files.write_trials(balanced, quantifiers, balance_trials())


if __name__ == "__main__":
    run_job(balance_data, snakemake)
