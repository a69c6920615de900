"""What a fused kernel is compiled for, and what it is given."""

from typing import NamedTuple

__all__ = ["Round", "Sizes", "sizes_of"]

_GATES_AND_BLOCKS = {"lstm": (4, 4), "gru": (4, 3), "tanh": (1, 1), "relu": (1, 1)}


class Sizes(NamedTuple):
    """The numbers that a kernel knows when it is compiled.

    cell: lstm, gru, or the activation of an Elman network. gates: the sums of a unit; blocks: those
    of columns of a layer's matrix, as `compiled.recurrent.cells` says. scenes, units:
    powers of two that hold a batch, and the inputs and hidden units of a layer. squared: whether
    the loss is the squared error of the probability of true, instead of the cross entropy.
    """

    cell: str
    gates: int
    blocks: int
    layers: int
    inputs: int
    hidden: int
    batch: int
    positions: int
    scenes: int
    units: int
    squared: bool

    @property
    def tile(self) -> tuple[int, int]:
        """The extent of a tile."""
        return self.scenes, self.units

    @property
    def columns(self) -> int:
        """Columns of a layer's matrix."""
        return self.blocks * self.hidden

    @property
    def memory(self) -> int:
        """Numbers that a network needs until its gradient is known, as `kernels` lays them out."""
        states = self.layers + 1 + (self.layers if self.cell == "lstm" else 0)
        gates = self.layers * self.gates + 1
        return (states * (self.positions + 1) + gates * self.positions) * self.scenes * self.units

    @property
    def warps(self) -> int:
        """Groups of 32 threads that share the work on a network: 8 numbers of a tile for each."""
        return min(8, max(1, self.scenes * self.units // 256))


def sizes_of(settings: dict, inputs: int, batch: int, positions: int, squared: bool) -> Sizes:
    """The sizes for networks with these settings and ``inputs`` numbers for an object.

    >>> settings = {"architecture": "lstm", "layers": 2, "hidden": 12}
    >>> sizes = sizes_of(settings, inputs=6, batch=5, positions=20, squared=False)
    >>> sizes.tile, sizes.columns, sizes.warps
    ((8, 16), 48, 1)
    """
    cell = settings.get("activation", settings["architecture"])
    gates, blocks = _GATES_AND_BLOCKS[cell]
    return Sizes(
        cell=cell,
        gates=gates,
        blocks=blocks,
        layers=settings["layers"],
        inputs=inputs,
        hidden=settings["hidden"],
        batch=batch,
        positions=positions,
        scenes=_power(batch),
        units=max(16, _power(inputs), _power(settings["hidden"])),
        squared=squared,
    )


class Round(NamedTuple):
    """The batches of a round: tensors for whoever calls a kernel, pointers within it.

    tokens uint8 (steps, T, B, S); lengths int32 and labels (steps, T, B); vectors (V, I), of each
    token; losses (steps, T), which are written.
    """

    tokens: object
    lengths: object
    labels: object
    vectors: object
    losses: object


def _power(number: int) -> int:
    """The first power of two that is not less."""
    return 1 << (number - 1).bit_length()
