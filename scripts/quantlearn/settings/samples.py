"""Hyperparameter samples: drawn from the space of a search, and as a table for training jobs.

A sample is a row of samples.csv with one column for each setting, named by its place in the
experiment, such as ``network.hidden``. An experiment with fixed settings has one sample. A setting
that does not apply to a sample, such as ``padding`` to a feed-forward network, is blank.

Random and Sobol samples are made of shares between 0 and 1, one for each setting that varies and
each sample, which the distributions turn into values. A share of a setting that does not apply is
drawn all the same, so that the other settings do not depend on it.
"""

import itertools
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quantlearn.columns import SAMPLES
from quantlearn.errors import damaged
from quantlearn.seeds import random_stream
from quantlearn.settings.distributions import combinations, is_distribution, quantile
from quantlearn.settings.schema import find_faults, load_schema
from quantlearn.settings.search import SECTIONS, distributions_of
from quantlearn.tables import TableError, read_csv

__all__ = ["Sample", "draw_samples", "draw_shares", "read_row", "read_sample", "samples_table"]

Sample = dict[str, dict[str, Any]]
"""The settings of one sample, by section and key."""


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


# The table --------------------------------------------------------------------------------------


def samples_table(samples: list[Sample]) -> pd.DataFrame:
    """The samples as rows, with blanks for settings that do not apply.

    >>> samples_table([{"network": {"hidden": 12}, "training": {"patience": None}}])
       sample network.hidden training.patience
    0       0             12              null
    """
    rows = [
        {
            f"{section}.{key}": _text(value)
            for section, part in sample.items()
            for key, value in part.items()
        }
        for sample in samples
    ]
    columns = [
        f"{section}.{key}"
        for section in samples[0]
        for key in dict.fromkeys(itertools.chain(*(sample[section] for sample in samples)))
    ]
    table = pd.DataFrame(rows, columns=columns, dtype=object).fillna("")
    table.insert(0, "sample", range(len(table)))
    return table


def read_sample(path: str | Path, sample: int) -> Sample:
    """The settings of one sample, by section and key, without those that are blank.

    Raises `TableError` when the table cannot be read, has no such sample, or one with settings that
    no experiment can have.
    """
    settings = read_row(path, sample)
    for fault in find_faults(_sections_schema(), settings):
        raise TableError(damaged(path, "a table of samples", f"sample {sample}: {fault}"))
    return settings


def read_row(path: str | Path, sample: int) -> Sample:
    """As `read_sample`, whatever the settings are."""
    read_csv(path, SAMPLES)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = table[table["sample"] == str(sample)]
    if len(rows) != 1:
        raise TableError(
            damaged(path, "a table of samples", f"sample {sample} has {len(rows)} rows")
        )
    settings: Sample = {}
    for column, text in rows.iloc[0].drop("sample").items():
        section, _, key = str(column).partition(".")
        if text:
            settings.setdefault(section, {})[key] = _value(text)
    return settings


@cache
def _sections_schema() -> dict[str, Any]:
    """The schema of a sample: an experiment's, for the sections whose settings may vary."""
    parts = load_schema("experiment")["properties"]
    return {"type": "object", "properties": {name: parts[name] for name in SECTIONS}}


def _text(value: Any) -> str:
    """A value as JSON, but a word as it is unless it would be read as something else."""
    # Line ends and other control characters do not survive a CSV file unless JSON escapes them.
    plain = isinstance(value, str) and value.isprintable() and value and _value(value) == value
    return value if plain else json.dumps(value)


def _value(text: str) -> Any:
    """A JSON value, or the text itself where it is a plain word."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
