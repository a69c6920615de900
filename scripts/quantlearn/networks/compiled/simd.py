"""Numbers side by side: SIMD vectors for numba, and how this package's kernels are compiled.

`Vector` is a vector whose lanes are combined one by one, `Pointer` a place in memory. Numba knows
neither; LLVM, on which it stands, does. The functions below are what kernels do with them.
"""

import operator

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import config, njit, types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

__all__ = [
    "INLINED",
    "VECTOR_BYTES",
    "add_lane_sums",
    "add_products",
    "add_tile_sums",
    "as_halves",
    "as_vectors",
    "broadcast",
    "clear",
    "emit_multiply_add",
    "gather_four",
    "helper",
    "inline",
    "lane_numbers",
    "lanes_of",
    "load_tile",
    "load_vectors",
    "multiply_add",
    "numbers",
    "scatter_four",
    "splat",
    "store_four",
    "store_tile",
    "store_vectors",
    "zero_tile",
]


def _widest() -> int:
    """Bytes of a vector of AVX-512, where numba compiles for that, or else of AVX2.

    Sums over wider ones than a processor has do not stay in its registers.
    """
    named = config.CPU_NAME not in (None, "", "host")
    wide = config.CPU_NAME == "x86-64-v4" if named else get_host_cpu_features().get("avx512f")
    return 64 if wide else 32


VECTOR_BYTES = _widest()


INLINED = {"forceinline": True, "error_model": "numpy", "nogil": True}
inline = njit(**INLINED)
helper = njit(error_model="numpy", nogil=True)  # not worth a copy at each call: compiles faster


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


def splat(context, builder, value, kind, vector):
    """``value`` of numba type ``kind`` as a vector: itself, or one number in all lanes."""
    if kind == vector:
        return value
    number = context.cast(builder, value, kind, vector.dtype)
    llvm = context.get_value_type(vector)
    one = builder.insert_element(ir.Constant(llvm, ir.Undefined), number, ir.IntType(32)(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.lanes), [0] * vector.lanes)
    return builder.shuffle_vector(one, ir.Constant(llvm, ir.Undefined), zeros)


