"""Probes: what can be read, by a linear map, from the state of a recurrent network along a scene.

A probe is fitted to the states at all positions of some test scenes and scored on those of others
(Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes"). It reads
|A∩B| and |A∩B| − |A∖B| by ridge regression, and the state of the smallest automaton that verifies
the quantifier, where there is a finite one, by logistic regression. The same probes of the
untrained network, with the weights from which training started, and of the number of objects so far
show what needs no training.
"""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from quantlearn import prose, tables
from quantlearn.intervals import mean_interval

__all__ = ["TARGETS", "counts_along", "probe", "probes_table", "remark", "shown"]

TARGETS = {"both": "|A∩B|", "difference": "|A∩B| − |A∖B|", "automaton": "automaton"}
NETWORKS = {"trained": "trained", "untrained": "untrained", "size": "number of objects alone"}
PARTS = {"h": "hidden state", "c": "cell state", "": ""}

Scores = Mapping[tuple[str, str, str, str, str], list[float]]
"""Scores of all trials by quantifier, network, part of the state, target and metric."""


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


def remark(numbers: pd.DataFrame, _: Mapping[str, Any]) -> str:
    """What each quantifier's networks keep, against what needs no training."""
    return "\n".join(
        f"- {prose.capital(prose.name(quantifier))}: {'; '.join(_kept(rows))}."
        for quantifier, rows in numbers.groupby("quantifier", sort=False)
    )


def _kept(rows: pd.DataFrame) -> Iterator[str]:
    for target, of_target in rows.groupby("target", sort=False):
        metric = "exact" if target == "automaton" else "r_squared"
        scored = of_target[of_target["metric"] == metric]
        best = {
            network: some.loc[some["estimate"].idxmax()]
            for network, some in scored.groupby("network", sort=False)
        }
        trained = best["trained"]
        what = "the automaton's state" if target == "automaton" else TARGETS[target]
        bounds = prose.interval(*(_score(trained[side], metric) for side in ("lower", "upper")))
        part = f" of the {PARTS[trained['part']]}" if trained["part"] else ""
        yield (
            f"{what} is read with {_named(metric)} {_score(trained['estimate'], metric)} "
            f"(95 % interval {bounds}){part}, before training "
            f"{_score(best['untrained']['estimate'], metric)}, from the number of objects "
            f"{_score(best['size']['estimate'], metric)}"
        )


def _named(metric: str) -> str:
    return "*R*²" if metric == "r_squared" else "accuracy"


def _score(value: float, metric: str) -> str:
    return prose.correlation(value) if metric == "r_squared" else prose.percent(value)


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """One line for each quantifier, target and state, with both metrics."""
    keys = ["quantifier", "target", "network", "part"]
    rows = []
    for (quantifier, target, network, part), some in numbers.groupby(keys, sort=False):
        by_metric = some.set_index("metric")
        cells = {
            heading: (
                f"{_score(by_metric.loc[metric, 'estimate'], metric)}",
                prose.interval(
                    *(_score(by_metric.loc[metric, side], metric) for side in ("lower", "upper"))
                ),
            )
            if metric in by_metric.index
            else (prose.MISSING, prose.MISSING)
            for metric, heading in (("r_squared", "R²"), ("exact", "Exact"))
        }
        rows.append(
            {
                "Network for": quantifier.replace("_", " "),
                "Read": TARGETS[target],
                "From": f"{PARTS[part]}, {NETWORKS[network]}" if part else NETWORKS[network],
                **{
                    name: text
                    for heading, texts in cells.items()
                    for name, text in zip(
                        (heading, f"95 % interval of {heading}"), texts, strict=True
                    )
                },
            }
        )
    return pd.DataFrame(rows)
