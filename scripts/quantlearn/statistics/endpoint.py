"""The endpoint of an experiment: the one outcome of a trial that decides.

It is named before the run (``endpoint`` in the experiment's file) and looks at each trial up to a
horizon τ, so that trials that never learned a quantifier count as well: as ones that needed τ.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from quantlearn.statistics.convergence import convergence_step
from quantlearn.statistics.curves import area_to

__all__ = ["budget", "evaluations", "networks_of", "outcomes", "pair_outcomes", "window"]

LARGEST_WINDOW = 25


def budget(train_scenes: Sequence[int], training: Mapping[str, Any]) -> int:
    """The steps that each of some networks may take: as many as the one with the fewest scenes.

    training: the settings max_epochs and batch_size, and scenes, where fewer are used.

    >>> budget([700, 720], {"max_epochs": 4, "batch_size": 8, "scenes": None})
    350
    """
    scenes = min(*train_scenes, training.get("scenes") or math.inf)
    return max(1, int(training["max_epochs"] * scenes) // training["batch_size"])


def evaluations(horizon: int, evaluate_every: int) -> int:
    """How many evaluations a budget of ``horizon`` steps holds: at steps 1, 1 + every, …

    >>> evaluations(201, 50)
    5
    """
    return (horizon - 1) // evaluate_every + 1


def window(horizon: int, evaluate_every: int) -> int:
    """The evaluations over which the mean accuracy must be above the threshold, by default.

    A tenth of those that the budget holds, from 1 to 25.

    >>> window(4000, 50), window(100, 50), window(100_000, 50)
    (8, 1, 25)
    """
    return max(1, min(LARGEST_WINDOW, evaluations(horizon, evaluate_every) // 10))


def outcomes(
    curves: pd.DataFrame,
    stop_reasons: Mapping[int, str],
    endpoint: Mapping[str, Any],
    threshold: float,
) -> pd.DataFrame:
    """The outcome of each trial (index) for one quantifier: value, learned, stop_reason.

    curves: the quantifier's trial, step and accuracy; stop_reasons: by trial, why its network
    ended; endpoint: measure, horizon and window, all given; threshold: the accuracy to exceed.

    The value of convergence_step is T, the first evaluation up to the horizon whose accuracy, and
    whose mean with those after it, ``window`` in all, is above the threshold; the horizon where
    there is none. The window must be whole. A run that ended because its loss was small goes on
    with its last value, no other run does. The value of area_above_curve is the mean of 1 −
    accuracy over steps up to the horizon, where every run goes on with its last value. Trials
    without a measured accuracy are left out.

    >>> curves = pd.DataFrame({"trial": 0, "step": [1, 51, 101], "accuracy": [0.5, 0.9, 1.0]})
    >>> endpoint = {"measure": "convergence_step", "horizon": 200, "window": 3}
    >>> outcomes(curves, {0: "threshold"}, endpoint, threshold=0.95).to_dict("records")
    [{'value': 101.0, 'learned': True, 'stop_reason': 'threshold'}]
    >>> outcomes(curves, {0: "epochs"}, endpoint, threshold=0.95)["value"].tolist()
    [200.0]
    """
    horizon, rows = endpoint["horizon"], {}
    for trial, run in curves.sort_values("step").groupby("trial"):
        steps, accuracy = run["step"].to_numpy(), run["accuracy"].to_numpy(dtype=float)
        if not np.isfinite(accuracy).any():
            continue
        more = endpoint["window"] - 1 if stop_reasons[trial] == "threshold" else 0
        goes_on = np.append(accuracy, np.repeat(accuracy[-1], more))
        step = convergence_step(steps, goes_on, threshold, endpoint["window"], whole=True)
        learned = step is not None and step <= horizon
        value = float(step) if learned else float(horizon)
        if endpoint["measure"] == "area_above_curve":
            value = 1 - area_to(steps, accuracy, horizon)
        rows[trial] = {"value": value, "learned": learned, "stop_reason": stop_reasons[trial]}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "learned", "stop_reason"])


def pair_outcomes(
    curves: pd.DataFrame,
    networks: pd.DataFrame,
    pair: Sequence[str],
    *,
    training: Mapping[str, Any],
    endpoint: Mapping[str, Any],
    threshold: float,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """The endpoint of a pair with all that it leaves open, and its outcomes in each trial.

    curves: trial, quantifier, step and accuracy on the monitored split; networks: trial, quantifier
    ("all", a name, or names joined by +), train_scenes and stop_reason; training: the settings of
    the sample; endpoint: measure, horizon and window, where null stands for the default. The frame
    has the columns of `outcomes` for both, with the endings _first and _second, for the trials
    (index) in which both were measured.
    """
    own = [networks_of(networks, name) for name in pair]
    horizon = endpoint["horizon"] or budget(pd.concat(own)["train_scenes"].to_list(), training)
    decided = {
        "measure": endpoint["measure"],
        "horizon": horizon,
        "window": endpoint["window"] or window(horizon, training["evaluate_every"]),
    }
    first, second = (
        outcomes(
            curves[curves["quantifier"] == name], of["stop_reason"].to_dict(), decided, threshold
        )
        for name, of in zip(pair, own, strict=True)
    )
    return decided, first.add_suffix("_first").join(second.add_suffix("_second"), how="inner")


def networks_of(networks: pd.DataFrame, quantifier: str) -> pd.DataFrame:
    """The networks that learn a quantifier, one for each trial, by trial."""
    learns = [
        name == "all" or quantifier in name.split("+") for name in networks["quantifier"].tolist()
    ]
    return networks[learns].set_index("trial")