def emit_multiply_add(builder, a, b, c):
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
            splat(context, builder, value, kind, sig.return_type)
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
def as_vectors(typing, place):
    """The place of numbers, seen as vectors of VECTOR_BYTES bytes."""
    item = Vector(place.item, VECTOR_BYTES * 8 // place.item.bitwidth)
    return signature(Pointer(item), place), _same_place


@intrinsic
def as_halves(typing, place):
    """The place of numbers, seen as vectors of half as many bytes."""
    item = Vector(place.item, VECTOR_BYTES * 4 // place.item.bitwidth)
    return signature(Pointer(item), place), _same_place


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
        left = splat(context, builder, args[0], sig.args[0], sig.return_type)
        return emit_multiply_add(builder, left, args[1], args[2])

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
        places = [(*(g + k for k in first), *(count + g + k for k in second)) for g in groups]
        return _shuffle(builder, a, b, [place for four in places for place in four])

    a, b, c, d = rows
    low_ab, high_ab = pick(a, b, (0, 1), (0, 1)), pick(a, b, (2, 3), (2, 3))
    low_cd, high_cd = pick(c, d, (0, 1), (0, 1)), pick(c, d, (2, 3), (2, 3))
    return [
        pick(low_ab, low_cd, (0, 2), (0, 2)),
        pick(low_ab, low_cd, (1, 3), (1, 3)),
        pick(high_ab, high_cd, (0, 2), (0, 2)),
        pick(high_ab, high_cd, (1, 3), (1, 3)),
    ]


def _four_of_lane(builder, rows, lane):
    """What transposed rows hold for a lane."""
    group, q = divmod(lane, 4)
    return _shuffle(builder, rows[q], rows[q], list(range(4 * group, 4 * group + 4)))


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
            four = _four_of_lane(builder, rows, lane)
            index = builder.mul(args[1], ir.IntType(64)(lane))
            place = _four(builder, builder.gep(args[0], [index], inbounds=True))
            builder.store(four, place, align=align)
        return context.get_dummy_value()

    return signature(types.none, base, types.intp, a, b, c, d), emit


def _add_lane_sums(builder, place, vectors, align):
    """Add the sums over lanes of four vectors to four numbers."""
    rows = _transpose_fours(builder, vectors)
    total = builder.fadd(builder.fadd(rows[0], rows[1]), builder.fadd(rows[2], rows[3]))
    while total.type.count > 4:
        half = total.type.count // 2
        low = _shuffle(builder, total, total, list(range(half)))
        high = _shuffle(builder, total, total, list(range(half, 2 * half)))
        total = builder.fadd(low, high)
    four = _four(builder, place)
    old = builder.load(four, align=align)
    builder.store(builder.fadd(old, total), four, align=align)


@intrinsic
def add_lane_sums(typing, base, a, b, c, d):
    """``base[q]`` += sum of the lanes of the q-th vector, in a fixed order."""

    def emit(context, builder, sig, args):
        _add_lane_sums(builder, args[0], args[1:], _alignment(sig.args[0].item))
        return context.get_dummy_value()

    return signature(types.none, base, a, b, c, d), emit


@intrinsic
def broadcast(typing, number, vectors):
    """One number in all lanes of a vector of the type that ``vectors`` points to."""

    def emit(context, builder, sig, args):
        return splat(context, builder, args[0], sig.args[0], sig.return_type)

    return signature(vectors.item, number, vectors), emit


# Tiles: vectors [row][column] that stay in registers, a tuple of rows.


def _shape_of(tile):
    return tile.count, tile.dtype.count


def _unpacked(builder, tile):
    """The vectors of a tile, row after row."""
    rows = cgutils.unpack_tuple(builder, tile)
    return [vector for row in rows for vector in cgutils.unpack_tuple(builder, row)]


def _packed(context, builder, tile, vectors):
    rows, columns = _shape_of(tile)
    made = [
        context.make_tuple(builder, tile.dtype, vectors[row * columns : (row + 1) * columns])
        for row in range(rows)
    ]
    return context.make_tuple(builder, tile, made)


def _places_of_tile(builder, place, steps, shape):
    """Where the elements of a tile are, whose rows and columns are so far apart."""
    places = []
    for row in range(shape[0]):
        start = builder.gep(place, [builder.mul(steps[0], ir.IntType(64)(row))], inbounds=True)
        for column in range(shape[1]):
            index = builder.mul(steps[1], ir.IntType(64)(column))
            places.append(builder.gep(start, [index], inbounds=True))
    return places


def _tile_of(vector, rows, columns):
    return types.UniTuple(types.UniTuple(vector, columns), rows)


def zero_tile(rows, columns):
    """A function that gives a tile of zeros, of vectors of the type that its argument points to."""

    @intrinsic
    def tile(typing, like):
        kind = _tile_of(like.item, rows, columns)
        return signature(kind, like), lambda c, b, sig, args: c.get_constant_null(kind)

    return tile


def load_tile(rows, columns):
    """A function that gives the tile at a place, whose rows and columns are so far apart."""

    @intrinsic
    def tile(typing, place, row_step, column_step):
        kind = _tile_of(place.item, rows, columns)

        def emit(context, builder, sig, args):
            align = _alignment(sig.args[0].item)
            places = _places_of_tile(builder, args[0], args[1:], (rows, columns))
            loaded = [builder.load(one, align=align) for one in places]
            return _packed(context, builder, kind, loaded)

        return signature(kind, place, types.intp, types.intp), emit

    return tile


@intrinsic
def store_tile(typing, place, row_step, column_step, tile):
    """The reverse of `load_tile`."""

    def emit(context, builder, sig, args):
        align = _alignment(sig.args[0].item)
        places = _places_of_tile(builder, args[0], args[1:3], _shape_of(sig.args[3]))
        for one, vector in zip(places, _unpacked(builder, args[3]), strict=True):
            builder.store(vector, one, align=align)
        return context.get_dummy_value()

    return signature(types.none, place, types.intp, types.intp, tile), emit


@intrinsic
def add_products(typing, tile, x, x_step, y, y_step):
    """tile[row][column] += x[row · x_step] y[column · y_step]; y may be numbers for all lanes."""
    rows, columns = _shape_of(tile)

    def emit(context, builder, sig, args):
        sums, x, x_step, y, y_step = args
        xs = [
            builder.load(one, align=_alignment(sig.args[1].item))
            for one in _places_of_tile(builder, x, (x_step, x_step), (rows, 1))
        ]
        ys = [
            splat(context, builder, builder.load(one, align=_alignment(sig.args[3].item)),
                  sig.args[3].item, sig.args[1].item)
            for one in _places_of_tile(builder, y, (y_step, y_step), (1, columns))
        ]  # fmt: skip
        old = iter(_unpacked(builder, sums))
        new = [emit_multiply_add(builder, b, a, next(old)) for a in xs for b in ys]
        return _packed(context, builder, tile, new)

    return signature(tile, tile, x, types.intp, y, types.intp), emit


@intrinsic
def add_tile_sums(typing, base, step, tile):
    """``base[row · step + column]`` += sum of the lanes of the tile's vectors, in a fixed order."""
    columns = _shape_of(tile)[1]

    def emit(context, builder, sig, args):
        vectors = _unpacked(builder, args[2])
        for row in range(len(vectors) // columns):
            some = vectors[row * columns : (row + 1) * columns]
            start = builder.gep(args[0], [builder.mul(args[1], ir.IntType(64)(row))], inbounds=True)
            _add_lane_sums(builder, start, some, _alignment(sig.args[0].item))
        return context.get_dummy_value()

    return signature(types.none, base, types.intp, tile), emit


def load_vectors(count):
    """A function that gives a tuple of so many vectors, which begin so many numbers apart."""

    @intrinsic
    def vectors(typing, place, step):
        kind = types.UniTuple(place.item, count)

        def emit(context, builder, sig, args):
            align = _alignment(sig.args[0].item)
            places = _places_apart(builder, args[0], args[1], count)
            loaded = [builder.load(one, align=align) for one in places]
            return context.make_tuple(builder, kind, loaded)

        return signature(kind, place, types.intp), emit

    return vectors


def _places_apart(builder, place, step, count):
    """Places of vectors that begin so many numbers apart."""
    numbers = builder.bitcast(place, place.type.pointee.element.as_pointer())
    places = []
    for k in range(count):
        at = builder.gep(numbers, [builder.mul(step, ir.IntType(64)(k))], inbounds=True)
        places.append(builder.bitcast(at, place.type))
    return places


@intrinsic
def store_vectors(typing, place, step, vectors, count):
    """The reverse of `load_vectors`, of the first ``count`` lanes of each; others stay."""

    def emit(context, builder, sig, args):
        align, lanes = _alignment(sig.args[0].item), sig.args[0].item.lanes
        integers = ir.VectorType(ir.IntType(32), lanes)
        number = builder.trunc(args[3], ir.IntType(32))
        one = builder.insert_element(ir.Constant(integers, ir.Undefined), number, ir.IntType(32)(0))
        counts = _shuffle(builder, one, one, [0] * lanes)
        kept = builder.icmp_signed("<", ir.Constant(integers, list(range(lanes))), counts)
        values = cgutils.unpack_tuple(builder, args[2])
        places = _places_apart(builder, args[0], args[1], len(values))
        for at, value in zip(places, values, strict=True):
            there = builder.load(at, align=align)
            builder.store(builder.select(kept, value, there), at, align=align)
        return context.get_dummy_value()

    return signature(types.none, place, types.intp, vectors, types.intp), emit


@inline
def clear(vectors, count):
    for k in range(count):
        vectors[k] = broadcast(0.0, vectors)


@inline
def store_four(place, a, b, c, d):
    place[0], place[1], place[2], place[3] = a, b, c, d
