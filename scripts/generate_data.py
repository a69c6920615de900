"""Generate scenes and the truth of quantifiers in them, anew for each trial."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from quantlearn.data import scene_files
from quantlearn.data.generate import describe_scenes, draw_pairs, enumerate_pairs, fill_cells
from quantlearn.data.labelled import labelled_scenes, read_labelled
from quantlearn.pipeline.jobs import run_job
from quantlearn.seeds import parts_of_trial, random_stream
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes import LabelledScenes
from quantlearn.settings.protocol import space_of


def generate_data(
    generated: str,
    settings: dict[str, Any],
    expressions: dict[str, str | None],
    seed: int,
    experiment: str,
    trials: int,
    crossed: dict[str, int] | None = None,
    table: Sequence[str] = (),
) -> None:
    """Write the generated scenes of all trials to the parquet file ``generated``.

    settings: the experiment's data.generate; expressions: its quantifiers by name; crossed: its
    crossed design, where trials share data, as `parts_of_trial` explains; table: the file of scenes
    with their labels, if there is one, where expressions are None.
    """
    known = [Quantifier(*item) for item in expressions.items() if item[1] is not None]
    space = space_of(settings)
    rows = [row for path in table for row in read_labelled(path, space)]

    def generate() -> Iterator[tuple[LabelledScenes, dict[str, np.ndarray]]]:
        for trial in range(trials):
            parts = parts_of_trial(trial, crossed)
            rng = random_stream(seed + parts.root, experiment, "generate", parts.data)
            match settings["method"]:
                case "sample":
                    yield draw_pairs(rng, settings["draws"], known, space), {}
                case "fill":
                    yield fill_cells(rng, settings["scenes_per_cell"], known, space), {}
                case "describe":
                    wanted = settings["scenes_per_quantifier"]
                    yield describe_scenes(rng, wanted, known, space), {}
                case "table":
                    yield labelled_scenes(rows, list(expressions), space.max_size), {}
                case "enumerate":
                    yield enumerate_pairs(known, space), {}

    scene_files.write_trials(generated, list(expressions), generate())


if __name__ == "__main__":
    run_job(generate_data, snakemake)
