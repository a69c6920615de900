"""Probes: what can be read, by a linear map, from the state of a recurrent network along a scene.

A probe is fitted to the states at all positions of some test scenes and scored on those of others
(Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes"). It reads
|A∩B| and |A∩B| − |A∖B| by ridge regression, and the state of the smallest automaton that verifies
the quantifier, where there is a finite one, by logistic regression. The same probes of the
untrained network, with the weights from which training started, and of the number of objects so far
show what needs no training.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import tables
from quantlearn.figures import formats
from quantlearn.statistics.intervals import mean_interval

__all__ = [
    "TARGETS",
    "change",
    "counts_along",
    "main_scores",
    "probe",
    "probes_table",
    "remark",
    "shown",
]

TARGETS = {"both": "|A∩B|", "difference": "|A∩B| − |A∖B|", "automaton": "automaton"}
READ = {**TARGETS, "automaton": "the automaton's state"}
NETWORKS = {"trained": "Trained", "untrained": "Untrained", "size": "Size alone"}
PARTS = {"h": "hidden state", "c": "cell state"}
METRICS = {"automaton": "exact"}
METRIC_NAMES = {"r_squared": "*R*²", "exact": "accuracy"}

Scores = Mapping[tuple[str, str, str, str, str], list[float]]
"""Scores of all trials by quantifier, target, network, part of the state and metric."""


def counts_along(scenes: np.ndarray) -> dict[str, np.ndarray]:
    """|A∩B| and |A∩B| − |A∖B| among the objects up to each position, (n, max_size) each.

    >>> counts_along(np.array([[0, 1, 1, 3]]))["difference"]
    array([[ 1,  0, -1, -1]])
    """
    both, a_only = (np.cumsum(scenes == zone, axis=1) for zone in (0, 1))
    return {"both": both, "difference": both - a_only}


def probe(
    known: np.ndarray, values: np.ndarray, new: np.ndarray, truth: np.ndarray, classes: bool
) -> dict[str, float]:
    """How well ``truth`` (m,) is read from the states ``new`` (m, units).

    The probe is fitted to the states ``known`` (n, units) and their ``values`` (n,). A number gives
    r_squared, against always the mean of the truth, and exact, the share that is right when
    rounded; with ``classes`` there is only exact.
    """
    # Only here: the names above are for notebooks as well, which fit nothing.
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415
    from sklearn.metrics import r2_score  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    reader = LogisticRegression(max_iter=200) if classes else Ridge()
    with warnings.catch_warnings():
        # Nearly separable states have no finite best weights; what is reached is scored.
        warnings.simplefilter("ignore", ConvergenceWarning)
        read = make_pipeline(StandardScaler(), reader).fit(known, values).predict(new)
    exact = {"exact": float(np.mean(np.rint(read) == truth))}
    return exact if classes else {"r_squared": float(r2_score(truth, read)), **exact}


def probes_table(scores: Scores) -> pd.DataFrame:
    """Means over trials with 95 % t intervals; the columns are those of `tables.PROBES`."""
    rows = []
    for key, values in scores.items():
        mean = mean_interval(np.array(values))
        # A t interval may reach beyond 1, which is the most that a score can be.
        upper = min(mean.upper, 1.0) if not np.isnan(mean.upper) else mean.upper
        rows.append((*key, mean.estimate, mean.lower, upper, len(values)))
    return pd.DataFrame(rows, columns=list(tables.PROBES))


# --- In words -------------------------------------------------------------------------------------

CHANGES = {
    1: "better than before training",
    0: "about as well as before training",
    -1: "worse than before training",
}


def change(before: pd.Series, after: pd.Series) -> int:
    """1 where training made a score better, −1 where worse, 0 where the intervals overlap."""
    return int(after["lower"] > before["upper"]) - int(after["upper"] < before["lower"])


def main_scores(numbers: pd.DataFrame) -> pd.DataFrame:
    """Of each target the metric that matters, from the part of the state that tells it best.

    That is R² of a count, the accuracy of the automaton's state; by (quantifier, target, network).
    """
    metric = numbers["target"].map(lambda target: METRICS.get(target, "r_squared"))
    scores = numbers[numbers["metric"] == metric]
    best = scores.groupby(["quantifier", "target", "network"], sort=False)["estimate"].idxmax()
    return scores.loc[best].set_index(["quantifier", "target", "network"])


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """What training did to each reading."""
    scores = main_scores(numbers)
    lines = []
    for quantifier, target in dict.fromkeys(key[:2] for key in scores.index):
        before, after, size = (
            scores.loc[(quantifier, target, network)]
            for network in ("untrained", "trained", "size")
        )
        name = METRIC_NAMES[after["metric"]]
        lines.append(
            f"- {formats.capital(formats.name(quantifier))}: {READ[target]} can be read from the "
            f"{PARTS[after['part']]} {CHANGES[change(before, after)]} ({name} "
            f"{_score(before)} before, {_score(after)} after; from the number of objects alone "
            f"{_score(size)})."
        )
    return "\n".join(lines)


def _score(row: pd.Series, column: str = "estimate") -> str:
    value = row[column]
    return formats.correlation(value) if row["metric"] == "r_squared" else formats.percent(value)


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each quantifier and target."""
    scores = main_scores(numbers)
    rows = []
    for quantifier, target in dict.fromkeys(key[:2] for key in scores.index):
        by_network = {network: scores.loc[(quantifier, target, network)] for network in NETWORKS}
        row = {
            "Network for": quantifier.replace("_", " "),
            "Read": TARGETS[target],
            "Score": "R²" if by_network["trained"]["metric"] == "r_squared" else "accuracy",
        }
        for network, heading in NETWORKS.items():
            found = by_network[network]
            row[heading] = _score(found)
            row[f"95 % interval, {heading.lower()}"] = formats.interval(
                *(_score(found, side) for side in ("lower", "upper"))
            )
        rows.append(row)
    return pd.DataFrame(rows)
