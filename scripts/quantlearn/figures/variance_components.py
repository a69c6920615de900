"""Components of variance in a crossed design: what of a seed makes trials differ.

Trials are y[r, d, s, o]: for each root r all combinations of its data d, starts s and orders o,
whose levels belong to this root alone. With all three crossed within roots,

    y = mean + R[r] + D + S + O + DS + DO + SO + DSO,

where every effect is random, and the last one cannot be told from what is left.
"""

import itertools
from collections.abc import Iterator
from math import nan

import numpy as np

from quantlearn.statistics.intervals import CONFIDENCE, Interval

__all__ = ["COMPONENTS", "shares", "variance_components", "variance_within"]

COMPONENTS = ("root", "data", "start", "order", "rest")
"""What the variance of trials is divided into; the rest is all interactions and what is left."""

DRAWS = 10_000

Term = tuple[int, ...]
"""Which of the axes data (1), start (2) and order (3) an effect depends on, beside the root."""

_TERMS = [term for size in range(4) for term in itertools.combinations((1, 2, 3), size)]


def variance_components(values: np.ndarray) -> dict[str, float]:
    """The components of variance of values (roots, data, starts, orders), by the method of moments.

    They are what makes the expected mean squares of a balanced design equal to the observed ones
    (Searle, Casella & McCulloch 1992, Variance Components, chapter 4); so they are without bias,
    and may be below 0. All levels are two or more. Here the means of two roots are the same,
    though their data differ and are others in each:

    >>> trials = np.zeros((2, 2, 2, 2)) + np.array([0.0, 2.0])[:, None, None]
    >>> {name: float(found) for name, found in variance_components(trials).items()}
    {'root': -1.0, 'data': 2.0, 'start': 0.0, 'order': 0.0, 'rest': 0.0}
    """
    squares = {term: sum_of / df for term, sum_of, df in _sums_of_squares(values)}
    return _components(squares, values.shape)


def shares(values: np.ndarray, rng: np.random.Generator) -> dict[str, Interval]:
    """The share of each component in their sum, with its 95 % interval; components below 0 are 0.

    The interval is a generalised one (Weerahandi 1993): were effects normal, a sum of squares over
    its expected mean square would be chi-squared. Each draw of these gives mean squares, and so
    components and shares. nan where no value differs from another.

    >>> trials = np.random.default_rng(1).normal(size=(3, 5, 5, 2))
    >>> found = shares(trials, np.random.default_rng(1))
    >>> found["rest"].lower > 0.5 > found["data"].estimate
    True
    """
    found, drawn = {}, {}
    for term, sum_of, df in _sums_of_squares(values):
        found[term] = sum_of / df
        drawn[term] = sum_of / rng.chisquare(df, DRAWS)
    estimates = _as_shares(_components(found, values.shape))
    draws = _as_shares(_components(drawn, values.shape))
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    return {
        name: Interval(float(estimates[name]), *np.quantile(draws[name], tails).tolist())
        if np.isfinite(estimates[name])
        else Interval(nan)
        for name in COMPONENTS
    }


def variance_within(values: np.ndarray, part: str) -> float:
    """The variance of trials that differ in one part alone: data, start or order.

    That is what shows where a design renews nothing else: the part and its interactions.
    """
    return float(values.var(axis=COMPONENTS.index(part), ddof=1).mean())


def _as_shares(components: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    positive = {name: np.maximum(found, 0) for name, found in components.items()}
    total = np.sum(list(positive.values()), axis=0)
    with np.errstate(invalid="ignore"):
        return {name: found / total for name, found in positive.items()}


def _sums_of_squares(values: np.ndarray) -> Iterator[tuple[Term, float, int]]:
    """Each term, its sum of squares and degrees of freedom; that of no axis is between roots."""
    means = {}
    for term in _TERMS:
        others = tuple(axis for axis in (1, 2, 3) if axis not in term)
        means[term] = values.mean(axis=others, keepdims=True)
    for term in _TERMS:
        within = [other for other in _TERMS if set(other) <= set(term)]
        effect = sum((-1) ** (len(term) - len(other)) * means[other] for other in within)
        df = int(np.prod([values.shape[axis] - 1 for axis in term])) * values.shape[0]
        if not term:
            effect, df = effect - values.mean(), values.shape[0] - 1
        yield term, float((effect**2).sum()) * _others(term, values.shape), df


def _components(squares: dict, shape: tuple[int, ...]) -> dict:
    """Components from mean squares, numbers or arrays of draws.

    The component of a term is the alternating sum of the mean squares of all that contain it.
    """
    found = {}
    for term in _TERMS:
        above = [other for other in _TERMS if set(other) >= set(term)]
        total = sum((-1) ** (len(other) - len(term)) * squares[other] for other in above)
        found[term] = total / _others(term, shape)
    alone = dict(zip(COMPONENTS, [(), (1,), (2,), (3,)], strict=False))
    rest = sum(component for term, component in found.items() if len(term) > 1)
    return {name: found[term] for name, term in alone.items()} | {"rest": rest}


def _others(term: Term, shape: tuple[int, ...]) -> int:
    """How many trials of a root share the levels of a term."""
    return int(np.prod([shape[axis] for axis in (1, 2, 3) if axis not in term]))
