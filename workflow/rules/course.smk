"""The course page: each step of the tutorial, computed; in front of the chapter's experiments."""

# The experiment that the course takes apart, and those that show what helps in practice.
EXAMPLE = "tutorial"
PRACTICE = [
    name
    for name in ("balancing_none", "overfitting", "regularisation", "search_random")
    if name in EXPERIMENTS
]


def course_on(page):
    """The course, executed, on the pages that show its example; nothing on the others."""
    return ["results/course/course.ipynb"] if EXAMPLE in experiments_of(page) else []


def main_analysis(experiment):
    """The first figure of an experiment that is an analysis."""
    return next(name for name in EXPERIMENTS[experiment]["figures"] if name in ANALYSES)


rule render_course:
    input:
        notebook=notebook("course"),
        template=from_here("workflow/report/page.html.j2"),
        stylesheet=from_here("workflow/report/page.css"),
        trials=expand(rules.aggregate.output.trials, experiment=EXAMPLE),
        cells=expand(rules.aggregate.output.cells, experiment=EXAMPLE),
        convergence=expand(rules.aggregate.output.convergence, experiment=EXAMPLE),
        comparison=expand(rules.compare.output.comparison, experiment=EXAMPLE),
        samples=expand(rules.sample_hyperparameters.output.samples, experiment=EXAMPLE),
        leaderboard=expand(rules.leaderboard.output.leaderboard, experiment=EXAMPLE),
        example=expand(rules.render_experiment.output.page, experiment=EXAMPLE),
        practice=[f"results/{name}/tables/{main_analysis(name)}.csv" for name in PRACTICE],
        practice_pages=expand(rules.render_experiment.output.page, experiment=PRACTICE),
        record="results/report/course/record.json",
    output:
        executed="results/course/course.ipynb",
        page=report(
            "results/course/course.html",
            caption="../report/course.rst",
            category="overview",
            labels={"figure": "the course"},
        ),
    log:
        "results/course/logs/render_course.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        title="From a neuron to an experiment",
        parameters=lambda wildcards, input: {
            "settings": EXPERIMENTS[EXAMPLE],
            "tables": {
                table: str(input[table])
                for table in (
                    *("trials", "cells", "convergence", "comparison"),
                    *("samples", "leaderboard"),
                )
            },
            "record": str(input.record),
            "practice": [
                {
                    "settings": EXPERIMENTS[name],
                    "analysis": main_analysis(name),
                    "numbers": numbers,
                }
                for name, numbers in zip(PRACTICE, input.practice)
            ],
            "seed": SETTINGS.seed,
        },
        code=code("render_notebook"),
        library=library_of("course"),
    script:
        "../../scripts/render_notebook.py"
