"""What one neuron can learn: linear separability, and the perceptron algorithm."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from quantlearn.report.course.neurons import with_ones

__all__ = ["Perceptron", "is_separable", "train_perceptron"]


@dataclass(frozen=True)
class Perceptron:
    """How the algorithm went: the weights after each example, (epochs, examples, n + 1).

    The bias is the last weight. ``mistakes`` counts those of each epoch. ``period`` is None where
    an epoch without mistakes ended the search; otherwise the weights after the last epoch were
    those of ``period`` epochs before, so that everything would come again for ever.
    """

    weights: np.ndarray
    mistakes: list[int]
    period: int | None

    @property
    def found(self) -> np.ndarray:
        """The last weights (n + 1,)."""
        return self.weights[-1, -1]

    @property
    def cycle(self) -> np.ndarray:
        """The different weights that come again and again, (k, n + 1); none if it has ended."""
        again = self.weights[len(self.weights) - (self.period or 0) :]
        return np.unique(again.reshape(-1, again.shape[-1]), axis=0)


def train_perceptron(x: np.ndarray, y: np.ndarray) -> Perceptron:
    """Rosenblatt's (1958) algorithm on whole numbers x (examples, n) and truth y (examples,).

    The neuron puts out 1 where Σ aᵢ wᵢ > 0. From zero weights, each example in turn adds its
    inputs to the weights where the output should have been 1 and was 0, and takes them away where
    it should have been 0 and was 1. It ends at an epoch without mistakes, which there is if and
    only if the classes are linearly separable (Novikoff 1962). If not, the weights stay bounded
    (Block & Levin 1970), so those of whole numbers must come again.

    >>> train_perceptron(np.array([[1, 1], [1, 0], [0, 1], [0, 0]]), np.array([1, 1, 1, 0])).period
    """
    inputs = with_ones(x)
    weights = np.zeros(inputs.shape[1], dtype=inputs.dtype)
    history, mistakes, seen = [], [], {tuple(weights): 0}
    while True:
        wrong, epoch = 0, []
        for example, target in zip(inputs, y, strict=True):
            error = int(target) - int(example @ weights > 0)
            weights = weights + error * example
            wrong += abs(error)
            epoch.append(weights)
        history.append(epoch)
        mistakes.append(wrong)
        before = seen.setdefault(tuple(weights), len(history))
        if wrong == 0 or before < len(history):
            period = len(history) - before if wrong else None
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
