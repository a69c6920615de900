"""What a fused kernel is compiled for, and what it is given."""

from typing import Any, NamedTuple

from quantlearn.networks.task import Task

__all__ = ["FeedforwardSizes", "RecurrentSizes", "Round", "Sizes", "TransformerSizes", "sizes_of"]

_GATES_AND_BLOCKS = {"lstm": (4, 4), "gru": (4, 3), "tanh": (1, 1), "relu": (1, 1)}


class RecurrentSizes(NamedTuple):
    """The numbers that a kernel of recurrent networks knows when it is compiled.

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

    architecture = "recurrent"

    @property
    def columns(self) -> int:
        """Columns of a layer's matrix."""
        return self.blocks * self.hidden

    @property
    def memory(self) -> int:
        """Numbers that a network needs until its gradient is known, as its kernels lay them out."""
        states = self.layers + 1 + (self.layers if self.cell == "lstm" else 0)
        gates = self.layers * self.gates + 1
        return (states * (self.positions + 1) + gates * self.positions) * self.scenes * self.units

    @property
    def warps(self) -> int:
        """Groups of 32 threads that share the work on a network."""
        return _warps(self.scenes * self.units)


class FeedforwardSizes(NamedTuple):
    """The numbers that a kernel of feed-forward networks knows when it is compiled.

    scenes, units: powers of two that hold a batch, and the hidden units of a layer. wide: a number
    that holds the inputs and the units. vector: numbers of a token. The others are as in
    `RecurrentSizes`.
    """

    activation: str
    batch_norm: bool
    layers: int
    vector: int
    inputs: int
    hidden: int
    batch: int
    positions: int
    scenes: int
    units: int
    wide: int
    squared: bool

    architecture = "feedforward"

    @property
    def memory(self) -> int:
        """Numbers that a network needs until its gradient is known, as its kernels lay them out."""
        states = (self.layers + 1) * self.scenes * self.wide
        own = (self.layers + 1) * self.scenes * self.units
        of_norm = self.layers * (self.scenes + 1) * self.units if self.batch_norm else 0
        return states + own + of_norm

    @property
    def warps(self) -> int:
        """Groups of 32 threads that share the work on a network."""
        return _warps(self.scenes * self.units)


class TransformerSizes(NamedTuple):
    """The numbers that a kernel of transformers knows when it is compiled.

    head: numbers of a head; width: those of all heads. units, drawn, vectors: powers of two that
    hold a vector, the hidden units, and the vectors of a scene. wide: a number that holds the
    inputs of a vector, which has one more than a token's ``vector``. The others are as in
    `RecurrentSizes`.
    """

    activation: str
    position: str
    layers: int
    heads: int
    head: int
    width: int
    hidden: int
    vector: int
    batch: int
    positions: int
    scenes: int
    units: int
    drawn: int
    vectors: int
    wide: int
    squared: bool

    architecture = "transformer"

    @property
    def rows(self) -> int:
        """Vectors of a batch."""
        return self.batch * (self.positions + 1)

    @property
    def kept_of_attention(self) -> int:
        """Numbers that are kept of a layer's attention."""
        return self.rows * (6 * self.units + 1)

    @property
    def kept(self) -> int:
        """Numbers that are kept of a layer."""
        return self.kept_of_attention + self.rows * (2 * self.units + 2 * self.drawn + 1)

    @property
    def memory(self) -> int:
        """Numbers that a network needs until its gradient is known, as its kernels lay them out."""
        of_slopes = self.rows * (6 * self.units + self.drawn)
        return self.rows * (self.wide + self.units) + self.layers * self.kept + of_slopes

    @property
    def warps(self) -> int:
        """Groups of 32 threads that share the work on a network."""
        return _warps(32 * max(self.units, self.drawn))


Sizes = RecurrentSizes | FeedforwardSizes | TransformerSizes


def sizes_of(settings: dict[str, Any], task: Task, batch: int, squared: bool) -> Sizes:
    """Return the sizes for networks with these settings, and batches of so many scenes.

    >>> settings = {"architecture": "lstm", "layers": 2, "hidden": 12}
    >>> sizes = sizes_of(settings, Task(positions=20, quantifiers=2), batch=5, squared=False)
    >>> sizes.scenes, sizes.units, sizes.columns, sizes.warps
    (8, 16, 48, 1)
    """
    common = {
        "layers": settings["layers"],
        "hidden": settings["hidden"],
        "batch": batch,
        "positions": task.positions,
        "scenes": _power(batch),
        "squared": squared,
    }
    units = max(16, _power(settings["hidden"]))
    if settings["architecture"] == "feedforward":
        inputs = len(task.scene_inputs(settings["objects"]))
        return FeedforwardSizes(
            **common,
            activation=settings["activation"],
            batch_norm=settings["batch_norm"],
            vector=task.inputs,
            inputs=inputs,
            units=units,
            wide=max(units, _sixteens(inputs)),
        )
    if settings["architecture"] == "transformer":
        width = settings["heads"] * settings["head_size"]
        return TransformerSizes(
            **common,
            activation=settings["activation"],
            position=settings["position"],
            heads=settings["heads"],
            head=settings["head_size"],
            width=width,
            vector=task.inputs,
            units=max(16, _power(width)),
            drawn=units,
            vectors=max(16, _power(task.positions + 1)),
            wide=_sixteens(task.inputs + 1),
        )
    cell = settings.get("activation", settings["architecture"])
    gates, blocks = _GATES_AND_BLOCKS[cell]
    return RecurrentSizes(
        **common,
        cell=cell,
        gates=gates,
        blocks=blocks,
        inputs=task.inputs,
        units=max(units, _power(task.inputs)),
    )


class Round(NamedTuple):
    """The batches of a round: tensors for whoever calls a kernel, pointers within it.

    tokens uint8 (steps, T, B, S); lengths int32 and labels (steps, T, B); vectors (V, I), of each
    token; losses (steps, T), which are written. inputs int32 (2, N), for feed-forward networks: for
    each of N inputs of a whole scene the position whose token has it, and its place in the vector.
    waves (S, width), for transformers: what tells their positions, if it is not learned.
    """

    tokens: object
    lengths: object
    labels: object
    vectors: object
    losses: object
    inputs: object
    waves: object


def _power(number: int) -> int:
    """The first power of two that is not less."""
    return 1 << (number - 1).bit_length()


def _sixteens(number: int) -> int:
    """The first multiple of 16 that is not less."""
    return -(-number // 16) * 16


def _warps(numbers: int) -> int:
    """Warps for tiles of so many numbers: 8 numbers for a thread."""
    return min(8, max(1, numbers // 256))
