"""Scenes with what is to be said about them: the most informative quantifier that is true."""

from collections.abc import Sequence

import numpy as np

from quantlearn.errors import QuantlearnError
from quantlearn.semantics.quantifiers import Quantifier, all_zone_counts, zone_counts
from quantlearn.semantics.scenes import LabelledScenes, Space, random_scenes
from quantlearn.semantics.scenes_in_words import most_informative

__all__ = ["describe_scenes"]

_SCENES_AT_A_TIME = 10_000
_MOST_DRAWN = 4_000_000


def describe_scenes(
    rng: np.random.Generator, per_quantifier: int, quantifiers: Sequence[Quantifier], space: Space
) -> LabelledScenes:
    """Distinct scenes, each with the most informative quantifier that is true of it.

    For each quantifier ``per_quantifier`` scenes, or all that were found where patience ended.
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
        scenes, sizes = random_scenes(rng, step, space, skewed=drawn >= 4 * step)
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
            f"quantifiers: {name} is never the most informative one that is true: leave it out"
        )
    return LabelledScenes(
        *(
            np.concatenate([getattr(part, column) for part in parts])
            for column in ("scenes", "sizes", "quantifiers", "truth")
        )
    )
