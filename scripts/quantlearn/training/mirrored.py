"""The same learning problem twice: a network, and its mirror image under a symmetry.

A symmetry renames the zones in all scenes, and with them the rows of the first kernel that read
them; negation exchanges true and false, and with them the two columns of the read-out. Where it
maps quantifiers that share a network onto one another, their inputs change places as well. The
mirrored network then learns the mirrored quantifiers exactly as the network learns its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.settings import ARCHITECTURES
from quantlearn.networks.task import Task
from quantlearn.report_columns import SYMMETRY_CHECK
from quantlearn.seeds import random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import PADDING, ZONES, Space, random_scenes
from quantlearn.semantics.symmetry import Symmetry, relabelling
from quantlearn.training.examples import Examples, stack
from quantlearn.training.loop import train

__all__ = ["FIRST_KERNELS", "Mirrored", "check", "learning_curves", "mirrored_weights"]

FIRST_KERNELS = {
    "feedforward": "layer0.kernel",
    "gru": "layer0.kernel",
    "lstm": "layer0.kernel",
    "rnn": "layer0.kernel",
    "transformer": "embedding.kernel",
}
"""Architecture that can be mirrored → the weights whose rows read zones and quantifiers."""

_SCENES = 200  # to learn from, and as many to evaluate
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Mirrored:
    """What two networks learn: ``quantifiers`` the one, ``images`` the other, in like order.

    The image of a quantifier is its meaning under ``symmetry``; places: where each image stands
    among the inputs of the second network.
    """

    symmetry: Symmetry
    quantifiers: Sequence[Quantifier]
    images: Sequence[Quantifier]
    places: Sequence[int] = (0,)


_AT_LEAST_4 = Quantifier("at_least_4", "|A & B| >= 4")
_AT_MOST_3 = Quantifier("at_most_3", "|A & B| <= 3")
_MOST = Quantifier("most", "|A & B| > |A - B|")
_M = Quantifier("M", "|A| > |B|")  # as many As as Bs are both, so it counts A∖B and B∖A
_NOT_ALL = Quantifier("not_all", "not A <= B")
_NOT_ONLY = Quantifier("not_only", "not B <= A")

CHECKED = (
    Mirrored(
        relabelling(a_only="b_only", b_only="a_only"),
        [_NOT_ALL, _NOT_ONLY],
        [_NOT_ONLY, _NOT_ALL],
        places=(1, 0),
    ),
    Mirrored(Symmetry(negates=True), [_AT_LEAST_4], [_AT_MOST_3]),
    Mirrored(relabelling(both="a_only", a_only="b_only", b_only="both"), [_MOST], [_M]),
)
"""Pairs that the page on symmetry shows: two that share a network, and two that do not."""

_SHOWN = Space(1, 8)
_TRAINING = {
    "optimiser": "adam",
    "weight_decay": 0.0,
    "learning_rate": 0.01,
    "batch_size": 8,
    "shuffle_buffer": None,
    "max_epochs": 4,
    "evaluate_every": 10,
    "monitor": "test",
    "stop_loss": None,
    "patience": None,
}


def check(seed: int) -> pd.DataFrame:
    """Train networks of each architecture and their mirror images: a row for each pair.

    In double precision and plain PyTorch. Columns as in `SYMMETRY_CHECK`.
    """
    rows = []
    for name in FIRST_KERNELS:
        own = ARCHITECTURES[name].settings
        network = {key: setting["default"] for key, setting in own.items()} | {
            "architecture": name,
            "initialisation": "glorot",
            "precision": "float64",
            "layers": 1,
        }
        for mirrored in CHECKED:
            one, other = learning_curves(network, _TRAINING, mirrored, _SHOWN, seed, core="eager")
            rows.append(
                {
                    "architecture": name,
                    "first": mirrored.quantifiers[0].name,
                    "second": mirrored.images[0].name,
                    "together": len(mirrored.quantifiers) > 1,
                    "steps": _TRAINING["max_epochs"] * _SCENES // _TRAINING["batch_size"],
                    "loss_at_start": one[0, 0],
                    "loss_at_end": one[-1, 0],
                    "largest_difference": np.abs(one - other).max(),
                }
            )
    return pd.DataFrame(rows, columns=list(SYMMETRY_CHECK))


def mirrored_weights(ensemble: Ensemble, flat: torch.Tensor, mirrored: Mirrored) -> torch.Tensor:
    """The weights (networks, row) of the mirror images of networks with weights ``flat``."""
    image = flat.clone()
    before, after = ensemble.unpack(flat), ensemble.unpack(image)
    architecture = ensemble.settings["architecture"]
    name = FIRST_KERNELS[architecture]
    rows = ensemble.task.positions if architecture == "feedforward" else 1
    told = rows * len(ZONES)  # the inputs of the quantifiers follow those of the zones
    for place in range(0, told, len(ZONES)):
        for zone, goes in enumerate(mirrored.symmetry.zones):
            after[name][:, place + goes] = before[name][:, place + zone]
    for place, goes in enumerate(mirrored.places):
        after[name][:, told + goes] = before[name][:, told + place]
    if mirrored.symmetry.negates:
        for part in ("readout.kernel", "readout.bias"):
            after[part].copy_(before[part].flip(-1))
    return image


def learning_curves(
    network: Mapping[str, Any],
    training: Mapping[str, Any],
    mirrored: Mirrored,
    space: Space,
    seed: int,
    core: str = "auto",
) -> tuple[np.ndarray, np.ndarray]:
    """The losses of a network and of its mirror image at each evaluation.

    network, training: an experiment's settings of these names. Both networks learn from scenes of
    ``space`` drawn by ``seed``, with skewed zones, so that few truths are rare; the second from
    their relabelled copies, labelled by what its own quantifiers say of them. Returns two arrays
    (evaluations, quantifiers), the quantifiers of the second in the order of their originals.
    """
    task = Task(space.max_size, len(mirrored.quantifiers))
    ensemble = Ensemble(dict(network), task, core=core)
    start = ensemble.initialise([random_stream(seed, "mirrored", "start")])
    sides = {}
    for side in ("train", "test"):
        rng = random_stream(seed, "mirrored", side)
        scenes, sizes = random_scenes(rng, _SCENES, space, skewed=True)
        asked = rng.integers(len(mirrored.quantifiers), size=_SCENES)
        moved = np.array([*mirrored.symmetry.zones, PADDING], dtype=np.uint8)[scenes]
        places = np.array(mirrored.places)[asked]
        images = [mirrored.images[mirrored.places.index(each)] for each in sorted(mirrored.places)]
        sides[side] = stack(
            [
                _examples(task, scenes, sizes, asked, mirrored.quantifiers),
                _examples(task, moved, sizes, places, images),
            ],
            _CPU,
        )
    outcome = train(
        ensemble,
        torch.cat([start, mirrored_weights(ensemble, start, mirrored)]),
        sides["train"],
        {"test": sides["test"]},
        [random_stream(seed, "mirrored", "order") for _ in range(2)],
        dict(training),
    )
    losses = np.stack([evaluation.scores.loss[:, :-1] for evaluation in outcome.curve])
    return losses[:, 0], losses[:, 1][:, list(mirrored.places)]


def _examples(
    task: Task,
    scenes: np.ndarray,
    sizes: np.ndarray,
    asked: np.ndarray,
    quantifiers: Sequence[Quantifier],
) -> Examples:
    """Scenes as the network reads them, each with the truth of the quantifier that is asked for."""
    truth = np.stack([quantifier.verify(scenes, sizes) for quantifier in quantifiers])
    labels = truth[asked, np.arange(len(scenes))].astype(np.int64)
    return Examples(task.tokens(scenes, asked), sizes, labels, asked)
