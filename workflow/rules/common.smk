"""What all rules share: the checked settings, and short ways to ask them."""

import math
import os
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from quantlearn.settings.load import load_settings
from quantlearn.figures.registry import FIGURES, FILES, module_of, outline, template_of
from quantlearn.pipeline.code_version import code_digest
from quantlearn.settings.memory import training_effort
from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.faults import killed_jobs, unwritable_folders
from quantlearn.settings.memory import data_needs, largest_need, machine_memory
from quantlearn.semantics.quantifiers import Quantifier
from quantlearn.semantics.scenes_in_words import WRITING
from quantlearn.yamlfile import read_mapping

try:
    # Snakemake's own reader would not say where a file does not parse.
    read_mapping(Path("config/config.yaml"))
except QuantlearnError as fault:
    sys.exit(str(fault))


configfile: "config/config.yaml"


try:
    # Only here: a job, which reads the settings again, may be given less, and on a cluster more.
    MEMORY = machine_memory() if workflow.is_main_process and workflow.local_exec else None
    SETTINGS = load_settings(config, Path("config"), workflow.overwrite_configfiles, MEMORY)
except QuantlearnError as fault:
    # Not a WorkflowError: that would surround the lines with places in this file.
    sys.exit(str(fault))

EXPERIMENTS = SETTINGS.experiments
CHAPTER_TITLES = {
    "paper": "The 2019 experiments",
    "practice": "Practice",
    "course": "Course",
    "atlas": "Atlas",
}
CHAPTERS = sorted({experiment["chapter"] for experiment in EXPERIMENTS.values()})
COURSE_EXAMPLE = "tutorial"  # the experiment that the course takes apart
# The parts of the course in their order, with the experiments that each shows.
COURSE_PARTS = {
    "computation": ["hidden_states"],
    "learning": [],
    "experiment": ["tutorial", "tutorial_variations"],
    "practice": ["balancing_none", "overfitting", "regularisation", "search_random"],
    "further": [
        "growing_scenes",
        "description",
        "language_model",
        "finetuning",
        "transfer",
        "tasks",
    ],
}
KINDS = ["svg", "pdf", "png"]
BASELINES = ("baselines.csv", "baseline_cells.parquet")
# The files and folders of the workflow that go with a packed report.
PROJECT = [
    *("Snakefile", "Makefile", "README.md", "CONTRIBUTING.md", "LICENSE", "CITATION.cff"),
    *("workflow", "scripts", "envs", "docs", "config/README.md", "results/README.md"),
]
# What was laid over the settings, for the record of the run.
OVERLAYS = [
    *(os.path.relpath(path) for path in workflow.overwrite_configfiles),
    *(f"{key}={value}" for key, value in workflow.config_settings.config.items()),
]


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
    # The limit of jobs per second looks at all that is ready once more a second after each time that
    # it looked there, on top of the times that jobs end: after some hundred jobs Snakemake would do
    # nothing else. A limit of one's own (--max-jobs-per-timespan) stays.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


onerror:
    for own_log, line in killed_jobs("".join(Path(path).read_text() for path in log)):
        print(line, file=sys.stderr)
        with open(own_log, "a", encoding="utf-8") as file:
            print(line, file=file)


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


def is_search(wildcards):
    """Whether the experiment chooses one of its samples, and tests it only then."""
    search = EXPERIMENTS[wildcards.experiment]["search"]
    return search is not None and search["choose"]


def writes(wildcards):
    """Whether the networks of the experiment write words."""
    return EXPERIMENTS[wildcards.experiment]["task"] in WRITING


def texts_of(experiment):
    """What the networks of an experiment wrote, if they write."""
    written = EXPERIMENTS[experiment]["task"] in WRITING
    return [f"results/{experiment}/tables/texts.parquet"] if written else []


def samples_by_job(experiment):
    """The samples that each training job trains, by number; fixed settings are one sample."""
    search = EXPERIMENTS[experiment]["search"] or {"samples": 1, "samples_per_job": 1}
    samples, together = range(search["samples"]), search["samples_per_job"]
    return [list(samples[first : first + together]) for first in samples[::together]]


def quantifiers_of(experiment):
    """The quantifiers of an experiment, ready to verify."""
    return [Quantifier(*item) for item in EXPERIMENTS[experiment]["expressions"].items()]


