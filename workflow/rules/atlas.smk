"""Quantifiers by their meaning alone: degrees of universals, complexity; nothing is trained."""


rule describe_quantifiers:
    output:
        degrees="results/atlas/tables/degrees.csv",
        complexity="results/atlas/tables/complexity.csv",
        trees="results/atlas/tables/trees.csv",
        pairs="results/atlas/tables/minimal_pairs.csv",
    log:
        "results/atlas/logs/describe_quantifiers.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=SETTINGS.atlas,
        code=code("describe_quantifiers"),
    script:
        "../../scripts/describe_quantifiers.py"


rule choose_quantifiers:
    output:
        generated="results/atlas/tables/generated.csv",
        left_out="results/atlas/tables/left_out.csv",
    log:
        "results/atlas/logs/choose_quantifiers.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code("choose_quantifiers"),
    script:
        "../../scripts/choose_quantifiers.py"
