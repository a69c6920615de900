"""Make the page of all quantifiers: a table of them, and a card for each."""

from quantlearn import tables
from quantlearn.files import write_page
from quantlearn.pipeline.jobs import run_job
from quantlearn.report.quantifiers_page import quantifiers_page
from quantlearn.report_columns import LEAGUE
from quantlearn.semantics.measures import COMPLEXITY, DEGREES, MINIMAL_PAIRS, TREES, TRUTH_RATES


def render_quantifiers(
    degrees: str,
    complexity: str,
    trees: str,
    pairs: str,
    rates: str,
    template: str,
    league: str = "",
    *,
    page: str,
) -> None:
    """Write ``page`` from the tables of `describe_quantifiers` and, where it is given, `league`."""
    described = {
        "degrees": tables.read_csv(degrees, DEGREES),
        "complexity": tables.read_csv(complexity, COMPLEXITY),
        "trees": tables.read_csv(trees, TREES),
        "pairs": tables.read_csv(pairs, MINIMAL_PAIRS),
        "rates": tables.read_csv(rates, TRUTH_RATES),
    }
    found = tables.read_csv(league, LEAGUE) if league else None
    write_page(template, page, quantifiers_page(described, found))


if __name__ == "__main__":
    run_job(render_quantifiers, snakemake)
