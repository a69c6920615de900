"""Samplers: from the space of a search to its samples.

Random and Sobol samples are made of shares between 0 and 1, one for each setting that varies and
each sample, which the distributions turn into values. A share of a setting that does not apply is
drawn all the same, so that the other settings do not depend on it.
"""

import itertools
import math
from typing import Any

import numpy as np

from quantlearn.seeds import random_stream
from quantlearn.settings.distributions import combinations, is_distribution, quantile
from quantlearn.settings.samples import Sample
from quantlearn.settings.search import SECTIONS, distributions_of

__all__ = ["draw_samples", "draw_shares"]


def draw_samples(settings: dict[str, Any], seed: int) -> list[Sample]:
    """The samples of an experiment with resolved ``settings``, of which sections and search count.

    >>> draw_samples({"network": {"hidden": 12}, "training": {}, "search": None}, seed=1)
    [{'network': {'hidden': 12}, 'training': {}}]
    """
    search = settings["search"]
    if search is None:
        return [{section: dict(settings[section]) for section in SECTIONS}]
    if search["sampler"] == "grid":
        return _grid(search["space"])
    distributions = {
        f"{section}.{key}": distribution
        for section in SECTIONS
        for key, distribution in distributions_of(settings[section]).items()
    }
    axes = sorted(distributions)
    shares = draw_shares(search["sampler"], axes, search["samples"], seed, settings["name"])
    samples = []
    for row in shares.tolist():
        pairs = zip(axes, row, strict=True)
        drawn = {axis: quantile(distributions[axis], share) for axis, share in pairs}
        samples.append(_sample(search["space"], drawn))
    return samples


def draw_shares(sampler: str, axes: list[str], n: int, seed: int, experiment: str) -> np.ndarray:
    """Points of the unit cube, float64 of shape (n, len(axes)).

    ``random`` gives each axis a stream of its own, so that it does not depend on the others, nor
    the first points on n. ``sobol`` is a Sobol sequence with a linear matrix scramble and a digital
    shift (Matoušek 1998): it fills the cube more evenly, best where n is a power of 2.
    """
    if sampler == "random":
        streams = [random_stream(seed, experiment, "hyperparameters", axis) for axis in axes]
        return np.stack([stream.random(n) for stream in streams], axis=1)
    from scipy.stats import qmc  # noqa: PLC0415 (takes a second, which other samplers save)

    stream = random_stream(seed, experiment, "hyperparameters")
    sequence = qmc.Sobol(len(axes), scramble=True, rng=stream)
    return sequence.random_base2(math.ceil(math.log2(n)))[:n]


def _grid(space: dict[str, list[dict]]) -> list[Sample]:
    """Every combination of values, of each variant those that apply to it."""
    combined = [
        [combination for variant in space[section] for combination in combinations(variant)]
        for section in SECTIONS
    ]
    return [dict(zip(SECTIONS, parts, strict=True)) for parts in itertools.product(*combined)]


def _sample(space: dict[str, list[dict]], drawn: dict[str, Any]) -> Sample:
    """The settings that follow from drawn values: of each section the variant that fits."""
    sample = {}
    for section in SECTIONS:
        values = {
            axis.removeprefix(f"{section}."): value
            for axis, value in drawn.items()
            if axis.startswith(f"{section}.")
        }
        (variant,) = (variant for variant in space[section] if _fits(variant, values))
        sample[section] = {
            key: values[key] if is_distribution(value) else value for key, value in variant.items()
        }
    return sample


def _fits(variant: dict[str, Any], values: dict[str, Any]) -> bool:
    return all(
        is_distribution(variant[key]) or variant[key] == value
        for key, value in values.items()
        if key in variant
    )
