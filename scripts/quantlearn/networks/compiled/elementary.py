"""Elementary functions of SIMD vectors, lane by lane, to a few units in the last place.

NaN stays NaN in all of them.
"""

import math

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.typing.templates import signature
from numba.extending import intrinsic
from numpy.polynomial import Chebyshev, Polynomial

from quantlearn.networks.compiled.simd import emit_multiply_add

__all__ = [
    "choose",
    "exponential",
    "exponential_less_one",
    "log_one_plus",
    "magnitude",
    "maximum",
    "normal_tail",
    "relu",
    "sigmoid",
    "square_root",
    "tanh",
    "where_positive",
]


def _constant(kind, value):
    """A number in all lanes of a vector of an LLVM type."""
    single = kind.element == ir.FloatType()
    return ir.Constant(kind, [float(np.float32(value) if single else value)] * kind.count)


def _polynomial(builder, x, coefficients):
    """Σ coefficients[k] x^k, by Horner's rule."""
    series = _constant(x.type, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        series = emit_multiply_add(builder, series, x, _constant(x.type, coefficient))
    return series


def _exponential(builder, x, scale):
    """(s, p) with exp(scale · x) = s (1 + p), s a power of two and p = exp(r) - 1, |r| <= ln(2)/2.

    scale · x = n ln 2 + r with integer n, s = 2^n. Adding 1.5 · 2^m, where m is the number of
    mantissa bits, rounds to an integer and leaves n in the low bits. ln 2 is subtracted in two
    parts, the first short enough that n times it is exact. p / r is a polynomial through the
    Chebyshev nodes; ``scale`` is folded into all constants, so that x needs no product of its own.
    x is clamped to where s is a normal number; ordered comparisons let NaN pass.
    """
    kind = x.type
    single = kind.element == ir.FloatType()
    integer = ir.VectorType(ir.IntType(32 if single else 64), kind.count)
    mantissa, bias, bound, degree = (23, 127, 87.0, 5) if single else (52, 1023, 708.0, 10)
    log2_high = 0.693359375 if single else float.fromhex("0x1.62e42fefa3p-1")
    log2_low = -2.1219444005469057e-4 if single else 2.8235290563031577e-13
    edge = math.log(2) / 2

    def whole(value):
        return ir.Constant(integer, [value] * kind.count)

    for beyond, limit in ((">", abs(bound / scale)), ("<", -abs(bound / scale))):
        outside = builder.fcmp_ordered(beyond, x, _constant(kind, limit))
        x = builder.select(outside, _constant(kind, limit), x)
    magic = _constant(kind, 1.5 * 2.0**mantissa)
    shifted = emit_multiply_add(builder, x, _constant(kind, scale / math.log(2)), magic)
    n = builder.fsub(shifted, magic)
    r = emit_multiply_add(builder, n, _constant(kind, -log2_high / scale), x)
    r = emit_multiply_add(builder, n, _constant(kind, -log2_low / scale), r)
    interpolant = Chebyshev.interpolate(_expm1_over, degree, domain=[-edge, edge])
    powers = interpolant.convert(kind=Polynomial).coef * scale ** np.arange(1, degree + 2)
    series = _polynomial(builder, r, powers)
    exponent = builder.shl(builder.bitcast(shifted, integer), whole(mantissa))
    power = builder.bitcast(builder.add(exponent, whole(bias << mantissa)), kind)
    return power, builder.fmul(series, r)


def _expm1_over(r):
    """(exp(r) - 1) / r."""
    return np.divide(np.expm1(r), r, out=np.ones_like(r), where=r != 0)


@intrinsic
def exponential(typing, x):
    """exp(x)."""

    def emit(context, builder, sig, args):
        power, p = _exponential(builder, args[0], 1)
        return emit_multiply_add(builder, power, p, power)

    return signature(x, x), emit


@intrinsic
def exponential_less_one(typing, x):
    """exp(x) - 1, which keeps its precision near 0."""

    def emit(context, builder, sig, args):
        power, p = _exponential(builder, args[0], 1)
        return emit_multiply_add(builder, power, p, builder.fsub(power, _constant(power.type, 1)))

    return signature(x, x), emit


@intrinsic
def sigmoid(typing, x):
    """1 / (1 + exp(-x))."""

    def emit(context, builder, sig, args):
        one = _constant(args[0].type, 1)
        power, p = _exponential(builder, args[0], -1)
        below = emit_multiply_add(builder, power, p, builder.fadd(power, one))
        return builder.fdiv(one, below)

    return signature(x, x), emit


@intrinsic
def tanh(typing, x):
    """e / (e + 2) with e = exp(2x) - 1, which keeps its precision near 0."""

    def emit(context, builder, sig, args):
        one, two = (_constant(args[0].type, k) for k in (1, 2))
        power, p = _exponential(builder, args[0], 2)
        e = emit_multiply_add(builder, power, p, builder.fsub(power, one))
        return builder.fdiv(e, builder.fadd(e, two))

    return signature(x, x), emit


@intrinsic
def log_one_plus(typing, x):
    """ln(1 + x) for x in 0 … 1: x times a polynomial of 2x - 1 through the Chebyshev nodes."""

    def emit(context, builder, sig, args):
        [x] = args
        degree = 10 if x.type.element == ir.FloatType() else 21
        interpolant = Chebyshev.interpolate(lambda u: np.log1p((u + 1) / 2) / ((u + 1) / 2), degree)
        minus_one, two = _constant(x.type, -1), _constant(x.type, 2)
        place = emit_multiply_add(builder, x, two, minus_one)
        powers = interpolant.convert(kind=Polynomial).coef
        return builder.fmul(x, _polynomial(builder, place, powers))

    return signature(x, x), emit


@intrinsic
def normal_tail(typing, x):
    """The probability that a normal variable exceeds x >= 0: erfc(z) / 2 with z = x / √2.

    With t = 2 / (2 + z), erfc(z) = t exp(-z² + C(t)), where C is a smooth function on 0 … 1
    (Press et al. 2007, section 6.2.2), summed by Clenshaw's recurrence.
    """

    def emit(context, builder, sig, args):
        kind = args[0].type
        degree = 10 if kind.element == ir.FloatType() else 27

        coefficients = Chebyshev.interpolate(_exponent_of_tail, degree).coef
        z = builder.fmul(args[0], _constant(kind, math.sqrt(0.5)))
        two = _constant(kind, 2)
        t = builder.fdiv(two, builder.fadd(two, z))
        u = emit_multiply_add(builder, t, two, _constant(kind, -1))
        twice = builder.fadd(u, u)
        last = before = _constant(kind, 0)
        for coefficient in coefficients[:0:-1]:
            rest = builder.fsub(_constant(kind, coefficient), before)
            last, before = emit_multiply_add(builder, twice, last, rest), last
        rest = builder.fsub(_constant(kind, coefficients[0]), before)
        smooth = emit_multiply_add(builder, u, last, rest)
        squared = builder.fmul(z, z)
        power, p = _exponential(builder, builder.fsub(smooth, squared), 1)
        half = builder.fmul(t, _constant(kind, 0.5))
        return builder.fmul(half, emit_multiply_add(builder, power, p, power))

    return signature(x, x), emit


def _exponent_of_tail(u):
    """C(t) of `normal_tail` at t = (u + 1) / 2."""
    from scipy.special import erfcx  # noqa: PLC0415  # asked for where something is compiled

    t = (u + 1) / 2
    return np.log(erfcx(2 / t - 2) / t)


def _of_llvm(name):
    """An intrinsic function of LLVM, of one vector."""

    def emit(context, builder, sig, args):
        kind = args[0].type
        full = f"llvm.{name}.v{kind.count}{'f32' if kind.element == ir.FloatType() else 'f64'}"
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind]), full
        )
        return builder.call(function, args)

    return emit


