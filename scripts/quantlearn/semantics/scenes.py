"""Scenes: finite models ⟨M, A, B⟩, one object after another.

A scene is a row of zone codes, one for each object, filled up with `PADDING`. Many scenes are one
array of unsigned bytes of shape (n, max_size) with an integer array of sizes of shape (n,).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import Quantifier, count_scenes

__all__ = [
    "PADDING",
    "ZONES",
    "LabelledScenes",
    "Space",
    "draw_pairs",
    "enumerate_pairs",
    "enumerate_scenes",
    "fill_cells",
    "places_among",
    "random_scenes",
    "rows_of_each",
]

ZONES = {"both": 0, "a_only": 1, "b_only": 2, "neither": 3}
PADDING = 4

# A position has one of five codes, so 27 positions fit into 64 bits: 5 ** 27 < 2 ** 63.
_POSITIONS_PER_WORD = 27
# Proposals per wanted scene after which drawing gives up. Drawing without success costs time
# only, so the bound is generous.
_PATIENCE = 2_000
_ENUMERABLE = 200_000


@dataclass(frozen=True)
class Space:
    """The scenes an experiment draws from: sizes from ``min_size`` to ``max_size`` and zones."""

    min_size: int
    max_size: int
    zones: tuple[int, ...] = (0, 1, 2, 3)

    @classmethod
    def named(cls, min_size: int, max_size: int, zones: Sequence[str]) -> "Space":
        """A space whose zones are given by name.

        >>> Space.named(1, 20, ["both", "a_only"]).zones
        (0, 1)
        """
        return cls(min_size, max_size, tuple(ZONES[zone] for zone in zones))

    def __len__(self) -> int:
        """The number of scenes, a sum over sizes.

        >>> len(Space(1, 2))
        20
        """
        return sum(len(self.zones) ** size for size in range(self.min_size, self.max_size + 1))


@dataclass(frozen=True)
class LabelledScenes:
    """Scenes, each with a quantifier and its truth: the rows of one trial.

    scenes (n, max_size) zone codes, sizes (n,), quantifiers (n,) indices into the experiment's
    list, truth (n,) booleans.
    """

    scenes: np.ndarray
    sizes: np.ndarray
    quantifiers: np.ndarray
    truth: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def __getitem__(self, rows: np.ndarray) -> "LabelledScenes":
        return LabelledScenes(
            self.scenes[rows], self.sizes[rows], self.quantifiers[rows], self.truth[rows]
        )


def random_scenes(
    rng: np.random.Generator, n: int, space: Space, skewed: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """``n`` random scenes: size uniform, each object's zone uniform and independent.

    With ``skewed``, each scene first draws its own zone probabilities from a symmetric Dirichlet
    distribution with parameter 1/2. Scenes in which one zone prevails, which uniform zones all but
    exclude at larger sizes, then become frequent.

    >>> scenes, sizes = random_scenes(np.random.default_rng(0), 3, Space(1, 4))
    >>> scenes.shape, bool(((scenes == PADDING).sum(axis=1) == 4 - sizes).all())
    ((3, 4), True)
    """
    sizes = rng.integers(space.min_size, space.max_size, size=n, endpoint=True)
    if skewed:
        shares = rng.dirichlet(np.full(len(space.zones), 0.5), size=n).cumsum(axis=1)
        draws = rng.random((n, space.max_size))
        positions = (draws[:, :, None] > shares[:, None, :-1]).sum(axis=2)
    else:
        positions = rng.integers(len(space.zones), size=(n, space.max_size))
    scenes = np.array(space.zones, dtype=np.uint8)[positions]
    scenes[np.arange(space.max_size) >= sizes[:, None]] = PADDING
    return scenes, sizes


def enumerate_scenes(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """Every scene of ``space`` once, by size and then in lexicographic order.

    >>> enumerate_scenes(Space(1, 2, zones=(0, 1)))[0].tolist()
    [[0, 4], [1, 4], [0, 0], [0, 1], [1, 0], [1, 1]]
    """
    blocks = []
    for size in range(space.min_size, space.max_size + 1):
        numbers = np.arange(len(space.zones) ** size)
        digits = numbers[:, None] // len(space.zones) ** np.arange(size - 1, -1, -1)
        block = np.full((len(numbers), space.max_size), PADDING, dtype=np.uint8)
        block[:, :size] = np.array(space.zones, dtype=np.uint8)[digits % len(space.zones)]
        blocks.append(block)
    scenes = np.concatenate(blocks)
    return scenes, (scenes != PADDING).sum(axis=1)


def draw_pairs(
    rng: np.random.Generator, draws: int, quantifiers: Sequence[Quantifier], space: Space
) -> LabelledScenes:
    """``draws`` distinct pairs of a random scene and a random quantifier, with their truth.

    Pairs are drawn one after another, scene and quantifier independently; a pair that was drawn
    before is rejected (Steinert-Threlkeld & Szymanik 2019, section 4). Raises `QuantlearnError`
    when the space is so nearly exhausted that drawing on is hopeless.
    """
    scenes = np.empty((0, space.max_size), dtype=np.uint8)
    sizes = chosen = np.empty(0, dtype=np.int64)
    drawn = 0
    seen: set[bytes] = set()
    while len(scenes) < draws:
        if drawn > _PATIENCE * draws:
            raise QuantlearnError(
                f"data.generate.draws: {draws} distinct pairs were asked for, but {drawn} draws "
                f"gave only {len(scenes)} of the {len(space) * len(quantifiers)} there are; "
                "ask for fewer, or use method: enumerate"
            )
        n = draws - len(scenes)
        new_scenes, new_sizes = random_scenes(rng, n, space)
        drawn += n
        new_chosen = rng.integers(len(quantifiers), size=n)
        new = _unseen(new_scenes, new_chosen, seen)
        scenes = np.concatenate([scenes, new_scenes[new]])
        sizes = np.concatenate([sizes, new_sizes[new]])
        chosen = np.concatenate([chosen, new_chosen[new]])
    return _label(scenes, sizes, chosen, quantifiers)


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

    For truths that random scenes rarely reach, such as "every" in scenes of 20 objects. Small
    spaces are enumerated and sampled without replacement; in larger ones scenes are drawn with
    uniform zones first, then with skewed ones. Raises `QuantlearnError` naming a cell that cannot
    be filled and how many scenes it has.
    """
    parts = []
    for index, quantifier in enumerate(quantifiers):
        if len(space) <= _ENUMERABLE:
            scenes, sizes = enumerate_scenes(space)
            order = rng.permutation(len(scenes))
            scenes, sizes = scenes[order], sizes[order]
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
    """Distinct scenes, in the order drawn, until both truth values have enough, or patience ends.

    Only the first ``per_cell`` scenes of a truth value are kept, so memory stays bounded.
    """
    scenes = np.empty((0, space.max_size), dtype=np.uint8)
    sizes = np.empty(0, dtype=np.int64)
    step = max(4 * per_cell, 10_000)
    drawn = 0
    while drawn < _PATIENCE * per_cell:
        new_scenes, new_sizes = random_scenes(rng, step, space, skewed=drawn >= 4 * step)
        drawn += step
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


def _shortage(quantifier: Quantifier, truth: bool, wanted: int, found: int, space: Space) -> str:
    counts = count_scenes(quantifier, space.min_size, space.max_size, space.zones)
    exists = f"{counts[truth]} such scenes exist" if counts else f"only {found} were found"
    return (
        f"data.generate.scenes_per_cell: {quantifier.name} is {str(truth).lower()} in too few "
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


def places_among(quantifiers: Sequence[str], group: Sequence[str]) -> np.ndarray:
    """The place of each quantifier in a group of them; −1 where it is not there.

    >>> places_among(["most", "some", "every"], ["every", "most"]).tolist()
    [1, -1, 0]
    """
    return np.array([group.index(name) if name in group else -1 for name in quantifiers])


def rows_of_each(numbers: np.ndarray, count: int) -> list[np.ndarray]:
    """The rows that have each of the numbers 0 to ``count`` − 1, in their order.

    The rows are sorted once: a look at all of them for each number would take hours where there
    are thousands of quantifiers.

    >>> [rows.tolist() for rows in rows_of_each(np.array([1, 0, 1]), 3)]
    [[1], [0, 2], []]
    """
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=count))
    return np.split(order, ends[:-1])
