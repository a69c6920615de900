"""What all rules share: the checked settings, and short ways to ask them."""

import math
import os
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from snakemake.logging import logger

ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from quantlearn.data.published import trial_files
from quantlearn.settings.load import load_settings
from quantlearn.figures.registry import FIGURES, FILES, data_of, module_of, outline, template_of
from quantlearn.pipeline.code_version import code_digest
from quantlearn.settings.memory import training_effort
from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.display import set_up
from quantlearn.pipeline.faults import killed_jobs, unwritable_folders
from quantlearn.pipeline.run_record import read_record
from quantlearn.settings.memory import data_needs, largest_need, machine_memory
from quantlearn.settings.protocol import CHAPTERS as KNOWN_CHAPTERS
from quantlearn.settings.protocol import named_and_generated, published_columns, trials_lacking
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.yamlfile import read_mapping

# Here, before anything is said; None where Snakemake was asked for its own lines.
DISPLAY = (
    set_up(logger, workflow.output_settings, "results/report/live.html", lambda: found())
    if workflow.is_main_process and workflow.modifier.is_main_snakefile()
    else None
)

try:
    # Snakemake's own reader would not say where a file does not parse.
    read_mapping(Path("config/config.yaml"))
except QuantlearnError as fault:
    sys.exit(str(fault))


configfile: "config/config.yaml"


# Files laid over it. Snakemake's report is of a finished run: it takes those that this one had.
LAID_OVER = list(map(os.path.relpath, workflow.overwrite_configfiles))
if "--report" in sys.argv and not LAID_OVER and Path("results/report/index/record.json").exists():
    recorded = read_record("results/report/index/record.json")["settings"]["overlays"]
    LAID_OVER = [path for path in recorded if Path(path).is_file()]
    for path in LAID_OVER:

        configfile: path


try:
    # Only here: a job, which reads the settings again, may be given less, and on a cluster more.
    MEMORY = machine_memory() if workflow.is_main_process and workflow.local_exec else None
    SETTINGS = load_settings(config, Path("config"), LAID_OVER, MEMORY)
except QuantlearnError as fault:
    # Not a WorkflowError: that would surround the lines with places in this file.
    sys.exit(str(fault))

EXPERIMENTS = SETTINGS.experiments
CHAPTERS = sorted({experiment["chapter"] for experiment in EXPERIMENTS.values()})
KINDS = ["svg", "pdf", "png"]


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    job=r"\d+",
    page="|".join(["index", *CHAPTERS]),


onstart:
    # Otherwise Snakemake would stop with a traceback at the first of these jobs.
    if lines := unwritable_folders(
        file for job in workflow.dag.needrun_jobs() for file in (*job.output, *job.log)
    ):
        sys.exit("\n".join(lines))
    trained = {
        job.wildcards.experiment for job in workflow.dag.needrun_jobs() if job.name == "train"
    }
    for name in sorted(trained):
        if needed := trials_lacking(EXPERIMENTS[name]):
            trials = EXPERIMENTS[name]["trials"]
            print(
                f"{name}: {trials} trials can show no difference; it takes {needed}",
                file=sys.stderr,
            )
    # The limit of jobs per second looks at all that is ready once more a second after each time that
    # it looked there, on top of the times that jobs end: after some hundred jobs Snakemake would do
    # nothing else. A limit of one's own (--max-jobs-per-timespan) stays.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    if DISPLAY:
        at_once = workflow.cores if workflow.local_exec else workflow.nodes
        DISPLAY.begin(jobs_to_run(), at_once, local=workflow.local_exec)


onsuccess:
    if DISPLAY:
        DISPLAY.end("done")


onerror:
    for own_log, line in killed_jobs(
        "".join(Path(path).read_text(encoding="utf-8") for path in log)
    ):
        DISPLAY.say(line) if DISPLAY else print(line, file=sys.stderr)
        with open(own_log, "a", encoding="utf-8") as file:
            print(line, file=file)
    if DISPLAY:
        DISPLAY.end("not done")


@cache
def code(script):
    """The digest of a script and of all it imports, so that editing the library re-runs it."""
    return code_digest([ROOT / "scripts" / f"{script}.py"], ROOT / "scripts")


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
    return os.path.relpath(ROOT / path)
