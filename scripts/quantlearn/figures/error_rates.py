"""How often tests err: on pools of trials in which nothing differs, and on simulated times.

A pool of real trials is parted at random into ensembles that share no trial, as often as wanted.
Ensembles of different partitions overlap, so that many of them say little more than those of one:
what chance allows is reckoned with the ensembles of one partition (`chance_range`).

Simulated are pairs of lognormal times that a horizon cuts off, whose true restricted means have a
closed form.
"""

from dataclasses import dataclass
from math import exp, log

import numpy as np
from scipy import optimize, special, stats

from quantlearn.statistics.comparison import paired_comparison
from quantlearn.statistics.intervals import CONFIDENCE, mean_interval
from quantlearn.statistics.multiple_tests import LEVEL
from quantlearn.statistics.signed_rank import signed_rank_test

__all__ = [
    "QUANTITIES",
    "SPREAD",
    "Design",
    "chance_range",
    "disjoint_ensembles",
    "horizon",
    "signed_rank_p",
    "simulated_rates",
    "simulated_times",
    "t_test_p",
    "true_values",
]


# --- Pools of trials --------------------------------------------------------------------------


def disjoint_ensembles(rng: np.random.Generator, pool: int, n: int, resamples: int) -> np.ndarray:
    """Part the trials 0 … pool − 1 into ensembles of n, again and again, whole partitions.

    At least ``resamples`` ensembles, one in a row (·, n), those of a partition one after the other;
    the rest of a pool that n does not divide is left out, another one each time.

    >>> found = disjoint_ensembles(np.random.default_rng(1), pool=7, n=3, resamples=5)
    >>> found.shape, len(set(found[:2].ravel().tolist()))
    ((6, 3), 6)
    """
    together = pool // n
    partitions = -(-resamples // together)
    orders = np.argsort(rng.random((partitions, pool)), axis=1)
    return orders[:, : together * n].reshape(-1, n)


def chance_range(ensembles: int, level: float = LEVEL) -> tuple[float, float]:
    """The shares between which independent ensembles come out in 95 of 100 cases, if level is true.

    From the binomial distribution, equal tails.

    >>> chance_range(240)
    (0.025, 0.079...)
    """
    low, high = stats.binom.interval(CONFIDENCE, ensembles, level)
    return float(low / ensembles), float(high / ensembles)


def signed_rank_p(differences: np.ndarray) -> np.ndarray:
    """p of the exact signed-rank test of each row of differences (m, n): (m,)."""
    return np.array([signed_rank_test(row).p for row in differences])


def t_test_p(differences: np.ndarray) -> np.ndarray:
    """p of the t-test of each row of differences (m, n), where nan is a trial that is left out.

    nan where fewer than two differ from nan, or those do not vary.

    >>> t_test_p(np.array([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0], [1.0, np.nan, np.nan]])).round(3)
    array([0.074, 0.295,   nan])
    """
    given = np.isfinite(differences)
    n, kept = given.sum(axis=1), np.where(given, differences, 0.0)
    found = np.full(len(kept), np.nan)
    width = np.where(given, differences, -np.inf).max(axis=1) - np.where(
        given, differences, np.inf
    ).min(axis=1)
    varies = (n > 1) & (width > 1e-12 * np.abs(kept).max(axis=1))
    n, kept, given = n[varies], kept[varies], given[varies]
    mean = kept.sum(axis=1) / n
    squares = np.where(given, (kept - mean[:, None]) ** 2, 0.0).sum(axis=1)
    t = mean / np.sqrt(squares / (n - 1) / n)
    found[varies] = 2 * special.stdtr(n - 1, -np.abs(t))
    return found


# --- Simulated times --------------------------------------------------------------------------

SPREAD = 0.5
"""Standard deviation of the logarithm of a time; in the experiments of 2019 mostly 0.2 to 0.5."""

QUANTITIES = (
    *("difference_covered", "ratio_covered", "no_interval"),
    *("false_direction", "true_direction"),
)
"""What is counted over repetitions, as `simulated_rates` explains."""


@dataclass(frozen=True)
class Design:
    """Pairs of lognormal times, one pair for each trial.

    n: trials; correlation: of the logarithms of the two times of a trial; not_learned: the share
    of all times that are cut off at the horizon; ratio: the second median over the first.
    """

    n: int
    correlation: float
    not_learned: float
    ratio: float

    @property
    def log_medians(self) -> np.ndarray:
        """The means of the logarithms of the first and second times."""
        return np.array([0.0, log(self.ratio)])


def horizon(design: Design) -> float:
    """The time that the share ``not_learned`` of both times together exceeds; none exceeds it at 0.

    >>> round(horizon(Design(n=10, correlation=0.0, not_learned=0.5, ratio=1.0)), 6)
    1.0
    """
    low, high = design.log_medians.min() - 12 * SPREAD, design.log_medians.max() + 12 * SPREAD
    if not design.not_learned:
        return exp(high)

    def excess(time: float) -> float:
        within = special.ndtr((time - design.log_medians) / SPREAD).mean()
        return within - (1 - design.not_learned)

    return exp(optimize.brentq(excess, low, high))


def true_values(design: Design) -> tuple[float, float]:
    """The mean of second less first of min(T, τ), and that of their logarithms.

    E min(T, τ) = exp(m + s² / 2) Φ(z − s) + τ Φ(−z) and E min(log T, log τ) = m Φ(z) − s φ(z) +
    log τ Φ(−z), with z = (log τ − m) / s.

    >>> none = Design(n=10, correlation=0.0, not_learned=0.0, ratio=2.0)
    >>> [round(value, 6) for value in true_values(none)]
    [1.133148, 0.693147]
    """
    end, m = horizon(design), design.log_medians
    z = (log(end) - m) / SPREAD
    means = np.exp(m + SPREAD**2 / 2) * special.ndtr(z - SPREAD) + end * special.ndtr(-z)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    logarithms = m * special.ndtr(z) - SPREAD * density + log(end) * special.ndtr(-z)
    return float(means[1] - means[0]), float(logarithms[1] - logarithms[0])


def simulated_times(design: Design, repetitions: int, rng: np.random.Generator) -> np.ndarray:
    """Pairs of times as far as the horizon: (repetitions, n, 2)."""
    normal = rng.normal(size=(repetitions, design.n, 2))
    rho = design.correlation
    normal[..., 1] = rho * normal[..., 0] + np.sqrt(1 - rho**2) * normal[..., 1]
    return np.minimum(np.exp(design.log_medians + SPREAD * normal), horizon(design))


def simulated_rates(design: Design, repetitions: int, rng: np.random.Generator) -> dict[str, float]:
    """How often what is said of paired times holds: the share of repetitions by `QUANTITIES`.

    difference_covered: the t interval of second less first has the true restricted mean in it;
    ratio_covered: likewise for the logarithms; no_interval: there is no interval of the
    difference, since all are equal, which covers nothing; false_direction: the exact signed-rank
    test is below 0.05 in the wrong direction, or in any where the ratio is 1; true_direction: in
    the right one.

    The functions that make verdicts are called as they are.
    """
    true_difference, true_logarithm = true_values(design)
    counts = dict.fromkeys(QUANTITIES, 0)
    for first, second in simulated_times(design, repetitions, rng).transpose(0, 2, 1):
        found = paired_comparison(second - first)
        logarithms = mean_interval(np.log(second) - np.log(first))
        counts["difference_covered"] += found.lower <= true_difference <= found.upper
        counts["ratio_covered"] += logarithms.lower <= true_logarithm <= logarithms.upper
        counts["no_interval"] += np.isnan(found.lower)
        if found.p < LEVEL:
            right = design.ratio != 1 and (found.ranks > 0) == (design.ratio > 1)
            counts["true_direction" if right else "false_direction"] += 1
    return {name: float(count / repetitions) for name, count in counts.items()}
