"""What a page of the report was made from: recorded, packed with it, and verified on request."""

BASELINES = ("baselines.csv", "baseline_cells.parquet")
# The files and folders of the workflow that go with a packed report.
PROJECT = [
    *("Snakefile", "Makefile", "README.md", "CONTRIBUTING.md", "LICENSE", "CITATION.cff"),
    *("workflow", "scripts", "envs", "docs", "config/README.md", "results/README.md"),
]
# What was laid over the settings, for the record of the run.
OVERLAYS = [
    *NAMES_OF_OVERLAYS,
    # The figures tell that public data were shown, and a record holds no name of a folder.
    *(f"{key}={json.dumps(value)}" for key, value in SET.items()),
]


def texts_of(experiment):
    """What the networks of an experiment wrote, if they write."""
    written = EXPERIMENTS[experiment]["task"] in WRITING
    return [f"results/{experiment}/tables/texts.parquet"] if written else []


def tables_of(experiment):
    """The tables of an experiment that are joined over its samples, and what is found in them."""
    files = report_files(experiment)
    return [
        f"results/{experiment}/samples.csv",
        *(f"results/{experiment}/tables/{table}.parquet" for table in ("curves", "cells")),
        *texts_of(experiment),
        *(f"results/{experiment}/tables/{file}" for file in BASELINES),
        *(file for file in files if file.startswith(f"results/{experiment}/tables/")),
    ]


def data_and_training_of(experiment):
    """The scenes of an experiment, what its networks start from, and what its training jobs left."""
    wildcards = SimpleNamespace(experiment=experiment)
    files = [f"data/{stage}.parquet" for stage in ("generated", "balanced", "split")]
    if is_search(wildcards):
        files += ["data/without_test.parquet", "chosen/trials.csv", "chosen/cells.parquet"]
    return [
        *(f"results/{experiment}/{file}" for file in files),
        *(
            path
            for file in ("trials.csv", "weights.safetensors")
            for path in source(f"training/{{job}}/{file}")(wildcards)
        ),
        *(
            path
            for file in ("curves.parquet", "trials.csv", "cells.parquet", "weights.safetensors")
            for path in every_job(file)(wildcards)
        ),
    ]


def settings_files(wildcards):
    """An input: the files in config/ that say what the page shows."""
    names = experiments_of(wildcards.page)
    files = [
        *([] if IN_MODULE else ["config/config.yaml"]),
        "config/quantifiers.yaml",
        *(f"config/experiments/{name}.yaml" for name in names),
        *dict.fromkeys(file for name in names for file in table_of(name)),
        *(
            ["config/generated.csv"]
            if any(EXPERIMENTS[name]["generated"] for name in names)
            else []
        ),
    ]
    return list(map(local, files))


def project_files():
    """An input: the files of the workflow, as in a clone of it."""
    paths = [path for part in PROJECT for path in (ROOT / part, *ROOT.glob(f"{part}/**/*"))]
    return [
        from_here(path)
        for path in sorted(paths)
        if path.is_file() and "__pycache__" not in path.parts
    ]


rule record_run:
    input:
        # A file once, though experiments start from the same networks.
        files=lambda wildcards: list(
            dict.fromkeys(
                file
                for name in experiments_of(wildcards.page)
                for file in (*data_and_training_of(name), *tables_of(name))
            )
        )
        + quantifier_tables(wildcards.page)
        + symmetry_tables(wildcards.page),
        trials=on_page("tables/trials.csv"),
        processors=lambda wildcards: [
            path
            for name in experiments_of(wildcards.page)
            for path in every_job("processors.json")(SimpleNamespace(experiment=name))
        ],
        overview=rules.overview.output.overview,
        as_run=rules.overview.output.as_run,
    output:
        record="results/report/{page}/record.json",
    log:
        "results/report/logs/record_run/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        settings=lambda wildcards: {
            "seed": SETTINGS.seed,
            "device": SETTINGS.device,
            "overlays": OVERLAYS,
            "contents_of_overlays": {
                name: Path(path).read_text(encoding="utf-8")
                for name, path in zip(NAMES_OF_OVERLAYS, LAID_OVER)
                if name != path
            },
            "experiments": {name: EXPERIMENTS[name] for name in experiments_of(wildcards.page)},
        },
        codes=lambda wildcards: {
            **{path.stem: digest_of_code(path.stem) for path in sorted(ROOT.glob("scripts/*.py"))},
            **{f"plot {figure}": digest_of_code("plot", figure) for figure in FIGURES},
        },
        root=str(from_here(".")),
        requirements=str(from_here("envs/requirements.in")),
        code=code("record_run"),
    script:
        "../../scripts/record_run.py"


rule pack_crate:
    input:
        report="results/report/{page}/front_page.html",
        record=rules.record_run.output.record,
        overview=rules.overview.output.overview,
        as_run=rules.overview.output.as_run,
        results=lambda wildcards: [
            file
            for name in experiments_of(wildcards.page)
            for file in (*tables_of(name), *figures_of(name, "pdf"))
        ]
        + quantifier_tables(wildcards.page)
        + symmetry_tables(wildcards.page),
        settings=settings_files,
        overlays=list(map(local, LAID_OVER)),
        workflow=project_files(),
    output:
        crate="results/report/{page}.crate.zip",
    log:
        "results/report/logs/pack_crate/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        names_of_overlays=NAMES_OF_OVERLAYS,
        root=str(from_here(".")),
        heading=lambda wildcards: heading_of(wildcards.page),
        code=code("pack_crate"),
    script:
        "../../scripts/pack_crate.py"


rule verify:
    log:
        "results/report/logs/verify.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        folder=placed("results/report"),
        sites=lambda wildcards: {page: placed(path) for page, path in SITES.items()},
    script:
        "../../scripts/verify.py"
