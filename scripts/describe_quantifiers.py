"""Describe quantifiers by what follows from their meaning: degrees of universals and complexity."""

from typing import Any

from quantlearn import tables
from quantlearn.pipeline.jobs import run_job
from quantlearn.semantics.measures import (
    COMPLEXITY,
    DEGREES,
    MINIMAL_PAIRS,
    TREES,
    TRUTH_RATES,
    described,
)


def describe_quantifiers(
    settings: dict[str, Any], *, degrees: str, complexity: str, trees: str, pairs: str, rates: str
) -> None:
    """Write what is known of each quantifier from all scenes of at most ``max_size`` objects.

    ``settings`` has max_size and the expressions of the ``quantifiers`` by name.
    """
    found = described(settings["quantifiers"], settings["max_size"])
    tables.write_csv(found["degrees"][list(DEGREES)], degrees)
    tables.write_csv(found["complexity"][list(COMPLEXITY)], complexity)
    tables.write_csv(found["trees"][list(TREES)], trees)
    tables.write_csv(found["pairs"][list(MINIMAL_PAIRS)], pairs)
    tables.write_csv(found["rates"][list(TRUTH_RATES)], rates)


if __name__ == "__main__":
    run_job(describe_quantifiers, snakemake)
