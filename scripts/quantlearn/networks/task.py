"""What a network reads: one token for each position of a scene.

A token joins the zone of the object at that position with the quantifier that is to be verified,
so that a scene of up to max_size objects is a row of small numbers.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from quantlearn.scenes import PADDING, ZONES

__all__ = ["MAX_QUANTIFIERS", "Task"]

_CODES = PADDING + 1
MAX_QUANTIFIERS = 256 // _CODES


@dataclass(frozen=True)
class Task:
    """Scenes of ``positions`` positions and ``quantifiers`` quantifiers."""

    positions: int
    quantifiers: int

    @property
    def inputs(self) -> int:
        """Inputs at each position: the zone one-hot and the quantifier one-hot."""
        return len(ZONES) + self.quantifiers

    @property
    def vocabulary(self) -> int:
        """Number of different tokens."""
        return _CODES * self.quantifiers

    def tokens(self, scenes: np.ndarray, quantifiers: np.ndarray) -> np.ndarray:
        """Tokens (n, positions), unsigned bytes, for zone codes (n, positions) and indices (n,).

        >>> Task(3, 2).tokens(np.array([[0, 3, 4]], dtype=np.uint8), np.array([1]))
        array([[5, 8, 9]], dtype=uint8)
        """
        return (scenes + _CODES * quantifiers[:, None]).astype(np.uint8)

    def token_inputs(self) -> np.ndarray:
        """The input vector of each token, shape (vocabulary, inputs).

        Padding has zeros for the zone; the quantifier is still there (2019 protocol).

        >>> Task(20, 1).token_inputs()[[0, 4]].tolist()
        [[1.0, 0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
        """
        tokens = np.arange(self.vocabulary)
        vectors = np.zeros((self.vocabulary, self.inputs))
        objects = tokens % _CODES != PADDING
        vectors[tokens[objects], tokens[objects] % _CODES] = 1
        vectors[tokens, len(ZONES) + tokens // _CODES] = 1
        return vectors

    def one_hot(self, tokens: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Input vectors (..., inputs) of tokens (...)."""
        return self.token_table(dtype, tokens.device)[tokens.long()]

    def token_table(self, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """`token_inputs` as a tensor on a device; made once, since every step asks for it."""
        return _token_table(self, dtype, device)


@cache
def _token_table(task: Task, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    return torch.as_tensor(task.token_inputs(), dtype=dtype, device=device)
