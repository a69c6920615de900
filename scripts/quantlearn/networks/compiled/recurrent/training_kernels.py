"""Numba kernels that train small recurrent networks on the CPU, one batch of one network at a time.

The units of a layer lie in the lanes of SIMD vectors, and a scene's position is a row. The rows of
a batch follow each other position after position, the longest scene first in each: those of
position t are the first of those of t - 1, and nothing is computed for a scene that has ended.

    sums      [row][gate][unit]       what enters the gates, then what the cell keeps, then δ
    states    [state][row][unit]      after ``batch`` rows of zeros, the states before the first
    before    [row][unit]             h of the position before

Rows of sums are ``pitch`` numbers apart and those of states ``width`` (``training_weights``), so
that vectors begin where they may; what fills them up is read by nobody.

What a unit does with its gates is in ``cells``; a kernel is compiled for the cell that it is given.
"""

import numpy as np

from quantlearn.networks.compiled.recurrent.cells import (
    derive,
    gates_of,
    load_gates,
    load_states,
    load_values,
    next_states,
    open_gates,
    states_of,
)
from quantlearn.networks.compiled.recurrent.training_weights import (
    gradients_of,
    hidden_of,
    numbers_kept,
    weights_of,
)
from quantlearn.networks.compiled.simd import (
    VECTOR_BYTES,
    add_products,
    as_halves,
    as_vectors,
    clear,
    helper,
    inline,
    lanes_of,
    load_tile,
    numbers,
    store_tile,
    store_vectors,
)

__all__ = ["backward", "forward", "lay_out"]


# --- Products -----------------------------------------------------------------------------------


def _accumulated(vectors, rows):
    """A function that finds so many vectors of so many rows, all of them in registers."""
    load = load_tile(vectors, rows)

    @inline
    def accumulate(out, out_row, base, base_row, x, x_row, x_inner, weights, weights_row, inner):
        tile = load(base, 1, base_row)
        for k in range(inner):
            tile = add_products(tile, weights + k * weights_row, 1, x + k * x_inner, x_row)
        store_tile(out, 1, out_row, tile)

    return accumulate


def _columns_of(vectors):
    """A function that finds so many vectors of all rows."""
    four, two, one = (_accumulated(vectors, rows) for rows in (4, 2, 1))

    @inline
    def columns_of(
        out, out_row, base, base_row, x, x_row, x_inner, weights, weights_row, rows, inner
    ):
        row = 0
        while row < rows:
            at, start, y = out + row * out_row, base + row * base_row, x + row * x_row
            if rows - row >= 4:
                four(at, out_row, start, base_row, y, x_row, x_inner, weights, weights_row, inner)
                row += 4
            elif rows - row >= 2:
                two(at, out_row, start, base_row, y, x_row, x_inner, weights, weights_row, inner)
                row += 2
            else:
                one(at, out_row, start, base_row, y, x_row, x_inner, weights, weights_row, inner)
                row += 1

    return columns_of


# Sixteen sums and what they are made of fit into the registers of AVX-512, eight into AVX2's.
_MANY = 4 if VECTOR_BYTES == 64 else 2
_many_columns, _two_columns, _one_column = (_columns_of(vectors) for vectors in (_MANY, 2, 1))


@helper
def multiply_rows(
    out, out_row, base, base_row, x, x_row, x_inner, weights, weights_row, rows, inner, vectors
):
    """out[row][column] = base[row][column] + Σ over k of x[row][k] weights[k][column].

    Each matrix comes with how far its rows are apart: x, of numbers, with how far its columns are,
    too, the others of vectors; all rows of base are one where that is 0. There are so many rows, k,
    and columns in vectors. The weights of a few columns stay in the cache for all rows. Constants
    among the distances are given as np.intp: numba would compile anew for each.
    """
    column = 0
    while column < vectors:
        at, start, w = out + column, base + column, weights + column
        if vectors - column >= _MANY:
            _many_columns(
                at, out_row, start, base_row, x, x_row, x_inner, w, weights_row, rows, inner
            )
            column += _MANY
        elif vectors - column >= 2:
            _two_columns(
                at, out_row, start, base_row, x, x_row, x_inner, w, weights_row, rows, inner
            )
            column += 2
        else:
            _one_column(
                at, out_row, start, base_row, x, x_row, x_inner, w, weights_row, rows, inner
            )
            column += 1


