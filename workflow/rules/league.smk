"""All quantifiers of a page in one table, and the page that shows it with a card for each."""


def quantifier_tables(page):
    """What a page knows of its quantifiers: what they mean, and when they were learned."""
    return [*rules.describe_quantifiers.output, f"results/report/{page}/quantifiers.csv"]


rule league:
    input:
        samples=on_page("samples.csv"),
        convergences=on_page("tables/convergence.csv"),
        leaderboards=on_page("tables/leaderboard.csv"),
        baselines=on_page("tables/baselines.csv"),
    output:
        league=report(
            "results/report/{page}/quantifiers.csv",
            caption="../report/league.rst",
            category="overview",
            labels={"figure": "table of quantifiers of {page}"},
        ),
    log:
        "results/report/logs/league/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        lexicon=SETTINGS.atlas,
        settings=lambda wildcards: [EXPERIMENTS[name] for name in experiments_of(wildcards.page)],
        code=code("league"),
    script:
        "../../scripts/league.py"


rule render_quantifiers:
    input:
        degrees=rules.describe_quantifiers.output.degrees,
        complexity=rules.describe_quantifiers.output.complexity,
        trees=rules.describe_quantifiers.output.trees,
        pairs=rules.describe_quantifiers.output.pairs,
        rates=rules.describe_quantifiers.output.rates,
        league=rules.league.output.league,
        template=from_here("workflow/report/quantifiers.html.j2"),
    output:
        page="results/report/{page}/quantifiers.html",
    log:
        "results/report/logs/render_quantifiers/{page}.log",
    conda:
        "../../envs/quantlearn.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("render_quantifiers"),
    script:
        "../../scripts/render_quantifiers.py"
