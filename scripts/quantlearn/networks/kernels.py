"""Numba kernels for ensembles of small LSTMs on the CPU: the arithmetic behind ``compiled``.

The scenes of a batch lie in the lanes of a SIMD vector, so every operation below works on one
unit of several scenes at once and no lane ever sees another: a scene's result is the same
wherever it stands in a batch, and a trial's whichever trials are trained beside it.

Layout. Vectors are written [unit][lane]. The hidden size is padded with zeros to a multiple of
four; a padded unit stays exactly zero, forward and backward. Weights are packed unit by unit with
the four gates side by side, so that the kernels read them in one stream:

    table    [token][unit][gate]
    matrix   [pair of units][row][unit of the pair][gate]      row: unit of h or x
    bias     [unit][gate]

One trial's weights follow each other: table, recurrent matrix of layer 0, then for each further
layer its input matrix, recurrent matrix and bias.

All numba code of the project's LSTM is in this one file because numba's cache looks only at the
file of the function that it stores.
"""

import math
import operator

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model
from numpy.polynomial import Chebyshev, Polynomial

__all__ = [
    "EVALUATION_BYTES",
    "GATES",
    "TRAINING_LANES",
    "backward",
    "evaluate",
    "forward",
    "pack_matrix",
    "pack_rows",
    "padded",
    "radix_tree",
]

GATES = 4
TRAINING_LANES = 8  # scenes that are trained side by side; the 2019 experiments have batches of 8
EVALUATION_BYTES = 64  # a vector of AVX-512; narrower machines use two or four registers for it


def kernel(function):
    """Compile on first call, without the GIL, and store the machine code where that is possible."""
    try:
        return njit(function, cache=True, nogil=True, error_model="numpy")
    except RuntimeError:  # numba finds no directory that it may write its cache to
        return njit(function, nogil=True, error_model="numpy")


inline = njit(forceinline=True, error_model="numpy", nogil=True)
helper = njit(error_model="numpy", nogil=True)  # not worth a copy at each call: compiles faster


# --- Vectors ------------------------------------------------------------------------------------


class Vector(types.Type):
    """A SIMD vector: ``lanes`` numbers of one type, combined lane by lane."""

    def __init__(self, dtype, lanes):
        self.dtype = dtype
        self.lanes = lanes
        super().__init__(name=f"Vector({dtype}, {lanes})")


class Pointer(types.Type):
    """A place in memory where numbers or vectors of type ``item`` lie in a row.

    ``p[k]`` reads or writes the k-th item, ``p + k`` is the place k items further on. The memory
    belongs to an array that the caller holds.
    """

    def __init__(self, item):
        self.item = item
        super().__init__(name=f"Pointer({item})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):
        element = manager.lookup(vector.dtype).get_value_type()
        super().__init__(manager, vector, ir.VectorType(element, vector.lanes))


@register_model(Pointer)
class _PointerModel(models.PrimitiveModel):
    def __init__(self, manager, pointer):
        item = manager.lookup(pointer.item).get_value_type()
        super().__init__(manager, pointer, item.as_pointer())


def _alignment(item):
    """What may be assumed of an address: it is a multiple of the size of one number."""
    return (item.dtype if isinstance(item, Vector) else item).bitwidth // 8


def _four(builder, pointer):
    """The place of four numbers, given that of the first."""
    return builder.bitcast(pointer, ir.VectorType(pointer.type.pointee, 4).as_pointer())


def _splat(context, builder, value, kind, vector):
    """``value`` of numba type ``kind`` as a vector: itself, or one number in all lanes."""
    if kind == vector:
        return value
    number = context.cast(builder, value, kind, vector.dtype)
    llvm = context.get_value_type(vector)
    one = builder.insert_element(ir.Constant(llvm, ir.Undefined), number, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.lanes), [0] * vector.lanes)
    return builder.shuffle_vector(one, ir.Constant(llvm, ir.Undefined), zeros)


def _multiply_add(builder, a, b, c):
    kind = a.type
    name = f"llvm.fmuladd.v{kind.count}{'f32' if kind.element == ir.FloatType() else 'f64'}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind, kind, kind]), name
    )
    return builder.call(function, [a, b, c])


class _VectorArithmetic(AbstractTemplate):
    def generic(self, args, keywords):
        vector = next((arg for arg in args if isinstance(arg, Vector)), None)
        if vector is not None and len(args) == 2:
            return signature(vector, *args)
        return None


def _register_arithmetic(operation, emit):
    infer_global(operation)(type("_Vector" + operation.__name__, (_VectorArithmetic,), {}))

    def lower(context, builder, sig, args):
        left, right = (
            _splat(context, builder, value, kind, sig.return_type)
            for value, kind in zip(args, sig.args, strict=True)
        )
        return getattr(builder, emit)(left, right)

    for kinds in ((Vector, Vector), (Vector, types.Number), (types.Number, Vector)):
        lower_builtin(operation, *kinds)(lower)


