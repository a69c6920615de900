"""What one neuron can learn: linear separability, and the perceptron algorithm."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from quantlearn.course.neurons import with_ones

__all__ = ["Perceptron", "is_separable", "train_perceptron"]


@dataclass(frozen=True)
class Perceptron:
    """How the algorithm went: weights before the first and after each epoch, (epochs + 1, n + 1).

    The bias is the last weight. ``mistakes`` counts those of each epoch. ``period`` is None where
    an epoch without mistakes ended the search; otherwise the weights after the last epoch were
    those of ``period`` epochs before, so that everything would come again for ever.
    """

    weights: np.ndarray
    mistakes: list[int]
    period: int | None

    @property
    def cycle(self) -> np.ndarray:
        """The weights that come again and again, (period, n + 1)."""
        return self.weights[-self.period :] if self.period else self.weights[:0]


def train_perceptron(x: np.ndarray, y: np.ndarray) -> Perceptron:
    """Rosenblatt's (1958) algorithm on whole numbers x (examples, n) and truth values y (examples,).

    The neuron puts out 1 where Σ aᵢ wᵢ > 0. From zero weights, each example in turn adds its
    inputs to the weights where the output should have been 1 and was 0, and takes them away where
    it should have been 0 and was 1. It ends at an epoch without mistakes, which there is if and
    only if the classes are linearly separable (Novikoff 1962). If not, the weights stay bounded
    (Block & Levin 1970), so those of whole numbers must come again.

    >>> train_perceptron(np.array([[1, 1], [1, 0], [0, 1], [0, 0]]), np.array([1, 1, 1, 0])).period
    """
    inputs = with_ones(x)
    weights = np.zeros(inputs.shape[1], dtype=inputs.dtype)
    history, mistakes = [weights], []
    while True:
        wrong = 0
        for example, target in zip(inputs, y, strict=True):
            error = int(target) - int(example @ weights > 0)
            weights = weights + error * example
            wrong += abs(error)
        seen = [number for number, old in enumerate(history) if (old == weights).all()]
        history.append(weights)
        mistakes.append(wrong)
        if wrong == 0 or seen:
            period = len(history) - 1 - seen[-1] if wrong else None
            return Perceptron(np.array(history), mistakes, period)


def is_separable(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether a line (a hyperplane) has all examples with y = 1 on one side, all others beyond it.

    x (examples, n), y (examples,) 0 or 1. By linear programming: are there weights with
    Σ aᵢ wᵢ ≥ 1 where y is 1 and ≤ −1 where it is 0?

    >>> square = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
    >>> is_separable(square, np.array([1, 0, 0, 0])), is_separable(square, np.array([0, 1, 1, 0]))
    (True, False)
    """
    sides = np.where(y, -1, 1)[:, None] * with_ones(x)
    found = linprog(
        np.zeros(sides.shape[1]), A_ub=sides, b_ub=-np.ones(len(sides)), bounds=(None, None)
    )
    return found.status == 0
