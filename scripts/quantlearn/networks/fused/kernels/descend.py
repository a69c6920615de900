"""The kernel that is launched: a program a network, which takes all steps of a round.

``S``, here and in all modules, are the `quantlearn.networks.fused.sizes` of an architecture; its
module says what a step is and how the program's part of ``memory`` is laid out. Weights lie in a
row in the order in which the architecture initialises them.

Threads share memory: what one writes another may read only behind a barrier, and what one reads
another may overwrite only behind one. A test holds the kernels to it.
"""

import triton
import triton.language as tl

from quantlearn.networks.fused.kernels import feedforward, recurrent, transformer

__all__ = ["descend"]


@triton.jit(do_not_specialize=["first", "networks", "steps"])
def descend(flat, row, batches, adam, memory, size, first, networks, steps, S: tl.constexpr):
    """Take ``steps`` steps with one network, ``first`` plus the number of the program.

    flat (networks, row), moved by ``adam`` (`Adam`, whose averages have the shape of flat);
    batches: a `Round`; memory (programs, size).
    """
    network = (first + tl.program_id(0)).to(tl.int64)
    weights = flat + network * row
    means, squares = adam.means + network * row, adam.squares + network * row
    own = memory + tl.program_id(0).to(tl.int64) * size
    if S.architecture == "recurrent":
        recurrent.clear_first_states(own, S)
    for step in range(0, steps):
        place = (step * networks + network) * S.batch
        moves = (
            weights, means, squares, tl.load(adam.rates + step), tl.load(adam.roots + step),
            adam.keep, adam.decay,
        )  # fmt: skip
        if S.architecture == "recurrent":
            loss = recurrent.take_step(weights, moves, batches, place, own, S)
        elif S.architecture == "transformer":
            loss = transformer.take_step(weights, moves, batches, place, own, S)
        else:
            loss = feedforward.take_step(weights, moves, batches, place, own, S)
        tl.store(batches.losses + step * networks + network, loss)
