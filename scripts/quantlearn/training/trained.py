"""The networks of an experiment, as training left them and as it found them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from quantlearn.networks.ensemble import Ensemble
from quantlearn.seeds import random_stream
from quantlearn.settings.samples import read_sample
from quantlearn.training.members import Member, read_members
from quantlearn.training.weights import read_weights

__all__ = ["Trained", "read_trained"]


@dataclass(frozen=True)
class Trained:
    """The networks of a sample: ``after`` and ``before`` training, (networks, row) each.

    ``members`` says which network learned what, with its scenes, in the order of the rows.
    """

    ensemble: Ensemble
    members: list[Member]
    after: torch.Tensor
    before: torch.Tensor

    def rows(self, learns: str) -> list[int]:
        """The rows of the networks that learned this, in the order of their trials."""
        return [row for row, member in enumerate(self.members) if member.learns == learns]


def read_trained(
    settings: Mapping[str, Any],
    sample: int,
    samples: str,
    split_scenes: str,
    training_weights: Sequence[str],
    seed: int,
) -> Trained:
    """The networks of a sample of the experiment with these resolved ``settings``, on the CPU.

    ``samples`` is samples.csv, ``training_weights`` the weights of all training jobs in their
    order, ``seed`` the root seed, from which the first weights follow as in training.
    """
    chosen = read_sample(samples, sample)
    network, training = chosen["network"], chosen["training"]
    members, task = read_members(
        *(split_scenes, settings["quantifiers"], training["together"], network["quantifiers"]),
        groups=settings["groups"],
    )
    ensemble = Ensemble(network, task, core="eager", loss=training["loss"])
    together = settings["search"]["samples_per_job"] if settings["search"] else 1
    path = training_weights[sample // together]
    names = [(settings["name"], sample, member.trial, member.learns) for member in members]
    return Trained(
        ensemble,
        members,
        read_weights(ensemble, len(members), path, sample),
        ensemble.initialise([random_stream(seed, *name, "initialise") for name in names]),
    )
