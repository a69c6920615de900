"""Learning curves: continued to a common end, and the areas under them."""

import numpy as np
import pandas as pd

__all__ = ["area_to", "area_under_curve", "extended_curves"]


def extended_curves(curves: pd.DataFrame, steps: pd.Index | None = None) -> pd.DataFrame:
    """Accuracy by step (rows) and trial (columns) at ``steps``, or at those of the longest run.

    ``curves`` holds one quantifier of one sample. A run that ended earlier is extended by its last
    value: runs end because the network has learned its task or no longer improves, and cutting all
    runs at the end of the shortest would throw away what the slow ones still show. Between its own
    evaluations a run is interpolated.
    """
    wide = curves.pivot_table(index="step", columns="trial", values="accuracy").sort_index()
    if steps is not None:
        wide = wide.reindex(wide.index.union(steps))
    return wide.interpolate(method="index", limit_area="inside").ffill()


def area_under_curve(steps: np.ndarray, loss: np.ndarray) -> float:
    """The area under a loss curve by the trapezoid rule, over its width: the mean loss.

    nan where the loss is not a finite number somewhere: the run diverged.

    >>> area_under_curve(np.array([1, 51, 101]), np.array([0.7, 0.5, 0.1]))
    0.45
    """
    if not np.isfinite(loss).all():
        return float("nan")
    return float(np.trapezoid(loss, steps) / (steps[-1] - steps[0])) if len(steps) > 1 else loss[0]


def area_to(steps: np.ndarray, values: np.ndarray, horizon: int) -> float:
    """The mean of a curve over steps from its first one to the horizon, by the trapezoid rule.

    Its last value goes on where it ends before. nan where a value is not a finite number.

    >>> area_to(np.array([1, 51]), np.array([0.5, 1.0]), 101)
    0.875
    """
    within = steps < horizon
    end = np.interp(horizon, steps, values)
    return area_under_curve(np.append(steps[within], horizon), np.append(values[within], end))
