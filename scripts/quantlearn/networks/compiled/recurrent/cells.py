"""Recurrent cells: what one unit does at one position, and its derivative.

All else that a recurrent network computes is products of weights and states, which are the same
for every cell. At each position a unit's ``gates`` sums are found,

    s = W x + R h + b,

with the rows of W, R and b for each gate side by side. The cell turns them and the states of the
position before into new states, of which the last is the unit's hidden state h.

The weights of a network need not have all of W and R: ``driven`` and ``recurrent`` say which of
the stored matrix's blocks of columns a gate takes, None where its weights are zero.
"""

from collections.abc import Callable
from dataclasses import dataclass

from numba.extending import overload, typeof_impl

from quantlearn.networks.compiled.elementary import relu, sigmoid, tanh, where_positive
from quantlearn.networks.compiled.simd import INLINED, load_vectors, multiply_add
from quantlearn.networks.compiled.sources import Digested, register_digested

__all__ = [
    "ELMAN_RELU",
    "ELMAN_TANH",
    "GRU",
    "LSTM",
    "Cell",
    "derive",
    "gates_of",
    "load_gates",
    "load_states",
    "load_values",
    "next_states",
    "open_gates",
    "states_of",
]


@dataclass(frozen=True, eq=False)
class Cell:
    """A kind of cell.

    Attributes:
        gates: sums of a unit.
        values: numbers that a unit keeps of a position for `derive`.
        states: numbers that a unit carries from one position to the next, the hidden state last.
        driven, recurrent: for each gate the block of columns of the input's and of the hidden
            state's matrix, or None.
        open_gates, next_states, derive: as the functions of this name.
    """

    name: str
    gates: int
    values: int
    states: int
    driven: tuple[int | None, ...]
    recurrent: tuple[int | None, ...]
    open_gates: Callable
    next_states: Callable
    derive: Callable

    @property
    def blocks(self) -> int:
        """Blocks of columns in a stored matrix."""
        return 1 + max(block for block in self.driven + self.recurrent if block is not None)


# --- Long short-term memory ---------------------------------------------------------------------


def _open_lstm(cell, sums):
    return sigmoid(sums[0]), sigmoid(sums[1]), tanh(sums[2]), sigmoid(sums[3])


def _next_lstm(cell, opened, old):
    """c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c')."""
    i, f, g, o = opened
    c = multiply_add(f, old[0], i * g)
    tanh_c = tanh(c)
    return (i, f, g, o, tanh_c), (c, o * tanh_c)


def _derive_lstm(cell, values, old, new, slope, carried):
    """With d = ∂loss/∂h', e = ∂loss/∂c' and i, f, g, o after their nonlinearities:

    e = f_{t+1} e_{t+1} + d o (1 - tanh(c')²)
    δ_i = e g i (1 - i)      δ_f = e c f (1 - f)      δ_g = e i (1 - g²)
    δ_o = d tanh(c') o (1 - o)
    """
    i, f, g, o, tanh_c = values
    e = multiply_add(slope * o, 1 - tanh_c * tanh_c, carried)
    deltas = (
        e * g * i * (1 - i),
        e * old[0] * f * (1 - f),
        e * i * (1 - g * g),
        slope * tanh_c * o * (1 - o),
    )
    return deltas, e * f


# --- Gated recurrent unit -----------------------------------------------------------------------


def _open_gru(cell, sums):
    return sigmoid(sums[0]), sigmoid(sums[1]), sums[2], sums[3]


def _next_gru(cell, opened, old):
    """n' = tanh(n + σ(r) m), h' = n' + σ(z) (h - n').

    n is what comes from the input, m from the hidden state: a gate each, half of whose weights are
    zero, so that a network's sums are as many as the LSTM's.
    """
    r, z, n, m = opened
    n = tanh(multiply_add(r, m, n))
    return (r, z, n, m), (multiply_add(z, old[0] - n, n),)


def _derive_gru(cell, values, old, new, slope, carried):
    """With d = ∂loss/∂h', r, z after their nonlinearity and n for n':

    δ_n = d (1 - z) (1 - n²)      δ_m = r δ_n      δ_r = m δ_n r (1 - r)
    δ_z = d (h - n) z (1 - z)     and z d goes on to h
    """
    r, z, n, m = values
    d = slope + carried
    delta = d * (1 - z) * (1 - n * n)
    return (delta * m * r * (1 - r), d * (old[0] - n) * z * (1 - z), delta, delta * r), d * z


