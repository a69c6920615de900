"""Optimisers by hand: what each makes of a gradient, on a bowl that is steep in one direction.

The bowl is L(θ) = θ₁² + 25 θ₂². Plain descent takes steps along the gradient g, which is steepest
where least is to be gained; the others remember gradients, and step along

    momentum   v ← 0.9 v + g
    RMSprop    g / √s, with s ← 0.99 s + 0.01 g²
    Adam       m̂ / √ŝ, with m ← 0.9 m + 0.1 g and s ← 0.999 s + 0.001 g², divided by 1 − 0.9ᵗ and
               1 − 0.999ᵗ, since both begin at 0
"""

from collections.abc import Callable

import numpy as np

__all__ = ["BOWL", "RULES", "bowl", "descend", "largest_rate"]

BOWL = np.array([1.0, 25.0])
"""What the squares of θ₁ and θ₂ are multiplied by."""

_EPSILON = 1e-8  # keeps a root from being 0

Memory = dict[str, np.ndarray]


def bowl(theta: np.ndarray) -> np.ndarray:
    """L(θ) (…) for θ (…, 2)."""
    return (BOWL * theta**2).sum(axis=-1)


def largest_rate() -> float:
    """The learning rate α from which on plain descent does not come down.

    Along each axis a step multiplies θ by 1 − α λ, where λ is the second derivative there; for
    α > 2 / λ that is below −1.

    >>> largest_rate()
    0.04
    """
    return float(2 / (2 * BOWL).max())


def _plain(g: np.ndarray, memory: Memory, t: int) -> np.ndarray:
    return g


def _momentum(g: np.ndarray, memory: Memory, t: int) -> np.ndarray:
    memory["v"] = 0.9 * memory.get("v", 0) + g
    return memory["v"]


def _rmsprop(g: np.ndarray, memory: Memory, t: int) -> np.ndarray:
    memory["s"] = 0.99 * memory.get("s", 0) + 0.01 * g**2
    return g / (np.sqrt(memory["s"]) + _EPSILON)


def _adam(g: np.ndarray, memory: Memory, t: int) -> np.ndarray:
    memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
    memory["s"] = 0.999 * memory.get("s", 0) + 0.001 * g**2
    mean, square = memory["m"] / (1 - 0.9**t), memory["s"] / (1 - 0.999**t)
    return mean / (np.sqrt(square) + _EPSILON)


RULES: dict[str, Callable[[np.ndarray, Memory, int], np.ndarray]] = {
    "SGD": _plain,
    "momentum": _momentum,
    "RMSprop": _rmsprop,
    "Adam": _adam,
}
"""Optimiser → the direction of its step t = 1, 2 … from the gradient (2,) and what it remembers."""


def descend(name: str, start: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """θ₀, θ₁ … (steps + 1, 2): each less ``rate`` times the direction of an optimiser there.

    >>> descend("SGD", np.array([1.0, 1.0]), 0.02, 1)
    array([[1.  , 1.  ],
           [0.96, 0.  ]])
    """
    path, memory = [np.asarray(start, dtype=float)], {}
    for t in range(1, steps + 1):
        direction = RULES[name](2 * BOWL * path[-1], memory, t)
        path.append(path[-1] - rate * direction)
    return np.array(path)
