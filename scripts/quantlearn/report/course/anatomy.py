"""The parts of an experiment, with the rules of the pipeline that do them and what they leave."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from quantlearn.figures import formats
from quantlearn.figures.experiment import Experiment
from quantlearn.report.experiment_page import how_run

__all__ = ["PARTS", "anatomy", "record_contents"]

PARTS = (
    ("Parameters", "sample_hyperparameters", "samples.csv"),
    ("Data", "generate_data, balance_data", "data/balanced.parquet"),
    ("Split", "split_data", "data/split.parquet"),
    ("Model", "train", "training/0/weights.safetensors"),
    ("Training", "train", "training/0/trials.csv"),
    ("Evaluation", "train", "training/0/curves.parquet"),
    ("Analysis: is it learned?", "aggregate", "tables/convergence.csv"),
    ("Analysis: which one sooner?", "compare", "tables/comparison.csv"),
    ("Analysis: pictures and text", "plot_{name}, render_experiment", "notebooks/experiment.html"),
)
"""Each part with its rules and a file that they leave, below the experiment's folder of results.

Where {name} is in the name of a rule, each experiment has its own.
"""


def anatomy(experiment: Experiment) -> pd.DataFrame:
    """The parts of an experiment: what the settings say about each, the rules, and their files."""
    settings, how = experiment.settings, how_run(experiment)
    trials = formats.counted(experiment.trials["trial"].nunique(), "trial")
    answers = {
        "Parameters": f"config/experiments/{settings['name']}.yaml; {trials}",
        "Data": f"{how['Scenes']}. Balance: {how['Balance']}",
        "Split": how["Split"],
        "Model": how["Network"],
        "Training": how["Training"],
        "Evaluation": how["Evaluation"],
        "Analysis: is it learned?": how["Learned when"],
        "Analysis: which one sooner?": formats.listed(
            f"{easy} against {hard}".replace("_", " ") for easy, hard in settings["comparisons"]
        ),
        "Analysis: pictures and text": formats.listed(
            figure.replace("_", " ") for figure in settings["figures"]
        ),
    }
    return pd.DataFrame(
        [
            (part, answers[part], rules.replace("{name}", settings["name"]), file)
            for part, rules, file in PARTS
        ],
        columns=["Part", "Here", "Rules", "Leaves"],
    )


def record_contents(record: Mapping[str, Any]) -> pd.DataFrame:
    """What the record of a page of the report keeps, in words."""
    settings, code, machine = (record[key] for key in ("settings", "code", "machine"))
    experiments = formats.counted(len(settings["experiments"]), "experiment")
    return pd.DataFrame(
        [
            ("made", "when it was written"),
            ("settings", f"root seed {settings['seed']}, all settings of {experiments}"),
            ("code", f"the commit, and {len(code['digests'])} digests of scripts and figures"),
            ("packages", f"the versions of {formats.counted(len(record['packages']), 'package')}"),
            (
                "machine",
                f"processor, {formats.counted(machine['cores'], 'core')}, where networks were "
                f"trained ({formats.listed(machine['trained_on'])})",
            ),
            ("files", f"a digest of each of {formats.counted(len(record['files']), 'file')}"),
        ],
        columns=["Key", "What it keeps"],
    )
