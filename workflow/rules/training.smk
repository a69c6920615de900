"""From split scenes to trained networks: one job for each hyperparameter sample."""


rule sample_hyperparameters:
    output:
        samples="results/{experiment}/samples.csv",
    log:
        "results/{experiment}/logs/sample_hyperparameters.log",
    priority: 10
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        network=setting("network"),
        training=setting("training"),
        code=code("sample_hyperparameters"),
    script:
        "../../scripts/sample_hyperparameters.py"


rule train:
    input:
        split_scenes=rules.split_data.output.split_scenes,
        samples=rules.sample_hyperparameters.output.samples,
    output:
        curves="results/{experiment}/training/{sample}/curves.parquet",
        trials="results/{experiment}/training/{sample}/trials.csv",
        cells="results/{experiment}/training/{sample}/cells.parquet",
        weights="results/{experiment}/training/{sample}/weights.safetensors",
    log:
        "results/{experiment}/logs/train/{sample}.log",
    benchmark:
        "results/{experiment}/benchmarks/train/{sample}.tsv"
    # Networks first: they take longest, and figures fill the gaps.
    priority: 10
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        quantifiers=setting("quantifiers"),
        seed=SETTINGS.seed,
        device=SETTINGS.device,
        code=code("train"),
    script:
        "../../scripts/train.py"