@cache
def digits_of_effort(experiment):
    """The logarithm of the effort of the experiment's largest training jobs: about 5 to 20."""
    samples = max(map(len, samples_by_job(experiment)))
    return math.log10(
        samples * training_effort(EXPERIMENTS[experiment], quantifiers_of(experiment))
    )


def longest_first(lowest):
    """A priority, ``lowest`` or more: the higher, the longer training of the experiment takes."""
    return lambda wildcards: round(lowest + digits_of_effort(wildcards.experiment), 1)


@cache
def memory_of_training(experiment):
    """The MB that training jobs of the experiment ask for at first.

    2000, or what its largest job may need, which may be another one: that is little more.
    """
    need = largest_need(EXPERIMENTS[experiment], quantifiers_of(experiment))
    return max(2000, math.ceil(need.size / 1e8) * 100)


@cache
def memory_of_data(experiment):
    """The MB that jobs which make the experiment's data ask for at first: 1500, or more."""
    needs = data_needs(EXPERIMENTS[experiment], quantifiers_of(experiment))
    return max(1500, *(math.ceil(need.size / 1e8) * 100 for need in needs))


def every_job(file):
    """An input: this file of every training job of the experiment."""

    def paths(wildcards):
        jobs = range(len(samples_by_job(wildcards.experiment)))
        return [f"results/{wildcards.experiment}/training/{job}/{file}" for job in jobs]

    return paths


def source(file):
    """An input: this file of the experiment whose networks are starts, if there is one.

    With {job} in its name it is that of every training job.
    """

    def paths(wildcards):
        name = EXPERIMENTS[wildcards.experiment]["start_from"]
        if name is None:
            return []
        jobs = range(len(samples_by_job(name))) if "{job}" in file else [None]
        return [f"results/{name}/{file.format(job=job)}" for job in jobs]

    return paths


def in_search(file):
    """An input: this file if the experiment is a search, else nothing."""
    return lambda wildcards: expand(file, **wildcards) if is_search(wildcards) else []


def figures_of(experiment, kind="svg"):
    """The figures of an experiment, in the order in which it names them."""
    return [
        f"results/{experiment}/figures/{figure}.{kind}"
        for figure in EXPERIMENTS[experiment]["figures"]
    ]


def analyses_of(experiment):
    """The tables that an experiment's figures make, in the order of the figures."""
    return [
        f"results/{experiment}/tables/{table}.csv"
        for figure in EXPERIMENTS[experiment]["figures"]
        for table in outline(figure).tables
    ]


def figure_texts(experiment):
    """The text of each figure that has one, by its name."""
    return {
        figure: f"results/{experiment}/figures/{figure}.md"
        for figure in EXPERIMENTS[experiment]["figures"]
        if outline(figure).tables
    }


def report_files(experiment):
    """What the report offers of an experiment beside its page: figures for print, and tables."""
    tables = ["trials", "leaderboard", "convergence", "comparison", "baselines"]
    return [
        *figures_of(experiment, "pdf"),
        *(f"results/{experiment}/tables/{table}.csv" for table in tables),
        *analyses_of(experiment),
    ]


def experiments_of(page):
    """The experiments on a page of the report: all of them, or those of one chapter."""
    return [
        name for name, experiment in EXPERIMENTS.items() if page in ("index", experiment["chapter"])
    ]


def on_page(file):
    """An input: this file of every experiment on the page."""
    return lambda wildcards: [f"results/{name}/{file}" for name in experiments_of(wildcards.page)]


def course_on(page):
    """The parts of the course, executed, on the pages that show its example; else nothing."""
    parts = COURSE_PARTS if COURSE_EXAMPLE in experiments_of(page) else []
    return [f"results/course/{part}.ipynb" for part in parts]


def shown_in(part):
    """The experiments that a part of the course shows, as far as they are part of the run."""
    return [name for name in COURSE_PARTS[part] if name in EXPERIMENTS]


def exhibits_of(part):
    """What a part of the course gets of its experiments: settings, tables, figures, captions."""
    exhibits = {}
    for name in shown_in(part):
        folder, figures = f"results/{name}", EXPERIMENTS[name]["figures"]
        tables = ("trials", "cells", "convergence", "comparison", "leaderboard", "baselines")
        exhibits[name] = {
            "settings": EXPERIMENTS[name],
            "tables": {
                "samples": f"{folder}/samples.csv",
                **{
                    table: f"{folder}/tables/{table}.{'parquet' if table == 'cells' else 'csv'}"
                    for table in tables
                },
            },
            "figures": {figure: f"{folder}/figures/{figure}.svg" for figure in figures},
            "captions": {figure: outline(figure).caption for figure in figures},
            "texts": figure_texts(name),
        }
    return exhibits


