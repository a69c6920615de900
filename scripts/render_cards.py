"""Make a page of cards, one for each quantifier: what follows from its meaning, to look at."""

from quantlearn import tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.report.cards import contents_of_cards
from quantlearn.report.pages import write_page
from quantlearn.semantics.measures import COMPLEXITY, DEGREES, MINIMAL_PAIRS, TREES, TRUTH_RATES


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
        tables.read_csv(degrees, DEGREES),
        tables.read_csv(complexity, COMPLEXITY),
        tables.read_csv(trees, TREES),
        tables.read_csv(pairs, MINIMAL_PAIRS),
        tables.read_csv(rates, TRUTH_RATES),
    )
    write_page(template, page, {"title": title, **content})


if __name__ == "__main__":
    run_job(render_cards, snakemake)
