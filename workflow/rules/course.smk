"""The course: each step of the tutorial, computed; its parts stand in front of the chapter.

A part is a notebook, workflow/notebooks/course_<part>.ipynb, which shows experiments of several
chapters.
"""


wildcard_constraints:
    part="|".join(COURSE_PARTS),


rule render_course:
    input:
        notebook=lambda wildcards: notebook(f"course_{wildcards.part}"),
        template=from_here("workflow/report/page.html.j2"),
        stylesheet=from_here("workflow/report/page.css"),
        exhibits=lambda wildcards: [
            path
            for shown in exhibits_of(wildcards.part).values()
            for kind in ("tables", "figures", "texts")
            for path in shown[kind].values()
        ],
        pages=lambda wildcards: [
            f"results/{name}/notebooks/experiment.html" for name in shown_in(wildcards.part)
        ],
        benchmark=lambda wildcards: (
            expand("results/benchmark/figures/speedup.{kind}", kind=["svg", "md"])
            if wildcards.part == "practice" and SETTINGS.benchmark["in_report"]
            else []
        ),
        profile=from_here("workflow/profiles/slurm/config.yaml"),
        record="results/report/course/record.json",
    output:
        executed="results/course/{part}.ipynb",
        page=report(
            "results/course/{part}.html",
            caption="../report/course.rst",
            category="overview",
            labels={"figure": "the course: {part}"},
        ),
    log:
        "results/course/logs/render_course/{part}.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        title=lambda wildcards: f"Quantlearn: the course, {wildcards.part}",
        parameters=course_parameters,
        code=code("render_notebook"),
        library=lambda wildcards: library_of(f"course_{wildcards.part}"),
    script:
        "../../scripts/render_notebook.py"