@intrinsic
def square_root(typing, x):
    """√x."""
    return signature(x, x), _of_llvm("sqrt")


@intrinsic
def magnitude(typing, x):
    """|x|."""
    return signature(x, x), _of_llvm("fabs")


@intrinsic
def relu(typing, x):
    """max(x, 0)."""

    def emit(context, builder, sig, args):
        zero = ir.Constant(args[0].type, None)
        return builder.select(builder.fcmp_ordered("<", args[0], zero), zero, args[0])

    return signature(x, x), emit


@intrinsic
def maximum(typing, x, y):
    """The larger of x and y; y where one of them is NaN."""

    def emit(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[0], args[1])

    return signature(x, x, y), emit


@intrinsic
def where_positive(typing, x, value):
    """``value`` in the lanes in which x is positive (or NaN), else 0."""

    def emit(context, builder, sig, args):
        zero = ir.Constant(args[0].type, None)
        return builder.select(builder.fcmp_unordered(">", args[0], zero), args[1], zero)

    return signature(value, x, value), emit


@intrinsic
def choose(typing, x, value, otherwise):
    """``value`` in the lanes in which x is positive, else ``otherwise``."""

    def emit(context, builder, sig, args):
        zero = ir.Constant(args[0].type, None)
        return builder.select(builder.fcmp_ordered(">", args[0], zero), args[1], args[2])

    return signature(value, x, value, otherwise), emit
