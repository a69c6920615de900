"""From split scenes to trained networks: one job for each hyperparameter sample, or for several.

The jobs of a search do not get the test scenes. open_test opens them, for the sample that is best
on the dev split. Where networks have learned to write, write_texts lets them.
"""


def is_search(wildcards):
    """Whether the experiment chooses one of its samples, and tests it only then."""
    search = EXPERIMENTS[wildcards.experiment]["search"]
    return search is not None and search["choose"]


def writes(wildcards):
    """Whether the networks of the experiment write words."""
    return EXPERIMENTS[wildcards.experiment]["task"] in WRITING


@cache
def memory_of_training(experiment):
    """The MB that training jobs of the experiment ask for at first.

    2000, or what its largest job may need, which may be another one: that is little more.
    """
    need = largest_need(EXPERIMENTS[experiment], quantifiers_of(experiment))
    return max(2000, math.ceil(need.size / 1e8) * 100)


def every_job(file):
    """An input: this file of every training job of the experiment."""

    def paths(wildcards):
        jobs = range(len(samples_by_job(wildcards.experiment)))
        return [f"results/{wildcards.experiment}/training/{job}/{file}" for job in jobs]

    return paths


# A question waits for one training job, which has all cores.
THREADS = (SETTINGS.asked and workflow.resource_settings.cores) or SETTINGS.threads


def source(file):
    """An input: this file of the experiment whose networks are starts, if there is one.

    With {job} in its name it is that of every training job.
    """

    def paths(wildcards):
        name = EXPERIMENTS[wildcards.experiment]["start_from"]
        if name is None:
            return []
        jobs = range(len(samples_by_job(name))) if "{job}" in file else [None]
        return [f"results/{name}/{file.format(job=job)}" for job in jobs]

    return paths


rule sample_hyperparameters:
    output:
        samples="results/{experiment}/samples.csv",
    log:
        "results/{experiment}/logs/sample_hyperparameters.log",
    priority: longest_first(50)
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        network=setting("network"),
        training=setting("training"),
        search=setting("search"),
        seed=SETTINGS.seed,
        code=code("sample_hyperparameters"),
    script:
        "../../scripts/sample_hyperparameters.py"


rule withhold_test:
    input:
        split_scenes=rules.split_data.output.split_scenes,
    output:
        without_test="results/{experiment}/data/without_test.parquet",
    log:
        "results/{experiment}/logs/withhold_test.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: memory_of_data(wildcards.experiment) * attempt,
        runtime=10,
    params:
        quantifiers=setting("quantifiers"),
        code=code("withhold_test"),
    script:
        "../../scripts/withhold_test.py"


rule train:
    input:
        split_scenes=branch(
            is_search,
            then=rules.withhold_test.output.without_test,
            otherwise=rules.split_data.output.split_scenes,
        ),
        samples=rules.sample_hyperparameters.output.samples,
        source_samples=source("samples.csv"),
        source_weights=source("training/{job}/weights.safetensors"),
        source_trials=source("training/{job}/trials.csv"),
    output:
        curves="results/{experiment}/training/{job}/curves.parquet",
        trials="results/{experiment}/training/{job}/trials.csv",
        cells="results/{experiment}/training/{job}/cells.parquet",
        weights="results/{experiment}/training/{job}/weights.safetensors",
        processors="results/{experiment}/training/{job}/processors.json",
    log:
        "results/{experiment}/logs/train/{job}.log",
    benchmark:
        "results/{experiment}/benchmarks/train/{job}.tsv"
    # Networks before figures, which fill the gaps, and the longest first: none is left for the end.
    priority: longest_first(10)
    conda:
        "../../envs/quantlearn.yaml"
    threads: THREADS
    resources:
        mem_mb=lambda wildcards, attempt: memory_of_training(wildcards.experiment) * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
        gpu=int(SETTINGS.device == "cuda"),
    params:
        job_samples=lambda wildcards: samples_by_job(wildcards.experiment)[int(wildcards.job)],
        quantifiers=setting("quantifiers"),
        groups=setting("groups"),
        task=setting("task"),
        crossed=setting("crossed"),
        seed=SETTINGS.seed,
        device=SETTINGS.device,
        # Not an output: Snakemake removes those before a job starts.
        checkpoint=placed("results/{experiment}/checkpoints/{job}.safetensors"),
        # Another interval does not run finished jobs again, as params that ask for resources do not.
        checkpoint_seconds=lambda wildcards, resources: SETTINGS.checkpoint_seconds,
        code=code("train"),
    script:
        "../../scripts/train.py"


rule open_test:
    input:
        split_scenes=rules.split_data.output.split_scenes,
        samples=rules.sample_hyperparameters.output.samples,
        training_trials=every_job("trials.csv"),
        training_weights=every_job("weights.safetensors"),
    output:
        chosen_trials="results/{experiment}/chosen/trials.csv",
        chosen_cells="results/{experiment}/chosen/cells.parquet",
    log:
        "results/{experiment}/logs/open_test.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: SETTINGS.threads
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=int(SETTINGS.device == "cuda"),
    params:
        quantifiers=setting("quantifiers"),
        groups=setting("groups"),
        task=setting("task"),
        device=SETTINGS.device,
        code=code("open_test"),
    script:
        "../../scripts/open_test.py"


rule write_texts:
    input:
        split_scenes=rules.split_data.output.split_scenes,
        samples=rules.sample_hyperparameters.output.samples,
        training_trials=every_job("trials.csv"),
        training_weights=every_job("weights.safetensors"),
    output:
        texts="results/{experiment}/tables/texts.parquet",
    log:
        "results/{experiment}/logs/write_texts.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: SETTINGS.threads
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=int(SETTINGS.device == "cuda"),
    params:
        expressions=setting("expressions"),
        task=setting("task"),
        seed=SETTINGS.seed,
        device=SETTINGS.device,
        code=code("write_texts"),
    script:
        "../../scripts/write_texts.py"
