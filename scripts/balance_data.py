"""Balance the truth values of each quantifier, so that guessing the frequent one pays nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from quantlearn.data import scene_files
from quantlearn.data.balance import (
    balance_group,
    balance_rows,
    joined,
)
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import parts_of_trial, random_stream
from quantlearn.semantics.scenes import LabelledScenes


def balance_data(
    generated: str,
    balanced: str,
    settings: dict[str, Any],
    quantifiers: list[str],
    seed: int,
    experiment: str,
    groups: list[list[str]] | None = None,
    crossed: dict[str, int] | None = None,
) -> None:
    """Write the balanced scenes of ``generated`` to ``balanced``, with a column ``copy``.

    settings: the experiment's data.balance. Each of the ``groups`` is balanced in itself. Trials
    that share data (``crossed``) are balanced alike.
    """

    def balance_trials() -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
        for trial, (scenes, _) in enumerate(scene_files.read_trials(generated, quantifiers)):
            parts = parts_of_trial(trial, crossed)
            rng = random_stream(seed + parts.root, experiment, "balance", parts.data)
            if groups is None:
                chosen = balance_rows(scenes, quantifiers, settings, rng)
            else:
                chosen = joined(
                    balance_group(scenes, group, quantifiers, settings, rng) for group in groups
                )
            yield scenes[chosen.rows], {"copy": chosen.copies}

    scene_files.write_trials(balanced, quantifiers, balance_trials())


if __name__ == "__main__":
    run_job(balance_data, snakemake)