def course_parameters(wildcards, input):
    """The parameters of a part's notebook."""
    parameters = {"exhibits": exhibits_of(wildcards.part), "seed": SETTINGS.seed}
    if wildcards.part == "learning":
        del parameters["exhibits"]
    if wildcards.part == "experiment":
        parameters["record"] = str(input.record)
    if wildcards.part == "practice":
        parameters |= {
            "benchmark": dict(zip(("figure", "text"), input.benchmark)),
            "benchmark_caption": outline("speedup").caption,
            "profile": str(input.profile),
            "record": str(input.record),
        }
    return parameters


def from_here(path):
    """A file of the workflow, relative to where it runs: results hold no machine's paths."""
    return os.path.relpath(ROOT / path)


def notebook(name):
    """A notebook of the workflow."""
    return from_here(f"workflow/notebooks/{name}.ipynb")


@cache
def library_of(name):
    """The digest of a notebook and of the library it imports."""
    return code_digest([ROOT / f"workflow/notebooks/{name}.ipynb"], ROOT / "scripts")


def heading_of(page):
    """The title of a page of the report."""
    return "All experiments" if page == "index" else CHAPTER_TITLES[page]


def summary_of(page):
    """The heading over the tables of a page, which is not that of a chapter on the same page."""
    return "All experiments" if page == "index" else "In short"


def tables_of(experiment):
    """The tables of an experiment that are joined over its samples, and what is found in them."""
    files = report_files(experiment)
    return [
        f"results/{experiment}/samples.csv",
        *(f"results/{experiment}/tables/{table}.parquet" for table in ("curves", "cells")),
        *texts_of(experiment),
        *(f"results/{experiment}/tables/{file}" for file in BASELINES),
        *(file for file in files if file.startswith(f"results/{experiment}/tables/")),
    ]


def has_atlas(page):
    """Whether the page shows experiments of the chapter Atlas."""
    return any(EXPERIMENTS[name]["chapter"] == "atlas" for name in experiments_of(page))


def atlas_tables(page):
    """What describes quantifiers by their meaning, on the pages that show experiments on it."""
    tables = ("degrees", "complexity", "trees", "minimal_pairs", "truth_rates")
    return [f"results/atlas/tables/{table}.csv" for table in tables] if has_atlas(page) else []


def cards_on(page):
    """The cards of the quantifiers, on the pages with the chapter that they stand in front of."""
    return ["results/atlas/cards.html"] if has_atlas(page) else []


def data_and_training_of(experiment):
    """The scenes of an experiment, what its networks start from, and what its training jobs left."""
    wildcards = SimpleNamespace(experiment=experiment)
    files = [f"data/{stage}.parquet" for stage in ("generated", "balanced", "split")]
    if is_search(wildcards):
        files += ["data/without_test.parquet", "chosen/trials.csv", "chosen/cells.parquet"]
    return [
        *(f"results/{experiment}/{file}" for file in files),
        *(
            path
            for file in ("trials.csv", "weights.safetensors")
            for path in source(f"training/{{job}}/{file}")(wildcards)
        ),
        *(
            path
            for file in ("curves.parquet", "trials.csv", "cells.parquet", "weights.safetensors")
            for path in every_job(file)(wildcards)
        ),
    ]


def settings_files(wildcards):
    """An input: the files in config/ that say what the page shows."""
    overlays = map(os.path.relpath, workflow.overwrite_configfiles)
    return [
        "config/config.yaml",
        "config/quantifiers.yaml",
        *(path for path in overlays if path.startswith("config/")),
        *(f"config/experiments/{name}.yaml" for name in experiments_of(wildcards.page)),
        *(
            ["config/generated.csv"]
            if any(EXPERIMENTS[name]["generated"] for name in experiments_of(wildcards.page))
            else []
        ),
    ]


def project_files():
    """An input: the files of the workflow, as in a clone of it."""
    paths = [path for part in PROJECT for path in (ROOT / part, *ROOT.glob(f"{part}/**/*"))]
    return [
        from_here(path)
        for path in sorted(paths)
        if path.is_file() and "__pycache__" not in path.parts
    ]
