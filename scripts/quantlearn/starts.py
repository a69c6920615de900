"""Networks that start where those of another experiment ended: transfer of what was learned.

A weight is taken over where the source has one of the same name and shape. Another vocabulary has
other first kernels, and its networks start with those initialised as usual and the rest taken over.
The optimiser starts anew, and so do the running means and variances of batch normalisation: these
describe the scenes that were seen, not what was learned from them.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

import torch

from quantlearn import tables
from quantlearn.errors import QuantlearnError, damaged
from quantlearn.networks.ensemble import Ensemble
from quantlearn.weights import read_networks

__all__ = ["Source", "take_over"]

log = logging.getLogger(__name__)

READOUT = "readout."
STATISTICS = ("running_mean", "running_variance")


class Source(NamedTuple):
    """What a training job without search left: the paths of its weights and of its trials.csv."""

    weights: str
    trials: str


def take_over(
    ensemble: Ensemble,
    flat: torch.Tensor,
    source: Source,
    network: str,
    trials: Sequence[int],
    *,
    readout: bool = True,
) -> list[str]:
    """Put weights of the source into ``flat`` (networks, row), on the CPU; the names of those.

    Each row gets those of the ``network`` (what it learned, or 'all') of the same trial, for
    ``trials`` (networks,). ``readout`` tells whether the read-out is taken over as well.

    Raises `QuantlearnError` where the source has no such network, or no weight that fits.
    """
    found = read_networks(source.weights, 0, _places(source, network, trials))
    own = ensemble.unpack(flat)
    taken = [
        name
        for name, weights in own.items()
        if name in found
        and found[name].shape == weights.shape
        and (readout or not name.startswith(READOUT))
        and not name.endswith(STATISTICS)
    ]
    left = [name for name in own if name not in taken]
    if not taken:
        raise QuantlearnError(
            f"training.start: {network}: no weight in {source.weights} has the name and shape of "
            f"one of {', '.join(left)}: start from networks more like these"
        )
    for name in taken:
        own[name].copy_(torch.from_numpy(found[name]))
    log.info(
        "started from %s in %s: taken over %s; initialised %s",
        *(network, source.weights, ", ".join(taken), ", ".join(left) or "nothing"),
    )
    return taken


def _places(source: Source, network: str, trials: Sequence[int]) -> list[int]:
    """Where the networks of these trials stand among all of the source."""
    table = tables.read_csv(source.trials, tables.TRIALS)
    own = table[table["quantifier"] == network]
    place = dict(zip(own["trial"], own.index, strict=True))
    if missing := sorted(set(trials) - set(place)):
        why = f"trial {missing[0]} has no network {network}"
        raise QuantlearnError(damaged(source.trials, "a table of trained networks", why))
    return [int(place[trial]) for trial in trials]
