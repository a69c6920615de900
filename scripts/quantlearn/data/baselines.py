"""Baselines: what rules reach that know little of a scene.

Three rules, each learned from the training scenes of the trial whose scenes it answers, for one
quantifier at a time:

- ``majority`` knows nothing of a scene and gives the commoner truth value;
- ``size`` knows how many objects there are;
- ``zone_counts`` knows how many objects there are in each zone, but not their order.

Each gives the commoner truth value among the training scenes with the same key, which is the best
that a rule can do that knows the key alone (the Bayes rule under the distribution of the training
scenes). Where a key was in no training scene, or was as often true as false, the next coarser rule
answers: the size instead of the zone counts, the majority instead of the size, and true instead of
a tied majority. No baseline chooses or trains anything that a network sees.
"""

import numpy as np
import pandas as pd

from quantlearn.data.split import SIDES
from quantlearn.semantics.quantifiers import zone_counts
from quantlearn.semantics.scenes import LabelledScenes, rows_of_each

__all__ = ["BASELINES", "answer_by_key", "baseline_accuracy", "baseline_cells"]

BASELINES = ("majority", "size", "zone_counts")
"""From the coarsest to the finest: each asks the one before it where it knows no answer."""

_CELLS = ["split", "quantifier", "size", "baseline", "scenes", "unseen", "correct"]


def answer_by_key(
    seen: np.ndarray, truth: np.ndarray, asked: np.ndarray, otherwise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The commoner truth value of each key, and whether the key was in no training scene.

    seen (n,) keys and truth (n,) of the training scenes; asked (m,) keys; otherwise (m,) the
    answers where a key is new or tied. Returns two arrays of booleans, each (m,).

    >>> seen, truth = np.array([1, 1, 1, 2, 2]), np.array([True, True, False, True, False])
    >>> answer, unseen = answer_by_key(seen, truth, np.array([1, 2, 3]), np.full(3, False))
    >>> answer.tolist(), unseen.tolist()
    ([True, False, False], [False, False, True])
    """
    votes = pd.Series(np.where(truth, 1, -1)).groupby(seen).sum().reindex(asked).to_numpy()
    unseen = np.isnan(votes)
    undecided = unseen | (votes == 0)
    return np.where(undecided, otherwise, votes > 0).astype(bool), unseen


def baseline_cells(
    scenes: LabelledScenes, sides: np.ndarray, quantifiers: list[str]
) -> pd.DataFrame:
    """How many scenes of one trial each baseline answers right, by split, quantifier and size.

    sides (n,) is train, dev or test. Columns: split, quantifier, size, baseline, scenes, unseen
    (scenes whose key was in no training scene), correct.
    """
    parts = []
    keys = _keys(scenes)
    sizes = np.arange(scenes.scenes.shape[1] + 1)
    cells = pd.DataFrame(
        {"split": np.repeat(SIDES, len(sizes)), "size": np.tile(sizes, len(SIDES))}
    )
    side = np.argmax(sides[:, None] == np.array(SIDES, dtype=object), axis=1)
    cell = side * len(sizes) + scenes.sizes
    trained = side == SIDES.index("train")
    rows = rows_of_each(scenes.quantifiers, len(quantifiers))
    for own, name in zip(rows, quantifiers, strict=True):
        learned_from = own[trained[own]]
        answer = np.full(len(own), True)
        for baseline in BASELINES:
            key = keys[baseline]
            answer, unseen = answer_by_key(
                key[learned_from], scenes.truth[learned_from], key[own], answer
            )
            counts = {
                "scenes": np.bincount(cell[own], minlength=len(cells)),
                "unseen": np.bincount(cell[own], unseen, minlength=len(cells)),
                "correct": np.bincount(
                    cell[own], answer == scenes.truth[own], minlength=len(cells)
                ),
            }
            there = np.flatnonzero(counts["scenes"])
            columns = {column: number[there].astype(np.int64) for column, number in counts.items()}
            place = {"quantifier": name, "baseline": baseline}
            parts.append(cells.iloc[there].assign(**place, **columns))
    return pd.concat(parts, ignore_index=True)[_CELLS]


def baseline_accuracy(cells: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each baseline by trial, split and quantifier ('all' for the total).

    cells: the rows of `baseline_cells`, with a column trial. Columns: trial, split, quantifier,
    baseline, scenes, unseen (share of scenes whose key was in no training scene), accuracy.
    """
    keys = ["trial", "split", "quantifier", "baseline"]
    total = cells.assign(quantifier="all")
    counts = ["scenes", "unseen", "correct"]
    summed = pd.concat([cells, total]).groupby(keys, sort=False)[counts].sum().reset_index()
    summed = summed.sort_values("trial", kind="stable", ignore_index=True)
    summed["accuracy"] = summed["correct"] / summed["scenes"]
    summed["unseen"] = summed["unseen"] / summed["scenes"]
    return summed[[*keys, "scenes", "unseen", "accuracy"]]


def _keys(scenes: LabelledScenes) -> dict[str, np.ndarray]:
    """What each baseline knows of a scene, as one number (n,)."""
    base = scenes.scenes.shape[1] + 1
    return {
        "majority": np.zeros(len(scenes), dtype=np.int64),
        "size": scenes.sizes,
        "zone_counts": zone_counts(scenes.scenes) @ base ** np.arange(4),
    }
