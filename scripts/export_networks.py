"""Write the networks of an experiment that verifies as a script, for readers to ask them."""

from pathlib import Path
from typing import Any

from quantlearn import tables
from quantlearn.figures.experiment import Experiment
from quantlearn.files import write_text
from quantlearn.networks.export import networks_script
from quantlearn.networks.weight_files import read_networks
from quantlearn.pipeline.jobs import run_job
from quantlearn.semantics.scenes_in_words import OBJECTS
from quantlearn.settings.protocol import learned_by_name

HARD_SCENES = 25  # of each quantifier: what a list to choose from can hold


def export_networks(
    settings: dict[str, Any], samples: str, hard_scenes: list[str], *, networks: str
) -> None:
    """Write the networks of the sample that is shown.

    samples: samples.csv of the experiment, in whose folder its other results are. hard_scenes: the
    table of that name, if there is one.
    """
    experiment = Experiment(settings, Path(samples).parent)
    chosen = experiment.sample(experiment.chosen)
    names, together = settings["quantifiers"], chosen["training"]["together"]
    learned = [*learned_by_name(names, together, settings["groups"]).values()]
    weights = read_networks(
        experiment.weights_of(experiment.chosen),
        experiment.chosen,
        range(settings["trials"] * len(learned)),
    )
    hard = [row for path in hard_scenes for row in _rows(path)]
    write_text(networks_script(settings, chosen["network"], weights, learned, hard), networks)


def _rows(path: str) -> list[dict[str, Any]]:
    """The hardest scenes of each quantifier, as zone codes."""
    # Without the schema of its figure, whose import costs more than the rest of this script.
    table = tables.read_csv(path, {})
    rows = table.groupby("quantifier", sort=False).head(HARD_SCENES).to_dict("records")
    return [
        {
            "quantifier": row["quantifier"],
            "scene": [OBJECTS.index(word) for word in row["scene"].split()],
            "wrong": row["wrong"],
        }
        for row in rows
    ]


if __name__ == "__main__":
    run_job(export_networks, snakemake)
