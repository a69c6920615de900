"""The states of one recurrent network for each quantifier, in their two main directions.

A network's state after each object of some test scenes is a point of as many dimensions as it has
hidden and cell units; principal components are the orthogonal directions in which the points lie
furthest apart.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn.figures import formats

__all__ = ["principal_components", "remark", "shown"]


def principal_components(states: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (n, 2) of states (n, units), and the shares (2,) of the variance that they hold.

    A direction is turned so that the numbers ``along`` (n,) grow with it.
    """
    centred = states - states.mean(axis=0)
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    coordinates = centred @ directions[:2].T
    turned = np.where((along - along.mean()) @ coordinates < 0, -1, 1)
    return coordinates * turned, (spread**2 / (spread**2).sum())[:2]


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """How much of the states the pictures show, and what runs along their main direction."""
    lines = []
    for quantifier, rows in numbers.groupby("quantifier", sort=False):
        shares = rows.iloc[0][["first_share", "second_share"]]
        along = {
            name: abs(np.corrcoef(rows["first"], rows[column].astype(float))[0, 1])
            for name, column in (("|A∩B|", "both"), ("|A∩B| − |A∖B|", "difference"))
        }
        nearest = max(along, key=along.__getitem__)
        other = min(along, key=along.__getitem__)
        lines.append(
            f"- {formats.capital(formats.name(quantifier))}: two directions hold "
            f"{formats.percent(shares.sum())} of the variance of the states. The first one follows "
            f"{nearest} most (correlation {formats.correlation(along[nearest])}, with {other} "
            f"{formats.correlation(along[other])})."
        )
    return "\n".join(lines)


def shown(_: pd.DataFrame) -> None:
    """The table has a row for each point: too long to be shown."""
