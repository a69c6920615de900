"""What all rules share: the checked settings, and short ways to ask them."""

import json
import math
import os
import shlex
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from snakemake.logging import logger

ROOT = Path(workflow.current_basedir).parents[1]
# A module of another workflow, whose command line and config/config.yaml are that workflow's own.
IN_MODULE = not workflow.modifier.is_main_snakefile()
sys.path.insert(0, str(ROOT / "scripts"))

from quantlearn.pipeline.code_version import code_digest, leave_out_the_shells

leave_out_the_shells(ROOT / "scripts")

from quantlearn.data.published import trial_files
from quantlearn.settings.load import load_settings
from quantlearn.figures.registry import FIGURES, FILES, data_of, module_of, outline, template_of
from quantlearn.settings.memory import training_effort
from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.display import set_up
from quantlearn.pipeline.faults import (
    end_no_script,
    impossible_place,
    killed_jobs,
    unwritable_folders,
)
from quantlearn.pipeline.run_record import names_of_overlays, read_overlays
from quantlearn.settings.memory import data_needs, largest_need, machine_memory
from quantlearn.settings.protocol import CHAPTERS as KNOWN_CHAPTERS
from quantlearn.settings.protocol import named_and_generated, published_columns, trials_lacking
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.yamlfile import read_mapping

in_conda = "conda" in map(str, workflow.deployment_settings.deployment_method)
needed = "quantifiers.yaml" if IN_MODULE else "config.yaml"
if why := impossible_place(ROOT, os.name, sys.executable, in_conda, needed):
    sys.exit(why)

# Here, before anything is said; None where Snakemake was asked for its own lines.
DISPLAY = (
    set_up(logger, workflow.output_settings, "results/report/live.html", lambda: found())
    if workflow.is_main_process and not IN_MODULE
    else None
)

# Files laid over config.yaml, and settings of the command line but for a folder, which is nobody's
# business.
LAID_OVER = [] if IN_MODULE else list(map(os.path.relpath, workflow.overwrite_configfiles))
SET = {} if IN_MODULE else dict(workflow.config_settings.config)
SET.pop("published", None)
RECORD = Path("results/report/index/record.json")
# Snakemake's report is of a finished run: where it is told nothing, it takes what this one had.
REPORTED = "--report" in sys.argv and not (LAID_OVER or SET or IN_MODULE) and RECORD.exists()

if "--report" in sys.argv:
    end_no_script()

try:
    # Snakemake's own reader would not say where a file does not parse.
    if not IN_MODULE:
        read_mapping(Path("config/config.yaml"))
    if REPORTED:
        LAID_OVER, SET = read_overlays(RECORD, Path(".snakemake", "overlays"))
except QuantlearnError as fault:
    sys.exit(str(fault))


configfile: "config/config.yaml"


if REPORTED:
    for path in LAID_OVER:

        configfile: path

    config.update(SET)


# Whoever shares out GPUs wants them. A profile cannot say so by its config:, in whose place comes any
# --config. Jobs are told as by --config.
counted = dict(workflow.resource_settings.resources).get("gpu")  # its own get makes up what is not
if config.get("device") == "auto" and counted is not None and counted.value and not IN_MODULE:
    config["device"] = "cuda"
    workflow.config_settings.config_args = [*workflow.config_settings.config_args, "device=cuda"]

try:
    # Only here: a job, which reads the settings again, may be given less, and on a cluster more.
    # Which executor it will be is not known yet, but one that is not local is given --jobs.
    here = workflow.is_main_process and workflow.resource_settings.nodes is None
    MEMORY = machine_memory() if here else None
    SETTINGS = load_settings(config, Path("config"), LAID_OVER, MEMORY)
except QuantlearnError as fault:
    # Not a WorkflowError: that would surround the lines with places in this file.
    sys.exit(str(fault))

EXPERIMENTS = SETTINGS.experiments
NAMES_OF_OVERLAYS = names_of_overlays(LAID_OVER)
CHAPTERS = sorted({experiment["chapter"] for experiment in EXPERIMENTS.values()})
KINDS = ["svg", "pdf", "png"]


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    job=r"\d+",
    page="|".join(["index", *CHAPTERS]),


@cache
def digest_of_code(script, *figures):
    """The digest of a script and of all it imports, with the files and templates of some figures."""
    files = [module_of(figure) for figure in figures]
    texts = [path for path in map(template_of, figures) if path.exists() and script != "plot"]
    return code_digest([ROOT / "scripts" / f"{script}.py", *files, *texts], ROOT / "scripts")


def code(script, *figures):
    """A param: `digest_of_code`, so that editing the library runs the script again.

    It is found when a job needs it: each job of a scheduler reads all rules, and has one.
    """
    return lambda wildcards: digest_of_code(script, *figures)


def setting(*keys):
    """A param: part of the experiment's settings, by the path of keys to it."""

    def ask(wildcards):
        value = EXPERIMENTS[wildcards.experiment]
        for key in keys:
            value = value[key]
        return value

    return ask


def without_words(name, but=()):
    """The settings of an experiment without what readers alone look at: a new title makes no table.

    ``but`` are words that a table holds. None where there is no such experiment.
    """
    words = {"title", "question", "source", "chapter", "chapter_title", "figures"}.difference(but)
    return name and {key: value for key, value in EXPERIMENTS[name].items() if key not in words}


def from_here(path):
    """A file of the workflow, relative to where it runs: results hold no machine's paths."""
    return local(os.path.relpath(ROOT / path))


in_module = workflow.modifier.path_modifier.modify


def placed(path):
    """A path in results/ as a param. Only inputs and outputs get the prefix of a module by themselves."""
    return str(in_module(path))
