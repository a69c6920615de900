"""Xor, learned from random starts by the code that trains all networks of the pipeline.

Xor is a quantifier. In a scene of two objects that are A, let p say that the first one is B, and q
that the second one is: p xor q is true when *exactly one* A is B. Networks are told p and q
themselves (``objects: binary``).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.task import Task
from quantlearn.report.course.neurons import INPUTS, layer
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import ZONES
from quantlearn.training.examples import Examples, stack
from quantlearn.training.loop import train

__all__ = [
    "EXACTLY_1",
    "RESTS",
    "Learned",
    "few_scenes",
    "hidden_functions",
    "learn_xor",
    "xor_scenes",
]

EXACTLY_1 = Quantifier("exactly_1", "|A & B| == 1")

RESTS = (math.log(2) / 2, math.log(3) * 3 / 4 - math.log(2) / 2)
"""Losses at which networks rest that do not learn xor: two cases answered with ½, which is ½ ln 2,
or three with ⅓ or ⅔, as is right in one or two of them, which is ¾ H(⅓)."""


# fmt: off
FUNCTIONS = [
    "false", "¬p ∧ ¬q", "¬p ∧ q", "¬p", "p ∧ ¬q", "¬q", "p xor q", "¬p ∨ ¬q",
    "p ∧ q", "p ↔ q", "q", "p → q", "p", "q → p", "p ∨ q", "true",
]
# fmt: on
"""The functions of p and q: the place of each, in binary, is its truth in the cases of
`neurons.INPUTS`."""


@dataclass(frozen=True)
class Learned:
    """Learning curves of all trials: steps (k,), loss and accuracy (k, trials).

    ``weights`` are the last ones by name, the first axis the trials'.
    """

    steps: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    weights: dict[str, np.ndarray]

    @property
    def succeeded(self) -> np.ndarray:
        """Whether each trial answers all four cases rightly at the end, booleans (trials,)."""
        return self.accuracy[-1] == 1


def xor_scenes() -> np.ndarray:
    """The scenes (4, 2) that stand for the rows of a truth table: zone A∩B for 1, A∖B for 0.

    >>> EXACTLY_1.verify(xor_scenes(), np.full(4, 2)).astype(int)
    array([0, 1, 1, 0])
    """
    return np.where(INPUTS, ZONES["both"], ZONES["a_only"]).astype(np.uint8)


def hidden_functions(weights: dict[str, np.ndarray]) -> list[tuple[str, ...]]:
    """What the hidden units of each network compute, rounded, in alphabetical order of names.

    >>> from quantlearn.report.course.neurons import XOR_NETWORK
    >>> (w, b), _ = XOR_NETWORK
    >>> hidden_functions({"layer0.kernel": w[None], "layer0.bias": b[None]})
    [('p ∨ q', '¬p ∨ ¬q')]
    """
    pairs = zip(weights["layer0.kernel"], weights["layer0.bias"], strict=True)
    units = [layer(INPUTS, w, b).round().astype(int).T for w, b in pairs]
    return [
        tuple(sorted(FUNCTIONS[int("".join(map(str, unit)), base=2)] for unit in own))
        for own in units
    ]


def learn_xor(
    hidden: int,
    loss: str,
    trials: int,
    seed: int,
    learning_rate: float = 1.0,
    steps: int = 1000,
    every: int = 20,
) -> Learned:
    """Train networks with one layer of ``hidden`` sigmoid units by plain gradient descent.

    Every step sees all four cases. Trial i starts from weights that depend on ``seed``, ``hidden``
    and i only, so two losses are compared from the same starts.
    """
    settings = {
        **{"architecture": "feedforward", "layers": 1, "hidden": hidden, "activation": "sigmoid"},
        **{"objects": "binary", "dropout": 0.0, "batch_norm": False},
        **{"initialisation": "glorot", "precision": "float64"},
    }
    training = {
        **{"optimiser": "sgd", "learning_rate": learning_rate, "momentum": 0.0},
        **{"weight_decay": 0.0, "batch_size": len(INPUTS), "max_epochs": steps},
        "shuffle_buffer": None,
        **{"evaluate_every": every, "monitor": "train", "patience": None, "stop_loss": None},
    }
    task = Task(positions=INPUTS.shape[1], quantifiers=1)
    scenes = xor_scenes()
    sizes, index = np.full(len(scenes), scenes.shape[1]), np.zeros(len(scenes), dtype=int)
    labels = EXACTLY_1.verify(scenes, sizes).astype(int)
    examples = Examples(task.tokens(scenes, index), sizes, labels, index)
    stacked = stack([examples] * trials, torch.device("cpu"))
    names = [("course", "xor", hidden, trial) for trial in range(trials)]
    ensemble = Ensemble(settings, task, loss=loss)
    flat = ensemble.initialise([random_stream(seed, *name, "initialise") for name in names])
    streams = [random_stream(seed, *name, "shuffle") for name in names]
    outcome = train(ensemble, flat, stacked, {"train": stacked}, streams, training)
    last = ensemble.unpack(outcome.weights)
    return Learned(
        np.array([part.step for part in outcome.curve]),
        np.stack([part.scores.loss[:, -1] for part in outcome.curve]),
        np.stack([part.scores.accuracy[:, -1] for part in outcome.curve]),
        {name: array.detach().numpy() for name, array in last.items()},
    )


def few_scenes(count: int, objects: int, rng: np.random.Generator) -> list[int]:
    """Draw different scenes of As, in which any number of Bs is as likely.

    Each is a number whose binary digits say which of the As are Bs.

    >>> sorted(few_scenes(8, 3, np.random.default_rng(0)))
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        digits = rng.random(objects) < rng.random()
        drawn[int("".join(map(str, digits.astype(int))), 2)] = None
    return list(drawn)
