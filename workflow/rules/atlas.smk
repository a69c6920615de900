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
