"""From tables to pictures: a figure is one script, its docstring the caption."""


rule plot:
    input:
        curves=rules.aggregate.output.curves,
        cells=rules.aggregate.output.cells,
        trials=rules.aggregate.output.trials,
        convergence=rules.aggregate.output.convergence,
        comparison=rules.compare.output.comparison,
        leaderboard=rules.leaderboard.output.leaderboard,
        baselines=rules.measure_baselines.output.baselines,
        baseline_cells=rules.measure_baselines.output.baseline_cells,
        numbers=lambda wildcards: (
            expand(rules.analyse.output.numbers, analysis=wildcards.figure, **wildcards)[0]
            if wildcards.figure in ANALYSES
            else []
        ),
    output:
        svg=report(
            "results/{experiment}/figures/{figure}.svg",
            caption="../report/figure.rst",
            category="{experiment}",
            labels={"figure": "{figure}"},
        ),
        pdf="results/{experiment}/figures/{figure}.pdf",
        png="results/{experiment}/figures/{figure}.png",
    log:
        "results/{experiment}/logs/plot/{figure}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=setting(),
        caption=lambda wildcards: caption(f"plot_{wildcards.figure}"),
        code=lambda wildcards: code(f"plot_{wildcards.figure}"),
    script:
        "../../scripts/plot_{wildcards.figure}.py"


rule plot_overview:
    input:
        overview=rules.overview.output.overview,
    output:
        svg=report(
            "results/report/{page}/figures/overview.svg",
            caption="../report/figure.rst",
            category="overview",
            labels={"figure": "overview of {page}"},
        ),
        pdf="results/report/{page}/figures/overview.pdf",
        png="results/report/{page}/figures/overview.png",
    log:
        "results/report/logs/plot_overview/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        caption=caption("plot_overview"),
        code=code("plot_overview"),
    script:
        "../../scripts/plot_overview.py"