_register_arithmetic(operator.add, "fadd")
_register_arithmetic(operator.sub, "fsub")
_register_arithmetic(operator.mul, "fmul")
_register_arithmetic(operator.truediv, "fdiv")


@infer_global(operator.add)
class _PointerAdd(AbstractTemplate):
    def generic(self, args, keywords):
        if len(args) == 2 and isinstance(args[0], Pointer) and isinstance(args[1], types.Integer):
            return signature(args[0], args[0], types.intp)
        return None


@infer_global(operator.getitem)
class _PointerGet(AbstractTemplate):
    def generic(self, args, keywords):
        if isinstance(args[0], Pointer):
            return signature(args[0].item, args[0], types.intp)
        return None


@infer_global(operator.setitem)
class _PointerSet(AbstractTemplate):
    def generic(self, args, keywords):
        if isinstance(args[0], Pointer):
            return signature(types.none, args[0], types.intp, args[0].item)
        return None


@lower_builtin(operator.add, Pointer, types.Integer)
def _lower_pointer_add(context, builder, sig, args):
    return builder.gep(args[0], [args[1]], inbounds=True)


@lower_builtin(operator.getitem, Pointer, types.Integer)
def _lower_pointer_get(context, builder, sig, args):
    place = builder.gep(args[0], [args[1]], inbounds=True)
    return builder.load(place, align=_alignment(sig.args[0].item))


@lower_builtin(operator.setitem, Pointer, types.Integer, types.Any)
def _lower_pointer_set(context, builder, sig, args):
    place = builder.gep(args[0], [args[1]], inbounds=True)
    builder.store(args[2], place, align=_alignment(sig.args[0].item))
    return context.get_dummy_value()


def _pointer_to_data(context, builder, sig, args):
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.bitcast(array.data, context.get_value_type(sig.return_type))


def _same_place(context, builder, sig, args):
    return builder.bitcast(args[0], context.get_value_type(sig.return_type))


@intrinsic
def numbers(typing, array):
    """Pointer to the numbers of a contiguous array."""
    item = array.dtype
    return signature(Pointer(item), array), _pointer_to_data


@intrinsic
def training_vectors(typing, array):
    """Pointer to a contiguous array as vectors of TRAINING_LANES numbers."""
    item = Vector(array.dtype, TRAINING_LANES)
    return signature(Pointer(item), array), _pointer_to_data


