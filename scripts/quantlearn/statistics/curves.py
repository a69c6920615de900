"""Learning curves: continued to a common end, and the areas under and between them."""

import numpy as np
import pandas as pd

__all__ = ["area_between_curves", "area_under_curve", "extended_curves"]


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


def area_between_curves(easy: pd.DataFrame, hard: pd.DataFrame) -> pd.Series:
    """Area between two quantifiers' learning curves, by trial, in steps × accuracy.

    ∫ (accuracy of easy − accuracy of hard) d step by the trapezoid rule, from the first evaluation
    to the last step of the longest run; see `extended_curves` for shorter runs.
    """
    steps = pd.Index(easy["step"]).union(hard["step"]).unique()
    difference = extended_curves(easy, steps) - extended_curves(hard, steps)
    area = np.trapezoid(difference.to_numpy(), difference.index.to_numpy(dtype=float), axis=0)
    return pd.Series(area, index=difference.columns, name="area")


def area_under_curve(steps: np.ndarray, loss: np.ndarray) -> float:
    """The area under a loss curve by the trapezoid rule, over its width: the mean loss.

    nan where the loss is not a finite number somewhere: the run diverged.

    >>> area_under_curve(np.array([1, 51, 101]), np.array([0.7, 0.5, 0.1]))
    0.45
    """
    if not np.isfinite(loss).all():
        return float("nan")
    return float(np.trapezoid(loss, steps) / (steps[-1] - steps[0])) if len(steps) > 1 else loss[0]
