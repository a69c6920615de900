"""Balancing: as many scenes of each truth value, so that guessing pays nothing.

The rows of an experiment fall into cells, one for each quantifier and truth value, and where asked
for into strata, one for each size. Within a stratum all cells end up equally large: downsampling
cuts them to the smallest, upsampling repeats rows up to the largest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.scenes import LabelledScenes, places_among

__all__ = ["Balanced", "balance", "cell_names"]


@dataclass(frozen=True)
class Balanced:
    """Chosen row numbers (n,), ascending, and for each which copy of its row it is (n,)."""

    rows: np.ndarray
    copies: np.ndarray


def balance(
    cells: np.ndarray,
    strata: np.ndarray,
    method: str,
    rng: np.random.Generator,
    names: list[str],
) -> Balanced:
    """Balance rows over cells within strata.

    cells (n,) indices into the cells' ``names``; strata (n,) any integers; method ``none``,
    ``downsample`` or ``upsample``. A stratum in which some cell is empty can not
    be balanced: it is left out, and if nothing is left, `QuantlearnError` says which cell was
    empty everywhere.

    >>> truth = np.array([0, 0, 0, 0, 1, 1])
    >>> one = np.zeros(6, dtype=int)
    >>> rng = np.random.default_rng(0)
    >>> np.bincount(truth[balance(truth, one, "downsample", rng, ["no", "yes"]).rows]).tolist()
    [2, 2]
    >>> np.bincount(truth[balance(truth, one, "upsample", rng, ["no", "yes"]).rows]).tolist()
    [4, 4]
    """
    if method == "none":
        return Balanced(np.arange(len(cells)), np.zeros(len(cells), dtype=np.int64))
    rows, copies = [], []
    for stratum in np.unique(strata):
        members = [
            np.flatnonzero((strata == stratum) & (cells == cell)) for cell in range(len(names))
        ]
        sizes = [len(member) for member in members]
        if min(sizes) == 0:
            continue
        for member in members:
            if method == "downsample":
                rows.append(rng.choice(member, size=min(sizes), replace=False))
                copies.append(np.zeros(min(sizes), dtype=np.int64))
            else:
                repeated, copy = _repeat(member, max(sizes), rng)
                rows.append(repeated)
                copies.append(copy)
    if not rows:
        raise QuantlearnError(_nothing_left(cells, names))
    all_rows, all_copies = np.concatenate(rows), np.concatenate(copies)
    order = np.lexsort((all_copies, all_rows))
    return Balanced(all_rows[order], all_copies[order])


def cell_names(quantifiers: list[str]) -> list[str]:
    """Names of the cells of quantifier index × truth, in the order 2 · index + truth.

    >>> cell_names(["most"])
    ['most is false', 'most is true']
    """
    return [f"{name} is {value}" for name in quantifiers for value in ("false", "true")]


def _repeat(
    member: np.ndarray, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """All of ``member`` equally often, then a random part of it once more, to ``size`` rows."""
    whole, rest = divmod(size, len(member))
    rows = np.concatenate([np.tile(member, whole), rng.choice(member, size=rest, replace=False)])
    copies = np.repeat(np.arange(whole + 1), [len(member)] * whole + [rest])
    return rows, copies


def _nothing_left(cells: np.ndarray, names: list[str]) -> str:
    counts = np.bincount(cells, minlength=len(names))
    listed = ", ".join(f"{name} in {count}" for name, count in zip(names, counts, strict=True))
    return (
        f"data.balance: some cell is empty in each stratum, so nothing can be balanced. Of "
        f"{len(cells)} generated scenes: {listed}. Use data.generate.method: fill, more draws, "
        "or balance by: truth"
    )


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
