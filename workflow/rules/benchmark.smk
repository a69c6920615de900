"""How fast this machine trains: one run measures the compiled core and what it is compared with.

    snakemake --cores 1 benchmark

Nothing else should run on the machine meanwhile.
"""

DRAWINGS = sorted(path.stem.removeprefix("draw_") for path in ROOT.glob("scripts/draw_*.py"))


wildcard_constraints:
    drawing="|".join(DRAWINGS),


rule measure_speed:
    output:
        benchmark="results/benchmark/tables/benchmark.csv",
        machine="results/benchmark/tables/machine.csv",
    log:
        "results/benchmark/logs/measure_speed.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
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
        benchmark=rules.measure_speed.output.benchmark,
    output:
        svg=report(
            "results/benchmark/figures/{drawing}.svg",
            caption="../report/figure.rst",
            category="benchmark",
            labels={"figure": "{drawing}"},
        ),
        pdf="results/benchmark/figures/{drawing}.pdf",
        png="results/benchmark/figures/{drawing}.png",
    log:
        "results/benchmark/logs/draw/{drawing}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        caption=lambda wildcards: caption(f"draw_{wildcards.drawing}"),
        code=lambda wildcards: code(f"draw_{wildcards.drawing}"),
    script:
        "../../scripts/draw_{wildcards.drawing}.py"
