"""Quantifiers by their meaning alone: degrees of universals, complexity; nothing is trained."""

# A question describes only its own quantifiers, and leaves the others where they are.
ATLAS = f"results/{next(iter(EXPERIMENTS))}/atlas" if SETTINGS.asked else "results/atlas"


def has_atlas(page):
    """Whether the page shows experiments of the chapter Atlas."""
    return any(EXPERIMENTS[name]["chapter"] == "atlas" for name in experiments_of(page))


def described_quantifiers():
    """The settings of the atlas with the quantifiers that experiments name beside its own."""
    named = {
        name: experiment["expressions"][name]
        for experiment in EXPERIMENTS.values()
        for name in named_and_generated(experiment)[0]
        if name in experiment["expressions"]
    }
    return SETTINGS.atlas | {"quantifiers": SETTINGS.atlas["quantifiers"] | named}


rule describe_quantifiers:
    output:
        degrees=f"{ATLAS}/tables/degrees.csv",
        complexity=f"{ATLAS}/tables/complexity.csv",
        trees=f"{ATLAS}/tables/trees.csv",
        pairs=f"{ATLAS}/tables/minimal_pairs.csv",
        rates=f"{ATLAS}/tables/truth_rates.csv",
    log:
        f"{ATLAS}/logs/describe_quantifiers.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=30,
    params:
        settings=described_quantifiers(),
        code=code("describe_quantifiers"),
    script:
        "../../scripts/describe_quantifiers.py"


rule render_cards:
    input:
        degrees=rules.describe_quantifiers.output.degrees,
        complexity=rules.describe_quantifiers.output.complexity,
        trees=rules.describe_quantifiers.output.trees,
        pairs=rules.describe_quantifiers.output.pairs,
        rates=rules.describe_quantifiers.output.rates,
        template=from_here("workflow/report/cards.html.j2"),
        included=from_here("workflow/report/quantifiers.html.j2"),
        stylesheet=from_here("workflow/report/static/cards.css"),
    output:
        page=report(
            "results/atlas/cards.html",
            caption="../report/cards.rst",
            category="overview",
            labels={"figure": "cards of the quantifiers"},
        ),
    log:
        "results/atlas/logs/render_cards.log",
    conda:
        "../../envs/quantlearn.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("render_quantifiers"),
    script:
        "../../scripts/render_quantifiers.py"


rule choose_quantifiers:
    input:
        expressions=local(SETTINGS.atlas["expressions"]) if SETTINGS.atlas["expressions"] else [],
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
