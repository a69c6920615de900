"""What networks cannot tell apart: checked on mirrored networks, and which quantifiers it is of."""

SYMMETRY_TABLES = ["check", "orbits", "experiments", "comparisons"]
# The settings of an experiment on which its symmetry hangs, and no more.
SYMMETRY_SETTINGS = [
    "name",
    "task",
    "quantifiers",
    "expressions",
    "groups",
    "comparisons",
    "data",
    "network",
    "training",
]


def has_symmetry(page):
    """Whether the page asks about conservativity, or has the atlas: both need to know of it."""
    return has_atlas(page) or any(
        EXPERIMENTS[name]["universal"] == "conservativity" for name in experiments_of(page)
    )


def symmetry_tables(page):
    """What is known of the symmetry, on the pages that show it."""
    tables = SYMMETRY_TABLES if has_symmetry(page) else []
    return [f"results/symmetry/tables/{table}.csv" for table in tables]


rule check_symmetry:
    output:
        check="results/symmetry/tables/check.csv",
        orbits="results/symmetry/tables/orbits.csv",
        experiments="results/symmetry/tables/experiments.csv",
        comparisons="results/symmetry/tables/comparisons.csv",
    log:
        "results/symmetry/logs/check_symmetry.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        quantifiers=SETTINGS.atlas["quantifiers"],
        settings=[
            {key: experiment[key] for key in SYMMETRY_SETTINGS}
            for experiment in EXPERIMENTS.values()
        ],
        seed=SETTINGS.seed,
        code=code("check_symmetry"),
    script:
        "../../scripts/check_symmetry.py"


rule render_symmetry:
    input:
        notebook=notebook("symmetry"),
        check=rules.check_symmetry.output.check,
        orbits=rules.check_symmetry.output.orbits,
        experiments=rules.check_symmetry.output.experiments,
        comparisons=rules.check_symmetry.output.comparisons,
    output:
        executed="results/symmetry/notebooks/symmetry.ipynb",
    log:
        "results/symmetry/logs/render_symmetry.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        parameters=lambda wildcards, input: {name: input[name] for name in SYMMETRY_TABLES},
        code=code("render_notebook"),
        library=library_of("symmetry"),
    script:
        "../../scripts/render_notebook.py"
