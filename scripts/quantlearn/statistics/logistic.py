"""Logistic regression of answers that come in clusters: those of one trial are alike."""

from math import nan

import numpy as np
from scipy.special import expit, stdtrit

from quantlearn.statistics.intervals import CONFIDENCE, Interval

__all__ = ["clustered_logistic"]

_ITERATIONS = 30
_SINGULAR = 1e12  # condition of a matrix that is not inverted
_LARGEST_STEP = 5.0  # of a standardised coefficient: Newton's method may overshoot


def clustered_logistic(
    x: np.ndarray, right: np.ndarray, clusters: np.ndarray
) -> list[Interval] | None:
    """The coefficients of a logistic regression, each with its 95 % interval.

    x (n, k), none of them constant; right (n,) booleans; clusters (n,) integers. A coefficient is
    the change of the log odds of ``right`` for one more of its x within a cluster: each cluster has
    an intercept of its own, which is not returned, so that clusters may be as good as they like.
    One without both kinds of answers says nothing of coefficients. The interval is that of a
    jackknife that leaves out one cluster at a time, by one step of Newton's method each, with t of
    one degree of freedom less than clusters: it asks nothing of how the answers of a cluster hang
    together, and holds also where there are few of them (MacKinnon, Nielsen & Webb 2025,
    "Cluster-robust jackknife and bootstrap inference for logistic regression models", CV3L).

    None where no finite coefficients are likeliest, since a combination of x separates right
    answers from others, or where x are collinear. Bounds are nan for a single cluster with both
    kinds of answers, and where without one of them x are collinear.

    >>> x, right = np.array([[0], [0], [1], [1]]), np.array([True, False, True, True])
    >>> clustered_logistic(x, right, clusters=np.zeros(4)) is None
    True
    """
    shift, scale = x.mean(axis=0), x.std(axis=0)
    rows, group = np.unique(np.column_stack([clusters, x]), axis=0, return_inverse=True)
    asked, given = np.bincount(group), np.bincount(group, weights=right)
    cluster = np.unique(rows[:, 0], return_inverse=True)[1]
    share = np.bincount(cluster, given) / np.bincount(cluster, asked)
    kept = ((share > 0) & (share < 1))[cluster]
    x = (rows[kept, 1:] - shift) / scale
    found = _likeliest(x, given[kept], asked[kept], cluster[kept]) if kept.any() else None
    if found is None:
        return None
    slopes, moves = found
    half = nan
    if moves is not None:
        n = len(moves)
        error = np.sqrt((n - 1) / n * (moves**2).sum(axis=0))
        half = stdtrit(n - 1, (1 + CONFIDENCE) / 2) * error
    bounds = np.column_stack([slopes, slopes - half, slopes + half]) / scale[:, None]
    return [Interval(*one) for one in bounds.tolist()]


def _likeliest(
    x: np.ndarray, given: np.ndarray, asked: np.ndarray, cluster: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Slopes (k,) by Newton's method for ``given`` of ``asked`` right answers in each row of x.

    And by how much they move, (clusters, k), when a cluster is left out: as `_moves_without_each`.
    Rows lie cluster by cluster. Where x separates the answers, each step goes about as far as the
    one before it, for ever.
    """
    _, starts, place = np.unique(cluster, return_index=True, return_inverse=True)
    x = np.column_stack([x, np.ones(len(x))])
    slopes, intercepts = np.zeros(x.shape[1] - 1), np.zeros(len(starts))
    for _ in range(_ITERATIONS):
        share = expit(x[:, :-1] @ slopes + intercepts[place])
        weighted = x * (asked * share * (1 - share))[:, None]
        # Of each cluster's log likelihood, by the slopes and by its own intercept.
        gradient = np.add.reduceat(x * (given - asked * share)[:, None], starts)
        information = np.add.reduceat(weighted[:, :, None] * x[:, None, :], starts)
        own, across = information[:, -1, -1], information[:, :-1, -1]
        # What a cluster tells of the slopes once its intercept is the likeliest for them.
        ratio = across / own[:, None]
        gradients = gradient[:, :-1] - ratio * gradient[:, -1:]
        informations = information[:, :-1, :-1] - ratio[:, :, None] * across[:, None, :]
        total = informations.sum(axis=0)
        if not np.linalg.cond(total) < _SINGULAR:
            return None
        step = np.linalg.solve(total, gradients.sum(axis=0))
        step_of_own = gradient[:, -1] / own - ratio @ step
        longest = max(np.abs(step).max(), np.abs(step_of_own).max())
        part = min(1.0, _LARGEST_STEP / max(longest, 1e-300))
        slopes, intercepts = slopes + part * step, intercepts + part * step_of_own
        if longest < 1e-8:
            return slopes, _moves_without_each(gradients, informations)
    return None


def _moves_without_each(gradients: np.ndarray, informations: np.ndarray) -> np.ndarray | None:
    """By how much slopes move, (clusters, k), when a cluster is left out: Newton's step.

    gradients (clusters, k) and informations (clusters, k, k). None for a single cluster, and where
    without one of them there is no such step.
    """
    left = informations.sum(axis=0) - informations
    if any(not np.linalg.cond(one) < _SINGULAR for one in left):
        return None
    return np.array([-np.linalg.solve(*pair) for pair in zip(left, gradients, strict=True)])
