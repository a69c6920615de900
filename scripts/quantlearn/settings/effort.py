"""How much computing an experiment's training takes beside that of others, about.

Jobs that wait for a free core are started from the longest to the shortest. Were their times known,
the last one would end no later than 4/3 of the time of the best order (Graham 1969, "Bounds on
multiprocessing timing anomalies", SIAM Journal on Applied Mathematics 17:416). Only their order is
needed, so this is an estimate from the settings alone.
"""

from collections.abc import Mapping
from typing import Any

from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.settings.memory import COMPILED, balanced_rows, reading, weights_of, with_largest
from quantlearn.settings.protocol import networks_of_trial

__all__ = ["training_effort"]

_STEP = 3  # a gradient takes about three times what an answer takes
_EAGER = 4  # times as slow as compiled

_SECTIONS = ("network", "training")


def training_effort(settings: Mapping[str, Any], quantifiers: list[Quantifier]) -> float:
    """How often some weight is used in training a sample of an experiment, with all its trials.

    ``settings`` are complete; where some of them vary, the largest values count. When training
    ends early is not known beforehand; with patience it is taken to do so after a quarter.
    """
    search = settings["search"]
    variants = search["space"] if search else {name: [settings[name]] for name in _SECTIONS}
    training = with_largest(variants["training"][0])
    rows = balanced_rows(settings, quantifiers)
    networks = networks_of_trial(settings)
    if training["scenes"]:
        rows = min(rows, training["scenes"] * networks)
    looked_at = len(training["evaluate_splits"]) * (training["eval_scenes"] or rows / networks)
    step = training["batch_size"] * _STEP + looked_at / training["evaluate_every"]
    steps = training["max_epochs"] * rows / training["batch_size"]
    uses = max(_uses(settings, with_largest(network), training) for network in variants["network"])
    if training["patience"] is not None:
        steps /= 4
    return settings["trials"] * steps * step * uses


def _uses(
    settings: Mapping[str, Any], network: Mapping[str, Any], training: Mapping[str, Any]
) -> float:
    """Uses of weights for one scene, more where the core is slower."""
    read = reading(settings)
    architecture = network["architecture"]
    compiled = architecture in COMPILED and training["core"] != "eager" and not read.written
    positions = 1 if architecture == "feedforward" else read.positions
    return weights_of(network, read) * positions * (1 if compiled else _EAGER)
