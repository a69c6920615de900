"""Networks that start where those of another experiment ended: transfer of what was learned.

A weight is taken over where the source has one of the same name and shape. Another vocabulary has
other first kernels, and its networks start with those initialised as usual and the rest taken over.
The optimiser starts anew, and so do the running means and variances of batch normalisation: these
describe the scenes that were seen, not what was learned from them.
"""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from quantlearn import columns, tables
from quantlearn.errors import QuantlearnError, damaged
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.weight_files import read_networks
from quantlearn.settings.samples import read_sample
from quantlearn.settings.start_checks import like_networks

__all__ = ["Source", "find_source", "take_over"]

log = logging.getLogger(__name__)

READOUT = "readout."
STATISTICS = ("running_mean", "running_variance")


class Source(NamedTuple):
    """Trained networks: their job's weights and trials.csv, by path, and their sample there."""

    weights: str
    trials: str
    sample: int = 0


def find_source(
    network: dict[str, Any], samples: str, weights: Sequence[str], trials: Sequence[str]
) -> Source:
    """The sample of another experiment whose networks are like those with these settings.

    ``samples`` is its samples.csv; ``weights`` and ``trials`` are of its training jobs, in their
    order. Raises `QuantlearnError` where not exactly one sample is like that.
    """
    numbers = tables.read_csv(samples, columns.SAMPLES)["sample"].to_list()
    found = [
        number
        for number in numbers
        if like_networks(read_sample(samples, number)["network"], network)
    ]
    if len(found) != 1:
        raise QuantlearnError(
            f"start_from: {len(found)} samples of {samples} have networks like those that are to "
            "start from them: there must be one"
        )
    job = tables.job_of_samples(trials, numbers)[found[0]]
    return Source(weights[job], trials[job], found[0])


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
    found = read_networks(source.weights, source.sample, _places(source, network, trials))
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
        network,
        source.weights,
        ", ".join(taken),
        ", ".join(left) or "nothing",
    )
    return taken


def _places(source: Source, network: str, trials: Sequence[int]) -> list[int]:
    """Where the networks of these trials stand among all of the source's sample."""
    table = tables.read_csv(source.trials, columns.TRIALS)
    table = table[table["sample"] == source.sample].reset_index(drop=True)
    own = table[table["quantifier"] == network]
    place = dict(zip(own["trial"], own.index, strict=True))
    if missing := sorted(set(trials) - set(place)):
        why = f"trial {missing[0]} has no network {network}"
        raise QuantlearnError(damaged(source.trials, "a table of trained networks", why))
    return [int(place[trial]) for trial in trials]
