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

    x (n, k), none of them constant; right (n,) booleans; clusters (n,) integers. There is an
    intercept, which is not returned. A coefficient is the change of the log odds of ``right`` for
    one more of its x, averaged over clusters as in generalised estimating equations with
    independent answers (Liang & Zeger 1986). The interval is that of a jackknife that leaves out
    one cluster at a time, by one step of Newton's method each, with t of one degree of freedom less
    than clusters: it asks nothing of how the answers of a cluster hang together, and holds also
    where there are few of them (MacKinnon, Nielsen & Webb 2025, "Cluster-robust jackknife and
    bootstrap inference for logistic regression models", CV3L).

    None where no finite coefficients are likeliest, since a combination of x separates right
    answers from others, or where x are collinear. Bounds are nan for a single cluster, and where
    without one of them x are collinear.

    >>> x, right = np.array([[0], [0], [1], [1]]), np.array([True, False, True, True])
    >>> clustered_logistic(x, right, clusters=np.array([0, 1, 0, 1])) is None
    True
    """
    shift, scale = x.mean(axis=0), x.std(axis=0)
    standard = np.column_stack([np.ones(len(x)), (x - shift) / scale])
    rows, group = np.unique(np.column_stack([clusters, standard]), axis=0, return_inverse=True)
    asked = np.bincount(group)
    given = np.bincount(group, weights=right)
    cluster, standard = rows[:, 0], rows[:, 1:]
    found = _likeliest(standard, given, asked)
    if found is None:
        return None
    half = np.full(len(found), nan)
    moves = _moves_without_each(standard, given, asked, found, cluster)
    if moves is not None:
        n = len(moves)
        error = np.sqrt((n - 1) / n * (moves**2).sum(axis=0))
        half = stdtrit(n - 1, (1 + CONFIDENCE) / 2) * error
    bounds = np.column_stack([found, found - half, found + half])[1:] / scale[:, None]
    return [Interval(*one) for one in bounds.tolist()]


def _moves_without_each(
    x: np.ndarray, given: np.ndarray, asked: np.ndarray, found: np.ndarray, cluster: np.ndarray
) -> np.ndarray | None:
    """By how much coefficients move, (clusters, k), when a cluster is left out: Newton's step.

    None for a single cluster, and where without one of them there is no such step.
    """
    gradient, information = _derivatives(x, given, asked, found)
    moves = []
    for name in np.unique(cluster):
        own = cluster == name
        own_gradient, own_information = _derivatives(x[own], given[own], asked[own], found)
        left = information - own_information
        if np.linalg.cond(left) > _SINGULAR:
            return None
        moves.append(np.linalg.solve(left, gradient - own_gradient))
    return np.array(moves)


def _derivatives(
    x: np.ndarray, given: np.ndarray, asked: np.ndarray, coefficients: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (k,) and information (k, k) of the log likelihood."""
    share = expit(x @ coefficients)
    information = (x * (asked * share * (1 - share))[:, None]).T @ x
    return x.T @ (given - asked * share), information


def _likeliest(x: np.ndarray, given: np.ndarray, asked: np.ndarray) -> np.ndarray | None:
    """Coefficients (k,) by Newton's method for ``given`` of ``asked`` right answers in each row.

    Where x separates the answers, each step goes about as far as the one before it, for ever.
    """
    found = np.zeros(x.shape[1])
    for _ in range(_ITERATIONS):
        gradient, information = _derivatives(x, given, asked, found)
        if np.linalg.cond(information) > _SINGULAR:
            return None
        step = np.linalg.solve(information, gradient)
        longest = np.abs(step).max()
        found = found + step * min(1.0, _LARGEST_STEP / max(longest, 1e-300))
        if longest < 1e-8:
            return found
    return None
