"""What a network reads: one token for each position of a scene.

A token joins the zone of the object at that position with the quantifier that is to be verified,
so that a scene of up to max_size objects is a row of small numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from quantlearn.networks.vocabulary import CODES, demand_bytes
from quantlearn.semantics.scenes import PADDING, ZONES

if TYPE_CHECKING:
    import torch

__all__ = ["OneHotTask", "Task", "quantifier_codes"]

Codes = tuple[tuple[float, ...], ...]


def quantifier_codes(names: Sequence[str], coding: str) -> Codes:
    """What a network is told of each quantifier: numbers, as many for each.

    With ``one_hot`` one number for each quantifier. With ``number`` one for each family, which is a
    name without its numbers, and after these the numbers themselves, divided by the largest of all:
    so a network can be asked about a member of the family that it has not learned.

    >>> quantifier_codes(["at_least_2", "at_least_4", "most"], "number")
    ((1.0, 0.0, 0.5), (1.0, 0.0, 1.0), (0.0, 1.0, 0.0))
    """
    if coding == "one_hot":
        return tuple(map(tuple, np.eye(len(names)).tolist()))
    numbers = [[int(text) for text in re.findall(r"\d+", name)] for name in names]
    families = [re.sub(r"\d+", "", name) for name in names]
    known = list(dict.fromkeys(families))
    largest = max((number for own in numbers for number in own), default=0) or 1
    width = max(map(len, numbers))
    return tuple(
        (
            *(float(family == other) for other in known),
            *(number / largest for number in own),
            *[0.0] * (width - len(own)),
        )
        for family, own in zip(families, numbers, strict=True)
    )


class OneHotTask:
    """A task whose tokens stand for fixed input vectors, the rows of ``token_inputs()``."""

    def one_hot(self, tokens: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Input vectors (..., inputs) of tokens (...)."""
        return self.token_table(dtype, tokens.device)[tokens.long()]

    def token_table(self, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """`token_inputs` as a tensor on a device; made once, since every step asks for it."""
        return _token_table(self, dtype, device)


@dataclass(frozen=True)
class Task(OneHotTask):
    """Scenes of ``positions`` positions and ``quantifiers`` quantifiers.

    codes: for each quantifier the numbers that tell it from others; a one-hot if there are none.
    Raises `QuantlearnError` for more quantifiers than tokens can tell apart.
    """

    positions: int
    quantifiers: int
    codes: Codes | None = None

    def __post_init__(self) -> None:
        demand_bytes(self.vocabulary)

    writes = False
    """Whether the network says after each token which word is next; here it says true or false."""
    outputs = 2
    """Logits at a time: false and true."""

    @property
    def quantifier_codes(self) -> np.ndarray:
        """What a network is told of each quantifier, (quantifiers, numbers)."""
        return np.eye(self.quantifiers) if self.codes is None else np.array(self.codes)

    @property
    def inputs(self) -> int:
        """Inputs at each position: the zone one-hot and the quantifier's code."""
        return len(ZONES) + self.quantifier_codes.shape[1]

    @property
    def vocabulary(self) -> int:
        """Number of different tokens."""
        return CODES * self.quantifiers

    def scene_inputs(self, objects: str) -> np.ndarray:
        """Places of the inputs (n,) of a whole scene among its one-hots and the quantifier's code.

        With ``objects`` one_hot these are all; with binary an object has one input, 1 in A∩B and 0
        elsewhere, and a quantifier is told only where there are several.

        >>> Task(positions=3, quantifiers=1).scene_inputs("binary")
        array([0, 4, 8])
        """
        of_zones = len(ZONES) * self.positions
        every = np.arange(of_zones + self.inputs - len(ZONES))
        if objects == "one_hot":
            return every
        told = every[of_zones:] if self.quantifiers > 1 else every[:0]
        return np.concatenate([every[ZONES["both"] : of_zones : len(ZONES)], told])

    def tokens(self, scenes: np.ndarray, quantifiers: np.ndarray) -> np.ndarray:
        """Tokens (n, positions), unsigned bytes, for zone codes (n, positions) and indices (n,).

        >>> Task(3, 2).tokens(np.array([[0, 3, 4]], dtype=np.uint8), np.array([1]))
        array([[5, 8, 9]], dtype=uint8)
        """
        return (scenes + CODES * quantifiers[:, None]).astype(np.uint8)

    def token_inputs(self) -> np.ndarray:
        """The input vector of each token, shape (vocabulary, inputs).

        Padding has zeros for the zone; the quantifier is still there (2019 protocol).

        >>> Task(20, 1).token_inputs()[[0, 4]].tolist()
        [[1.0, 0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
        """
        tokens = np.arange(self.vocabulary)
        vectors = np.zeros((self.vocabulary, self.inputs))
        objects = tokens % CODES != PADDING
        vectors[tokens[objects], tokens[objects] % CODES] = 1
        vectors[:, len(ZONES) :] = self.quantifier_codes[tokens // CODES]
        return vectors


@cache
def _token_table(task: OneHotTask, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    import torch  # noqa: PLC0415 - seconds, which jobs without tensors save

    return torch.as_tensor(task.token_inputs(), dtype=dtype, device=device)
