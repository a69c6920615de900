"""What a page of the report was made from: recorded, packed with it, and verified on request."""


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
        + atlas_tables(wildcards.page),
        trials=on_page("tables/trials.csv"),
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
            "experiments": {name: EXPERIMENTS[name] for name in experiments_of(wildcards.page)},
        },
        codes=lambda wildcards: {
            path.stem: code(path.stem) for path in sorted(ROOT.glob("scripts/*.py"))
        },
        root=from_here("."),
        requirements=from_here("envs/requirements.in"),
        code=code("record_run"),
    script:
        "../../scripts/record_run.py"


rule pack_crate:
    input:
        report=rules.build_report.output.report,
        record=rules.record_run.output.record,
        overview=rules.overview.output.overview,
        as_run=rules.overview.output.as_run,
        results=lambda wildcards: [
            file
            for name in experiments_of(wildcards.page)
            for file in (*tables_of(name), *figures_of(name, "pdf"))
        ]
        + atlas_tables(wildcards.page),
        settings=settings_files,
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
        root=from_here("."),
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
        folder="results/report",
    script:
        "../../scripts/verify.py"
