"""From the config to balanced, split scenes: one file for all trials of an experiment."""


rule generate_data:
    output:
        generated="results/{experiment}/data/generated.parquet",
    log:
        "results/{experiment}/logs/generate_data.log",
    benchmark:
        "results/{experiment}/benchmarks/generate_data.tsv"
    # Data before networks: training jobs are then all there to choose from.
    priority: longest_first(50)
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: memory_of_data(wildcards.experiment) * attempt,
        runtime=30,
    params:
        settings=setting("data", "generate"),
        expressions=setting("expressions"),
        trials=setting("trials"),
        seed=SETTINGS.seed,
        code=code("generate_data"),
    script:
        "../../scripts/generate_data.py"


rule balance_data:
    input:
        generated=rules.generate_data.output.generated,
    output:
        balanced="results/{experiment}/data/balanced.parquet",
    log:
        "results/{experiment}/logs/balance_data.log",
    benchmark:
        "results/{experiment}/benchmarks/balance_data.tsv"
    priority: longest_first(50)
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: memory_of_data(wildcards.experiment) * attempt,
        runtime=30,
    params:
        settings=setting("data", "balance"),
        quantifiers=setting("quantifiers"),
        groups=setting("groups"),
        seed=SETTINGS.seed,
        code=code("balance_data"),
    script:
        "../../scripts/balance_data.py"


rule split_data:
    input:
        balanced=rules.balance_data.output.balanced,
    output:
        split_scenes="results/{experiment}/data/split.parquet",
    log:
        "results/{experiment}/logs/split_data.log",
    benchmark:
        "results/{experiment}/benchmarks/split_data.tsv"
    priority: longest_first(50)
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: memory_of_data(wildcards.experiment) * attempt,
        runtime=30,
    params:
        settings=setting("data", "split"),
        quantifiers=setting("quantifiers"),
        seed=SETTINGS.seed,
        code=code("split_data"),
    script:
        "../../scripts/split_data.py"
