"""Ask the network: trained networks as scripts, for readers to show them scenes of their own.

And ask the run: `--config ask=` makes an experiment of two quantifiers, and the rule ask its answer.
"""

# A page knows the truth of any scene by an expression.
VERIFYING = [
    name
    for name, experiment in EXPERIMENTS.items()
    if experiment["task"] not in WRITING and experiment["expressions"]
]


rule export_networks:
    input:
        samples=rules.sample_hyperparameters.output.samples,
        weights=every_job("weights.safetensors"),
        leaderboard=in_search(rules.leaderboard.output.leaderboard),
        hard_scenes=lambda wildcards: [
            path
            for path in analyses_of(wildcards.experiment)
            if Path(path).name == "hard_scenes.csv"
        ],
    output:
        networks="results/{experiment}/networks.js",
    log:
        "results/{experiment}/logs/export_networks.log",
    wildcard_constraints:
        experiment="|".join(VERIFYING) or "none",
    group:
        "report"
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        settings=lambda wildcards: without_words(wildcards.experiment, but=["title"]),
        code=code("export_networks"),
    script:
        "../../scripts/export_networks.py"