@helper
def add_rows(out, rows, distance, count, vectors):
    """out[column] += Σ over so many rows, which are so many vectors apart."""
    for row in range(count):
        for k in range(vectors):
            out[k] = out[k] + rows[row * distance + k]


# --- Rows ---------------------------------------------------------------------------------------


@helper
def lay_out(tokens, lengths, order, starts, token_of):
    """Put the positions of a batch into rows; return how many there are of the longest scene.

    tokens uint8 (B, S), lengths (B,). ``order`` (B,) receives the scenes, the longest first,
    ``starts`` (S + 1) where the rows of each position begin and all end, ``token_of`` (B · S) the
    rows' tokens.
    """
    longest = tokens.shape[1]
    starts[:] = 0  # first how many scenes there are of each length, the longest first
    for scene in range(len(lengths)):
        starts[longest - lengths[scene]] += 1
    for k in range(1, longest + 1):
        starts[k] += starts[k - 1]
    for scene in range(len(lengths) - 1, -1, -1):
        k = longest - lengths[scene]
        starts[k] -= 1
        order[starts[k]] = scene
    steps = np.intp(lengths[order[0]]) if len(lengths) else 0
    starts[0] = 0
    for t in range(steps):
        row, place = starts[t], 0
        while place < len(lengths) and lengths[order[place]] > t:
            token_of[row] = tokens[order[place], t]
            row, place = row + 1, place + 1
        starts[t + 1] = row
    return steps


@inline
def rows_of(t, starts):
    """The first row of a position, and how many there are."""
    return starts[t], starts[t + 1] - starts[t]


@helper
def drop(rows, kept, laid, units, width, into):
    """into[row] = rows[row] times what is kept of it (B, S, H)."""
    steps, _, order, starts, _ = laid
    for t in range(steps):
        first, count = rows_of(t, starts)
        for place in range(count):
            at = (first + place) * width
            for u in range(units):
                into[at + u] = rows[at + u] * kept[order[place], t, u]


# --- Forward ------------------------------------------------------------------------------------


