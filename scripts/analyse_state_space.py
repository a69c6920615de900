"""Find the principal components of the states of one network for each quantifier."""

from typing import Any

import numpy as np
import pandas as pd
import torch

from quantlearn import tables
from quantlearn.figures.course.probes import counts_along
from quantlearn.figures.course.state_space import principal_components
from quantlearn.networks.states import top_states
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import random_stream
from quantlearn.semantics.automata import minimal_automaton
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import PADDING
from quantlearn.training.weights import Trained, read_trained

SCENES = 60


def analyse_state_space(
    settings: dict[str, Any],
    samples: str,
    split_scenes: str,
    training_weights: list[str],
    seed: int,
    *,
    numbers: str,
) -> None:
    """Write where the states of each quantifier's network of the first trial lie."""
    torch.set_num_threads(1)
    trained = read_trained(settings, 0, samples, split_scenes, training_weights, seed)
    frames = []
    for name, expression in settings["expressions"].items():
        row = trained.rows(name)[0]
        stream = random_stream(seed, settings["name"], row, "state space")
        scenes = stream.permutation(trained.members[row].scenes["test"].scenes)[:SCENES]
        states = states_along(trained, row, scenes)
        objects = scenes != PADDING
        counts = {key: values[objects] for key, values in counts_along(scenes).items()}
        coordinates, shares = principal_components(states[objects], counts["both"])
        scene, position = np.nonzero(objects)
        automaton = minimal_automaton(Quantifier(name, expression))
        frames.append(
            pd.DataFrame(
                {
                    "quantifier": name,
                    "scene": scene,
                    "position": position + 1,
                    **counts,
                    "automaton": pd.NA if automaton is None else automaton.run(scenes)[objects],
                    "first": coordinates[:, 0],
                    "second": coordinates[:, 1],
                    "first_share": shares[0],
                    "second_share": shares[1],
                }
            ).astype({"automaton": "Int64"})
        )
    tables.write_csv(pd.concat(frames)[list(tables.STATE_SPACE)], numbers)


@torch.no_grad()
def states_along(trained: Trained, row: int, scenes: np.ndarray) -> np.ndarray:
    """The network's states, hidden and cell side by side, (n, positions, units)."""
    weights = trained.ensemble.unpack(trained.after[[row]])
    nothing_asked = np.zeros(len(scenes), dtype=int)
    tokens = torch.from_numpy(trained.ensemble.task.tokens(scenes, nothing_asked))[None]
    along = top_states(trained.ensemble, weights, tokens)
    return torch.stack([torch.cat(parts, dim=2) for parts in along], dim=2)[0].double().numpy()


if __name__ == "__main__":
    run_job(analyse_state_space, snakemake)
