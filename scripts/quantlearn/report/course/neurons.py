"""Neurons, layers of them, and networks of layers, with weights that are chosen by hand.

Notation: x (…, n) inputs, W (n, m) weights, b (m,) biases, a = f(x W + b) (…, m) outputs. A network
is a sequence of layers (W, b), each of which reads what the one before it puts out.
"""

import timeit
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import expit as sigmoid

__all__ = [
    "AND",
    "INPUTS",
    "XOR",
    "XOR_NETWORK",
    "Layer",
    "activations",
    "joined",
    "layer",
    "neuron",
    "seconds_per_example",
    "sigmoid",
    "with_ones",
]

Layer = tuple[np.ndarray, np.ndarray]

INPUTS = np.array([[1, 1], [1, 0], [0, 1], [0, 0]])
"""All values of p and q, in the order of a truth table."""

AND = np.array([20, 20, -30])
"""Weights of a neuron that computes p ∧ q from p, q and a constant 1; the last one is the bias."""

XOR = INPUTS[:, 0] ^ INPUTS[:, 1]
"""p xor q for each row of `INPUTS`."""

XOR_NETWORK: tuple[Layer, ...] = (
    (np.array([[20, -20], [20, -20]]), np.array([-10, 30])),
    (np.array([[20], [20]]), np.array([-30])),
)
"""W¹, b¹, W², b² of a network for xor: hidden units for or and nand, the output is their and."""


def neuron(
    a: np.ndarray, w: np.ndarray, f: Callable[[np.ndarray], np.ndarray] = sigmoid
) -> np.ndarray:
    """f(Σ aᵢ wᵢ), the output (…) of one neuron for inputs a (…, n) and weights w (n,).

    >>> print(f"{neuron(np.array([1, 0, 1]), AND):.4f}")
    0.0000
    """
    return f((a * w).sum(axis=-1))


def layer(
    x: np.ndarray,
    weights: np.ndarray,
    bias: np.ndarray,
    f: Callable[[np.ndarray], np.ndarray] = sigmoid,
) -> np.ndarray:
    """f(x W + b), the outputs (examples, m) of m neurons for a batch x (examples, n).

    >>> layer(np.array([[1, 1], [0, 0]]), np.array([[20], [20]]), np.array([-30])).round()
    array([[1.], [0.]])
    """
    return f(x @ weights + bias)


def activations(
    x: np.ndarray,
    network: Sequence[Layer],
    f: Callable[[np.ndarray], np.ndarray] = sigmoid,
) -> list[np.ndarray]:
    """The outputs (examples, units) of all layers, the first layer first.

    >>> activations(INPUTS, XOR_NETWORK)[-1].round().T
    array([[0., 1., 1., 0.]])
    """
    outputs = []
    for weights, bias in network:
        x = layer(x, weights, bias, f)
        outputs.append(x)
    return outputs


def with_ones(x: np.ndarray) -> np.ndarray:
    """x′: x (examples, n) with a column of ones behind it.

    >>> with_ones(np.array([[5, 6]]))
    array([[5, 6, 1]])
    """
    return np.concatenate([x, np.ones_like(x[:, :1])], axis=1)


def joined(weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """W′: the weights (n, m) with the biases (m,) as a row below them, so that x W + b = x′ W′.

    >>> joined(np.array([[20], [20]]), np.array([-30])).T
    array([[ 20,  20, -30]])
    """
    return np.concatenate([weights, bias[None]])


def seconds_per_example(
    batch_sizes: Sequence[int], units: int, rng: np.random.Generator, seconds: float = 0.02
) -> np.ndarray:
    """Wall time for an example of a layer with ``units`` inputs and outputs, by size of the batch.

    For each size the quickest of five rounds, each of which takes about ``seconds``.
    """
    weights, bias = rng.normal(size=(units, units)), rng.normal(size=units)
    found = []
    for size in batch_sizes:
        x = rng.normal(size=(size, units))
        timer = timeit.Timer(lambda x=x: layer(x, weights, bias))
        calls = max(1, round(seconds / min(timer.repeat(3, 1))))
        found.append(min(timer.repeat(5, calls)) / calls / size)
    return np.array(found)
