"""From notebooks to the report: one file for each chapter, and index.html with all of them."""

CHAPTER_TITLES = {
    "paper": "The 2019 experiments",
    "practice": "Practice",
    "course": "Course",
    "atlas": "Atlas",
    "controls": "Controls",
    "calibrate": "Calibration",
}


def report_files(experiment):
    """What the report offers of an experiment beside its page: figures for print, and tables."""
    tables = ["trials", "leaderboard", "convergence", "verdicts", "comparison", "baselines"]
    return [
        *figures_of(experiment, "pdf"),
        *(f"results/{experiment}/tables/{table}.csv" for table in tables),
        *(files_of(experiment, "published") if has_published(experiment) else []),
        *analyses_of(experiment),
    ]


def cards_on(page):
    """The cards of the quantifiers, on the pages with the chapter that they stand in front of."""
    return ["results/atlas/cards.html"] if has_atlas(page) else []


report: "../report/workflow.rst"


rule build_report:
    input:
        summary=rules.render_summary.output.executed,
        notebooks=on_page("notebooks/experiment.ipynb"),
        course=lambda wildcards: course_on(wildcards.page),
        cards=lambda wildcards: cards_on(wildcards.page),
        benchmark=lambda wildcards: (
            ["results/benchmark/notebooks/benchmark.ipynb"]
            if wildcards.page == "index" and SETTINGS.benchmark["in_report"]
            else []
        ),
        symmetry=lambda wildcards: (
            ["results/symmetry/notebooks/symmetry.ipynb"] if has_symmetry(wildcards.page) else []
        ),
        record="results/report/{page}/record.json",
        files=lambda wildcards: [
            file for name in experiments_of(wildcards.page) for file in report_files(name)
        ],
        template=from_here("workflow/report/report.html.j2"),
        layout=from_here("workflow/report/page.html.j2"),
        stylesheet=from_here("workflow/report/page.css"),
    output:
        report="results/report/{page}.html",
    log:
        "results/report/logs/build_report/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=lambda wildcards: [EXPERIMENTS[name] for name in experiments_of(wildcards.page)],
        chapters=CHAPTER_TITLES,
        heading=lambda wildcards: heading_of(wildcards.page),
        summary_title=lambda wildcards: summary_of(wildcards.page),
        code=code("build_report"),
    script:
        "../../scripts/build_report.py"
