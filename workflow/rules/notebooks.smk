"""From tables and figures to notebooks: one for each experiment, one over all of a page."""


def notebook(name):
    """A notebook of the workflow."""
    return from_here(f"workflow/notebooks/{name}.ipynb")


@cache
def library_of(name):
    """The digest of a notebook and of the library it imports."""
    return code_digest([ROOT / f"workflow/notebooks/{name}.ipynb"], ROOT / "scripts")


def heading_of(page):
    """The title of a page of the report."""
    return "All experiments" if page == "index" else CHAPTER_TITLES[page]


def summary_of(page):
    """The heading over the tables of a page, which is not that of a chapter on the same page."""
    return "All experiments" if page == "index" else "In short"


rule render_experiment:
    input:
        notebook=notebook("experiment"),
        template=from_here("workflow/report/page.html.j2"),
        stylesheet=from_here("workflow/report/page.css"),
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
        page=report(
            "results/{experiment}/notebooks/experiment.html",
            caption="../report/experiment.rst",
            category="{experiment}",
            labels={"figure": "notebook"},
        ),
    log:
        "results/{experiment}/logs/render_experiment.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=setting("title"),
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


rule render_summary:
    input:
        notebook=notebook("report"),
        template=from_here("workflow/report/page.html.j2"),
        stylesheet=from_here("workflow/report/page.css"),
        overview=rules.overview.output.overview,
        as_run=rules.overview.output.as_run,
        figure=rules.draw_overview.output.svg,
        texts=lambda wildcards: [
            path for name in experiments_of(wildcards.page) for path in figure_texts(name).values()
        ],
    output:
        executed="results/report/{page}/notebooks/report.ipynb",
        page=report(
            "results/report/{page}/notebooks/report.html",
            caption="../report/summary.rst",
            category="overview",
            labels={"figure": "notebook of {page}"},
        ),
    log:
        "results/report/logs/render_summary/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        title=lambda wildcards: heading_of(wildcards.page),
        parameters=lambda wildcards, input: {
            "heading": summary_of(wildcards.page),
            "settings": [EXPERIMENTS[name] for name in experiments_of(wildcards.page)],
            "overview": input.overview,
            "as_run": input.as_run,
            "figure": input.figure,
            "caption": outline("overview").caption,
            "texts": {name: figure_texts(name) for name in experiments_of(wildcards.page)},
        },
        code=code("render_notebook"),
        library=library_of("report"),
    script:
        "../../scripts/render_notebook.py"
