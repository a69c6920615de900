"""Balance the truth values of each quantifier, so that guessing the frequent one pays nothing."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from quantlearn.data import scene_files
from quantlearn.data.balance import Balanced, balance, cell_names
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import random_stream
from quantlearn.semantics.scenes import LabelledScenes, places_among


def balance_data(
    generated: str,
    balanced: str,
    settings: dict[str, Any],
    quantifiers: list[str],
    seed: int,
    experiment: str,
    groups: list[list[str]] | None = None,
) -> None:
    """Write the balanced scenes of ``generated`` to ``balanced``, with a column ``copy``.

    settings: the experiment's data.balance. Each of the ``groups`` is balanced in itself.
    """

    def balance_trials() -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
        for trial, (scenes, _) in enumerate(scene_files.read_trials(generated, quantifiers)):
            rng = random_stream(seed, experiment, "balance", trial)
            if groups is None:
                chosen = balance_rows(scenes, quantifiers, settings, rng)
            else:
                chosen = joined(
                    balance_group(scenes, group, quantifiers, settings, rng) for group in groups
                )
            yield scenes[chosen.rows], {"copy": chosen.copies}

    scene_files.write_trials(balanced, quantifiers, balance_trials())


def balance_group(
    scenes: LabelledScenes,
    group: list[str],
    quantifiers: list[str],
    settings: dict[str, Any],
    rng: np.random.Generator,
) -> Balanced:
    """Balance the scenes of the ``group`` among all scenes, whose ``quantifiers`` are numbered."""
    places = places_among(quantifiers, group)
    rows = np.flatnonzero(places[scenes.quantifiers] >= 0)
    own = scenes[rows]
    own = LabelledScenes(own.scenes, own.sizes, places[own.quantifiers], own.truth)
    chosen = balance_rows(own, group, settings, rng)
    return Balanced(rows[chosen.rows], chosen.copies)


def balance_rows(
    scenes: LabelledScenes,
    quantifiers: list[str],
    settings: dict[str, Any],
    rng: np.random.Generator,
) -> Balanced:
    """Balance scenes over all of their ``quantifiers``."""
    by_size = settings.get("by") == "truth_and_size"
    return balance(
        cells=2 * scenes.quantifiers + scenes.truth,
        strata=scenes.sizes if by_size else np.zeros_like(scenes.sizes),
        method=settings["method"],
        rng=rng,
        names=cell_names(quantifiers),
    )


def joined(parts: Iterable[Balanced]) -> Balanced:
    """Rows that were chosen apart, in their order."""
    found = list(parts)
    rows = np.concatenate([part.rows for part in found])
    copies = np.concatenate([part.copies for part in found])
    order = np.lexsort((copies, rows))
    return Balanced(rows[order], copies[order])


if __name__ == "__main__":
    run_job(balance_data, snakemake)
