"""How fast this machine trains: one run measures the compiled core and what it is compared with.

    snakemake --cores 1 benchmark

Nothing else should run on the machine meanwhile. Of Snakemake's own jobs none does: the measuring
one takes all cores, though it uses one, and comes first, when none of them is taken.
"""

DRAWINGS = ["speedup", "cost"]


wildcard_constraints:
    drawing="|".join(DRAWINGS),


rule measure_speed:
    output:
        benchmark="results/benchmark/tables/benchmark.csv",
        machine="results/benchmark/tables/machine.csv",
    log:
        "results/benchmark/logs/measure_speed.log",
    priority: 100
    conda:
        "../../envs/quantlearn.yaml"
    # On a cluster without --cores, it is for the scheduler to keep the node free.
    threads: workflow.resource_settings.cores or 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=SETTINGS.benchmark,
        code=code("measure_speed"),
    script:
        "../../scripts/measure_speed.py"


rule draw:
    input:
        made=lambda wildcards: [
            f"results/benchmark/tables/{table}.csv" for table in outline(wildcards.drawing).tables
        ],
    output:
        svg=report(
            "results/benchmark/figures/{drawing}.svg",
            caption="../report/figure.rst",
            category="benchmark",
            labels={"figure": "{drawing}"},
        ),
        pdf="results/benchmark/figures/{drawing}.pdf",
        png="results/benchmark/figures/{drawing}.png",
        text="results/benchmark/figures/{drawing}.md",
    log:
        "results/benchmark/logs/draw/{drawing}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure=lambda wildcards: wildcards.drawing,
        caption=lambda wildcards: outline(wildcards.drawing).caption,
        code=lambda wildcards: digest_of_code("draw", wildcards.drawing),
    script:
        "../../scripts/draw.py"


rule render_benchmark:
    input:
        notebook=notebook("benchmark"),
        figures=expand("results/benchmark/figures/{drawing}.svg", drawing=DRAWINGS),
        texts=expand("results/benchmark/figures/{drawing}.md", drawing=DRAWINGS),
    output:
        executed="results/benchmark/notebooks/benchmark.ipynb",
    log:
        "results/benchmark/logs/render_benchmark.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        parameters=lambda wildcards, input: {
            "figures": dict(zip(DRAWINGS, input.figures)),
            "captions": {drawing: outline(drawing).caption for drawing in DRAWINGS},
            "texts": dict(zip(DRAWINGS, input.texts)),
        },
        code=code("render_notebook"),
        library=library_of("benchmark"),
    script:
        "../../scripts/render_notebook.py"
