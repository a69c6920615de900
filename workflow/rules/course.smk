"""The course page: each step of the tutorial, computed; in front of the chapter's experiments."""

# Experiments of the chapter Practice, in the order of the course.
PRACTICE = [
    name
    for name in ("balancing_none", "overfitting", "regularisation", "search_random")
    if name in EXPERIMENTS
]


rule render_course:
    input:
        notebook=notebook("course"),
        template=from_here("workflow/report/page.html.j2"),
        stylesheet=from_here("workflow/report/page.css"),
        trials=expand(rules.aggregate.output.trials, experiment=COURSE_EXAMPLE),
        cells=expand(rules.aggregate.output.cells, experiment=COURSE_EXAMPLE),
        convergence=expand(rules.aggregate.output.convergence, experiment=COURSE_EXAMPLE),
        comparison=expand(rules.compare.output.comparison, experiment=COURSE_EXAMPLE),
        baselines=expand(rules.measure_baselines.output.baselines, experiment=COURSE_EXAMPLE),
        samples=expand(rules.sample_hyperparameters.output.samples, experiment=COURSE_EXAMPLE),
        leaderboard=expand(rules.leaderboard.output.leaderboard, experiment=COURSE_EXAMPLE),
        example=expand(rules.render_experiment.output.page, experiment=COURSE_EXAMPLE),
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
            "settings": EXPERIMENTS[COURSE_EXAMPLE],
            "tables": {
                table: str(input[table])
                for table in (
                    *("trials", "cells", "convergence", "comparison"),
                    *("samples", "leaderboard", "baselines"),
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
