"""From notebooks to the report: a site of all experiments, and one for each chapter."""

# Those that come with the project first, in their order.
CHAPTER_TITLES = {
    **{name: title for name, title in KNOWN_CHAPTERS.items() if name in CHAPTERS},
    **{
        experiment["chapter"]: experiment["chapter_title"]
        for experiment in EXPERIMENTS.values()
        if experiment["chapter"] not in KNOWN_CHAPTERS
    },
}

# The front page of a site, with the other pages beside it.
SITES = {
    "index": "results/report/index.html",
    **{chapter: f"results/chapters/{chapter}/index.html" for chapter in CHAPTERS},
}


# Pages that are also made by themselves, from notebooks.
SINGLE_PAGES = {"benchmark": "results/benchmark/notebooks/benchmark.ipynb"}


wildcard_constraints:
    single="|".join(SINGLE_PAGES),


def downloads(experiment):
    """What the site offers of an experiment beside its page: figures, and the tables behind them."""
    shown = {table for figure in EXPERIMENTS[experiment]["figures"] for table in data_of(figure)}
    return [
        *(file for kind in KINDS for file in figures_of(experiment, kind)),
        *(
            file
            for file in tables_of(experiment)
            if Path(file).stem in shown | {"trials", "verdicts", "comparison", "leaderboard"}
        ),
        *(f"results/{name}/networks.js" for name in VERIFYING if name == experiment),
    ]


def report_files(experiment):
    """The tables that a page's record and crate hold of an experiment, and figures for print."""
    tables = ["trials", "leaderboard", "convergence", "verdicts", "comparison", "baselines"]
    return [
        *figures_of(experiment, "pdf"),
        *(f"results/{experiment}/tables/{table}.csv" for table in tables),
        *(files_of(experiment, "published") if has_published(experiment) else []),
        *analyses_of(experiment),
    ]


def quick_command():
    """How the run is called, before the targets, so that a reader can make a part of it again."""
    pairs = [shlex.quote(f"{key}={json.dumps(value)}") for key, value in SET.items()]
    options = [
        *(["--configfile", *NAMES_OF_OVERLAYS] if LAID_OVER else []),
        *(["--config", *pairs] if pairs else []),
    ]
    return " ".join(["snakemake --cores all", *options, *(["--"] if options else [])])


report: "../report/workflow.rst"


for page, front_page in SITES.items():

    rule:
        name:
            f"build_report_{page}"
        input:
            overview=f"results/report/{page}/overview.csv",
            overview_figure=f"results/report/{page}/figures/overview.svg",
            pairs=f"results/report/{page}/notebooks/pairs.ipynb",
            notebooks=[
                f"results/{name}/notebooks/experiment.ipynb" for name in experiments_of(page)
            ],
            course=course_on(page),
            benchmark=(
                ["results/benchmark/notebooks/benchmark.ipynb"]
                if page == "index" and SETTINGS.benchmark["in_report"]
                else []
            ),
            symmetry=(["results/symmetry/notebooks/symmetry.ipynb"] if has_symmetry(page) else []),
            quantifiers=f"results/report/{page}/quantifiers.html",
            league=f"results/report/{page}/quantifiers.csv",
            record=f"results/report/{page}/record.json",
            files=[file for name in experiments_of(page) for file in downloads(name)],
            said=[text for name in experiments_of(page) for text in figure_texts(name).values()],
            notebook=notebook("experiment"),
            configuration=from_here("workflow/report/conf.py"),
            static=[from_here(path) for path in static_files()],
        output:
            report=front_page,
            one_file=report(
                f"results/report/{page}/front_page.html",
                caption="../report/summary.rst",
                category="overview",
                labels={"figure": f"front page of {page}"},
            ),
        log:
            f"results/report/logs/build_report/{page}.log",
        group:
            "report"
        conda:
            "../../envs/quantlearn.yaml"
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            settings=[EXPERIMENTS[name] for name in experiments_of(page)],
            texts={name: placed_texts(name) for name in experiments_of(page)},
            chapters=CHAPTER_TITLES,
            captions={
                figure: outline(figure).caption
                for figure in sorted(
                    {"overview"}.union(
                        *(EXPERIMENTS[name]["figures"] for name in experiments_of(page))
                    )
                )
            },
            command=quick_command(),
            results=lambda wildcards: placed("results"),
            code=code("build_report"),
        script:
            "../../scripts/build_report.py"


rule build_page:
    input:
        notebook=lambda wildcards: SINGLE_PAGES[wildcards.single],
        configuration=from_here("workflow/report/conf.py"),
        static=[from_here(path) for path in static_files()],
    output:
        page="results/chapters/{single}/index.html",
    log:
        "results/report/logs/build_page/{single}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("build_page"),
    script:
        "../../scripts/build_page.py"


def question(file):
    """An input: a file about the question; none where nothing is asked."""
    return [file.format(name=name) for name in EXPERIMENTS if SETTINGS.asked]


rule ask:
    input:
        verdicts=question("results/{name}/tables/verdicts.csv"),
        site=question("results/chapters/{name}/index.html"),
    log:
        "results/report/logs/ask.log",
    localrule: True
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=next(iter(EXPERIMENTS.values())) if SETTINGS.asked else None,
    script:
        "../../scripts/ask.py"
