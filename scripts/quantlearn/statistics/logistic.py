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
    names, cluster = np.unique(rows[:, 0], return_inverse=True)
    share = np.bincount(cluster, given) / np.bincount(cluster, asked)
    names = np.flatnonzero((share > 0) & (share < 1))
    kept = np.isin(cluster, names)
    own = cluster[kept][:, None] == names
    columns = np.column_stack([(rows[kept, 1:] - shift) / scale, own])
    found = _likeliest(columns, given[kept], asked[kept])
    if found is None:
        return None
    slopes, half = found[: x.shape[1]], nan
    moves = _moves_without_each(columns, own, given[kept], asked[kept], found)
    if moves is not None:
        n = len(moves)
        error = np.sqrt((n - 1) / n * (moves**2).sum(axis=0))
        half = stdtrit(n - 1, (1 + CONFIDENCE) / 2) * error
    bounds = np.column_stack([slopes, slopes - half, slopes + half]) / scale[:, None]
    return [Interval(*one) for one in bounds.tolist()]


def _likeliest(x: np.ndarray, given: np.ndarray, asked: np.ndarray) -> np.ndarray | None:
    """Coefficients (k,) by Newton's method for ``given`` of ``asked`` right answers in each row.

    Where x separates the answers, each step goes about as far as the one before it, for ever.
    """
    found = np.zeros(x.shape[1])
    for _ in range(_ITERATIONS if len(x) else 0):
        gradient, information = _derivatives(x, given, asked, found)
        if np.linalg.cond(information) > _SINGULAR:
            return None
        step = np.linalg.solve(information, gradient)
        longest = np.abs(step).max()
        found = found + step * min(1.0, _LARGEST_STEP / max(longest, 1e-300))
        if longest < 1e-8:
            return found
    return None


def _moves_without_each(
    x: np.ndarray, own: np.ndarray, given: np.ndarray, asked: np.ndarray, found: np.ndarray
) -> np.ndarray | None:
    """By how much slopes move, (clusters, slopes), when a cluster is left out: Newton's step.

    x (n, slopes + clusters) ends with ``own`` (n, clusters), which are the intercepts. None for a
    single cluster, and where without one of them there is no such step.
    """
    slopes = x.shape[1] - own.shape[1]
    gradients, informations = [], []
    for rows in own.T:
        gradient, information = _derivatives(x[rows], given[rows], asked[rows], found)
        place = slopes + np.flatnonzero(x[rows][0, slopes:])[0]
        across = information[:slopes, place]
        # What a cluster tells of the slopes once its intercept is the likeliest for them.
        informations.append(
            information[:slopes, :slopes] - np.outer(across, across) / information[place, place]
        )
        gradients.append(gradient[:slopes])
    total = np.sum(informations, axis=0)
    left = [total - information for information in informations]
    if any(np.linalg.cond(one) > _SINGULAR for one in left):
        return None
    return np.array([-np.linalg.solve(*pair) for pair in zip(left, gradients, strict=True)])


def _derivatives(
    x: np.ndarray, given: np.ndarray, asked: np.ndarray, coefficients: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient (k,) and information (k, k) of the log likelihood."""
    share = expit(x @ coefficients)
    information = (x * (asked * share * (1 - share))[:, None]).T @ x
    return x.T @ (given - asked * share), information
