"""Back-propagation as a reader does it by hand: one example, two hidden units, one output."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantlearn.report.course.backprop import back_propagate, mean_loss
from quantlearn.report.course.neurons import Layer, activations

__all__ = ["differences", "steps"]

LOSS = "squared_error"


def steps(x: np.ndarray, y: np.ndarray, network: Sequence[Layer]) -> list[dict[str, Any]]:
    """Tell the steps in their order, for x (1, 2), y (1, 1) and a network of 2, 2 and 1 units.

    Each has a ``title``, the ``names`` of its values, the ``right`` ones, and the ``rule`` that
    gives them. ``slip`` holds what comes out if what ``missing`` says is left out.

    >>> from quantlearn.report.course.neurons import XOR_NETWORK
    >>> first = steps(np.array([[1.0, 0.0]]), np.array([[1.0]]), XOR_NETWORK)[0]
    >>> first["names"], first["right"], first["slip"]
    (['z₁', 'z₂'], [10.0, 10.0], [20.0, -20.0])
    """
    (w1, b1), (w2, b2) = network
    hidden, output = activations(x, network)
    (dw1, delta_hidden), (dw2, delta) = back_propagate(x, y, network, LOSS)
    return [
        {
            "title": "Sums of the hidden units",
            "names": ["z₁", "z₂"],
            "right": (x @ w1 + b1)[0].tolist(),
            "slip": (x @ w1)[0].tolist(),
            "missing": "the bias",
            "rule": "z = x W + b: each input times its weight, and the bias.",
        },
        {
            "title": "Their outputs",
            "names": ["a₁", "a₂"],
            "right": hidden[0].tolist(),
            "rule": "a = σ(z) = 1 / (1 + e⁻ᶻ).",
        },
        {
            "title": "The output unit",
            "names": ["z", "ŷ"],
            "right": [*(hidden @ w2 + b2)[0].tolist(), *output[0].tolist()],
            "slip": (hidden @ w2)[0].tolist(),
            "missing": "the bias",
            "rule": "z = a₁ w₁ + a₂ w₂ + b, and ŷ = σ(z).",
        },
        {
            "title": "Back: δ of the output unit",
            "names": ["δ"],
            "right": delta.tolist(),
            "slip": (2 * (output - y))[0].tolist(),
            "missing": "∂ŷ/∂z = ŷ(1 − ŷ)",
            "rule": "δ = ∂L/∂z = ∂L/∂ŷ · ∂ŷ/∂z = 2(ŷ − y) · ŷ(1 − ŷ).",
        },
        {
            "title": "∂L/∂W² for the weights of a₁ and a₂",
            "names": ["∂L/∂w₁", "∂L/∂w₂"],
            "right": dw2[:, 0].tolist(),
            "rule": "∂L/∂w₁ = ∂L/∂z · ∂z/∂w₁ = δ a₁, and w₂ likewise.",
        },
        {
            "title": "Back: δ of the hidden units",
            "names": ["δ₁", "δ₂"],
            "right": delta_hidden.tolist(),
            "slip": (w2 @ delta).tolist(),
            "missing": "∂a/∂z = a(1 − a) of the hidden unit itself",
            "rule": "δ₁ = ∂L/∂z · ∂z/∂a₁ · ∂a₁/∂z₁ = δ w₁ · a₁(1 − a₁), and δ₂ likewise.",
        },
        {
            "title": "∂L/∂W¹ for the weights of p and q in both units",
            "names": ["p in 1", "p in 2", "q in 1", "q in 2"],
            "right": dw1.ravel().tolist(),
            "rule": "∂L/∂w = ∂L/∂z · ∂z/∂w: δ of the unit, times the input that the weight reads.",
        },
    ]


def differences(x: np.ndarray, y: np.ndarray, network: Sequence[Layer]) -> dict[str, Any]:
    """Compare the ``derivative`` of the loss by the first weight w with difference quotients.

    ``quotients`` are (L(w + ε) − L(w)) / ε where ε is 10 to each of the ``powers``.

    >>> from quantlearn.report.course.neurons import XOR_NETWORK
    >>> found = differences(np.array([[1.0, 0.0]]), np.array([[0.0]]), XOR_NETWORK)
    >>> bool(np.isclose(found["quotients"][9], found["derivative"], rtol=1e-4))
    True
    """
    powers = np.arange(-15, 1)
    (w1, b1), *others = network
    before = mean_loss(x, y, network, LOSS)
    quotients = []
    for epsilon in 10.0**powers:
        moved = w1.astype(float)
        moved[0, 0] += epsilon
        quotients.append((mean_loss(x, y, [(moved, b1), *others], LOSS) - before) / epsilon)
    derivative = back_propagate(x, y, network, LOSS)[0][0][0, 0]
    return {"powers": powers.tolist(), "quotients": quotients, "derivative": float(derivative)}
