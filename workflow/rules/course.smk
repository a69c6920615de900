"""The course: a tutorial, step by step, computed; its parts stand in front of the chapter.

A part is a notebook, workflow/notebooks/course_<part>.ipynb, which shows experiments of several
chapters.
"""

COURSE_EXAMPLE = "tutorial"  # the experiment that the course takes apart
# The parts of the course in their order, with the experiments that each shows.
COURSE_PARTS = {
    "computation": [],
    "learning": [],
    "experiment": ["tutorial", "tutorial_one_hot", "tutorial_variations", "exp1a"],
    "practice": [
        "balancing_none",
        "balancing_rare_none",
        "overfitting",
        "regularisation",
        "search_random",
        "tasks_search",
    ],
    "further": [
        "growing_scenes",
        "hidden_states",
        "description",
        "language_model",
        "finetuning",
        "transfer",
        "tasks",
    ],
}


def course_on(page):
    """The parts of the course, executed, on the pages that show its example; else nothing."""
    parts = COURSE_PARTS if COURSE_EXAMPLE in experiments_of(page) else []
    return [f"results/course/{part}.ipynb" for part in parts]


def shown_in(part):
    """The experiments that a part of the course shows, as far as they are part of the run."""
    return [name for name in COURSE_PARTS[part] if name in EXPERIMENTS]


def exhibits_of(part):
    """What a part of the course gets of its experiments (quantlearn.report.course.shown.Exhibits)."""
    exhibits = {}
    for name in shown_in(part):
        figures = EXPERIMENTS[name]["figures"]
        exhibits[name] = {
            "settings": EXPERIMENTS[name],
            "samples": placed(f"results/{name}/samples.csv"),
            "figures": {
                figure: placed(f"results/{name}/figures/{figure}.svg") for figure in figures
            },
            "captions": {figure: outline(figure).caption for figure in figures},
            "texts": placed_texts(name),
        }
    return exhibits


def course_parameters(wildcards, input):
    """The parameters of a part's notebook."""
    parameters = {"exhibits": exhibits_of(wildcards.part), "seed": SETTINGS.seed}
    if not COURSE_PARTS[wildcards.part]:
        del parameters["exhibits"]
    if wildcards.part == "experiment":
        parameters["record"] = str(input.record)
    if wildcards.part == "practice":
        parameters |= {
            "profile": str(input.profile),
            "record": str(input.record),
        }
    return parameters


wildcard_constraints:
    part="|".join(COURSE_PARTS),


rule render_course:
    input:
        notebook=lambda wildcards: notebook(f"course_{wildcards.part}"),
        exhibits=lambda wildcards: [
            path
            for name in shown_in(wildcards.part)
            for path in (*tables_of(name), *figures_of(name), *figure_texts(name).values())
        ],
        # For those that write it shows what a network expects and where it looks.
        weights=lambda wildcards: [
            path
            for name in shown_in(wildcards.part)
            if EXPERIMENTS[name]["task"] in WRITING
            for path in files_of(name, "weights")
        ],
        profile=from_here("workflow/profiles/slurm/config.yaml"),
        record="results/report/course/record.json",
    output:
        executed="results/course/{part}.ipynb",
    log:
        "results/course/logs/render_course/{part}.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        parameters=course_parameters,
        code=code("render_notebook"),
        library=lambda wildcards: digest_of_notebook(f"course_{wildcards.part}"),
    script:
        "../../scripts/render_notebook.py"
