"""Make a page of cards, one for each quantifier: what follows from its meaning, to look at."""

from quantlearn import tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.report.cards import contents_of_cards
from quantlearn.report.pages import write_page
from quantlearn.semantics import meaning_tables


def render_cards(
    degrees: str,
    complexity: str,
    trees: str,
    pairs: str,
    rates: str,
    template: str,
    title: str,
    *,
    page: str,
) -> None:
    """Write ``page`` from the tables of `describe_quantifiers`, with the cards in their order."""
    content = contents_of_cards(
        tables.read_csv(degrees, meaning_tables.DEGREES),
        tables.read_csv(complexity, meaning_tables.COMPLEXITY),
        tables.read_csv(trees, meaning_tables.TREES),
        tables.read_csv(pairs, meaning_tables.MINIMAL_PAIRS),
        tables.read_csv(rates, meaning_tables.TRUTH_RATES),
    )
    write_page(template, page, {"title": title, **content})


if __name__ == "__main__":
    run_job(render_cards, snakemake)
