"""Tell on the terminal what came of a question: the verdict on its two quantifiers."""

from collections.abc import Sequence
from typing import Any

from quantlearn import columns, tables
from quantlearn.errors import QuantlearnError
from quantlearn.pipeline.jobs import run_job
from quantlearn.report.front_page import verdict_in_words


def ask(settings: dict[str, Any] | None, verdicts: Sequence[str] = ()) -> None:
    """Print the verdict and what the two mean; where the page is, the end of a run says.

    settings: those of the question's experiment. Raises `QuantlearnError` where nothing is asked.
    """
    if settings is None:
        raise QuantlearnError(
            "nothing is asked: name two quantifiers, as in snakemake --cores all ask "
            """--config ask='["most", "|A & B| >= 3"]'"""
        )
    [table] = verdicts
    [row] = tables.read_csv(table, columns.VERDICTS).to_dict("records")
    print(verdict_in_words(row))
    for name, expression in settings["expressions"].items():
        print(f"{name} is {expression}")


if __name__ == "__main__":
    run_job(ask, snakemake)
