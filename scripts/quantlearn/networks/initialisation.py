"""How weights start.

Drawn with numpy, so that a trial's start is the same on every device.
"""

import numpy as np

__all__ = ["bias", "kernel"]


def kernel(
    rng: np.random.Generator, inputs: int, outputs: int, scheme: str, fan_in: int | None = None
) -> np.ndarray:
    """A matrix (inputs, outputs).

    ``glorot``: uniform on ±√(6 / (inputs + outputs)) (Glorot & Bengio 2010, eq. 16).
    ``torch``: uniform on ±1/√fan_in, where fan_in is ``inputs`` if not given, as torch.nn.Linear
    and torch.nn.LSTM start.

    >>> w = kernel(np.random.default_rng(0), 4, 2, "glorot")
    >>> w.shape, bool(abs(w).max() <= 1)
    ((4, 2), True)
    """
    glorot = scheme == "glorot"
    bound = np.sqrt(6 / (inputs + outputs)) if glorot else 1 / np.sqrt(fan_in or inputs)
    return rng.uniform(-bound, bound, size=(inputs, outputs))


def bias(rng: np.random.Generator, outputs: int, scheme: str, fan_in: int) -> np.ndarray:
    """A vector (outputs,): zeros for ``glorot``, uniform on ±1/√fan_in for ``torch``."""
    if scheme == "glorot":
        return np.zeros(outputs)
    return rng.uniform(-1, 1, size=outputs) / np.sqrt(fan_in)
