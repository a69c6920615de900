"""From tables and figures to notebooks: one for each experiment, one of all pairs of a page."""


def notebook(name):
    """A notebook of the workflow."""
    return from_here(f"workflow/notebooks/{name}.ipynb")


@cache
def digest_of_notebook(name):
    """The digest of a notebook and of the library it imports."""
    return code_digest([ROOT / f"workflow/notebooks/{name}.ipynb"], ROOT / "scripts")


def library_of(name):
    """A param: `digest_of_notebook`, found when a job needs it, as that of a script is."""
    return lambda wildcards: digest_of_notebook(name)


def heading_of(page):
    """The title of a report, in its crate."""
    return "All experiments" if page == "index" else CHAPTER_TITLES[page]


def static_files():
    """The styles and scripts of the site."""
    return sorted(path for path in ROOT.glob("workflow/report/static/**/*") if path.is_file())


rule render_experiment:
    input:
        notebook=notebook("experiment"),
        training_trials=every_job("trials.csv"),
        trials=rules.aggregate.output.trials,
        cells=rules.aggregate.output.cells,
        convergence=rules.aggregate.output.convergence,
        verdicts=rules.compare.output.verdicts,
        comparison=rules.compare.output.comparison,
        samples=rules.sample_hyperparameters.output.samples,
        leaderboard=rules.leaderboard.output.leaderboard,
        baselines=rules.measure_baselines.output.baselines,
        figures=lambda wildcards: figures_of(wildcards.experiment),
        texts=lambda wildcards: list(figure_texts(wildcards.experiment).values()),
    output:
        executed="results/{experiment}/notebooks/experiment.ipynb",
    log:
        "results/{experiment}/logs/render_experiment.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        parameters=lambda wildcards, input: {
            "settings": EXPERIMENTS[wildcards.experiment],
            "samples": input.samples,
            "figures": {Path(path).stem: path for path in input.figures},
            "captions": {
                Path(path).stem: outline(Path(path).stem).caption for path in input.figures
            },
            "texts": {Path(path).stem: path for path in input.texts},
        },
        code=code("render_notebook"),
        library=library_of("experiment"),
    script:
        "../../scripts/render_notebook.py"


rule render_pairs:
    input:
        notebook=notebook("pairs"),
        overview=rules.overview.output.overview,
        as_run=rules.overview.output.as_run,
    output:
        executed="results/report/{page}/notebooks/pairs.ipynb",
    log:
        "results/report/logs/render_pairs/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        parameters=lambda wildcards, input: {"overview": input.overview, "as_run": input.as_run},
        code=code("render_notebook"),
        library=library_of("pairs"),
    script:
        "../../scripts/render_notebook.py"
