"""The networks of an experiment, for figures that look into them. Loads torch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from quantlearn.figures.experiment import Experiment
from quantlearn.networks.ensemble import Ensemble
from quantlearn.networks.states import top_states
from quantlearn.networks.task import Task
from quantlearn.networks.text_task import TextTask
from quantlearn.training.evaluation import answers
from quantlearn.training.examples import Examples, stack
from quantlearn.training.members import Member, each_member, with_training_scenes
from quantlearn.training.weights import Trained, read_trained, read_weights

__all__ = ["Answering", "members_of", "states_along", "trained"]


def trained(experiment: Experiment, sample: int, seed: int) -> Trained:
    """The networks of a sample as training left them and as it found them, on one thread.

    ``seed`` is the root seed, from which the first weights follow as in training.
    """
    torch.set_num_threads(1)
    return read_trained(
        experiment.settings,
        sample,
        experiment.sample(sample),
        split_scenes=experiment.path("scenes"),
        weights=experiment.weights_of(sample),
        seed=seed,
    )


@torch.no_grad()
def states_along(
    trained: Trained, row: int, scenes: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """What can be probed along scenes (n, positions): network, part of its state, states.

    The states (n, positions, units) are those of the highest layer, h and where there is one c,
    after and before training; and, for comparison, the number of objects so far.
    """
    task = trained.ensemble.task
    tokens = torch.from_numpy(task.tokens(scenes, np.zeros(len(scenes), dtype=int)))[None]
    for network, flat in (("trained", trained.after), ("untrained", trained.before)):
        weights = trained.ensemble.unpack(flat[[row]])
        parts = zip(*top_states(trained.ensemble, weights, tokens), strict=True)
        for part, states in zip("hc", parts, strict=False):
            yield network, part, torch.stack(states, dim=2)[0].double().numpy()
    size = np.broadcast_to(np.arange(1.0, scenes.shape[1] + 1), scenes.shape)
    yield "size", "", size[:, :, None]


def members_of(
    experiment: Experiment, sample: int, seed: int
) -> Iterator[tuple[Member, Task | TextTask]]:
    """The networks of a sample with the scenes that they had, one after another, and their task.

    They come in the order of the rows of `Answering`. ``seed`` is the root seed.
    """
    settings, chosen = experiment.settings, experiment.sample(sample)
    members = each_member(
        experiment.path("scenes"),
        settings["quantifiers"],
        chosen["training"]["together"],
        chosen["network"]["quantifiers"],
        settings["task"],
        settings["groups"],
    )
    count = chosen["training"]["scenes"]
    for member, task in members:
        (own,) = with_training_scenes([member], count, seed, experiment.name, settings["crossed"])
        yield own, task


@dataclass(frozen=True)
class Answering:
    """The trained networks of a sample, the rows of ``flat``, to be asked about any scenes."""

    ensemble: Ensemble
    flat: torch.Tensor

    @classmethod
    def read(
        cls, experiment: Experiment, sample: int, task: Task | TextTask, networks: int
    ) -> "Answering":
        """Read so many networks, all of the sample; one thread will do."""
        torch.set_num_threads(1)
        chosen = experiment.sample(sample)
        ensemble = Ensemble(chosen["network"], task, loss=chosen["training"]["loss"])
        return cls(
            ensemble, read_weights(ensemble, networks, experiment.weights_of(sample), sample)
        )

    def right(self, rows: Sequence[int], examples: Sequence[Examples]) -> list[np.ndarray]:
        """Whether each network, by its row, answers each of its own examples right, (n,) each."""
        given = answers(
            self.ensemble, self.flat[list(rows)], stack(examples, self.flat.device)
        ).correct
        return [own[: len(one)] > 0 for own, one in zip(given, examples, strict=True)]
