"""From tables to figures: analyses make a figure's tables and text, one job draws an experiment's.

A figure is a file in scripts/quantlearn/figures/, which says what it reads and makes.
"""


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


def placed_texts(experiment):
    """A param: the texts of `figure_texts`."""
    return {figure: placed(path) for figure, path in figure_texts(experiment).items()}


ANALYSES = [figure for figure in FIGURES if outline(figure).tables]


def files_of(name, result):
    """The files of a result of an experiment, by its name in FILES."""
    jobs = range(len(samples_by_job(name))) if "{job}" in FILES[result] else [None]
    return [f"results/{name}/{FILES[result].format(job=job)}" for job in jobs]


def with_beside(wildcards):
    """The experiment, and those whose tables its figures may read as well."""
    return [wildcards.experiment, *EXPERIMENTS[wildcards.experiment]["beside"]]


def read_by(figure):
    """An input: what the tables of a figure are made of."""
    return lambda wildcards: [
        path
        for name in with_beside(wildcards)
        for result in outline(figure).reads
        if result in FILES and (result != "published" or has_published(name))
        for path in files_of(name, result)
    ]


def source_read_by(figure):
    """An input: samples.csv and scenes of the experiment that networks start from, where read."""
    if "source" not in outline(figure).reads:
        return []
    return lambda wildcards: [
        *source("samples.csv")(wildcards),
        *source("data/split.parquet")(wildcards),
    ]


for figure in ANALYSES:

    rule:
        name:
            f"analyse_{figure}"
        input:
            samples=lambda wildcards: [
                f"results/{name}/samples.csv" for name in with_beside(wildcards)
            ],
            read=read_by(figure),
            source=source_read_by(figure),
        output:
            made=[f"results/{{experiment}}/tables/{table}.csv" for table in outline(figure).tables],
            text=f"results/{{experiment}}/figures/{figure}.md",
        log:
            f"results/{{experiment}}/logs/analyse_{figure}.log",
        group:
            "analysis"
        conda:
            "../../envs/quantlearn.yaml"
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            figure=figure,
            settings=lambda wildcards: [without_words(name) for name in with_beside(wildcards)],
            source_settings=lambda wildcards: without_words(
                EXPERIMENTS[wildcards.experiment]["start_from"]
            ),
            seed=SETTINGS.seed,
            code=code("analyse", figure),
        script:
            "../../scripts/analyse.py"


# Outputs cannot depend on a wildcard, so each experiment has a rule of its own.
for name, settings in EXPERIMENTS.items():

    rule:
        name:
            f"plot_{name}"
        input:
            curves=f"results/{name}/tables/curves.parquet",
            cells=f"results/{name}/tables/cells.parquet",
            trials=f"results/{name}/tables/trials.csv",
            convergence=f"results/{name}/tables/convergence.csv",
            verdicts=f"results/{name}/tables/verdicts.csv",
            comparison=f"results/{name}/tables/comparison.csv",
            leaderboard=f"results/{name}/tables/leaderboard.csv",
            baselines=f"results/{name}/tables/baselines.csv",
            baseline_cells=f"results/{name}/tables/baseline_cells.parquet",
            samples=f"results/{name}/samples.csv",
            published=files_of(name, "published") if has_published(name) else [],
            made=[
                f"results/{name}/tables/{table}.csv"
                for figure in settings["figures"]
                for table in outline(figure).tables
            ],
        output:
            svg=[
                report(
                    f"results/{name}/figures/{figure}.svg",
                    caption="../report/figures.rst",
                    category=name,
                    labels={"figure": figure},
                )
                for figure in settings["figures"]
            ],
            pdf=expand(f"results/{name}/figures/{{figure}}.pdf", figure=settings["figures"]),
            png=expand(f"results/{name}/figures/{{figure}}.png", figure=settings["figures"]),
        log:
            f"results/{name}/logs/plot.log",
        group:
            "analysis"
        conda:
            "../../envs/quantlearn.yaml"
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            settings=settings,
            captions={figure: outline(figure).caption for figure in settings["figures"]},
            code=code("plot", *settings["figures"]),
        script:
            "../../scripts/plot.py"


rule draw_overview:
    input:
        made=[rules.overview.output.overview],
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
        "results/report/logs/draw_overview/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        figure="overview",
        caption=outline("overview").caption,
        code=code("draw", "overview"),
    script:
        "../../scripts/draw.py"
