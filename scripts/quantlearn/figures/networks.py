"""The networks of an experiment, for figures that look into them. Loads torch."""

from collections.abc import Iterator

import numpy as np
import torch

from quantlearn.figures.experiment import Experiment
from quantlearn.networks.states import top_states
from quantlearn.training.weights import Trained, read_trained

__all__ = ["states_along", "trained"]


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