@helper
def forward(cell, laid, packed, vocabulary, kept, memory, shape, out):
    """Hidden states of the last layer at the end of each scene, ``out`` (B, H).

    laid: what `lay_out` gave and wrote: steps, lengths, order, starts, token_of; packed: of
    `pack_row`; kept (layers - 1, B, S, H): what dropout keeps between layers, or empty; memory:
    `numbers_kept` for each layer, and with dropout what it leaves of the rows of each but the last;
    shape: layers, units, batch, blocks, sizes.
    """
    layers, units, batch, _, sizes = shape
    steps, lengths, order, starts, token_of = laid
    width, pitch, columns, _ = sizes
    rows, states = starts[steps], states_of(cell)
    kept_numbers = numbers_kept(rows, batch, states, sizes)
    vectors = as_vectors(numbers(packed))
    lanes = lanes_of(vectors)
    apart, many = pitch // lanes, columns // lanes
    zero, one = np.intp(0), np.intp(1)
    weights, start = numbers(packed), numbers(memory)
    for layer in range(layers):
        sums = start + layer * kept_numbers
        of_input, of_hidden, of_bias = weights_of(layer, vocabulary, sizes)
        if layer == 0:
            for row in range(rows):
                for k in range(columns):
                    sums[row * pitch + k] = weights[token_of[row] * pitch + k]
        else:
            below = start + hidden_of(layer - 1, rows, batch, states, sizes)
            if kept.size:
                dropped = start + (layers * kept_numbers + (layer - 1) * rows * width)
                drop(below, kept[layer - 1], laid, units, width, dropped)
                below = dropped
            multiply_rows(
                as_vectors(sums), apart, vectors + of_bias // lanes, zero, below, width, one,
                vectors + of_input // lanes, apart, rows, units, many,
            )  # fmt: skip
        walk(cell, laid, sums, vectors + of_hidden // lanes, shape)
    top = start + hidden_of(layers - 1, rows, batch, states, sizes)
    for place in range(batch):
        end = lengths[order[place]]
        at = top + (starts[max(end, 1) - 1] + place) * width
        for u in range(units):
            out[order[place], u] = at[u] if end > 0 else 0


@inline
def walk(cell, laid, sums, weights, shape):
    """Find the states of a layer, position after position; ``sums`` holds what enters from below.

    ``weights`` are those of the hidden state.
    """
    _, units, batch, _, sizes = shape
    steps, _, _, starts, _ = laid
    width, pitch, columns, _ = sizes
    rows, states = starts[steps], states_of(cell)
    one = np.intp(1)
    lanes = lanes_of(weights)
    area = (batch + rows) * width
    own = sums + rows * pitch
    before = own + states * area
    for state in range(states):
        clear(as_vectors(own + state * area), batch * width // lanes)
    previous = 0
    for t in range(steps):
        first, count = rows_of(t, starts)
        if t > 0:
            for k in range(count * width):
                before[first * width + k] = own[(states - 1) * area + previous * width + k]
            here, apart = as_vectors(sums + first * pitch), pitch // lanes
            multiply_rows(
                here, apart, here, apart, before + first * width, width, one, weights, apart,
                count, units, columns // lanes,
            )  # fmt: skip
        for place in range(count):
            at = sums + (first + place) * pitch
            for u in range(0, units, lanes):
                if units - u > lanes // 2:
                    open_in_place(cell, as_vectors(at + u), units, units - u)
                else:
                    open_in_place(cell, as_halves(at + u), units, units - u)
        for place in range(count):
            at, old = sums + (first + place) * pitch, own + (previous + place) * width
            new = own + (batch + first + place) * width
            for u in range(0, units, lanes):
                here, left = (at + u, old + u, new + u), units - u
                if left > lanes // 2:
                    seen = as_vectors(here[0]), as_vectors(here[1]), as_vectors(here[2])
                    advance(cell, seen, area, units, left)
                else:
                    halves = as_halves(here[0]), as_halves(here[1]), as_halves(here[2])
                    advance(cell, halves, area, units, left)
        previous = batch + first


@inline
def open_in_place(cell, sums, units, left):
    """Replace the sums of a vector of units by their opened gates."""
    store_vectors(sums, units, open_gates(cell, load_gates(cell, sums, units)), left)


@inline
def advance(cell, places, area, units, left):
    """Replace the sums of a vector of units by what the cell keeps, and write their new states."""
    sums, old, new = places
    opened, before = load_gates(cell, sums, units), load_states(cell, old, area)
    values, after = next_states(cell, opened, before)
    store_vectors(sums, units, values, left)
    store_vectors(new, area, after, lanes_of(sums))


# --- Backward -----------------------------------------------------------------------------------


@helper
def backward(cell, laid, packed, vocabulary, kept, memory, shape, gradient, workspace, totals):
    """Gradients of the weights from ``gradient`` (B, H), that of `forward`'s hidden states.

    With δ_t = ∂loss/∂(what entered the gates), which the cell derives from d_t = ∂loss/∂h_t,

        d_t = R δ_{t+1} + (from the layer above, or the loss) + (through the cell)
        ∂R = Σ_t h_{t-1} δ_t          ∂W = Σ_t x_t δ_t         ∂b = Σ_t δ_t       ∂x_t = W δ_t

    and the gradient of a row of the table is the sum of δ_t over the positions that hold its token.
    Writes ``totals``, a number for each packed weight but the transposes. ``memory`` is as
    `forward` left it. Scratch: ``workspace``, rows of ``width``: B · S + 2 B.
    """
    layers, units, batch, _, sizes = shape
    steps, lengths, order, starts, token_of = laid
    width, pitch, columns, padded = sizes
    rows, states = starts[steps], states_of(cell)
    kept_numbers = numbers_kept(rows, batch, states, sizes)
    vectors = as_vectors(numbers(packed))
    lanes = lanes_of(vectors)
    apart, wide, many = pitch // lanes, width // lanes, columns // lanes
    start, incoming = numbers(memory), numbers(workspace)
    zero, one = np.intp(0), np.intp(1)
    zeros, found = vectors + (len(packed) - pitch) // lanes, as_vectors(numbers(totals))
    clear(found, vocabulary * apart)
    clear(as_vectors(incoming), rows * wide)
    for place in range(batch):
        end = lengths[order[place]]
        if end > 0:
            for u in range(units):
                incoming[(starts[end - 1] + place) * width + u] = gradient[order[place], u]
    for layer in range(layers - 1, -1, -1):
        sums = start + layer * kept_numbers
        deltas = as_vectors(sums)
        of_input, of_hidden, _ = weights_of(layer, vocabulary, sizes)
        transposed = vectors + (of_hidden + padded * pitch) // lanes
        find_deltas(cell, laid, sums, incoming, transposed, zeros, shape)
        to_input, to_hidden, to_bias = gradients_of(layer, vocabulary, sizes)
        before = sums + (rows * pitch + states * (batch + rows) * width)
        first = starts[min(steps, 1)]  # before the first position h is zero
        multiply_rows(
            found + to_hidden // lanes, apart, zeros, zero, before + first * width, one, width,
            deltas + first * apart, apart, units, rows - first, many,
        )  # fmt: skip
        if layer == 0:
            for row in range(rows):
                add_rows(found + token_of[row] * apart, deltas + row * apart, apart, 1, many)
        else:
            bias = found + to_bias // lanes
            clear(bias, many)
            add_rows(bias, deltas, apart, rows, many)
            below = start + hidden_of(layer - 1, rows, batch, states, sizes)
            if kept.size:
                below = start + (layers * kept_numbers + (layer - 1) * rows * width)
            multiply_rows(
                found + to_input // lanes, apart, zeros, zero, below, one, width, deltas, apart,
                units, rows, many,
            )  # fmt: skip
            transposed = vectors + (of_input + padded * pitch) // lanes
            multiply_rows(
                as_vectors(incoming), wide, zeros, zero, sums, pitch, one, transposed, wide,
                rows, gates_of(cell) * units, wide,
            )  # fmt: skip
            if kept.size:
                drop(incoming, kept[layer - 1], laid, units, width, incoming)


@inline
def find_deltas(cell, laid, sums, incoming, transposed, zeros, shape):
    """Put δ of all rows of a layer into the place of the sums, from the last position to the first.

    See `backward`. What goes back through h, and through the cell, has a row for each scene.
    """
    _, units, batch, _, sizes = shape
    steps, _, _, starts, _ = laid
    width, pitch, _, _ = sizes
    rows = starts[steps]
    zero, one = np.intp(0), np.intp(1)
    lanes = lanes_of(transposed)
    wide = width // lanes
    own, area = sums + rows * pitch, (batch + rows) * width
    slope = incoming + rows * width
    carried = slope + batch * width
    clear(as_vectors(slope), 2 * batch * wide)
    for t in range(steps - 1, -1, -1):
        first, count = rows_of(t, starts)
        previous = batch + starts[t - 1] if t > 0 else 0
        for place in range(count):
            row = first + place
            at, old = sums + row * pitch, own + (previous + place) * width
            new, entered = own + (batch + row) * width, incoming + row * width
            back, through = slope + place * width, carried + place * width
            for u in range(0, units, lanes):
                here = (at + u, old + u, new + u)
                from_here, left = (entered + u, back + u, through + u), units - u
                if left > lanes // 2:
                    seen = as_vectors(here[0]), as_vectors(here[1]), as_vectors(here[2])
                    slopes = (
                        as_vectors(from_here[0]),
                        as_vectors(from_here[1]),
                        as_vectors(from_here[2]),
                    )
                    retreat(cell, seen, slopes, area, units, left)
                else:
                    halves = as_halves(here[0]), as_halves(here[1]), as_halves(here[2])
                    half_slopes = (
                        as_halves(from_here[0]),
                        as_halves(from_here[1]),
                        as_halves(from_here[2]),
                    )
                    retreat(cell, halves, half_slopes, area, units, left)
        if t > 0:
            multiply_rows(
                as_vectors(slope), wide, zeros, zero, sums + first * pitch, pitch, one,
                transposed, wide, count, gates_of(cell) * units, wide,
            )  # fmt: skip


@inline
def retreat(cell, places, slopes, area, units, left):
    """Replace what the cell kept of a vector of units by δ, and what went through it."""
    sums, old, new = places
    entered, back, through = slopes
    states = load_states(cell, old, area), load_states(cell, new, area)
    slope, carried = back[0] + entered[0], through[0]
    deltas, rest = derive(cell, load_values(cell, sums, units), *states, slope, carried)
    store_vectors(sums, units, deltas, left)
    through[0] = rest
