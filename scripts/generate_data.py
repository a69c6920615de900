"""Generate scenes and the truth of quantifiers in them, anew for each trial."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from quantlearn.data import scene_files
from quantlearn.data.generate import describe_scenes, draw_pairs, enumerate_pairs, fill_cells
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import parts_of_trial, random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.settings.protocol import space_of


def generate_data(
    generated: str,
    settings: dict[str, Any],
    expressions: dict[str, str],
    seed: int,
    experiment: str,
    trials: int,
    crossed: dict[str, int] | None = None,
) -> None:
    """Write the generated scenes of all trials to the parquet file ``generated``.

    settings: the experiment's data.generate; expressions: its quantifiers by name; crossed: its
    crossed design, where trials share data, as `parts_of_trial` explains.
    """
    quantifiers = [Quantifier(name, expression) for name, expression in expressions.items()]
    space = space_of(settings)

    def generate() -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
        for trial in range(trials):
            parts = parts_of_trial(trial, crossed)
            rng = random_stream(seed + parts.root, experiment, "generate", parts.data)
            match settings["method"]:
                case "sample":
                    yield draw_pairs(rng, settings["draws"], quantifiers, space), {}
                case "fill":
                    yield fill_cells(rng, settings["scenes_per_cell"], quantifiers, space), {}
                case "describe":
                    wanted = settings["scenes_per_quantifier"]
                    yield describe_scenes(rng, wanted, quantifiers, space), {}
                case "enumerate":
                    yield enumerate_pairs(quantifiers, space), {}

    scene_files.write_trials(generated, list(expressions), generate())


if __name__ == "__main__":
    run_job(generate_data, snakemake)
