"""Gradients through time: how much the loss depends on what the network knew some objects ago.

The derivative of a scene's loss by the state at position t is that by the last state times one
Jacobian for each step between; where these are small, it vanishes (Hochreiter 1991; Bengio, Simard
& Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult"). Norms are
relative to the norm for the last hidden state, by the distance from the end, before and after
training.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.figures.labels import ARCHITECTURES
from quantlearn.statistics.intervals import mean_interval

__all__ = ["gradients_table", "relative_norms", "remark", "shown"]

PARTS = {"h": "h", "c": "c"}
NETWORKS = {"untrained": "before training", "trained": "after training"}

Norms = Mapping[tuple[str, str, str], np.ndarray]
"""Relative norms (trials, positions), position by position, by architecture, part and network."""


def relative_norms(norms: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Geometric means over scenes of norms (trials, scenes, positions) over last (trials, scenes).

    Norms that are too small for a float count as the smallest one.
    """
    smallest = np.finfo(np.float64).tiny
    ratios = np.maximum(norms, smallest) / np.maximum(last, smallest)[:, :, None]
    return np.exp(np.log(ratios).mean(axis=1))


def gradients_table(norms: Norms) -> pd.DataFrame:
    """Geometric means over trials, by distance from the end, with 95 % t intervals of the logs.

    The columns are those of `tables.GRADIENTS_THROUGH_TIME`.
    """
    rows = []
    for (architecture, part, network), by_position in norms.items():
        for distance, values in enumerate(by_position.T[::-1]):
            mean = mean_interval(np.log(values))
            bounds = np.exp([mean.estimate, mean.lower, mean.upper])
            rows.append((architecture, part, network, distance, *bounds, len(values)))
    return pd.DataFrame(rows, columns=list(tables.GRADIENTS_THROUGH_TIME))


# --- In words -------------------------------------------------------------------------------------


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """What is left of the gradient at the first object, and what a step multiplies it by."""
    lines = []
    for network, when in NETWORKS.items():
        ends = _ends(numbers[numbers["network"] == network])
        found = formats.listed(
            f"{formats.number(row.estimate, 2)} for {_name(row)} ({_per_step(row)} a step)"
            for row in ends.itertuples()
        )
        lines.append(
            f"- {formats.capital(when)}, "
            f"{formats.counted(int(ends['distance'].iloc[0]), 'object')} "
            f"before the end, of a gradient of 1 at the last hidden state is left: {found}."
        )
    return "\n".join(lines)


def _ends(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["distance"] == rows["distance"].max()]


def _name(row: Any) -> str:
    name = ARCHITECTURES[row.architecture]
    return f"the {name}'s *{PARTS[row.part]}*" if row.part == "c" else f"the {name}"


def _per_step(row: Any) -> str:
    return f"× {formats.number(row.estimate ** (1 / row.distance), 2)}"


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each part of a state: what is left at the first object."""
    ends = _ends(numbers)
    return pd.DataFrame(
        {
            "Network": [ARCHITECTURES[name] for name in ends["architecture"]],
            "State": [PARTS[part] for part in ends["part"]],
            "Weights": [NETWORKS[network] for network in ends["network"]],
            "Trials": ends["n"].astype(str).to_list(),
            "Left at the first object": [formats.number(value) for value in ends["estimate"]],
            "95 % interval": [
                formats.interval(formats.number(row.lower), formats.number(row.upper))
                for row in ends.itertuples()
            ],
            "Factor of a step": [
                formats.number(row.estimate ** (1 / row.distance)) for row in ends.itertuples()
            ],
        }
    )
