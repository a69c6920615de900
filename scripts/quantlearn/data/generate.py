"""Scenes of a trial: drawn at random, all of a space, or filled up to so many of each kind."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import (
    Quantifier,
    all_zone_counts,
    both_true,
    count_scenes,
    zone_counts,
)
from quantlearn.semantics.scenes import (
    LabelledScenes,
    Space,
    enumerate_scenes,
    random_scenes,
    shuffled_scenes,
)
from quantlearn.semantics.scenes_in_words import most_informative

__all__ = ["describe_scenes", "draw_pairs", "enumerate_pairs", "fill_cells"]


# A position has one of five codes, so 27 positions fit into 64 bits: 5 ** 27 < 2 ** 63.
_POSITIONS_PER_WORD = 27


# After so many rounds the search for scenes gives up. Drawing without success costs time only, so
# the bound is generous: some seconds.
_ROUNDS = 500


# The first rounds draw each object's zone uniformly, the others skewed ones.
_UNIFORM_ROUNDS = 4


# Spaces of so many scenes are gone through whole, instead of searched by drawing.
_ENUMERABLE = 200_000


# And spaces of more scenes than this never.
_MOST_LISTED = 20_000_000


# Where more than this share of all pairs is wanted, drawing would find hardly any new ones at last.
_DRAWABLE = 0.9


def draw_pairs(
    rng: np.random.Generator, draws: int, quantifiers: Sequence[Quantifier], space: Space
) -> LabelledScenes:
    """``draws`` distinct pairs of a random scene and a random quantifier, with their truth.

    Pairs are drawn one after another, scene and quantifier independently; a pair that was drawn
    before is rejected (Steinert-Threlkeld & Szymanik 2019, section 4). Where they are nearly all
    that there are, all are made and shuffled so that the first ones are distributed the same.
    Raises `QuantlearnError` when there are fewer.
    """
    pairs = space.count * len(quantifiers)
    if draws > pairs:
        raise QuantlearnError(
            f"data.generate.draws: {draws} distinct pairs were asked for, and there are {pairs}; "
            "ask for fewer"
        )
    if draws > _DRAWABLE * pairs and space.unrestricted <= _MOST_LISTED:
        return _shuffled_pairs(rng, draws, quantifiers, space)
    scenes = np.empty((0, space.max_size), dtype=np.uint8)
    sizes = chosen = np.empty(0, dtype=np.int64)
    seen: set[bytes] = set()
    while len(scenes) < draws:
        n = draws - len(scenes)
        new_scenes, new_sizes = random_scenes(rng, n, space)
        new_chosen = rng.integers(len(quantifiers), size=n)
        new = _unseen(new_scenes, new_chosen, seen)
        scenes = np.concatenate([scenes, new_scenes[new]])
        sizes = np.concatenate([sizes, new_sizes[new]])
        chosen = np.concatenate([chosen, new_chosen[new]])
    return _label(scenes, sizes, chosen, quantifiers)


def _shuffled_pairs(
    rng: np.random.Generator, draws: int, quantifiers: Sequence[Quantifier], space: Space
) -> LabelledScenes:
    """The first of all pairs, in the order in which drawing would find them."""
    order, scenes, sizes, chosen = [], [], [], []
    for index in range(len(quantifiers)):
        some_scenes, some_sizes, found = shuffled_scenes(rng, space)
        order.append(found)
        scenes.append(some_scenes)
        sizes.append(some_sizes)
        chosen.append(np.full(len(found), index))
    first = np.argsort(np.concatenate(order))[:draws]
    return _label(
        np.concatenate(scenes)[first],
        np.concatenate(sizes)[first],
        np.concatenate(chosen)[first],
        quantifiers,
    )


def enumerate_pairs(quantifiers: Sequence[Quantifier], space: Space) -> LabelledScenes:
    """Every scene of the space with every quantifier, and its truth."""
    scenes, sizes = enumerate_scenes(space)
    chosen = np.repeat(np.arange(len(quantifiers)), len(scenes))
    copies = len(quantifiers)
    return _label(np.tile(scenes, (copies, 1)), np.tile(sizes, copies), chosen, quantifiers)


def fill_cells(
    rng: np.random.Generator, per_cell: int, quantifiers: Sequence[Quantifier], space: Space
) -> LabelledScenes:
    """``per_cell`` distinct scenes for each quantifier and truth value.

    For truths that random scenes rarely reach, such as "every" in scenes of 20 objects. Scenes are
    drawn one after another as `random_scenes` draws them, each once, and a cell takes the first of
    its truth value. Small spaces are gone through whole, in an order with that distribution; in
    larger ones cells that four rounds of drawing have not filled go on with skewed zones. Raises
    `QuantlearnError` naming a cell that cannot be filled and how many scenes it has.
    """
    parts = []
    for index, quantifier in enumerate(quantifiers):
        if space.unrestricted <= _ENUMERABLE:
            scenes, sizes, _ = shuffled_scenes(rng, space)
        else:
            scenes, sizes = _search(rng, per_cell, quantifier, space)
        truth = quantifier.verify(scenes, sizes)
        rows = []
        for value in (True, False):
            found = np.flatnonzero(truth == value)
            if len(found) < per_cell:
                raise QuantlearnError(_shortage(quantifier, value, per_cell, len(found), space))
            rows.append(found[:per_cell])
        kept = np.sort(np.concatenate(rows))
        parts.append(
            LabelledScenes(
                scenes[kept], sizes[kept], np.full(len(kept), index, dtype=np.int64), truth[kept]
            )
        )
    return LabelledScenes(
        np.concatenate([part.scenes for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.quantifiers for part in parts]),
        np.concatenate([part.truth for part in parts]),
    )


def _search(
    rng: np.random.Generator, per_cell: int, quantifier: Quantifier, space: Space
) -> tuple[np.ndarray, np.ndarray]:
    """Distinct scenes, in the order drawn, until both truth values have enough, or rounds end.

    Only the first ``per_cell`` scenes of a truth value are kept, so memory stays bounded.
    """
    scenes = np.empty((0, space.max_size), dtype=np.uint8)
    sizes = np.empty(0, dtype=np.int64)
    step = max(4 * per_cell, 10_000)
    for number in range(_ROUNDS):
        if number == _UNIFORM_ROUNDS and _is_hopeless(per_cell, quantifier, space):
            break
        new_scenes, new_sizes = random_scenes(rng, step, space, skewed=number >= _UNIFORM_ROUNDS)
        scenes = np.concatenate([scenes, new_scenes])
        sizes = np.concatenate([sizes, new_sizes])
        first = ~pd.DataFrame(_words(scenes)).duplicated().to_numpy()
        scenes, sizes = scenes[first], sizes[first]
        truth = quantifier.verify(scenes, sizes)
        kept = np.sort(
            np.concatenate([np.flatnonzero(truth == value)[:per_cell] for value in (True, False)])
        )
        scenes, sizes = scenes[kept], sizes[kept]
        if len(kept) == 2 * per_cell:
            break
    return scenes, sizes


def _is_hopeless(per_cell: int, quantifier: Quantifier, space: Space) -> bool:
    """Whether it is known that a truth value has fewer scenes than are looked for."""
    counts = _counted(quantifier, space)
    return counts is not None and min(counts.values()) < per_cell


def _counted(quantifier: Quantifier, space: Space) -> dict[bool, int] | None:
    """How many scenes of the space make the quantifier true and how many false."""
    counts = count_scenes(
        both_true(quantifier, space.where), space.min_size, space.max_size, space.zones
    )
    return counts and {True: counts[True], False: space.count - counts[True]}


def _shortage(quantifier: Quantifier, truth: bool, wanted: int, found: int, space: Space) -> str:
    counts = _counted(quantifier, space)
    if counts is None:
        few, exists = "so few", f"only {found} were found"
    elif counts[truth] < wanted:
        few, exists = "too few", f"{counts[truth]} such scenes exist"
    else:
        few, exists = "so few", f"only {found} were found of the {counts[truth]} that exist"
    return (
        f"data.generate.scenes_per_cell: {quantifier.name} is {str(truth).lower()} in {few} "
        f"scenes of {space.min_size} to {space.max_size} objects: {wanted} were asked for, "
        f"{exists}; lower scenes_per_cell or widen the sizes"
    )


def _unseen(scenes: np.ndarray, chosen: np.ndarray, seen: set[bytes]) -> np.ndarray:
    """Which rows are the first with their (scene, quantifier); they are added to ``seen``.

    The set makes that linear in the new rows alone, where small spaces take many rounds.
    """
    names = chosen.astype("<u4").view(np.uint8).reshape(len(chosen), -1)
    rows = np.hstack([scenes, names])
    keys = rows.view(f"V{rows.shape[1]}").ravel().tolist()
    # add() gives None, so that a key not seen before is new and seen from now on.
    return np.fromiter((key not in seen and not seen.add(key) for key in keys), bool, len(keys))


def _words(scenes: np.ndarray) -> dict[str, np.ndarray]:
    """Scenes as a few whole numbers, (n,) each, which are the same where scenes are."""
    words = {}
    for start in range(0, scenes.shape[1], _POSITIONS_PER_WORD):
        block = scenes[:, start : start + _POSITIONS_PER_WORD].astype(np.int64)
        words[f"word{start}"] = block @ (5 ** np.arange(block.shape[1], dtype=np.int64))
    return words


def _label(
    scenes: np.ndarray, sizes: np.ndarray, chosen: np.ndarray, quantifiers: Sequence[Quantifier]
) -> LabelledScenes:
    truth = np.empty(len(scenes), dtype=bool)
    for index, quantifier in enumerate(quantifiers):
        rows = np.flatnonzero(chosen == index)
        truth[rows] = quantifier.verify(scenes[rows], sizes[rows])
    return LabelledScenes(scenes, sizes, chosen, truth)


_SCENES_AT_A_TIME = 10_000


_MOST_DRAWN = 4_000_000


def describe_scenes(
    rng: np.random.Generator, per_quantifier: int, quantifiers: Sequence[Quantifier], space: Space
) -> LabelledScenes:
    """Distinct scenes, each with the most informative quantifier that is true of it.

    For each quantifier ``per_quantifier`` scenes, or all that were found among some million.
    Scenes are drawn with uniform zones at first and then with skewed ones. Raises `QuantlearnError`
    where a quantifier has no scene.

    >>> quantifiers = [Quantifier("no", "|A & B| == 0"), Quantifier("some", "|A & B| > 0")]
    >>> found = describe_scenes(np.random.default_rng(0), 5, quantifiers, Space(1, 4))
    >>> np.bincount(found.quantifiers).tolist()
    [5, 5]
    """
    parts: list[LabelledScenes] = []
    found = np.zeros(len(quantifiers), dtype=np.int64)
    seen: set[bytes] = set()
    step, drawn = _SCENES_AT_A_TIME, 0
    models = all_zone_counts(space.min_size, space.max_size, space.zones)
    while (found < per_quantifier).any() and drawn < _MOST_DRAWN:
        scenes, sizes = random_scenes(rng, step, space, skewed=drawn >= _UNIFORM_ROUNDS * step)
        drawn += step
        chosen = most_informative(quantifiers, zone_counts(scenes), models)
        kept = []
        for row in np.flatnonzero((chosen >= 0) & (found < per_quantifier)[chosen]):
            scene, index = scenes[row].tobytes(), chosen[row]
            if found[index] < per_quantifier and scene not in seen:
                seen.add(scene)
                found[index] += 1
                kept.append(row)
        truth = np.full(len(kept), True)
        parts.append(LabelledScenes(scenes[kept], sizes[kept], chosen[kept], truth))
    if (found == 0).any():
        name = quantifiers[int(found.argmin())].name
        raise QuantlearnError(
            f"quantifiers: {name} is the most informative one that is true in none of {drawn} "
            "random scenes: leave it out or change the sizes"
        )
    return LabelledScenes(
        *(
            np.concatenate([getattr(part, column) for part in parts])
            for column in ("scenes", "sizes", "quantifiers", "truth")
        )
    )