# --- Elman network ------------------------------------------------------------------------------


def _open_elman(cell, sums):
    return sums


def _next_tanh(cell, opened, old):
    return opened, (tanh(opened[0]),)


def _derive_tanh(cell, values, old, new, slope, carried):
    return (slope * (1 - new[0] * new[0]),), carried


def _next_relu(cell, opened, old):
    return opened, (relu(opened[0]),)


def _derive_relu(cell, values, old, new, slope, carried):
    return (where_positive(new[0], slope),), carried


LSTM = Cell("lstm", 4, 5, 2, (0, 1, 2, 3), (0, 1, 2, 3), _open_lstm, _next_lstm, _derive_lstm)
GRU = Cell("gru", 4, 4, 1, (0, 1, 2, None), (0, 1, None, 2), _open_gru, _next_gru, _derive_gru)
ELMAN_TANH = Cell("tanh", 1, 1, 1, (0,), (0,), _open_elman, _next_tanh, _derive_tanh)
ELMAN_RELU = Cell("relu", 1, 1, 1, (0,), (0,), _open_elman, _next_relu, _derive_relu)

_CELLS = {cell.name: cell for cell in (LSTM, GRU, ELMAN_TANH, ELMAN_RELU)}


# --- Cells as arguments of kernels --------------------------------------------------------------


class CellType(Digested):
    """The numba type of a cell: each has its own, so that kernels are compiled for each."""

    def __init__(self, cell):
        self.cell = cell
        super().__init__(f"Cell({cell.name})")


_TYPES = {cell: CellType(cell) for cell in (LSTM, GRU, ELMAN_TANH, ELMAN_RELU)}
_LOAD = {count: load_vectors(count) for count in (1, 2, 4, 5)}


@typeof_impl.register(Cell)
def _typeof(cell, context):
    return _TYPES[cell]


register_digested(CellType)


def gates_of(cell):
    """The number of sums of a unit, a constant."""


def states_of(cell):
    """The number of states of a unit, a constant."""


def load_gates(cell, place, step):
    """The gates of a vector of units, or of scenes: vectors that begin so many numbers apart."""


def load_values(cell, place, step):
    """The same of what they keep."""


def load_states(cell, place, step):
    """The same of their states."""


def open_gates(cell, sums):
    """The gates of a unit after their own nonlinearities, as many as its sums."""


def next_states(cell, opened, old):
    """What `derive` needs of a unit whose gates are ``opened``, and its new states."""


def derive(cell, values, old, new, slope, carried):
    """∂loss/∂sums of a unit at a position from ∂loss/∂h', ``slope``.

    ``values`` are what `next_states` gave, ``old`` and ``new`` the states before and after. Returns
    also what goes from here to the unit's states at the position before, other than through R:
    there it is ``carried``, which is zero at the last position.
    """


@overload(gates_of, jit_options=INLINED)
def _gates_of(cell):
    gates = cell.cell.gates
    return lambda cell: gates


@overload(states_of, jit_options=INLINED)
def _states_of(cell):
    states = cell.cell.states
    return lambda cell: states


@overload(load_gates, jit_options=INLINED)
def _load_gates(cell, place, step):
    load = _LOAD[cell.cell.gates]
    return lambda cell, place, step: load(place, step)


@overload(load_values, jit_options=INLINED)
def _load_values(cell, place, step):
    load = _LOAD[cell.cell.values]
    return lambda cell, place, step: load(place, step)


@overload(load_states, jit_options=INLINED)
def _load_states(cell, place, step):
    load = _LOAD[cell.cell.states]
    return lambda cell, place, step: load(place, step)


@overload(open_gates, jit_options=INLINED)
def _open_gates(cell, sums):
    return cell.cell.open_gates


@overload(next_states, jit_options=INLINED)
def _next_states(cell, opened, old):
    return cell.cell.next_states


@overload(derive, jit_options=INLINED)
def _derive(cell, values, old, new, slope, carried):
    return cell.cell.derive
