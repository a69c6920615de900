"""Scenes: finite models ⟨M, A, B⟩, one object after another.

A scene is a row of zone codes, one for each object, filled up with `PADDING`. Many scenes are one
array of unsigned bytes of shape (n, max_size) with an integer array of sizes of shape (n,).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlearn.errors import QuantlearnError

__all__ = [
    "PADDING",
    "ZONES",
    "LabelledScenes",
    "Space",
    "enumerate_scenes",
    "places_among",
    "random_scenes",
    "rows_of_each",
    "shuffled_scenes",
]

ZONES = {"both": 0, "a_only": 1, "b_only": 2, "neither": 3}
PADDING = 4
_MOST_TRIED = 1_000_000  # random scenes, until one is found that `where` allows


@dataclass(frozen=True)
class Space:
    """The scenes an experiment draws from: sizes from ``min_size`` to ``max_size`` and zones.

    sizes: ``equal`` where each size is as probable as any other, ``proportional`` where each scene
    is, so that a size is as probable as it has scenes. where: a quantifier that is true of all
    scenes; one of which it is false is drawn again. allowed: of how many it is true, where that is
    known.
    """

    min_size: int
    max_size: int
    zones: tuple[int, ...] = (0, 1, 2, 3)
    sizes: str = "equal"
    where: Any = None
    allowed: int | None = None

    @classmethod
    def named(
        cls, min_size: int, max_size: int, zones: Sequence[str], sizes: str = "equal"
    ) -> "Space":
        """A space whose zones are given by name.

        >>> Space.named(1, 20, ["both", "a_only"]).zones
        (0, 1)
        """
        return cls(min_size, max_size, tuple(ZONES[zone] for zone in zones), sizes)

    @property
    def count(self) -> int:
        """The number of scenes, a sum over sizes. No length: that would have to fit into 64 bits.

        >>> Space(1, 2).count, len(str(Space(1, 100).count))
        (20, 61)
        """
        return self.unrestricted if self.allowed is None else self.allowed

    @property
    def unrestricted(self) -> int:
        """The number of scenes, also those of which ``where`` is false."""
        return sum(len(self.zones) ** size for size in range(self.min_size, self.max_size + 1))

    @property
    def size_shares(self) -> np.ndarray:
        """The probability of each size, from the smallest to the largest.

        >>> Space(1, 2, sizes="proportional").size_shares.tolist()
        [0.2, 0.8]
        """
        below = np.arange(self.min_size, self.max_size + 1) - self.max_size
        relative = float(len(self.zones)) ** (below if self.sizes == "proportional" else 0 * below)
        return relative / relative.sum()


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
    """``n`` random scenes: size as the space says, each object's zone uniform and independent.

    With ``skewed``, each scene first draws its own zone probabilities from a symmetric Dirichlet
    distribution with parameter 1/2. Scenes in which one zone prevails, which uniform zones all but
    exclude at larger sizes, then become frequent.

    >>> scenes, sizes = random_scenes(np.random.default_rng(0), 3, Space(1, 4))
    >>> scenes.shape, bool(((scenes == PADDING).sum(axis=1) == 4 - sizes).all())
    ((3, 4), True)

    Raises `QuantlearnError` where ``space.where`` is true of none of a million.
    """
    if space.where is None:
        return _any_scenes(rng, n, space, skewed)
    parts, found, tried = [], 0, 0
    while found < n:
        scenes, sizes = _any_scenes(rng, max(n, 1_000), space, skewed)
        rows = np.flatnonzero(space.where.verify(scenes, sizes))
        parts.append((scenes[rows], sizes[rows]))
        found, tried = found + len(rows), tried + len(scenes)
        if not found and tried >= _MOST_TRIED:
            raise QuantlearnError(
                f"data.generate.where: true of none of {tried} random scenes: widen it, or narrow "
                "the sizes"
            )
    return np.concatenate([part[0] for part in parts])[:n], np.concatenate(
        [part[1] for part in parts]
    )[:n]


def _any_scenes(
    rng: np.random.Generator, n: int, space: Space, skewed: bool
) -> tuple[np.ndarray, np.ndarray]:
    if space.sizes == "equal":
        sizes = rng.integers(space.min_size, space.max_size, size=n, endpoint=True)
    else:
        sizes = space.min_size + rng.choice(len(space.size_shares), size=n, p=space.size_shares)
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
    sizes = (scenes != PADDING).sum(axis=1)
    if space.where is not None:
        true = space.where.verify(scenes, sizes)
        scenes, sizes = scenes[true], sizes[true]
    return scenes, sizes


def shuffled_scenes(
    rng: np.random.Generator, space: Space
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every scene of ``space`` once, in the order in which `random_scenes` would find it, and when.

    The first scenes are distributed as those that are drawn one after another, where one that was
    drawn before is rejected: they have exponential waiting times, whose rates are the probabilities
    of the scenes (Efraimidis & Spirakis 2006, "Weighted random sampling with a reservoir").

    >>> scenes, sizes, times = shuffled_scenes(np.random.default_rng(0), Space(1, 2, zones=(0, 1)))
    >>> sorted(scenes.tolist()) == sorted(enumerate_scenes(Space(1, 2, zones=(0, 1)))[0].tolist())
    True
    """
    scenes, sizes = enumerate_scenes(space)
    rates = space.size_shares / float(len(space.zones)) ** np.arange(
        space.min_size, space.max_size + 1
    )
    times = rng.exponential(size=len(scenes)) / rates[sizes - space.min_size]
    order = np.argsort(times)
    return scenes[order], sizes[order], times[order]


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