@intrinsic
def evaluation_vectors(typing, array):
    """Pointer to a contiguous array as vectors of EVALUATION_BYTES bytes."""
    item = Vector(array.dtype, EVALUATION_BYTES * 8 // array.dtype.bitwidth)
    return signature(Pointer(item), array), _pointer_to_data


@intrinsic
def lane_numbers(typing, vectors):
    """The same place, seen as numbers: lane l of vector k is number k · lanes + l."""
    return signature(Pointer(vectors.item.dtype), vectors), _same_place


@intrinsic
def lanes_of(typing, vectors):
    """The number of lanes, a constant."""
    lanes = vectors.item.lanes
    return signature(types.intp, vectors), lambda c, b, s, args: c.get_constant(types.intp, lanes)


@intrinsic
def multiply_add(typing, a, b, c):
    """a · b + c with one rounding where the machine can; ``a`` may be one number for all lanes."""

    def emit(context, builder, sig, args):
        left = _splat(context, builder, args[0], sig.args[0], sig.return_type)
        return _multiply_add(builder, left, args[1], args[2])

    return signature(c, a, b, c), emit


def _shuffle(builder, a, b, mask):
    kind = ir.VectorType(ir.IntType(32), len(mask))
    return builder.shuffle_vector(a, b, ir.Constant(kind, mask))


def _concatenate(builder, parts):
    while len(parts) > 1:
        both = list(range(2 * parts[0].type.count))
        parts = [
            _shuffle(builder, a, b, both) for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
    return parts[0]


def _transpose_fours(builder, rows):
    """Four vectors made of groups of four numbers; each group is transposed as a 4 × 4 matrix."""
    count = rows[0].type.count
    groups = range(0, count, 4)

    def pick(a, b, first, second):
        """Per group, the elements ``first`` of a and ``second`` of b."""
        mask = [g + k for g in groups for k in first]
        tail = [count + g + k for g in groups for k in second]
        merged = [
            mask[2 * i + j] if half == 0 else tail[2 * i + j]
            for i in range(len(groups))
            for half in range(2)
            for j in range(2)
        ]
        return _shuffle(builder, a, b, merged)

    a, b, c, d = rows
    low_ab, high_ab = pick(a, b, (0, 1), (0, 1)), pick(a, b, (2, 3), (2, 3))
    low_cd, high_cd = pick(c, d, (0, 1), (0, 1)), pick(c, d, (2, 3), (2, 3))
    return [
        pick(low_ab, low_cd, (0, 2), (0, 2)),
        pick(low_ab, low_cd, (1, 3), (1, 3)),
        pick(high_ab, high_cd, (0, 2), (0, 2)),
        pick(high_ab, high_cd, (1, 3), (1, 3)),
    ]


def _place_of_lane(builder, args, lane):
    """Four numbers at ``base[offsets[lane]]``; base and offsets are the first two arguments."""
    at = builder.gep(args[1], [ir.IntType(64)(lane)], inbounds=True)
    offset = builder.sext(builder.load(at), ir.IntType(64))
    return _four(builder, builder.gep(args[0], [offset], inbounds=True))


@intrinsic
def gather_four(typing, base, offsets, like):
    """Four vectors: lane l of the q-th is ``base[offsets[l] + q]``. ``like``: the vectors' type."""
    vector = like.item

    def emit(context, builder, sig, args):
        align = _alignment(vector)
        rows = []
        for lane in range(vector.lanes):
            place = _place_of_lane(builder, args, lane)
            rows.append(builder.load(place, align=align))
        quarters = [_concatenate(builder, rows[q::4]) for q in range(4)]
        out = _transpose_fours(builder, quarters)
        return context.make_tuple(builder, sig.return_type, out)

    return signature(types.UniTuple(vector, 4), base, offsets, like), emit


@intrinsic
def scatter_four(typing, base, stride, a, b, c, d):
    """The reverse for rows at a fixed distance: ``base[l · stride + q]`` = lane l of the q-th."""

    def emit(context, builder, sig, args):
        align = _alignment(sig.args[0].item)
        rows = _transpose_fours(builder, args[2:])
        for lane in range(sig.args[2].lanes):
            group, q = divmod(lane, 4)
            four = _shuffle(builder, rows[q], rows[q], list(range(4 * group, 4 * group + 4)))
            index = builder.mul(args[1], ir.IntType(64)(lane))
            place = _four(builder, builder.gep(args[0], [index], inbounds=True))
            builder.store(four, place, align=align)
        return context.get_dummy_value()

    return signature(types.none, base, types.intp, a, b, c, d), emit


@intrinsic
def scatter_add_four(typing, base, offsets, a, b, c, d):
    """``base[offsets[l] + q]`` += lane l of the q-th vector, lane after lane."""

    def emit(context, builder, sig, args):
        align = _alignment(sig.args[0].item)
        rows = _transpose_fours(builder, args[2:])
        for lane in range(sig.args[2].lanes):
            group, q = divmod(lane, 4)
            four = _shuffle(builder, rows[q], rows[q], list(range(4 * group, 4 * group + 4)))
            place = _place_of_lane(builder, args, lane)
            old = builder.load(place, align=align)
            builder.store(builder.fadd(old, four), place, align=align)
        return context.get_dummy_value()

    return signature(types.none, base, offsets, a, b, c, d), emit


@intrinsic
def add_lane_sums(typing, base, a, b, c, d):
    """``base[q]`` += sum of the lanes of the q-th vector, in a fixed order."""

    def emit(context, builder, sig, args):
        align = _alignment(sig.args[0].item)
        rows = _transpose_fours(builder, args[1:])
        total = builder.fadd(builder.fadd(rows[0], rows[1]), builder.fadd(rows[2], rows[3]))
        while total.type.count > 4:
            half = total.type.count // 2
            low = _shuffle(builder, total, total, list(range(half)))
            high = _shuffle(builder, total, total, list(range(half, 2 * half)))
            total = builder.fadd(low, high)
        place = _four(builder, args[0])
        old = builder.load(place, align=align)
        builder.store(builder.fadd(old, total), place, align=align)
        return context.get_dummy_value()

    return signature(types.none, base, a, b, c, d), emit


@intrinsic
def broadcast(typing, number, vectors):
    """One number in all lanes of a vector of the type that ``vectors`` points to."""

    def emit(context, builder, sig, args):
        return _splat(context, builder, args[0], sig.args[0], sig.return_type)

    return signature(vectors.item, number, vectors), emit


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

    def constant(value):
        rounded = float(np.float32(value) if single else value)
        return ir.Constant(kind, [rounded] * kind.count)

    def whole(value):
        return ir.Constant(integer, [value] * kind.count)

    for beyond, limit in ((">", abs(bound / scale)), ("<", -abs(bound / scale))):
        outside = builder.fcmp_ordered(beyond, x, constant(limit))
        x = builder.select(outside, constant(limit), x)
    magic = constant(1.5 * 2.0**mantissa)
    shifted = _multiply_add(builder, x, constant(scale / math.log(2)), magic)
    n = builder.fsub(shifted, magic)
    r = _multiply_add(builder, n, constant(-log2_high / scale), x)
    r = _multiply_add(builder, n, constant(-log2_low / scale), r)
    interpolant = Chebyshev.interpolate(_expm1_over, degree, domain=[-edge, edge])
    powers = interpolant.convert(kind=Polynomial).coef
    series = constant(powers[degree] * scale ** (degree + 1))
    for k in range(degree - 1, -1, -1):
        series = _multiply_add(builder, series, r, constant(powers[k] * scale ** (k + 1)))
    exponent = builder.shl(builder.bitcast(shifted, integer), whole(mantissa))
    power = builder.bitcast(builder.add(exponent, whole(bias << mantissa)), kind)
    return power, builder.fmul(series, r)


def _expm1_over(r):
    """(exp(r) - 1) / r."""
    return np.divide(np.expm1(r), r, out=np.ones_like(r), where=r != 0)


@intrinsic
def sigmoid(typing, x):
    """1 / (1 + exp(-x)), to a few units in the last place; NaN stays NaN."""

    def emit(context, builder, sig, args):
        one = _splat(context, builder, ir.DoubleType()(1), types.float64, x)
        power, p = _exponential(builder, args[0], -1)
        below = _multiply_add(builder, power, p, builder.fadd(power, one))
        return builder.fdiv(one, below)

    return signature(x, x), emit


@intrinsic
def tanh(typing, x):
    """e / (e + 2) with e = exp(2x) - 1, which keeps its precision near 0; NaN stays NaN."""

    def emit(context, builder, sig, args):
        one, two = (_splat(context, builder, ir.DoubleType()(k), types.float64, x) for k in (1, 2))
        power, p = _exponential(builder, args[0], 2)
        e = _multiply_add(builder, power, p, builder.fsub(power, one))
        return builder.fdiv(e, builder.fadd(e, two))

    return signature(x, x), emit


# --- Weights ------------------------------------------------------------------------------------


@inline
def padded(units):
    """The hidden size that the kernels work with: the next multiple of four.

    >>> padded(12), padded(13)
    (12, 16)
    """
    return (units + 3) // 4 * 4


@inline
def layer_start(layer, vocabulary, width):
    """Where a layer's weights begin within a trial's packed weights."""
    if layer == 0:
        return 0
    matrix = GATES * width * width
    return vocabulary * GATES * width + matrix + (layer - 1) * (2 * matrix + GATES * width)


@kernel
def pack_matrix(matrix, packed, start):
    """Copy (T, H, 4H) to ``packed`` (T, P) from place ``start`` on, pair by pair of units."""
    trials, units, _ = matrix.shape
    width = padded(units)
    for trial in range(trials):
        for row in range(units):
            for unit in range(units):
                for gate in range(GATES):
                    place = (unit // 2 * width + row) * 2 * GATES + unit % 2 * GATES + gate
                    packed[trial, start + place] = matrix[trial, row, gate * units + unit]


@kernel
def pack_rows(rows, packed, start):
    """Copy (T, R, 4H), the table or a bias (R = 1), to ``packed`` (T, P), the gates innermost."""
    trials, count, columns = rows.shape
    units = columns // GATES
    width = padded(units)
    for trial in range(trials):
        for row in range(count):
            for gate in range(GATES):
                for unit in range(units):
                    place = (row * width + unit) * GATES + gate
                    packed[trial, start + place] = rows[trial, row, gate * units + unit]


@helper
def unpack(source, rows, units, target):
    """Copy a gradient [row][unit][gate] to the public layout (rows, 4H)."""
    width = padded(units)
    for row in range(rows):
        for gate in range(GATES):
            for unit in range(units):
                target[(row * GATES + gate) * units + unit] = source[
                    (row * width + unit) * GATES + gate
                ]


@inline
def clear(vectors, count):
    for k in range(count):
        vectors[k] = broadcast(0.0, vectors)


# --- One time step ------------------------------------------------------------------------------


@inline
def add_product(sums, weights, states, rows):
    """Add W s to eight sums: four gates of two units, for all lanes.

    The eight running sums hide the latency of the multiply-adds and stay in registers.
    """
    a0, a1, a2, a3, b0, b1, b2, b3 = sums
    for k in range(rows):
        s = states[k]
        w = weights + k * 2 * GATES
        a0 = multiply_add(w[0], s, a0)
        a1 = multiply_add(w[1], s, a1)
        a2 = multiply_add(w[2], s, a2)
        a3 = multiply_add(w[3], s, a3)
        b0 = multiply_add(w[4], s, b0)
        b1 = multiply_add(w[5], s, b1)
        b2 = multiply_add(w[6], s, b2)
        b3 = multiply_add(w[7], s, b3)
    return a0, a1, a2, a3, b0, b1, b2, b3


@inline
def gate_sums(layer, weights, offsets, below, hidden, vocabulary, units, sums):
    """What enters the gates, [unit][gate]: table[token] or W x + b, plus R h.

    ``offsets`` locate the lanes' rows of the table (layer 0), ``below`` is the hidden state of the
    layer below (further layers).
    """
    width = padded(units)
    matrix = GATES * width * width
    first_layer = layer == 0
    recurrent = weights + (vocabulary * GATES * width if first_layer else matrix)
    for u in range(0, width, 2):
        columns = GATES * width * u  # a pair's weights: 2 · GATES · width numbers
        if first_layer:
            a0, a1, a2, a3 = gather_four(weights + GATES * u, offsets, hidden)
            b0, b1, b2, b3 = gather_four(weights + GATES * (u + 1), offsets, hidden)
            pair = (a0, a1, a2, a3, b0, b1, b2, b3)
        else:
            bias = weights + (2 * matrix + GATES * u)
            pair = (
                broadcast(bias[0], hidden),
                broadcast(bias[1], hidden),
                broadcast(bias[2], hidden),
                broadcast(bias[3], hidden),
                broadcast(bias[4], hidden),
                broadcast(bias[5], hidden),
                broadcast(bias[6], hidden),
                broadcast(bias[7], hidden),
            )
            pair = add_product(pair, weights + columns, below, units)
        a0, a1, a2, a3, b0, b1, b2, b3 = add_product(pair, recurrent + columns, hidden, units)
        store_four(sums + GATES * u, a0, a1, a2, a3)
        store_four(sums + GATES * (u + 1), b0, b1, b2, b3)


@inline
def store_four(place, a, b, c, d):
    place[0], place[1], place[2], place[3] = a, b, c, d


@inline
def lstm_cell(i, f, g, o, c):
    """The pointwise part: the gates' values, c' = σ(f) c + σ(i) tanh(g) and h' = σ(o) tanh(c')."""
    i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
    c = multiply_add(f, c, i * g)
    return i, f, g, o, c, o * tanh(c)


# --- Training -----------------------------------------------------------------------------------

# A block is TRAINING_LANES scenes of one trial. Its history, kept for the backward pass, holds for
# each layer S + 1 rows; row t + 1 is written at position t, row 0 is the zero state before it:
#     [4 · width] gates [unit][gate] after their nonlinearities    [width] c    [width] h
ROW = 6  # vectors per unit in a row of the history


@helper
def place_scenes(block, trial, tokens, lengths, order, scale, scenes, offsets):
    """Put the scenes of a block into lanes; return the length of the longest.

    ``scenes`` receives each lane's place in the batch, -1 for a lane without one. ``offsets``
    (S · lanes) receives where a position's row of the table begins. Positions after the end of a
    scene repeat its last token: they are computed, being in the same vector, but read by nobody,
    and their gradient is exactly zero.
    """
    batch = lengths.shape[1]
    steps = 0
    for lane in range(TRAINING_LANES):
        k = block * TRAINING_LANES + lane
        scenes[lane] = order[trial, k] if k < batch else -1
        if scenes[lane] >= 0:
            steps = max(steps, lengths[trial, scenes[lane]])
    for lane in range(TRAINING_LANES):
        scene = scenes[lane]
        last = lengths[trial, scene] - 1 if scene >= 0 else -1
        for t in range(steps):
            token = tokens[trial, scene, min(t, last)] if last >= 0 else 0
            offsets[t * TRAINING_LANES + lane] = token * scale
    return steps


@kernel
def forward(first, last, tokens, lengths, order, packed, vocabulary, history, scenes, offsets, out):
    """Hidden states of the last layer for the trials ``first`` to ``last`` - 1.

    tokens uint8 (T, B, S), lengths and order int32 (T, B), packed (T, P). Writes ``history``
    (T, blocks, layers, S + 1, ROW · width, lanes) and ``out`` (T, B, H). Scratch: scenes (lanes,)
    and offsets (S · lanes,), int32. ``order`` lists each trial's scenes by length.
    """
    units = out.shape[2]
    _, blocks, layers, rows, row_size, _ = history.shape
    width = padded(units)
    lane_offsets = numbers(offsets)
    for trial in range(first, last):
        weights = numbers(packed) + trial * packed.shape[1]
        for block in range(blocks):
            steps = place_scenes(
                block, trial, tokens, lengths, order, GATES * width, scenes, offsets
            )
            past = training_vectors(history)
            past = past + (trial * blocks + block) * layers * rows * row_size
            for layer in range(layers):
                now = past + layer * rows * row_size
                below = now + (row_size - width - rows * row_size if layer > 0 else 0)
                clear(now + GATES * width, 2 * width)
                w = weights + layer_start(layer, vocabulary, width)
                for t in range(steps):
                    old, now, below = now, now + row_size, below + row_size
                    h, c = old + (ROW - 1) * width, old + (ROW - 2) * width
                    here = lane_offsets + t * TRAINING_LANES
                    # products first, nonlinearities after: either loop keeps the processor busy,
                    # while one loop would wait for the results of each pair of units
                    gate_sums(layer, w, here, below, h, vocabulary, units, now)
                    new_c, new_h = now + (ROW - 2) * width, now + (ROW - 1) * width
                    for u in range(width):
                        gate = now + GATES * u
                        i, f, g, o, new_c[u], new_h[u] = lstm_cell(
                            gate[0], gate[1], gate[2], gate[3], c[u]
                        )
                        store_four(gate, i, f, g, o)
            top = lane_numbers(past + (layers - 1) * rows * row_size + (ROW - 1) * width)
            for lane in range(TRAINING_LANES):
                scene = scenes[lane]
                if scene >= 0:
                    row = lengths[trial, scene] * row_size
                    for u in range(units):
                        out[trial, scene, u] = top[(row + u) * TRAINING_LANES + lane]


@kernel
def backward(
    first,
    last,
    tokens,
    lengths,
    order,
    packed,
    vocabulary,
    history,
    scenes,
    offsets,
    workspace,
    sums,
    gradient,
    places,
    out,
):
    """Gradients of the weights from ``gradient`` (T, B, H), that of the hidden states.

    With d = ∂loss/∂h_t and e = ∂loss/∂c_t, the gates' values i, f, g, o and their sums' gradients
    δ = ∂loss/∂(what entered the gates):

        d = R δ_{t+1} + (from the layer above, or the loss)
        e = f_{t+1} e_{t+1} + d o (1 - tanh(c_t)²)
        δ_i = e g i (1 - i)           δ_f = e c_{t-1} f (1 - f)
        δ_g = e i (1 - g²)            δ_o = d tanh(c_t) o (1 - o)
        ∂R = Σ_t h_{t-1} δ_t          ∂W = Σ_t x_t δ_t         ∂b = Σ_t δ_t       ∂x_t = W δ_t

    and the gradient of a row of the table is the sum of δ_t over the positions that hold its token.
    Writes every number of ``out``: trial k's gradient of a weight begins at ``places[weight]`` + k
    times its size; weights in the order table, recurrent 0, then input, recurrent, bias of each
    further layer. Scratch: ``workspace`` of vectors: incoming (S · width), deltas (S · 4 · width),
    d and e (width each); ``sums`` (P,) of numbers, the packed gradient of one trial.
    """
    units = gradient.shape[2]
    _, blocks, layers, rows, row_size, _ = history.shape
    width = padded(units)
    matrix = GATES * width * width
    incoming = training_vectors(workspace)
    deltas = incoming + (rows - 1) * width
    scratch = deltas + (rows - 1) * GATES * width
    totals = numbers(sums)
    for trial in range(first, last):
        weights = numbers(packed) + trial * packed.shape[1]
        sums[:] = 0
        for block in range(blocks):
            steps = place_scenes(
                block, trial, tokens, lengths, order, GATES * width, scenes, offsets
            )
            past = training_vectors(history)
            past = past + (trial * blocks + block) * layers * rows * row_size
            enter_gradient(trial, gradient, lengths, scenes, steps, width, incoming)
            for layer in range(layers - 1, -1, -1):
                states = past + layer * rows * row_size
                start = layer_start(layer, vocabulary, width)
                recurrent = start + (matrix if layer > 0 else vocabulary * GATES * width)
                find_deltas(
                    weights + recurrent, states, row_size, incoming, steps, width, deltas, scratch
                )
                hidden = states + (ROW - 1) * width
                add_outer_products(hidden, row_size, deltas, steps, width, totals + recurrent)
                if layer > 0:
                    below = hidden + (row_size - rows * row_size)
                    add_outer_products(below, row_size, deltas, steps, width, totals + start)
                    add_sums(deltas, steps, width, totals + start + 2 * matrix)
                    for t in range(steps):
                        delta = deltas + t * GATES * width
                        transposed_product(weights + start, delta, incoming + t * width, width)
                else:
                    add_by_token(deltas, numbers(offsets), steps, width, totals)
        unpack_trial(trial, totals, vocabulary, layers, units, places, numbers(out))


@helper
def enter_gradient(trial, gradient, lengths, scenes, steps, width, incoming):
    """What the loss sends to h_t of the last layer: nothing but at the end of each scene."""
    clear(incoming, steps * width)
    cells = lane_numbers(incoming)
    for lane in range(TRAINING_LANES):
        scene = scenes[lane]
        end = lengths[trial, scene] if scene >= 0 else 0
        if end > 0:
            for u in range(gradient.shape[2]):
                cells[((end - 1) * width + u) * TRAINING_LANES + lane] = gradient[trial, scene, u]


@inline
def find_deltas(recurrent, states, row_size, incoming, steps, width, deltas, scratch):
    """δ_t of one layer for all t, from the last to the first (the equations of `backward`)."""
    d_hidden, d_cell = scratch, scratch + width
    clear(scratch, 2 * width)
    for t in range(steps - 1, -1, -1):
        now = states + (t + 1) * row_size
        cell, old_cell = now + (ROW - 2) * width, states + (t * row_size + (ROW - 2) * width)
        delta = deltas + t * GATES * width
        for u in range(width):
            i, f, g, o = now[4 * u], now[4 * u + 1], now[4 * u + 2], now[4 * u + 3]
            tanh_c = tanh(cell[u])
            d = d_hidden[u] + incoming[t * width + u]
            e = multiply_add(d * o, 1 - tanh_c * tanh_c, d_cell[u])
            delta[4 * u] = e * g * i * (1 - i)
            delta[4 * u + 1] = e * old_cell[u] * f * (1 - f)
            delta[4 * u + 2] = e * i * (1 - g * g)
            delta[4 * u + 3] = d * tanh_c * o * (1 - o)
            d_cell[u] = e * f
        transposed_product(recurrent, delta, d_hidden, width)


@inline
def add_by_token(deltas, offsets, steps, width, totals):
    """totals[token][unit][gate] += the δ of every position that holds the token."""
    for t in range(steps):
        here = offsets + t * TRAINING_LANES
        for u in range(width):
            delta = deltas + (t * width + u) * GATES
            at = totals + GATES * u
            scatter_add_four(at, here, delta[0], delta[1], delta[2], delta[3])


@helper
def unpack_trial(trial, totals, vocabulary, layers, units, places, out):
    width = padded(units)
    matrix, size = GATES * width * width, GATES * units * units
    table = vocabulary * GATES
    unpack(totals, vocabulary, units, out + places[0] + trial * table * units)
    unpack(totals + table * width, units, units, out + places[1] + trial * size)
    for layer in range(1, layers):
        at = totals + layer_start(layer, vocabulary, width)
        k = 3 * layer - 1
        unpack(at, units, units, out + places[k] + trial * size)
        unpack(at + matrix, units, units, out + places[k + 1] + trial * size)
        unpack(at + 2 * matrix, 1, units, out + places[k + 2] + trial * GATES * units)


@inline
def transposed_product(weights, delta, out, width):
    """out[k] = Σ over units and gates of W[k, unit, gate] δ[unit, gate]; four k at a time."""
    for k in range(0, width, 4):
        zero = broadcast(0.0, out)
        a0, a1, a2, a3, b0, b1, b2, b3 = zero, zero, zero, zero, zero, zero, zero, zero
        for u in range(0, width, 2):
            w = weights + (u * width + 2 * k) * GATES
            d = delta + GATES * u
            for q in range(GATES):
                x, y = d[q], d[GATES + q]
                a0 = multiply_add(w[q], x, a0)
                b0 = multiply_add(w[4 + q], y, b0)
                a1 = multiply_add(w[8 + q], x, a1)
                b1 = multiply_add(w[12 + q], y, b1)
                a2 = multiply_add(w[16 + q], x, a2)
                b2 = multiply_add(w[20 + q], y, b2)
                a3 = multiply_add(w[24 + q], x, a3)
                b3 = multiply_add(w[28 + q], y, b3)
        out[k] = a0 + b0
        out[k + 1] = a1 + b1
        out[k + 2] = a2 + b2
        out[k + 3] = a3 + b3


@inline
def add_outer_products(states, distance, deltas, steps, width, totals):
    """totals[row][unit][gate] += Σ over t and lanes of states_t[row] δ_t[unit, gate].

    Four rows and the four gates of a unit at a time: sixteen sums in registers over all t.
    """
    for k in range(0, width, 4):
        for u in range(width):
            zero = broadcast(0.0, deltas)
            a0, a1, a2, a3 = zero, zero, zero, zero
            b0, b1, b2, b3 = zero, zero, zero, zero
            c0, c1, c2, c3 = zero, zero, zero, zero
            e0, e1, e2, e3 = zero, zero, zero, zero
            for t in range(steps):
                s = states + t * distance + k
                d = deltas + (t * width + u) * GATES
                x0, x1, x2, x3 = d[0], d[1], d[2], d[3]
                y = s[0]
                a0 = multiply_add(y, x0, a0)
                a1 = multiply_add(y, x1, a1)
                a2 = multiply_add(y, x2, a2)
                a3 = multiply_add(y, x3, a3)
                y = s[1]
                b0 = multiply_add(y, x0, b0)
                b1 = multiply_add(y, x1, b1)
                b2 = multiply_add(y, x2, b2)
                b3 = multiply_add(y, x3, b3)
                y = s[2]
                c0 = multiply_add(y, x0, c0)
                c1 = multiply_add(y, x1, c1)
                c2 = multiply_add(y, x2, c2)
                c3 = multiply_add(y, x3, c3)
                y = s[3]
                e0 = multiply_add(y, x0, e0)
                e1 = multiply_add(y, x1, e1)
                e2 = multiply_add(y, x2, e2)
                e3 = multiply_add(y, x3, e3)
            at = totals + (k * width + u) * GATES
            add_lane_sums(at, a0, a1, a2, a3)
            add_lane_sums(at + width * GATES, b0, b1, b2, b3)
            add_lane_sums(at + 2 * width * GATES, c0, c1, c2, c3)
            add_lane_sums(at + 3 * width * GATES, e0, e1, e2, e3)


@inline
def add_sums(deltas, steps, width, totals):
    """totals[unit][gate] += Σ over t and lanes of δ_t[unit, gate]."""
    for u in range(width):
        zero = broadcast(0.0, deltas)
        a0, a1, a2, a3 = zero, zero, zero, zero
        for t in range(steps):
            d = deltas + (t * width + u) * GATES
            a0, a1, a2, a3 = a0 + d[0], a1 + d[1], a2 + d[2], a3 + d[3]
        add_lane_sums(totals + u * GATES, a0, a1, a2, a3)


# --- Evaluation ---------------------------------------------------------------------------------


@kernel
def radix_tree(lengths, shared):
    """The compressed prefix tree of distinct scenes in lexicographic order.

    ``shared[k]`` is the length of the common prefix of scenes k and k + 1. A node is a prefix at
    which scenes part or end; node 0 is the empty prefix. Returns parent, depth and one scene below
    for each node, and the node at which each scene ends. Read from left to right with the nodes
    of the current scene on a stack, as suffix trees are built from suffix arrays.
    """
    count = len(lengths)
    parent = np.zeros(2 * count + 1, np.int32)
    depth = np.zeros(2 * count + 1, np.int32)
    scene = np.zeros(2 * count + 1, np.int32)
    end = np.zeros(count, np.int32)
    stack = np.zeros(257, np.int32)
    nodes, top = 1, 0
    for k in range(count):
        common = shared[k - 1] if k > 0 else 0
        child = -1
        while depth[stack[top]] > common:
            child = stack[top]
            top -= 1
        if depth[stack[top]] < common:  # scenes part within an edge: a node splits it
            parent[nodes], depth[nodes], scene[nodes] = stack[top], common, k
            parent[child] = nodes
            top += 1
            stack[top] = nodes
            nodes += 1
        if depth[stack[top]] < lengths[k]:
            parent[nodes], depth[nodes], scene[nodes] = stack[top], lengths[k], k
            top += 1
            stack[top] = nodes
            nodes += 1
        end[k] = stack[top]
    return parent[:nodes], depth[:nodes], scene[:nodes], end


@kernel
def evaluate(
    packed,
    vocabulary,
    layers,
    units,
    blocks,
    parents,
    tokens,
    inner,
    node_of,
    states,
    local,
    offsets,
    hidden,
    out,
):
    """Hidden states of the last layer at the end of every scene of one trial.

    packed (P,). ``blocks`` (K, 4): first node, number of nodes, number of positions, place of the
    first token. A block's nodes lie in the lanes of a vector: each starts from its parent's state
    and reads its own positions, all of them equally many. Nodes are numbered in the order of
    computation, so that parents come first and a block's nodes lie side by side; the first
    ``inner`` of them have children, and their states are kept in ``states``
    (nodes, layers · 2 · width: h and c of each layer). ``hidden`` (nodes, width) is scratch,
    ``node_of`` (B,) the node at which a scene ends, ``out`` (B, H).
    """
    width = padded(units)
    vectors = evaluation_vectors(local)
    lanes = lanes_of(vectors)
    state_size = layers * 2 * width
    weights, kept, ends = numbers(packed), numbers(states), numbers(hidden)
    lane_offsets = numbers(offsets)
    for block in range(len(blocks)):
        node, count, steps, at = blocks[block]
        for lane in range(lanes):
            offsets[lane] = parents[node + lane] * state_size if lane < count else 0
        for k in range(0, state_size, 4):
            a, b, c, d = gather_four(kept + k, lane_offsets, vectors)
            store_four(vectors + k, a, b, c, d)
        for t in range(steps):
            for lane in range(lanes):
                token = tokens[at + t * count + lane] if lane < count else 0
                offsets[lane] = token * GATES * width
            advance(vectors, weights, lane_offsets, layers, vocabulary, units)
        h = vectors + (layers - 1) * 2 * width
        for k in range(0, width, 4):
            scatter_four(ends + node * width + k, width, h[k], h[k + 1], h[k + 2], h[k + 3])
        if node < inner:
            for k in range(0, state_size, 4):
                v = vectors + k
                scatter_four(kept + node * state_size + k, state_size, v[0], v[1], v[2], v[3])
    for scene in range(len(node_of)):
        for u in range(units):
            out[scene, u] = hidden[node_of[scene], u]


@inline
def advance(states, weights, offsets, layers, vocabulary, units):
    """One position: replace h and c of every layer. The sums are written behind the states."""
    width = padded(units)
    sums = states + layers * 2 * width
    for layer in range(layers):
        h = states + layer * 2 * width
        c, below = h + width, h + (-2 * width if layer > 0 else 0)
        w = weights + layer_start(layer, vocabulary, width)
        gate_sums(layer, w, offsets, below, h, vocabulary, units, sums)
        for u in range(width):
            gate = sums + GATES * u
            _, _, _, _, c[u], h[u] = lstm_cell(gate[0], gate[1], gate[2], gate[3], c[u])
