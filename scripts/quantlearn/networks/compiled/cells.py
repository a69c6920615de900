"""Recurrent cells: what one unit does at one position, and its derivative.

All else that a recurrent network computes is products of weights and states, which are the same
for every cell (``kernels``). At each position a unit's ``gates`` sums are found,

    s = W x + R h + b,

with the rows of W, R and b for each gate side by side. The cell turns them and the states of the
position before into new states, of which the last is the unit's hidden state h.

The weights of a network need not have all of W and R: ``driven`` and ``recurrent`` say which of
the stored matrix's blocks of columns a gate takes, None where its weights are zero.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from numba.extending import overload, typeof_impl

from quantlearn.networks.compiled.elementary import relu, sigmoid, tanh, where_positive
from quantlearn.networks.compiled.simd import FEWEST_LANES, INLINED, multiply_add, store_four
from quantlearn.networks.compiled.sources import Digested, register_digested

__all__ = [
    "ELMAN_RELU",
    "ELMAN_TANH",
    "GRU",
    "LSTM",
    "Cell",
    "derive",
    "gates_of",
    "in_lanes",
    "states_of",
    "update",
]


@dataclass(frozen=True, eq=False)
class Cell:
    """A kind of cell.

    Attributes:
        gates: sums of a unit.
        states: numbers that a unit carries from one position to the next, the hidden state last.
        driven, recurrent: for each gate the block of columns of the input's and of the hidden
            state's matrix, or None.
        update, derive: as the functions of this name.
        lanes: scenes that are trained side by side.
    """

    name: str
    gates: int
    states: int
    driven: tuple[int | None, ...]
    recurrent: tuple[int | None, ...]
    update: Callable
    derive: Callable
    lanes: int = FEWEST_LANES

    @property
    def blocks(self) -> int:
        """Blocks of columns in a stored matrix."""
        return 1 + max(block for block in self.driven + self.recurrent if block is not None)


# --- Long short-term memory ---------------------------------------------------------------------


def _update_lstm(cell, sums, old, new, width, keep):
    """c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c')."""
    for u in range(width):
        at = sums + 4 * u
        i, f, g, o = sigmoid(at[0]), sigmoid(at[1]), tanh(at[2]), sigmoid(at[3])
        c = multiply_add(f, old[u], i * g)
        new[u], new[width + u] = c, o * tanh(c)
        if keep:
            store_four(at, i, f, g, o)


def _derive_lstm(cell, values, old, new, slope, carried, deltas, width):
    """With d = ∂loss/∂h', e = ∂loss/∂c' and i, f, g, o after their nonlinearities:

    e = f_{t+1} e_{t+1} + d o (1 - tanh(c')²)
    δ_i = e g i (1 - i)      δ_f = e c f (1 - f)      δ_g = e i (1 - g²)
    δ_o = d tanh(c') o (1 - o)
    """
    for u in range(width):
        at = values + 4 * u
        i, f, g, o = at[0], at[1], at[2], at[3]
        tanh_c = tanh(new[u])
        d = slope[u]
        e = multiply_add(d * o, 1 - tanh_c * tanh_c, carried[u])
        carried[u] = e * f
        store_four(
            deltas + 4 * u,
            e * g * i * (1 - i),
            e * old[u] * f * (1 - f),
            e * i * (1 - g * g),
            d * tanh_c * o * (1 - o),
        )


# --- Gated recurrent unit -----------------------------------------------------------------------


def _update_gru(cell, sums, old, new, width, keep):
    """n' = tanh(n + σ(r) m), h' = n' + σ(z) (h - n').

    n is what comes from the input, m from the hidden state: a gate each, half of whose weights are
    zero. The eight sums that the products run in are then those of the LSTM.
    """
    for u in range(width):
        at = sums + 4 * u
        r, z, m = sigmoid(at[0]), sigmoid(at[1]), at[3]
        n = tanh(multiply_add(r, m, at[2]))
        new[u] = multiply_add(z, old[u] - n, n)
        if keep:
            store_four(at, r, z, n, m)


