"""Quantlearn: which meanings do neural networks find easy to learn?

    config ──► generate_data ──► balance_data ──► split_data ─┐
       └─────► sample_hyperparameters ────────────────────────┴─► train
    train ──► aggregate ──► compare ──► plot ──► notebook ──► report

Every experiment in config/experiments/ walks this one way. The scripts of the same names do the
work, one for each rule; they use the library in scripts/quantlearn/.
"""

import sys

from snakemake.sourcecache import LocalSourceFile

if not isinstance(workflow.current_basedir, LocalSourceFile):
    # Snakemake would fetch rules and scripts one by one, and neither the library nor the templates.
    sys.exit(
        "The workflow needs the files beside it: clone it, and name the Snakefile of the clone"
    )


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/ask.smk"
include: "workflow/rules/notebooks.smk"
include: "workflow/rules/course.smk"
include: "workflow/rules/benchmark.smk"
include: "workflow/rules/atlas.smk"
include: "workflow/rules/league.smk"
include: "workflow/rules/symmetry.smk"
include: "workflow/rules/records.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/display.smk"


rule all:
    default_target: True
    input:
        "results/report/index.html",
        "results/report/index.crate.zip",


# Each chapter of the report is a target of its own: snakemake --cores all paper
for chapter in CHAPTERS:

    rule:
        name:
            chapter
        input:
            SITES[chapter],
            f"results/report/{chapter}.crate.zip",


rule benchmark:
    input:
        "results/chapters/benchmark/index.html",
        expand("results/benchmark/figures/{drawing}.{kind}", drawing=DRAWINGS, kind=KINDS),
