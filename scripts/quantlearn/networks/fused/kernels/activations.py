"""Activations and their derivatives, which are torch's at 0, too; NaN stays NaN in all of them."""

import triton
import triton.language as tl

__all__ = ["activate", "tanh"]

_SLOPE = tl.constexpr(0.01)  # of leaky ReLU below 0
_ROOT_HALF = tl.constexpr(0.5**0.5)
_DENSITY = tl.constexpr(0.3989422804014327)  # 1 / √2π, of the normal distribution at 0


@triton.jit
def tanh(x):
    """Return the hyperbolic tangent, through the logistic function."""
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def activate(x, name: tl.constexpr):
    """Return f(x) and f′(x) of an activation of `quantlearn.networks.layers`."""
    if name == "sigmoid":
        y = tl.sigmoid(x)
        derivative = y * (1 - y)
    elif name == "tanh":
        y = tanh(x)
        derivative = 1 - y * y
    elif name == "relu":
        y = tl.where(x <= 0, 0.0, x)
        derivative = tl.where(x > 0, 1.0, 0.0)
    elif name == "leaky_relu":
        derivative = tl.where(x > 0, 1.0, _SLOPE)
        y = x * derivative
    elif name == "softplus":
        y = tl.where(x <= 0, 0.0, x) + tl.log(1 + tl.exp(-tl.abs(x)))
        derivative = tl.sigmoid(x)
    elif name == "elu":
        power = tl.exp(tl.where(x <= 0, x, 0.0))
        y = tl.where(x <= 0, power - 1, x)
        derivative = power
    else:
        tl.static_assert(name == "gelu")
        share = 0.5 * (1 + tl.math.erf(x * _ROOT_HALF))
        y = x * share
        derivative = share + x * _DENSITY * tl.exp(-0.5 * x * x)
    return y, derivative
