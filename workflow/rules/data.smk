"""From the config to balanced, split scenes: one file for all trials of an experiment."""


def samples_by_job(experiment):
    """The samples that each training job trains, by number; fixed settings are one sample."""
    search = EXPERIMENTS[experiment]["search"] or {"samples": 1, "samples_per_job": 1}
    samples, together = range(search["samples"]), search["samples_per_job"]
    return [list(samples[first : first + together]) for first in samples[::together]]


def quantifiers_of(experiment):
    """The quantifiers of an experiment, ready to verify."""
    return [Quantifier(*item) for item in EXPERIMENTS[experiment]["expressions"].items()]


def noise_of(wildcards):
    """The probability with which the truth of a training scene is turned."""
    return EXPERIMENTS[wildcards.experiment]["data"]["generate"].get("noise", 0.0)


@cache
def digits_of_effort(experiment):
    """The logarithm of the effort of the experiment's largest training jobs: about 5 to 20."""
    samples = max(map(len, samples_by_job(experiment)))
    effort = training_effort(EXPERIMENTS[experiment], quantifiers_of(experiment))
    return math.log10(max(1, samples * effort))  # none, where a quantifier has one truth value only


def longest_first(lowest):
    """A priority, ``lowest`` or more: the higher, the longer training of the experiment takes."""
    return lambda wildcards: round(lowest + digits_of_effort(wildcards.experiment), 1)


@cache
def memory_of_data(experiment):
    """The MB that jobs which make the experiment's data ask for at first: 1500, or more."""
    needs = data_needs(EXPERIMENTS[experiment], quantifiers_of(experiment))
    return max(1500, *(math.ceil(need.size / 1e8) * 100 for need in needs))


def table_of(experiment):
    """The experiment's own table of labelled scenes, if it has one."""
    generate = EXPERIMENTS[experiment]["data"]["generate"]
    return [f"config/{generate['file']}"] if generate["method"] == "table" else []


rule generate_data:
    input:
        table=lambda wildcards: list(map(local, table_of(wildcards.experiment))),
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
        expressions=lambda wildcards: {
            name: EXPERIMENTS[wildcards.experiment]["expressions"].get(name)
            for name in EXPERIMENTS[wildcards.experiment]["quantifiers"]
        },
        trials=setting("trials"),
        crossed=setting("crossed"),
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
        crossed=setting("crossed"),
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
        noise=noise_of,
        quantifiers=setting("quantifiers"),
        crossed=setting("crossed"),
        seed=SETTINGS.seed,
        code=code("split_data"),
    script:
        "../../scripts/split_data.py"
