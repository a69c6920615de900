"""From learning curves to tables: samples joined, quantifiers compared, experiments overlooked."""


def in_search(file):
    """An input: this file if the experiment is a search, else nothing."""
    return lambda wildcards: expand(file, **wildcards) if is_search(wildcards) else []


def experiments_of(page):
    """The experiments on a page of the report: all of them, or those of one chapter."""
    return [
        name for name, experiment in EXPERIMENTS.items() if page in ("index", experiment["chapter"])
    ]


def on_page(file):
    """An input: this file of every experiment on the page."""
    return lambda wildcards: [f"results/{name}/{file}" for name in experiments_of(wildcards.page)]


rule aggregate:
    input:
        samples=rules.sample_hyperparameters.output.samples,
        training_curves=every_job("curves.parquet"),
        training_trials=every_job("trials.csv"),
        training_cells=every_job("cells.parquet"),
        chosen_trials=in_search(rules.open_test.output.chosen_trials),
        chosen_cells=in_search(rules.open_test.output.chosen_cells),
    output:
        curves="results/{experiment}/tables/curves.parquet",
        trials="results/{experiment}/tables/trials.csv",
        cells="results/{experiment}/tables/cells.parquet",
        convergence="results/{experiment}/tables/convergence.csv",
    log:
        "results/{experiment}/logs/aggregate.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        quantifiers=setting("quantifiers"),
        untaught=setting("data", "split", "only_test", "quantifiers"),
        monitor=setting("training", "monitor"),
        criterion=setting("convergence"),
        code=code("aggregate"),
    script:
        "../../scripts/aggregate.py"


rule measure_baselines:
    input:
        split_scenes=rules.split_data.output.split_scenes,
    output:
        baselines="results/{experiment}/tables/baselines.csv",
        baseline_cells="results/{experiment}/tables/baseline_cells.parquet",
    log:
        "results/{experiment}/logs/measure_baselines.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: memory_of_data(wildcards.experiment) * attempt,
        runtime=10,
    params:
        quantifiers=setting("quantifiers"),
        code=code("measure_baselines"),
    script:
        "../../scripts/measure_baselines.py"


def has_published(experiment):
    """Whether the public data of 2019 are shown beside the experiment."""
    return "published" in EXPERIMENTS[experiment]["figures"]


def public_trials(wildcards):
    """An input: the published trials of the experiment of 2019 that this one repeats."""
    study = EXPERIMENTS[wildcards.experiment]["replicates"]["study"]
    return [local(str(path)) for path in trial_files(SETTINGS.published, study)]


rule read_published:
    input:
        trials=public_trials,
    output:
        published="results/{experiment}/tables/published.csv",
    log:
        "results/{experiment}/logs/read_published.log",
    # No other experiment has public data beside it.
    wildcard_constraints:
        experiment="|".join(filter(has_published, EXPERIMENTS)) or "none",
    # Before all that takes time: what is in the files of others is known only then.
    priority: 100
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        accuracies=lambda wildcards: published_columns(EXPERIMENTS[wildcards.experiment]),
        criterion=setting("convergence"),
        code=code("read_published"),
    script:
        "../../scripts/read_published.py"


rule leaderboard:
    input:
        samples=rules.sample_hyperparameters.output.samples,
        trials=rules.aggregate.output.trials,
    output:
        leaderboard="results/{experiment}/tables/leaderboard.csv",
    log:
        "results/{experiment}/logs/leaderboard.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        search=setting("search"),
        code=code("leaderboard"),
    script:
        "../../scripts/leaderboard.py"


rule compare:
    input:
        curves=rules.aggregate.output.curves,
        convergence=rules.aggregate.output.convergence,
        trials=rules.aggregate.output.trials,
        samples=rules.sample_hyperparameters.output.samples,
    output:
        verdicts=report(
            "results/{experiment}/tables/verdicts.csv",
            caption="../report/verdicts.rst",
            category="{experiment}",
            labels={"figure": "table of verdicts"},
        ),
        comparison="results/{experiment}/tables/comparison.csv",
    log:
        "results/{experiment}/logs/compare.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=lambda wildcards: without_words(wildcards.experiment, but=["chapter"]),
        code=code("compare"),
    script:
        "../../scripts/compare.py"


rule overview:
    input:
        samples=on_page("samples.csv"),
        verdicts=on_page("tables/verdicts.csv"),
        convergences=on_page("tables/convergence.csv"),
        leaderboards=on_page("tables/leaderboard.csv"),
        baselines=on_page("tables/baselines.csv"),
    output:
        overview=report(
            "results/report/{page}/overview.csv",
            caption="../report/overview.rst",
            category="overview",
            labels={"figure": "table of pairs of {page}"},
        ),
        as_run=report(
            "results/report/{page}/as_run.csv",
            caption="../report/as_run.rst",
            category="overview",
            labels={"figure": "table of twins of {page}"},
        ),
    log:
        "results/report/logs/overview/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=lambda wildcards: [EXPERIMENTS[name] for name in experiments_of(wildcards.page)],
        code=code("overview"),
    script:
        "../../scripts/overview.py"