def _derive_gru(cell, values, old, new, slope, carried, deltas, width):
    """With d = ∂loss/∂h', r, z after their nonlinearity and n for n':

    δ_n = d (1 - z) (1 - n²)      δ_m = r δ_n      δ_r = m δ_n r (1 - r)
    δ_z = d (h - n) z (1 - z)     and z d goes on to h
    """
    for u in range(width):
        at = values + 4 * u
        r, z, n, m = at[0], at[1], at[2], at[3]
        d = slope[u] + carried[u]
        delta = d * (1 - z) * (1 - n * n)
        carried[u] = d * z
        store_four(
            deltas + 4 * u,
            delta * m * r * (1 - r),
            d * (old[u] - n) * z * (1 - z),
            delta,
            delta * r,
        )


# --- Elman network ------------------------------------------------------------------------------


def _update_tanh(cell, sums, old, new, width, keep):
    for u in range(width):
        new[u] = tanh(sums[u])


def _derive_tanh(cell, values, old, new, slope, carried, deltas, width):
    for u in range(width):
        deltas[u] = slope[u] * (1 - new[u] * new[u])


def _update_relu(cell, sums, old, new, width, keep):
    for u in range(width):
        new[u] = relu(sums[u])


def _derive_relu(cell, values, old, new, slope, carried, deltas, width):
    for u in range(width):
        deltas[u] = where_positive(new[u], slope[u])


LSTM = Cell("lstm", 4, 2, (0, 1, 2, 3), (0, 1, 2, 3), _update_lstm, _derive_lstm)
GRU = Cell("gru", 4, 1, (0, 1, 2, None), (0, 1, None, 2), _update_gru, _derive_gru)
ELMAN_TANH = Cell("tanh", 1, 1, (0,), (0,), _update_tanh, _derive_tanh)
ELMAN_RELU = Cell("relu", 1, 1, (0,), (0,), _update_relu, _derive_relu)

_CELLS = {cell.name: cell for cell in (LSTM, GRU, ELMAN_TANH, ELMAN_RELU)}


# --- Cells as arguments of kernels --------------------------------------------------------------


class CellType(Digested):
    """The numba type of a cell: each has its own, so that kernels are compiled for each."""

    def __init__(self, name, lanes):
        self.cell, self.lanes = name, lanes
        super().__init__(f"Cell({name}, {lanes})")


@cache
def _type_of(cell: Cell) -> CellType:
    return CellType(cell.name, cell.lanes)


@cache
def in_lanes(cell: Cell, lanes: int) -> Cell:
    """The same cell for kernels that train so many scenes side by side."""
    return replace(cell, lanes=lanes)


@typeof_impl.register(Cell)
def _typeof(cell, context):
    return _type_of(cell)


register_digested(CellType)


def gates_of(cell):
    """The number of sums of a unit, a constant."""


def states_of(cell):
    """The number of states of a unit, a constant."""


def update(cell, sums, old, new, width, keep):
    """Replace states ``old`` by ``new``, both [state][unit]; they may be the same place.

    ``sums`` [unit][gate] become what `derive` needs of them where ``keep`` asks for it.
    """


def derive(cell, values, old, new, slope, carried, deltas, width):
    """∂loss/∂sums of a position, ``deltas`` [unit][gate], from ∂loss/∂h' of each unit, ``slope``.

    ``values`` are what `update` kept, ``old`` and ``new`` the states before and after. What goes
    from here to the unit's states at the position before, other than through R, is in ``carried``
    [unit], which has the same from the position after; it begins with zeros.
    """


@overload(gates_of, jit_options=INLINED)
def _gates_of(cell):
    gates = _CELLS[cell.cell].gates
    return lambda cell: gates


@overload(states_of, jit_options=INLINED)
def _states_of(cell):
    states = _CELLS[cell.cell].states
    return lambda cell: states


@overload(update, jit_options=INLINED)
def _update(cell, sums, old, new, width, keep):
    return _CELLS[cell.cell].update


@overload(derive, jit_options=INLINED)
def _derive(cell, values, old, new, slope, carried, deltas, width):
    return _CELLS[cell.cell].derive
