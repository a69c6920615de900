"""Gradient descent for one parameter: ŷ = θ, L(θ) = (θ − y)²."""

import math

import numpy as np

__all__ = ["descent", "factor", "fate", "gradient", "loss"]


def loss(theta: np.ndarray | float, y: float) -> np.ndarray | float:
    """(θ − y)²."""
    return (theta - y) ** 2


def gradient(theta: np.ndarray | float, y: float) -> np.ndarray | float:
    """∂L/∂θ = 2(θ − y)."""
    return 2 * (theta - y)


def descent(theta: float, y: float, rate: float, steps: int) -> np.ndarray:
    """θ₀, θ₁ … (steps + 1,): each θ minus ``rate`` times the gradient there is the next.

    >>> descent(0.0, 2.0, 0.25, 3)
    array([0.  , 1.  , 1.5 , 1.75])
    """
    path = [theta]
    for _ in range(steps):
        path.append(path[-1] - rate * gradient(path[-1], y))
    return np.array(path)


def factor(rate: float) -> float:
    """By what each step multiplies the distance to y: θ − 2α(θ − y) − y = (1 − 2α)(θ − y).

    >>> factor(0.5)
    0.0
    """
    return 1 - 2 * rate


def fate(rate: float) -> str:
    """What becomes of θ, by the factor 1 − 2α.

    >>> fate(0.25), fate(0.75), fate(1.5)
    ('comes closer from one side', 'comes closer from both sides in turn', 'diverges')
    """
    by = factor(rate)
    if math.isclose(by, 0, abs_tol=1e-12):
        return "arrives in one step"
    if math.isclose(abs(by), 1):
        return "jumps to and fro" if by < 0 else "stays"
    if abs(by) > 1:
        return "diverges"
    return "comes closer from one side" if by > 0 else "comes closer from both sides in turn"
